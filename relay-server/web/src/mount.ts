/** `Relay.mount`: finds the element, and gives back a handle that never throws. */

import { bare } from "./dom.ts";
import type { MountOptions, WidgetError, WidgetHandle } from "./options.ts";
import { type Hosting, Shell } from "./shell/shell.ts";
import { languageOf, commonText } from "./text/index.ts";

const mounted = new WeakMap<Element, Shell>();

/** Draws the widget. `own` is the origin that the script came from. */
export function mount(target: string | Element, options: MountOptions = {}, own = "", hosting: Hosting = {}): WidgetHandle {
  const wishes = bare<MountOptions>(options && typeof options === "object" ? options : {});
  const element = find(target);
  if (element) return handleOf(place(element, wishes, own, hosting));
  // A script in the page's head may run before the element is there.
  if (document.readyState === "loading" && typeof target === "string") return later(target, wishes, own, hosting);
  return missing(target, wishes);
}

function find(target: unknown): Element | null {
  if (target instanceof Element) return target;
  try {
    return typeof target === "string" ? document.querySelector(target) : null;
  } catch {
    return null;
  }
}

function place(element: Element, options: MountOptions, own: string, hosting: Hosting): Shell {
  mounted.get(element)?.unmount(true);
  const shell = new Shell(options, baseOf(options, own), bare(hosting));
  mounted.set(element, shell);
  element.append(shell.host);
  shell.start();
  return shell;
}

/** Relay's origin; empty if nobody says. A module's script can't be told from inside, so it is looked for. */
function baseOf({ baseURL }: MountOptions, own: string): string {
  const script = document.querySelector<HTMLScriptElement>('script[src$="/widget.js"],script[src*="/widget/"]');
  const address = baseURL ?? (own || script?.src);
  return typeof address === "string" && /^https?:\/\/[^/]/.test(address) && URL.canParse(address) ? new URL(address).origin : "";
}

function handleOf(shell: Shell): WidgetHandle {
  return {
    ready: shell.ready,
    update: (options) => shell.update(options),
    focus: () => shell.focus(),
    unmount: () => shell.unmount(),
  };
}

function later(target: string, options: MountOptions, own: string, hosting: Hosting): WidgetHandle {
  let wishes = options;
  let handle: WidgetHandle | null = null;
  let gone = false;
  const ready = new Promise<void>((resolve, reject) => {
    document.addEventListener("DOMContentLoaded", () => {
      if (gone) return resolve();
      handle = mount(target, wishes, own, hosting);
      handle.ready.then(resolve, reject);
    }, { once: true });
  });
  ready.catch(() => {});
  return {
    ready,
    update: (more) => (handle ? handle.update(more) : void (wishes = { ...wishes, ...more })),
    focus: () => handle?.focus(),
    unmount: () => {
      gone = true;
      handle?.unmount();
    },
  };
}

function missing(target: unknown, options: MountOptions): WidgetHandle {
  const shown = typeof target === "string" ? `no element matches "${target.slice(0, 100)}"` : "the target is no element and no selector";
  const language = languageOf(options.locale) ?? "en";
  const error: WidgetError = { code: "missing_element", message: `Relay.mount: ${shown}`, displayMessage: commonText(language).problems.other, retryable: false };
  console.error(`[Relay] missing_element: ${error.message}`);
  queueMicrotask(() => {
    try {
      options.onError?.(error);
    } catch (failure) {
      console.error("[Relay] a callback of the page failed:", failure);
    }
  });
  const ready = Promise.reject(error);
  ready.catch(() => {});
  return { ready, update() {}, focus() {}, unmount() {} };
}
