import { RelayError } from "./error.ts";

/** The checksum at the end of a key: CRC-32 (IEEE 802.3) of the text before it, as six base-62 digits. */
function checksum(text: string): string {
  const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  let crc = 0xffffffff;
  for (const char of text) {
    crc ^= char.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  let [rest, digits] = [~crc >>> 0, ""];
  for (; digits.length < 6; rest = Math.floor(rest / 62)) digits = base62.charAt(rest % 62) + digits;
  return digits;
}

/** Checks a key without a request, and throws what is wrong with it. The message never contains the key. */
export function checkKey(key: unknown): string {
  const wrong = (message: string, code = "invalid_relay_key") => new RelayError(message, { code, param: "key" });
  if (!key) throw wrong("There is no Relay key. Set RELAY_KEY in the environment, or pass `new Relay({ key })`", "missing_relay_key");
  if (typeof key !== "string" || /\s/.test(key)) throw wrong("The Relay key must be a string without white space in or around it. Copy it again");
  if (key.startsWith("rrt-")) throw wrong("This is a registration token (rrt-), which is for the widget. `key` must be a Relay key (rly-)");
  if (key.startsWith("sk-")) throw wrong("This is a provider key (sk-), which a user pastes into the widget. `key` must be a Relay key (rly-)");
  if (!key.startsWith("rly-")) throw wrong("A Relay key begins with rly-. Copy it again, or create one with `relay keys create`");
  if (key.length !== 53) throw wrong(`A Relay key has 53 characters, but this one has ${key.length}. Copy all of it`);
  if (checksum(key.slice(0, -6)) !== key.slice(-6)) throw wrong("The Relay key has a typo: its checksum does not match. Copy it again");
  return key;
}

const BROWSER = "A Relay key must not be in a web page, where everyone can read it. Call Relay from your backend. (In a test runner that simulates a page, such as jsdom, pass `dangerouslyAllowBrowser: true`)";

/** Throws in a web page and in a web worker, where everyone could read the key. */
export function checkPlace(place: Record<string, any> = globalThis): void {
  if (place["Deno"] || place["Bun"] || place["EdgeRuntime"] || place["navigator"]?.userAgent === "Cloudflare-Workers") return;
  if (!place["window"]?.document && !(place["WorkerGlobalScope"] && typeof place["importScripts"] === "function")) return;
  throw new RelayError(BROWSER, { code: "browser_not_allowed" });
}

/** Checks the developer's id of a user, by the same rule as the API. */
export function checkUser(user: unknown): string {
  if (!user) throw new RelayError("`user` is missing. Pass your own id of the user", { code: "missing_user", param: "user" });
  if (typeof user === "string" && /^[\x21-\x7e]{1,128}$/.test(user)) return user;
  const message = "`user` must have 1 to 128 visible ASCII characters, without spaces. Use your own id of the user, not a name";
  throw new RelayError(message, { code: "invalid_user", param: "user" });
}

/** Encodes a segment of a path. URL parsers resolve `.` and `..`, even if they are percent-encoded. */
export function segment(param: "user" | "provider", text: string): string {
  if (text && !/^\.\.?$/.test(text)) return encodeURIComponent(text);
  throw new RelayError(`\`${param}\` can't be empty, . or .. here`, { code: param === "user" ? "invalid_user" : "invalid_value", param });
}

/** Checks Relay's URL, and removes `/v1`, however often and with however many slashes: it belongs to the paths. */
export function checkBaseURL(text: unknown): string {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username) return url.origin + url.pathname.replace(/(\/+v1)*\/*$/, "");
  throw new RelayError("`baseURL` must be the http or https URL of your Relay, such as https://vault.example", { code: "invalid_value", param: "baseURL" });
}

export function checkNumber(param: string, value: number, least: number): number {
  if (value >= least && value < 2 ** 31) return value;
  throw new RelayError(`\`${param}\` must be a number from ${least} to 2^31`, { code: "invalid_value", param });
}

/** Reads an environment variable, if the platform has them and allows it: Deno throws without --allow-env. */
export function environment(name: string): string | undefined {
  try {
    return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}
