import { RelayError } from "./error.ts";
import type { WebhookEvent } from "./types.ts";

/** How old, or how far in the future, an event may be, in seconds. */
const TOLERANCE = 300;

/** What {@link webhooks.verify} needs of a request: a `Headers`, or Node's `request.headers`. */
export type WebhookHeaders = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

const invalid = (message: string) => new RelayError(message, { code: "invalid_webhook" });

/** `webhooks`: what your endpoint needs. It works in every runtime with Web Crypto, and needs no Relay key. */
export const webhooks = {
  /**
   * Checks that an event came from your Relay, unchanged and recently, and returns it. Give it the body as it was sent, before any JSON parser.
   * @param body the raw body: text or bytes
   * @param secret `whsec_…`; several while you roll it
   * @throws {RelayError} `invalid_webhook`: answer 400 and do nothing
   * @example const event = await webhooks.verify(await request.text(), request.headers, process.env.RELAY_WEBHOOK_SECRET);
   */
  async verify(body: string | Uint8Array, headers: WebhookHeaders, secret: string | string[], { tolerance = TOLERANCE, now = Date.now() / 1000 } = {}): Promise<WebhookEvent> {
    const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => header(headers, `webhook-${name}`));
    if (!id || !timestamp || !signatures) throw invalid("a header of Standard Webhooks is missing: webhook-id, webhook-timestamp or webhook-signature");
    if (!/^\d{1,15}$/.test(timestamp)) throw invalid("webhook-timestamp is not a number");
    if (Math.abs(now - Number(timestamp)) > tolerance) throw invalid("webhook-timestamp is too old or too far in the future");
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
    const sent = signatures.split(" ").flatMap((signature) => (signature.startsWith("v1,") ? [decode(signature.slice(3))] : []));
    const keys = await Promise.all([secret].flat().map(keyOf));
    for (const key of keys) {
      // `verify` compares in constant time.
      for (const signature of sent) if (signature && (await crypto.subtle.verify("HMAC", key, signature, signed))) return parsed(bytes, id);
    }
    throw invalid("no signature fits: the secret is another one, or the body was changed");
  },
};

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (typeof headers.get === "function") return (headers as Headers).get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : undefined;
}

function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = typeof secret === "string" ? decode(secret.replace(/^whsec_/, "")) : undefined;
  if (!bytes || bytes.length === 0) throw new RelayError("the secret must be `whsec_` and base64, as Relay showed it", { code: "invalid_value", param: "secret" });
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function parsed(bytes: Uint8Array, id: string): WebhookEvent {
  try {
    return { id, ...JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    throw invalid("the body is not JSON");
  }
}
