/** `/widget.js`: defines the global `Relay` and the element `<relay-connect>`. */

import { define } from "./element.ts";
import { mount } from "./mount.ts";
import type { RelayGlobal } from "./options.ts";

declare const VERSION: string;

declare global {
  interface Window {
    Relay?: RelayGlobal;
  }
}

const script = document.currentScript;
const scriptBase = script instanceof HTMLScriptElement ? script.src : "";

// An element with the id `Relay` also creates a global of that name.
if (typeof window.Relay?.mount !== "function") {
  window.Relay = Object.freeze({ version: VERSION, mount: (target: string | Element, options?: Parameters<RelayGlobal["mount"]>[1]) => mount(target, options, scriptBase) });
  define(scriptBase);
}
