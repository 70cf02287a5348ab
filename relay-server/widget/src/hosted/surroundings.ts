/** The app around the hosted page: a page that frames it, or the web view that shows it. */

/** The apps that may surround this page. */
interface Bridges {
  ReactNativeWebView?: { postMessage(message: string): void };
  webkit?: { messageHandlers?: { relay?: { postMessage(message: string): void } } };
  RelayAndroid?: { onEvent(message: string): void };
}

/** Accepts only a complete origin: a message to `*` would go to every page. */
export function originOf(text: string | null): string | undefined {
  return text && URL.canParse(text) && new URL(text).origin === text ? text : undefined;
}

/** Returns a function that posts messages to the surrounding app. They contain only ids and states. */
export function teller(pageOrigin: string | undefined, state: string | undefined): (type: string, detail?: object) => void {
  const quietly = (send: () => void) => {
    try {
      send();
    } catch (error) {
      console.error("[Relay] the app's bridge failed:", error);
    }
  };
  return (type, detail = {}) => {
    const message = { type: `relay-${type}`, ...detail, ...(state !== undefined && { state }) };
    const json = JSON.stringify(message);
    const bridges = window as Window & Bridges;
    quietly(() => bridges.ReactNativeWebView?.postMessage(json));
    quietly(() => bridges.webkit?.messageHandlers?.relay?.postMessage(json));
    quietly(() => bridges.RelayAndroid?.onEvent(json));
    if (pageOrigin !== undefined && parent !== window) quietly(() => parent.postMessage(message, pageOrigin));
  };
}
