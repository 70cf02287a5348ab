/**
 * Loads Relay's widget script, once, and mounts the widget. Importing this does nothing; on a server everything answers `null`.
 */

import type { MountOptions, RelayGlobal, WidgetHandle } from "../../src/options.ts";

export type * from "../../src/options.ts";
/** A provider's name, spelled as in `@relayservice/sdk`. */
export type { ProviderName as Provider } from "../../src/options.ts";

/** Where the script comes from, and what the page's policy asks of it. */
export interface LoadOptions {
  /** Relay's address. Default `https://vault.relayservice.im`. */
  baseURL?: string | undefined;
  /** The script's own address, for a pinned version. Default: `/widget.js` at `baseURL`. */
  src?: string | undefined;
  /** The hash of a pinned script, as `GET /api/widget` names it: `sha384-…`. It belongs to a `src`, since `/widget.js` changes with each version. */
  integrity?: string | undefined;
  /** The nonce of the page's Content-Security-Policy. */
  nonce?: string | undefined;
  /** A Trusted Types policy, for a page with `require-trusted-types-for 'script'`. It is asked for the script's address only. */
  trustedTypes?: ScriptURLPolicy | undefined;
}

/** What is used of a `TrustedTypePolicy`. */
export interface ScriptURLPolicy {
  /** Gives a `TrustedScriptURL`, or throws if the page does not want this address. */
  createScriptURL(url: string): unknown;
}

const HOME = "https://vault.relayservice.im";
/** The widget's paths: the one that follows the newest version, and the pinned ones. */
const PATH = /\/widget(\.js|\/[^/]+\/widget-[0-9a-f]+\.js)$/;

let loading: Promise<RelayGlobal | null> | undefined;

/**
 * The global `Relay`, as soon as its script has run; `null` on a server.
 *
 * All calls share one script and one promise, so only the first call's options count. A script tag of the page's own is used
 * if there is one. When the script can't be loaded the promise rejects, and the next call tries again.
 */
export function loadRelay(options: LoadOptions = {}): Promise<RelayGlobal | null> {
  if (typeof window === "undefined" || typeof document === "undefined") return Promise.resolve(null);
  loading ??= load(options).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Loads the script if need be and mounts the widget; `null` on a server. */
export async function mount(target: string | Element, options: MountOptions = {}, load: LoadOptions = {}): Promise<WidgetHandle | null> {
  const relay = await loadRelay({ ...load, baseURL: load.baseURL ?? options.baseURL });
  return relay && relay.mount(target, options);
}

function load(given: LoadOptions): Promise<RelayGlobal> {
  // Without a prototype: what other scripts add to `Object.prototype` is no option of ours.
  const options: LoadOptions = Object.assign(Object.create(null), given);
  const there = present();
  if (there) return Promise.resolve(there);
  return new Promise((resolve, reject) => {
    // Relay may be below a path: `https://example.com/relay`.
    const home = (options.baseURL ?? HOME).replace(/\/*$/, "/");
    const src = new URL(options.src ?? "widget.js", home).href;
    const own = pageScript(src);
    const script = own ?? document.createElement("script");
    script.addEventListener("load", () => {
      const relay = present();
      if (relay) resolve(relay);
      else reject(new Error(`${script.src} was loaded, but it is not Relay's widget: there is no global Relay`));
    });
    script.addEventListener("error", () => {
      if (!own) script.remove();
      reject(new Error(`Relay's widget could not be loaded from ${script.src || src}: is the address right, and does the page's policy (CSP, integrity) allow it?`));
    });
    if (own) {
      // A tag may have failed before this ran, and then it tells nobody. By the page's own load event it has ended either way.
      window.addEventListener("load", () => {
        const relay = present();
        if (relay) resolve(relay);
        else load(options).then(resolve, reject);
      }, { once: true });
      return;
    }
    script.async = true;
    if (options.nonce) script.nonce = options.nonce;
    if (options.integrity) script.integrity = options.integrity;
    // With it the integrity can be checked, and a page that asks for COEP takes the script.
    script.crossOrigin = "anonymous";
    // Throws under Trusted Types without a policy; the promise then rejects with the browser's own words.
    script.src = (options.trustedTypes ? options.trustedTypes.createScriptURL(src) : src) as string;
    document.head.append(script);
  });
}

function present(): RelayGlobal | undefined {
  const { Relay } = window as { Relay?: RelayGlobal };
  // An element with the id `Relay` makes a global of that name, too.
  return typeof Relay?.mount === "function" ? Relay : undefined;
}

/**
 * The page's own tag, if it can still tell how it ended. Once the page is complete it can't: without a global it has failed,
 * and a new one is due.
 */
function pageScript(src: string): HTMLScriptElement | undefined {
  if (document.readyState === "complete") return undefined;
  const origin = new URL(src).origin;
  return [...document.scripts].find((script) => {
    if (script.src === src) return true;
    const url = script.src && new URL(script.src, document.baseURI);
    return url && url.origin === origin && PATH.test(url.pathname);
  });
}
