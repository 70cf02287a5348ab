import type { OpenAI } from "openai";
import { bound } from "./client.ts";
import { checkBaseURL, checkKey, checkPlace, checkUser, environment } from "./checks.ts";
import { RelayError } from "./error.ts";
import { announce, isNext } from "./fetch.ts";
import { type Access, type Call, caller } from "./http.ts";
import { connections, named, query, users } from "./resources.ts";
import type * as T from "./types.ts";

export { RelayError } from "./error.ts";
export { keyNeeded } from "./needed.ts";
export { type WebhookHeaders, webhooks } from "./webhooks.ts";
export type * from "./types.ts";

/** The service that the Relay project runs. */
const STANDARD = "https://vault.relayservice.im";
const UNCHOSEN = `@relayservice/sdk: neither RELAY_BASE_URL nor \`baseURL\` says where your Relay is, so your Relay key goes to ${STANDARD}, the service that the Relay project runs. If you host Relay yourself, set RELAY_BASE_URL to its address; if not, set it to ${STANDARD} to end this warning.`;
let warned = false;

/**
 * A client of Relay for your backend. Creating one sends no request and needs no key yet: a build may have none. The first call checks it.
 * @throws {RelayError} `browser_not_allowed`, `invalid_value`
 * @example const relay = new Relay({ key: process.env.RELAY_KEY }); // your rly- key
 */
export class Relay {
  readonly users: ReturnType<typeof users>;
  readonly connections: ReturnType<typeof connections>;
  readonly #given: Omit<T.RelayOptions, "timeout" | "maxRetries" | "fetch">;
  readonly #settings: Pick<T.RelayOptions, "timeout" | "maxRetries" | "fetch">;
  readonly #call: Call;

  constructor({ timeout, maxRetries, fetch, ...given }: T.RelayOptions = {}) {
    if (given.dangerouslyAllowBrowser !== true) checkPlace();
    this.#given = given;
    this.#settings = { timeout, maxRetries, fetch };
    this.#call = caller({ ...this.#settings, access: () => this.#ready() });
    this.users = users(this.#call);
    this.connections = connections(this.#call);
  }

  /** Relay's URL, without `/v1`. @throws {RelayError} `invalid_value` */
  get baseURL(): string {
    return checkBaseURL(this.#chosen ?? STANDARD);
  }

  get #key(): string | undefined {
    return this.#given.key ?? environment("RELAY_KEY");
  }

  get #chosen(): string | undefined {
    return this.#given.baseURL ?? environment("RELAY_BASE_URL");
  }

  /** What a call needs. It is read at each call, because builds and late settings (dotenv) have none when a module is loaded. */
  #access(): Access {
    const key = checkKey(this.#key);
    const standard = this.#chosen === undefined;
    if (standard && !warned) console.warn(UNCHOSEN);
    warned ||= standard;
    return { key, base: this.baseURL, standard };
  }

  async #ready(): Promise<Access> {
    // With `cacheComponents`, Next.js must notice before a random number is drawn or the time is read, by this SDK or by the OpenAI client.
    if (isNext()) await announce();
    try {
      return this.#access();
    } catch (error) {
      await announce();
      throw error;
    }
  }

  /**
   * Issues a token with which a user can connect a key in the widget. Retries get the same token.
   * @throws {RelayError} `missing_user`, `invalid_user`, `invalid_value`, `scope_missing`
   * @example const { registrationToken } = await relay.createRegistrationToken({ user: "jieun_123" });
   */
  async createRegistrationToken({ user, idempotencyKey, signal, timeout, ...grant }: T.RegistrationTokenOptions): Promise<T.RegistrationToken> {
    const body = { endUserLabel: checkUser(user), ...grant };
    return named<T.RegistrationToken>(await this.#call("POST", "/v1/registration-tokens", { body, idempotencyKey, signal, timeout }));
  }

  /**
   * A plain OpenAI client whose calls are paid with this user's key. Creating one sends no request, so you can create many.
   * @throws {RelayError} `missing_user`, `invalid_user`. Its calls throw the OpenAI client's errors, whose `code` is Relay's.
   * @example const ai = relay.openai({ user: "jieun_123" });
   */
  openai({ user, paid, ...options }: T.OpenAIOptions): OpenAI {
    const ours = [["X-Relay-User", checkUser(user)], ...(paid === undefined ? [] : [["X-Relay-Paid", String(paid)]])];
    if (!["undefined", "boolean"].includes(typeof paid)) throw new RelayError("`paid` must be true or false", { code: "invalid_value", param: "paid" });
    const { dangerouslyAllowBrowser } = this.#given;
    const Client = bound({ check: () => this.#ready(), key: () => this.#key ?? "", baseURL: () => this.baseURL }, ours);
    return new Client({ ...this.#settings, ...(dangerouslyAllowBrowser && { dangerouslyAllowBrowser }), ...options });
  }

  /** Requests, errors and tokens by day, user, provider, model and tier. @throws {RelayError} `invalid_value` @example await relay.usage({ user: "jieun_123" }) */
  async usage({ from, to, user, ...request }: T.UsageOptions = {}): Promise<T.Usage> {
    const { usage, ...rest } = await this.#call<T.Usage>("GET", `/v1/usage${query({ from, to, user })}`, request);
    return { ...rest, usage: (usage ?? []).map(named<T.UsageRow>) };
  }
}
