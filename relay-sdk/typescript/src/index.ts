import { OpenAI } from "openai";
import { checkBaseURL, checkKey, checkPlace, checkUser, environment } from "./checks.ts";
import { RelayError } from "./error.ts";
import { type Call, caller } from "./http.ts";
import { connections, query, users } from "./resources.ts";
import type * as T from "./types.ts";

export { RelayError } from "./error.ts";
export type * from "./types.ts";

/**
 * A client of Relay for your backend. Creating one sends no request.
 * @throws {RelayError} `missing_relay_key`, `invalid_relay_key`, `browser_not_allowed`, `invalid_value`
 * @example const relay = new Relay({ key: process.env.RELAY_KEY }); // your rly- key
 */
export class Relay {
  /** Relay's URL, without `/v1`. */
  readonly baseURL: string;
  readonly users: ReturnType<typeof users>;
  readonly connections: ReturnType<typeof connections>;
  readonly #key: string;
  readonly #given: Pick<T.RelayOptions, "timeout" | "maxRetries" | "fetch">;
  readonly #call: Call;

  constructor({ key, baseURL, timeout, maxRetries, fetch }: T.RelayOptions = {}) {
    checkPlace();
    this.#key = checkKey(key ?? environment("RELAY_KEY"));
    this.baseURL = checkBaseURL(baseURL ?? environment("RELAY_BASE_URL") ?? "https://vault.relayservice.im");
    this.#given = { timeout, maxRetries, fetch };
    this.#call = caller({ ...this.#given, key: this.#key, base: this.baseURL });
    this.users = users(this.#call);
    this.connections = connections(this.#call);
  }

  /**
   * Issues a token with which a user can connect a key in the widget. Retries get the same token.
   * @throws {RelayError} `missing_user`, `invalid_user`, `invalid_value`, `scope_missing`
   * @example const { registrationToken } = await relay.createRegistrationToken({ user: "jieun_123" });
   */
  async createRegistrationToken({ user, idempotencyKey, signal, timeout, ...grant }: T.RegistrationTokenOptions): Promise<T.RegistrationToken> {
    return this.#call("POST", "/v1/registration-tokens", { body: { endUserLabel: checkUser(user), ...grant }, idempotencyKey, signal, timeout });
  }

  /**
   * A plain OpenAI client whose calls are paid with this user's key. Creating one sends no request, so you can create many.
   * @throws {RelayError} `missing_user`, `invalid_user`. Its calls throw the OpenAI client's errors, whose `code` is Relay's.
   * @example const ai = relay.openai({ user: "jieun_123" });
   */
  openai({ user, paid, ...options }: T.OpenAIOptions): OpenAI {
    const ours = [["X-Relay-User", checkUser(user)], ...(paid === undefined ? [] : [["X-Relay-Paid", String(paid)]])];
    if (!["undefined", "boolean"].includes(typeof paid)) throw new RelayError("`paid` must be true or false", { code: "invalid_value", param: "paid" });
    const [key, baseURL] = [this.#key, `${this.baseURL}/v1`];
    // `withOptions` creates another client of the same class, which is bound to the user too.
    const Client = class extends OpenAI {
      constructor(given: ConstructorParameters<typeof OpenAI>[0]) {
        const defaultHeaders = merged(given?.defaultHeaders, ours);
        super({ organization: null, project: null, adminAPIKey: null, ...given, apiKey: async () => key, baseURL, defaultHeaders });
        // Not enumerable, so that it does not appear in logs, JSON or copies.
        Object.defineProperty(this, "apiKey", { value: key, enumerable: false, writable: true });
      }
    };
    Object.defineProperty(Client, "name", { value: "OpenAI" });
    return new Client({ ...this.#given, ...options });
  }

  /** Requests, errors and tokens by day, user, provider, model and tier. @throws {RelayError} `invalid_value` @example await relay.usage({ user: "jieun_123" }) */
  async usage({ from, to, user, ...request }: T.UsageOptions = {}): Promise<T.Usage> {
    return this.#call("GET", `/v1/usage${query({ from, to, user })}`, request);
  }
}

/** Merges the caller's headers, in any form, with Relay's two. */
function merged(given: T.OpenAIOptions["defaultHeaders"], ours: string[][]) {
  const names = ours.map(([name]) => name?.toLowerCase());
  const theirs: [string, any][] = Symbol.iterator in Object(given) ? [...(given as Iterable<[string, any]>)] : Object.entries(given ?? {});
  return [...theirs.filter(([name]) => !names.includes(name.toLowerCase())), ...ours];
}
