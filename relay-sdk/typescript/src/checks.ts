import { RelayError } from "./error.ts";

/** The end of a key: CRC-32 (IEEE 802.3) of what is before it, in six base-62 digits. */
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

/** Says what is wrong with a key, without asking Relay. The key itself is never in the text. */
export function checkKey(key: unknown): string {
  const wrong = (message: string, code = "invalid_relay_key") => new RelayError(message, { code, param: "key" });
  if (!key) throw wrong("There is no Relay key. Set RELAY_KEY in the environment, or pass `new Relay({ key })`", "missing_relay_key");
  if (typeof key !== "string" || /\s/.test(key)) throw wrong("The Relay key must be a string without white space in or around it. Copy it again");
  if (key.startsWith("rrt-")) throw wrong("This is a registration token (rrt-), which the widget takes. `key` must be a Relay key (rly-)");
  if (key.startsWith("sk-")) throw wrong("This is a provider's key (sk-), which a user gives to the widget. `key` must be a Relay key (rly-)");
  if (!key.startsWith("rly-")) throw wrong("A Relay key begins with rly-. Copy it again, or make one with `relay keys create`");
  if (key.length !== 53) throw wrong(`A Relay key has 53 characters, and this one has ${key.length}. Copy all of it`);
  if (checksum(key.slice(0, -6)) !== key.slice(-6)) throw wrong("The Relay key has a typo: its checksum does not fit. Copy it again");
  return key;
}

/** Throws in a web page and in a web worker, where everybody could read the key. */
export function checkPlace(place: Record<string, any> = globalThis): void {
  if (place["Deno"] || place["Bun"] || place["EdgeRuntime"] || place["navigator"]?.userAgent === "Cloudflare-Workers") return;
  if (!place["window"]?.document && !(place["WorkerGlobalScope"] && typeof place["importScripts"] === "function")) return;
  throw new RelayError("A Relay key must not be in a web page: everybody can read it. Call Relay from your backend", { code: "browser_not_allowed" });
}

/** The developer's id of a user, by the rule of the whole API. */
export function checkUser(user: unknown): string {
  if (!user) throw new RelayError("Say which of your users this is about: `user` is your own id of them", { code: "missing_user", param: "user" });
  if (typeof user === "string" && /^[\x21-\x7e]{1,128}$/.test(user)) return user;
  const message = "`user` must have 1 to 128 visible ASCII characters, without spaces. Use your own id of the user, not a name";
  throw new RelayError(message, { code: "invalid_user", param: "user" });
}

/** A part of a path. Every URL parser takes `.` and `..` for folders, percent-encoded or not. */
export function segment(param: "user" | "provider", text: string): string {
  if (text && !/^\.\.?$/.test(text)) return encodeURIComponent(text);
  throw new RelayError(`\`${param}\` can't be empty, . or .. here`, { code: param === "user" ? "invalid_user" : "invalid_value", param });
}

/** Relay's address without `/v1`, which belongs to the paths. */
export function checkBaseURL(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username) return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
  throw new RelayError("`baseURL` must be the http or https address of your Relay: https://vault.example", { code: "invalid_value", param: "baseURL" });
}

export function checkNumber(param: string, value: number, least: number): number {
  if (value >= least && value < 2 ** 31) return value;
  throw new RelayError(`\`${param}\` must be a number from ${least} to 2^31`, { code: "invalid_value", param });
}

/** A variable of the environment, where there is one and it may be read: Deno throws without --allow-env. */
export function environment(name: string): string | undefined {
  try {
    return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}
