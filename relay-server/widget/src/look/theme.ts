/** From the page's options to the colours of the widget. With every setting, text stays readable. */

import type { Look } from "../bridge/messages.ts";
import type { AppearanceVariable } from "../options.ts";
import { legible, mix, OUTLINE_CONTRAST, parseColour, type Rgb, TEXT_CONTRAST, textOn, toHex } from "./colour.ts";

export const DEFAULT_ACCENT = "#635bff";

const LIGHT = { background: "#ffffff", text: "#1a1f36", muted: "#596275", border: "#dfe3ea", danger: "#b3093c", success: "#0b6b3a", warning: "#8a5300" };
const DARK = { background: "#171a23", text: "#eceff5", muted: "#a6afc1", border: "#323949", danger: "#ff8a9d", success: "#5fd39a", warning: "#f0b35a" };

const COLOURS: Partial<Record<AppearanceVariable, keyof typeof LIGHT>> = {
  colorBackground: "background",
  colorText: "text",
  colorMuted: "muted",
  colorBorder: "border",
  colorDanger: "danger",
  colorSuccess: "success",
};
const LENGTHS: Partial<Record<AppearanceVariable, readonly [number, number]>> = { fontSize: [12, 24], borderRadius: [0, 24] };
/** Names of fonts, without anything that could end a declaration or load a file. */
const FONTS = /^[\p{L}\p{N} ,'"_.-]{1,200}$/u;

/** Whether a value of `appearance.variables` is valid. */
export function isUsable(name: string, value: unknown): boolean {
  if (typeof value !== "string") return false;
  if (name === "fontFamily") return FONTS.test(value);
  if (Object.hasOwn(COLOURS, name)) return parseColour(value) !== null;
  return pixels(name as AppearanceVariable, value) !== null;
}

function pixels(name: AppearanceVariable, value: string | undefined): number | null {
  const range = LENGTHS[name];
  const number = /^(\d{1,2}(?:\.\d+)?)(?:px)?$/.exec(value ?? "");
  if (!range || !number) return null;
  const length = Number(number[1]);
  return length >= range[0] && length <= range[1] ? length : null;
}

/** The custom properties that the style sheets use. */
export function properties(look: Look): Record<string, string> {
  const { variables } = look;
  const usual = look.dark ? DARK : LIGHT;
  const wanted = { ...usual };
  for (const [name, key] of Object.entries(COLOURS)) wanted[key] = variables[name as AppearanceVariable] ?? usual[key];
  const colour = (key: keyof typeof LIGHT): Rgb => parseColour(wanted[key]) ?? parseColour(usual[key]) ?? [0, 0, 0];

  const background = colour("background");
  const accent = parseColour(look.accentColor) ?? parseColour(DEFAULT_ACCENT) ?? [0, 0, 0];
  const text = legible(colour("text"), background, TEXT_CONTRAST);
  const radius = pixels("borderRadius", variables.borderRadius) ?? 10;
  const colours: Record<string, Rgb> = {
    background,
    text,
    muted: legible(colour("muted"), background, TEXT_CONTRAST),
    border: colour("border"),
    outline: legible(mix(background, text, 0.45), background, OUTLINE_CONTRAST),
    raised: mix(background, text, 0.045),
    accent,
    "on-accent": textOn(accent),
    "accent-hover": mix(accent, textOn(accent)[0] ? [0, 0, 0] : [255, 255, 255], 0.12),
    "accent-ink": legible(accent, background, TEXT_CONTRAST),
    tint: mix(background, accent, look.dark ? 0.18 : 0.08),
  };
  for (const key of ["danger", "success", "warning"] as const) {
    const behind = mix(background, colour(key), look.dark ? 0.13 : 0.07);
    colours[key] = legible(colour(key), behind, TEXT_CONTRAST + 0.2);
    colours[`${key}-tint`] = behind;
  }
  return {
    ...Object.fromEntries(Object.entries(colours).map(([name, value]) => [`--${name}`, toHex(value)])),
    "--font": variables.fontFamily ?? 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif',
    "--size": `${pixels("fontSize", variables.fontSize) ?? 15}px`,
    "--radius": `${radius}px`,
  };
}

/** Applies a look to the root of a view. */
export function dress(root: HTMLElement, look: Look): void {
  for (const [name, value] of Object.entries(properties(look))) root.style.setProperty(name, value);
  root.style.setProperty("color-scheme", look.dark ? "dark" : "light");
  root.dataset.theme = look.dark ? "dark" : "light";
}
