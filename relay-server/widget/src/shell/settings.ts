/** Checks the page's options. An invalid one is reported and replaced by the default. */

import type { Look, Session } from "../bridge/messages.ts";
import { parseColour } from "../look/colour.ts";
import { DEFAULT_ACCENT, isUsable } from "../look/theme.ts";
import type { MountOptions, ProviderName, Theme } from "../options.ts";
import { languageOf, LANGUAGES } from "../text/index.ts";

/** An invalid option. */
export interface BadOption {
  code: "invalid_theme" | "invalid_locale" | "invalid_color" | "invalid_appearance" | "invalid_option" | "invalid_registration_token";
  message: string;
}

/** The checked options. */
export interface Settings {
  theme: Theme;
  locale: string;
  accentColor: string;
  variables: Look["variables"];
  links: NonNullable<MountOptions["links"]>;
  provider: ProviderName | null;
  isolation: "frame" | "shadow";
  layout: "inline" | "modal";
}

/** The form of a registration token. */
const TOKEN = /^rrt-[0-9A-Za-z]{49}$/;

export const isToken = (token: unknown): token is string => typeof token === "string" && TOKEN.test(token);

/** Checks the options, and calls `report` for each invalid one. */
export function read(options: MountOptions, report: (bad: BadOption) => void): Settings {
  const bad = (code: BadOption["code"], message: string) => report({ code, message });
  const oneOf = <T extends string>(name: string, value: unknown, allowed: readonly T[], code: BadOption["code"]): T => {
    if (value === undefined || allowed.includes(value as T)) return (value as T | undefined) ?? allowed[0]!;
    bad(code, `\`${name}\` must be one of: ${allowed.join(", ")}`);
    return allowed[0]!;
  };
  return {
    theme: oneOf("theme", options.theme, ["light", "dark", "auto"], "invalid_theme"),
    locale: locale(options.locale, bad),
    accentColor: accent(options.accentColor, bad),
    variables: variables(options.appearance, bad),
    links: links(options.links, bad),
    // The valid names are known only with the session.
    provider: typeof options.provider === "string" && options.provider ? options.provider : null,
    isolation: oneOf("isolation", options.isolation, ["frame", "shadow"], "invalid_option"),
    layout: oneOf("layout", options.layout, ["inline", "modal"], "invalid_option"),
  };
}

/** Checks `provider` against the providers that Relay listed. */
export function badProvider({ provider }: MountOptions, { knownProviders }: Session): BadOption | null {
  const names = knownProviders.map(({ name }) => name);
  if (!provider || names.includes(provider)) return null;
  return { code: "invalid_option", message: `\`provider\` must be one of: ${names.join(", ")}` };
}

type Bad = (code: BadOption["code"], message: string) => void;

function locale(wanted: unknown, bad: Bad): string {
  const known = languageOf(wanted);
  if (known) return known;
  const usual = languageOf(document.documentElement.lang) ?? "en";
  if (wanted !== undefined) bad("invalid_locale", `\`locale\` must begin with one of: ${LANGUAGES.join(", ")}`);
  return usual;
}

function accent(wanted: unknown, bad: Bad): string {
  if (wanted === undefined) return DEFAULT_ACCENT;
  if (typeof wanted === "string" && parseColour(wanted)) return wanted;
  bad("invalid_color", "`accentColor` must be an opaque CSS colour such as #635bff");
  return DEFAULT_ACCENT;
}

function variables(wanted: MountOptions["appearance"], bad: Bad): Settings["variables"] {
  const usable: Record<string, string> = {};
  for (const [name, value] of entries(wanted?.variables)) {
    if (value === undefined) continue;
    if (isUsable(name, value)) usable[name] = value as string;
    else bad("invalid_appearance", `\`appearance.variables\` has an invalid name or value: ${name.slice(0, 40)}`);
  }
  return usable;
}

function links(wanted: MountOptions["links"], bad: Bad): Settings["links"] {
  const usable: Record<string, string> = {};
  for (const [name, value] of entries(wanted)) {
    if (value === undefined) continue;
    if (typeof value === "string" && /^https:\/\//i.test(value)) usable[name] = value;
    else bad("invalid_option", "`links` must be https: URLs");
  }
  return usable;
}

const entries = (value: unknown): [string, unknown][] => (value && typeof value === "object" ? Object.entries(value) : []);
