import type { ClientOptions } from "openai";

/** A function that works like the platform's own `fetch`. */
export type Fetch = NonNullable<ClientOptions["fetch"]>;
/** A provider's name in the API; `make generate` writes this type. A newer Relay may know more of them. */
export type Provider = "openai" | "anthropic" | "google" | (string & {});
/** @deprecated The same as {@link Provider}, as the widget's types spelled it. */
export type ProviderName = Provider;
/** The state of a stored key. Only `invalid` and `revoked` prevent calls: open the widget. */
export type ConnectionState = "active" | "unverified" | "restricted" | "no_credit" | "invalid" | "revoked" | (string & {});

/** The options of {@link Relay}. `timeout` also applies to AI calls; if unset, they use the OpenAI client's 600,000. */
export interface RelayOptions extends Pick<RequestOptions, "timeout"> {
  /** Your Relay key, `rly-…`. Default: `RELAY_KEY`. Checked at the first call. @example process.env.RELAY_KEY @throws {RelayError} `missing_relay_key`, `invalid_relay_key` */
  key?: string | undefined;
  /** Your Relay. Default: `RELAY_BASE_URL`, else the Relay project's own service, `https://vault.relayservice.im`, with a warning. @example "http://127.0.0.1:8080" @throws {RelayError} `invalid_value` */
  baseURL?: string | undefined;
  /** The number of retries after 408, 429, 5xx or a broken connection, also for AI calls. Default 2. @example 0 @throws {RelayError} `invalid_value` */
  maxRetries?: number | undefined;
  /** A replacement for the platform's `fetch`, also for AI calls. @example proxiedFetch @throws {RelayError} `connection_failed`, with its error as `cause` */
  fetch?: Fetch | undefined;
  /** `true` in a test runner that simulates a page, such as jsdom. In a real page everyone could read your key. Default `false`. @throws {RelayError} `browser_not_allowed` */
  dangerouslyAllowBrowser?: boolean | undefined;
}

/** The options that every method accepts. */
export interface RequestOptions {
  /** Aborts the request. @example request.signal @throws {RelayError} `aborted`, with the signal's reason as `cause` */
  signal?: AbortSignal | undefined;
  /** The timeout of one attempt, in ms. Default 30,000. @example 5_000 @throws {RelayError} `timeout` */
  timeout?: number | undefined;
}

/** The options of a registration token. */
export interface RegistrationTokenOptions extends RequestOptions {
  /** Your own id of the user: 1 to 128 visible ASCII characters. @example "jieun_123" @throws {RelayError} `missing_user`, `invalid_user` */
  user: string;
  /** What the widget and the console show as the user's name: at most 80 characters, any language. @example "Jieun Kim" @throws {RelayError} `invalid_value` */
  endUserName?: string | null | undefined;
  /** The only provider that the user can choose. Default: any. @example "openai" @throws {RelayError} `invalid_value` */
  provider?: Provider | undefined;
  /** The token's lifetime in seconds: 60 to 3600. Default 600. @example 300 @throws {RelayError} `invalid_value` */
  expiresInSeconds?: number | undefined;
  /** Origins of pages that may use the token. Default: the project's. @example ["https://app.example"] @throws {RelayError} `invalid_value` */
  allowedOrigins?: readonly string[] | undefined;
  /** `false`: a connected key is neither replaced nor removed. Default `true`. @example false @throws {RelayError} `invalid_value` */
  replace?: boolean | undefined;
  /** The same key returns the same token, for 24 hours. Default: a new key for each call, also used for its retries. @example form.id @throws {RelayError} `idempotency_key_reused` */
  idempotencyKey?: string | undefined;
}

/** A token with which one user can store one key, once. */
export interface RegistrationToken {
  /** `rrt-…`: pass it to the widget in this user's page, and nowhere else. */
  registrationToken: string;
  /** Your own id of the user. */
  user: string;
  /** @deprecated Use `user`. This is its name in the HTTP API. */
  endUserLabel: string;
  /** The name as it is shown; `null` if you gave none. */
  endUserName: string | null;
  provider: Provider | null;
  /** RFC 3339 in UTC, like all other times. */
  expiresAt: string;
  /** Relay's hosted page with the widget, for links and WebViews. It contains the token, so send it only to this user. */
  connectUrl: string;
}

/** The user of an OpenAI client, and every option of `new OpenAI()` except `apiKey` and `baseURL`. */
export interface OpenAIOptions extends Omit<ClientOptions, "apiKey" | "baseURL"> {
  /** Your own id of the user, whose key pays. @example "jieun_123" @throws {RelayError} `missing_user`, `invalid_user` */
  user: string;
  /** `false`: meters the user's calls under the free tier. The user's key still pays. Default: paid. @example false @throws {RelayError} `invalid_value` */
  paid?: boolean | undefined;
}

/** A user's key for one provider. */
export interface Connection {
  provider: Provider;
  state: ConnectionState;
  /** The key's last four characters. */
  last4: string;
  connectedAt: string;
  lastUsedAt: string | null;
  /** The region whose host the key works at, such as `eu`; `null` for the provider's usual host. */
  region: string | null;
  /** Anthropic's workspace, where the user gave one. */
  workspaceId: string | null;
  /** OpenAI's organization, where the user gave one. */
  organizationId: string | null;
  /** OpenAI's project, where the user gave one. */
  projectId: string | null;
}
/** Whether a user ever connected a key. */
export type UserState = "connected" | "pending" | (string & {});
/** One of your users, with the providers of their keys. */
export interface User {
  /** Your own id of the user. */
  user: string;
  /** @deprecated Use `user`. This is its name in the HTTP API. */
  endUserLabel: string;
  /** `pending`: a token was issued for the user, who has not connected a key yet. */
  state: UserState;
  createdAt: string;
  providers: Provider[];
}

/** A page of users. Pass `nextAfter` as `after` for the next page. */
export type UserPage = { users: User[]; hasMore: boolean; nextAfter: string | null };

export interface ListUsersOptions extends RequestOptions {
  /** Users on a page: 1 to 200. Default 50. @example 200 @throws {RelayError} `invalid_value` */
  limit?: number | undefined;
  /** `pending`: users for whom only a token was issued. Default: those who ever connected a key. @example "pending" @throws {RelayError} `invalid_value` */
  state?: UserState | undefined;
  /** Only users whose ids sort after this one. @example page.nextAfter @throws {RelayError} `invalid_user` */
  after?: string | undefined;
}

export interface UsageOptions extends RequestOptions {
  /** The first day, in UTC. Default: the last 30 days; at most 366. @example "2026-11-01" @throws {RelayError} `invalid_value` */
  from?: string | undefined;
  /** The last day, included. Default: today. @example "2026-11-23" @throws {RelayError} `invalid_value` */
  to?: string | undefined;
  /** Only this user. @example "jieun_123" @throws {RelayError} `invalid_user` */
  user?: string | undefined;
}

/** `hasMore`: there are more than 10,000 rows; request fewer days. */
export type Usage = { from: string; to: string; usage: UsageRow[]; hasMore: boolean };
/** The usage of one user, model and day. The kinds of tokens do not overlap, except that `outputTokens` include `reasoningTokens`. */
export type UsageRow = Pick<User, "user" | "endUserLabel"> & { day: string; provider: Provider; model: string; tier: string } & Record<
  "requests" | "errors" | "inputTokens" | "cacheReadTokens" | "cacheWriteTokens" | "outputTokens" | "reasoningTokens", number>;

/** An event that Relay sends to your endpoint, as {@link webhooks.verify} returns it. */
export interface WebhookEvent {
  /** The same in every attempt: remember it, and an event that comes twice counts once. */
  id: string;
  /** What happened, such as `connection.invalid`. */
  type: string;
  /** When it happened, in RFC 3339. */
  timestamp: string;
  /** Ids, states and times; never a key. */
  data: { projectId: string; endUserLabel?: string; provider?: string; state?: string; [member: string]: unknown };
}
