/** As much of a page as the engine needs: elements with attributes, text, focus and listeners. No layout, no styles. */

type Child = FakeElement | string;

export class FakeElement {
  childNodes: Child[] = [];
  parent: FakeElement | null = null;
  value = "";
  readOnly = false;
  type = "";
  tabIndex = -1;
  readonly style = { setProperty() {} };
  readonly classList = { toggle() {} };
  readonly attributes = new Map<string, string>();
  readonly dataset = {} as Record<string, string>;
  readonly #listeners = new Map<string, ((event: object) => void)[]>();

  constructor(readonly tag: string) {}

  get hidden(): boolean {
    return this.attributes.has("hidden");
  }

  set hidden(hidden: boolean) {
    if (hidden) this.attributes.set("hidden", "");
    else this.attributes.delete("hidden");
  }

  get firstChild(): Child | null {
    return this.childNodes[0] ?? null;
  }

  get textContent(): string {
    return this.childNodes.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  append(...children: Child[]): void {
    for (const child of children) if (typeof child !== "string") child.parent = this;
    this.childNodes.push(...children);
  }

  replaceChildren(...children: Child[]): void {
    for (const child of this.childNodes) if (typeof child !== "string") child.parent = null;
    this.childNodes = [];
    this.append(...children);
  }

  remove(): void {
    this.parent = null;
  }

  getRootNode(): FakeElement {
    return this.parent?.getRootNode() ?? this;
  }

  /** Elements below this one, in order. */
  get all(): FakeElement[] {
    return this.childNodes.flatMap((child) => (typeof child === "string" ? [] : [child, ...child.all]));
  }

  /** `selector`: names of elements and `[attribute]`s, with commas. */
  querySelectorAll(selector: string): FakeElement[] {
    const parts = selector.split(",").map((part) => part.trim());
    const fits = (element: FakeElement, part: string) => (part.startsWith("[") ? element.attributes.has(part.slice(1, -1)) : element.tag === part);
    return this.all.filter((element) => parts.some((part) => fits(element, part)));
  }

  querySelector(selector: string): FakeElement | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  /** Whether a person can see it, as far as attributes say. */
  get visible(): boolean {
    return !this.hidden && (this.parent?.visible ?? true);
  }

  /** No canvas: colours are the defaults. */
  getContext(): null {
    return null;
  }

  focus(): void {
    page.activeElement = this;
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  fire(type: string, event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ preventDefault() {}, ...event });
  }
}

const page = {
  activeElement: null as FakeElement | null,
  createElement: (tag: string) => new FakeElement(tag),
  createElementNS: (_: string, tag: string) => new FakeElement(tag),
  hasFocus: () => true,
};

/** Time that only tests move on. */
export const clock = {
  now: 0,
  timers: new Map<number, { at: number; run: () => void }>(),
  pass(milliseconds: number): void {
    clock.now += milliseconds;
    for (const [id, { at, run }] of clock.timers) if (at <= clock.now && clock.timers.delete(id)) run();
  },
};

let timers = 0;
const setTimer = (run: () => void, milliseconds: number) => {
  clock.timers.set((timers += 1), { at: clock.now + milliseconds, run });
  return timers;
};

// Read when the form's module is loaded.
Object.defineProperty(globalThis, "CSS", { value: { supports: () => true } });

/** The engine's globals. `fetch` is the test's own. */
export function openPage(fetch: (url: string, init: RequestInit) => Promise<Response>): void {
  const globals = {
    document: page,
    window: { setTimeout: setTimer },
    setTimeout: setTimer,
    clearTimeout: (id: number) => void clock.timers.delete(id),
    performance: { now: () => clock.now },
    navigator: { onLine: true },
    ShadowRoot: class {},
    fetch,
    open() {},
  };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
