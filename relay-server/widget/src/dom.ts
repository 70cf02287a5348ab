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

/** A link to another site, without a referrer. A URL other than `https:` becomes plain text. */
export function link(text: string, url: string, describes = ""): HTMLElement {
  if (!/^https:\/\//i.test(url)) return h("span", {}, text);
  const label = describes ? { "aria-label": describes } : {};
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...label }, text);
}

const SVG = "http://www.w3.org/2000/svg";

/** Icons of 24 by 24, drawn in the current colour. */
const PATHS = {
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warning: "M12 4l9 16H3zM12 10v4.5M12 17.2v.3",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  eyeOff: "M4 4l16 16M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.6M6.3 7.6A15.600 15.600 0 0 0 2.500 12S6 18.500 12 18.500a9 9 0 0 0 4.200-1",
  close: "M6 6l12 12M18 6L6 18",
  back: "M14.5 5.500L8 12l6.500 6.500",
} as const;

/** A decorative icon. */
export function icon(name: keyof typeof PATHS): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  set(svg, { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" });
  const path = document.createElementNS(SVG, "path");
  set(path, { d: PATHS[name] });
  svg.append(path);
  return svg;
}

/** Moves the focus to an element that usually cannot have it. */
export function focusOn(element: HTMLElement): void {
  if (element.tabIndex < 0) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: false });
}

/** Merges objects into one without a prototype, so that additions of other scripts to `Object.prototype` are not read as options. */
export const bare = <T extends object>(...parts: (T | Partial<T> | undefined)[]): T => Object.assign(Object.create(null), ...parts) as T;
