// A page to test in. No script is loaded: the tests say how a script tag ended.
import { Window } from "happy-dom";

const SETTINGS = { disableJavaScriptFileLoading: true, handleDisabledFileLoadingAsSuccess: false };
const NAMES = ["document", "HTMLElement", "Element", "Node", "Event", "CustomEvent", "HTMLIFrameElement"];

/** A new page as the global one. */
export function openPage(html = "", { complete = true } = {}) {
  const page = new Window({ url: "https://app.example/", settings: SETTINGS });
  page.document.body.innerHTML = html;
  Object.defineProperty(page.document, "readyState", { value: complete ? "complete" : "loading" });
  // Tags that are added tell nothing by themselves.
  page.document.head.append = (script) => page.added.push(script);
  page.added = [];
  globalThis.window = page;
  globalThis.navigator ??= page.navigator;
  for (const name of NAMES) globalThis[name] = page[name];
  return page;
}

/** No page, as on a server. */
export function closePage() {
  for (const name of ["window", ...NAMES]) delete globalThis[name];
}

/** The package, as if the page had just been opened: with nothing loaded. */
export function fresh(path = "../dist/index.js") {
  return import(`${path}?${Math.random()}`);
}

/** A `Relay` that writes down what is asked of it. */
export class FakeRelay {
  version = "0.1.0";
  log = [];
  widgets = [];

  mount = (element, options) => {
    const widget = { element, options, log: [], ready: this.next ?? Promise.resolve() };
    this.next = undefined;
    widget.update = (changed) => {
      widget.log.push(["update", changed]);
      // Another token: another promise.
      if (widget.renews) [widget.ready, widget.renews] = [widget.renews, undefined];
    };
    widget.focus = () => widget.log.push(["focus"]);
    widget.unmount = () => {
      widget.log.push(["unmount"]);
      options.onExit?.({ reason: "unmounted" });
    };
    this.widgets.push(widget);
    return widget;
  };

  /** Ends a script tag: the script has run. */
  loaded(script) {
    window.Relay = this;
    script.dispatchEvent(new Event("load"));
  }
}
