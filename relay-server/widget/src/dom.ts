/** Creates elements without HTML text, so that it works under `trusted-types 'none'`. */

type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string | null | undefined | false;

/** Creates an element. `true` sets an empty attribute; `false`, `null` and `undefined` set none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  fill(element, ...children);
  return element;
}

/** Sets attributes, and removes those that are `false`, `null` or `undefined`. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Replaces the content of an element. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => !!child));
}

/** A button with an action. */
export function button(attributes: Attributes, onClick: () => void, ...children: Child[]): HTMLButtonElement {
  const element = h("button", { type: "button", ...attributes }, ...children);
  element.addEventListener("click", onClick);
  return element;
}

/** Addresses that the user has followed. */
const followed = new Set<string>();

/**
 * A link to another site, without a referrer. A URL other than `https:` becomes plain text. Once it was followed, its address is
 * shown beside it, to be copied: an app's web view and a sandbox may open no window, and no browser says so.
 */
export function link(text: string, url: string, describes = ""): HTMLElement {
  if (!/^https:\/\//i.test(url)) return h("span", {}, text);
  const label = describes ? { "aria-label": describes } : {};
  const address = h("span", { class: "address", translate: "no", hidden: !followed.has(url) }, url);
  const anchor = h("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...label }, text);
  anchor.addEventListener("click", () => {
    followed.add(url);
    address.hidden = false;
  });
  return h("span", {}, anchor, address);
}

const SVG = "http://www.w3.org/2000/svg";

/** Paths of icons. Each is a constant of its own, so that a script has only those that it shows. */
export const LOCK = "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z";
export const CHECK = "M5 12.5l4.5 4.5L19 7.5";
export const WARNING = "M12 4l9 16H3zM12 10v4.5M12 17.2v.3";
export const EYE = "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z";
export const EYE_OFF = "M4 4l16 16M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.6M6.3 7.6A15.6 15.6 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.2-1";
export const CLOSE = "M6 6l12 12M18 6L6 18";
export const CLOCK = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2";

/** A decorative icon of 24 by 24, drawn as a line in the current colour. */
export function icon(path: string, more = ""): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  set(svg, { viewBox: "0 0 24 24", class: `icon ${more}`, "aria-hidden": "true", focusable: "false" });
  const line = document.createElementNS(SVG, "path");
  set(line, { d: path });
  svg.append(line);
  return svg;
}

/** Moves the focus to an element that usually cannot have it. */
export function focusOn(element: HTMLElement): void {
  if (element.tabIndex < 0) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: false });
}

/** Merges objects into one without a prototype, so that additions of other scripts to `Object.prototype` are not read as options. */
export const bare = <T extends object>(...parts: (T | Partial<T> | undefined)[]): T => Object.assign(Object.create(null), ...parts) as T;
