import type { ClientOptions } from "openai";

/** A function that works like the platform's own `fetch`. */
export type Fetch = NonNullable<ClientOptions["fetch"]>;
/** A provider's name in the API; `make generate` writes this type. A newer Relay may know more of them. */
export type Provider = "openai" | "anthropic" | "google" | (string & {});
/** What is known of a stored key. Only `invalid` and `revoked` stop calls: open the widget. */
export type ConnectionState = "active" | "unverified" | "restricted" | "no_credit" | "invalid" | "revoked" | (string & {});

/** How a {@link Relay} is set up. Its `timeout` counts for AI calls, too; without it they have the OpenAI client's, 600,000. */
export interface RelayOptions extends Pick<RequestOptions, "timeout"> {
  /** Your Relay key, `rly-…`. Default: `RELAY_KEY`. @example process.env.RELAY_KEY @throws {RelayError} `missing_relay_key`, `invalid_relay_key` */
  key?: string | undefined;
  /** Your Relay. Default: `RELAY_BASE_URL`, else `https://vault.relayservice.im`. @example "http://127.0.0.1:8080" @throws {RelayError} `invalid_value` */
  baseURL?: string | undefined;
  /** How often to try again after 408, 429, 5xx or a broken connection; AI calls, too. Default 2. @example 0 @throws {RelayError} `invalid_value` */
  maxRetries?: number | undefined;
  /** Used in place of the platform's `fetch`; by AI calls, too. @example proxiedFetch @throws {RelayError} `connection_failed`, with its error as `cause` */
  fetch?: Fetch | undefined;
}

/** What every method takes. */
export interface RequestOptions {
  /** Gives the request up. @example request.signal @throws {RelayError} `aborted`, with the signal's reason as `cause` */
  signal?: AbortSignal | undefined;
  /** How long one try may take, in ms. Default 30,000. @example 5_000 @throws {RelayError} `timeout` */
  timeout?: number | undefined;
}

/** For whom a registration token is, and what it allows. */
export interface RegistrationTokenOptions extends RequestOptions {
  /** Your own id of the user: 1 to 128 visible ASCII characters. @example "jieun_123" @throws {RelayError} `missing_user`, `invalid_user` */
  user: string;
  /** The only provider that the user can choose. Default: any. @example "openai" @throws {RelayError} `invalid_value` */
  provider?: Provider | undefined;
  /** How long the token can be used: 60 to 3600. Default 600. @example 300 @throws {RelayError} `invalid_value` */
  expiresInSeconds?: number | undefined;
  /** Origins of pages that may use the token. Default: the project's. @example ["https://app.example"] @throws {RelayError} `invalid_value` */
  allowedOrigins?: readonly string[] | undefined;
  /** `false`: a connected key is neither replaced nor removed. Default `true`. @example false @throws {RelayError} `invalid_value` */
  replace?: boolean | undefined;
  /** The same one gets the same token, for 24 hours. Default: one a call, kept in its retries. @example form.id @throws {RelayError} `idempotency_key_reused` */
  idempotencyKey?: string | undefined;
}

/** A token with which one user can store one key, once. */
export interface RegistrationToken {
  /** `rrt-…`: give it to the widget, in this user's page and nowhere else. */
  registrationToken: string;
  endUserLabel: string;
  provider: Provider | null;
  /** RFC 3339, UTC; so are all other times. */
  expiresAt: string;
  /** Relay's own page with the widget, for links and WebViews. It holds the token: for this user alone. */
  connectUrl: string;
}

/** For whom AI is called. Every other option of `new OpenAI()` may stand beside it. */
export interface OpenAIOptions extends Omit<ClientOptions, "apiKey" | "baseURL"> {
  /** Your own id of the user, whose key pays. @example "jieun_123" @throws {RelayError} `missing_user`, `invalid_user` */
  user: string;
  /** `false`: a free-tier user, metered and limited as such; their key pays all the same. Default: paid. @example false @throws {RelayError} `invalid_value` */
  paid?: boolean | undefined;
}

/** A user's key at one provider, of which `last4` are the last characters. */
export type Connection = { provider: Provider; state: ConnectionState; last4: string; connectedAt: string; lastUsedAt: string | null };
/** One of your users, and where they have connected a key. */
export type User = { endUserLabel: string; createdAt: string; providers: Provider[] };
/** A page of users. `nextAfter` is the next one's `after`. */
export type UserPage = { users: User[]; hasMore: boolean; nextAfter: string | null };

export interface ListUsersOptions extends RequestOptions {
  /** Users on a page: 1 to 200. Default 50. @example 200 @throws {RelayError} `invalid_value` */
  limit?: number | undefined;
  /** Only users after this one, in the order of their ids. @example page.nextAfter @throws {RelayError} `invalid_user` */
  after?: string | undefined;
}

export interface UsageOptions extends RequestOptions {
  /** The first day, UTC. Default: 30 days back; at most 366. @example "2026-11-01" @throws {RelayError} `invalid_value` */
  from?: string | undefined;
  /** The last day, included. Default: today. @example "2026-11-23" @throws {RelayError} `invalid_value` */
  to?: string | undefined;
  /** This user only. @example "jieun_123" @throws {RelayError} `invalid_user` */
  user?: string | undefined;
}

/** `hasMore`: there are more than 10,000 rows; ask for fewer days. */
export type Usage = { from: string; to: string; usage: UsageRow[]; hasMore: boolean };
/** What one user used in one day of one model. The kinds of tokens do not overlap, but `reasoningTokens` are among the `outputTokens`. */
export type UsageRow = { day: string; endUserLabel: string; provider: Provider; model: string; tier: string } & Record<
  "requests" | "errors" | "inputTokens" | "cacheReadTokens" | "cacheWriteTokens" | "outputTokens" | "reasoningTokens", number>;
