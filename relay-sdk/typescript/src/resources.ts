import { checkUser, segment } from "./checks.ts";
import type { Call } from "./http.ts";
import type { Connection, ListUsersOptions, Provider, RequestOptions, User, UserPage } from "./types.ts";

/** Gives a row of the API the SDK's name for the user. */
export const named = <Row extends { endUserLabel: string }>(row: Omit<Row, "user">): Row => ({ user: row.endUserLabel, ...row }) as unknown as Row;

/** `relay.users` */
export const users = (call: Call) => ({
  /** Users sorted by id: one page with `await`, all in `for await`. @throws {RelayError} `invalid_value` @example for await (const user of relay.users.list()) log(user) */
  list({ limit, after, state, ...request }: ListUsersOptions = {}): Promise<UserPage> & AsyncIterable<User> {
    const page = async (after?: string | null) => {
      const { users, ...rest } = await call<UserPage>("GET", `/v1/users${query({ limit, after, state })}`, request);
      return { users: (users ?? []).map(named<User>), ...rest };
    };
    const first = page(after);
    // It may fail before anybody waits for it, and Node ends a process for that. Whoever waits still gets the error.
    first.catch(() => {});
    const all = async function* () {
      for (let at = await first; ; at = await page(at.nextAfter)) {
        yield* at.users;
        if (!at.hasMore) return;
      }
    };
    return Object.assign(first, { [Symbol.asyncIterator]: all });
  },
  /** One user with their connections. @throws {RelayError} `user_not_found`, `invalid_user` @example await relay.users.get("jieun_123") */
  get: async (user: string, request?: RequestOptions): Promise<User & { connections: Connection[] }> =>
    named<User & { connections: Connection[] }>(await call("GET", path(user), request)),
  /** Erases a user, their keys and all rows about them. An unknown user is not an error. @example await relay.users.delete("jieun_123") */
  delete: async (user: string, request?: RequestOptions): Promise<void> => call("DELETE", path(user), request),
});

/** `relay.connections` */
export const connections = (call: Call) => ({
  /** A user's keys, with provider and state. @throws {RelayError} `user_not_found`, `invalid_user` @example await relay.connections.list("jieun_123") */
  list: async (user: string, request?: RequestOptions): Promise<Connection[]> =>
    (await call<{ connections: Connection[] }>("GET", `${path(user)}/connections`, request)).connections,
  /** Disconnects a key. A missing key is not an error. @throws {RelayError} `invalid_value` @example await relay.connections.delete("jieun_123", "openai") */
  delete: async (user: string, provider: Provider, request?: RequestOptions): Promise<void> => call("DELETE", path(user, provider), request),
  /** Checks a key with the provider now. @throws {RelayError} `provider_key_missing` @example await relay.connections.verify("jieun_123", "openai") */
  verify: async (user: string, provider: Provider, request?: RequestOptions): Promise<Connection> =>
    call("POST", `${path(user, provider)}/verify`, request),
});

/** The path of a user, or of a user's key for a provider. */
const path = (user: string, ...provider: string[]) =>
  [`/v1/users/${segment("user", checkUser(user))}`, ...provider.map((name) => `connections/${segment("provider", name)}`)].join("/");

export function query(values: Record<string, string | number | null | undefined>): string {
  const given = Object.entries(values).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
  return given.length > 0 ? `?${new URLSearchParams(given)}` : "";
}
