/** `Relay.mount`: finds the element, and returns a handle that never throws. */

import { bare } from "./dom.ts";
import type { MountOptions, WidgetError, WidgetHandle } from "./options.ts";
import { type Hosting, Shell } from "./shell/shell.ts";
import { call } from "./shell/callbacks.ts";
import { languageOf, commonText } from "./text/index.ts";

const mounted = new WeakMap<Element, Shell>();

/** Mounts the widget. `scriptBase` is Relay's address, as the script's own tells it. */
export function mount(target: string | Element, options: MountOptions = {}, scriptBase = "", hosting: Hosting = {}): WidgetHandle {
  const settings = bare<MountOptions>(options && typeof options === "object" ? options : {});
  const element = find(target);
  if (element) return handleOf(place(element, settings, scriptBase, hosting));
  // A script in the page's head may run before the element exists.
  if (document.readyState === "loading" && typeof target === "string") return later(target, settings, scriptBase, hosting);
  return missing(target, settings);
}

function find(target: unknown): Element | null {
  if (target instanceof Element) return target;
  try {
    return typeof target === "string" ? document.querySelector(target) : null;
  } catch {
    return null;
  }
}

function place(element: Element, options: MountOptions, scriptBase: string, hosting: Hosting): Shell {
  mounted.get(element)?.unmount(true);
  const shell = new Shell(options, baseOf(options, scriptBase), bare(hosting));
  mounted.set(element, shell);
  element.append(shell.host);
  shell.start();
  return shell;
}

/**
 * Relay's address, with its path but without a slash at the end; empty if it is unknown. A module does not know its own script element,
 * so it is searched for.
 */
function baseOf({ baseURL }: MountOptions, scriptBase: string): string {
  const script = document.querySelector<HTMLScriptElement>('script[src$="/widget.js"],script[src*="/widget/"]');
  const address = baseURL ?? (scriptBase || script?.src);
  if (typeof address !== "string" || !/^https?:\/\/[^/]/.test(address) || !URL.canParse(address)) return "";
  const { origin, pathname } = new URL(address);
  return origin + pathname.replace(SCRIPT, "").replace(/\/+$/, "");
}

/** The path of the script, below Relay's own. */
export const SCRIPT = /\/widget(\.js|\/[^/]+\/widget-[^/]+\.js)$/;

function handleOf(shell: Shell): WidgetHandle {
  return {
    get ready() {
      return shell.ready;
    },
    update: (options) => shell.update(options),
    focus: () => shell.focus(),
    unmount: () => shell.unmount(),
  };
}

function later(target: string, options: MountOptions, scriptBase: string, hosting: Hosting): WidgetHandle {
  let settings = options;
  let handle: WidgetHandle | null = null;
  let gone = false;
  const early = new Promise<void>((resolve, reject) => {
    document.addEventListener("DOMContentLoaded", () => {
      if (gone) return resolve();
      handle = mount(target, settings, scriptBase, hosting);
      handle.ready.then(resolve, reject);
    }, { once: true });
  });
  early.catch(() => {});
  return {
    get ready() {
      return handle?.ready ?? early;
    },
    update: (more) => (handle ? handle.update(more) : void (settings = { ...settings, ...more })),
    focus: () => handle?.focus(),
    unmount: () => {
      gone = true;
      handle?.unmount();
    },
  };
}

function missing(target: unknown, options: MountOptions): WidgetHandle {
  const shown = typeof target === "string" ? `no element matches "${target.slice(0, 100)}"` : "the target is neither an element nor a selector";
  const language = languageOf(options.locale) ?? "en";
  const error: WidgetError = { code: "missing_element", message: `Relay.mount: ${shown}`, displayMessage: commonText(language).problems.other, retryable: false };
  console.error(`[Relay] missing_element: ${error.message}`);
  // Later: the page has its handle by then.
  queueMicrotask(() => call(options.onError, error));
  const ready = Promise.reject(error);
  ready.catch(() => {});
  return { ready, update() {}, focus() {}, unmount() {} };
}
