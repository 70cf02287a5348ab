import { APIError, OpenAI } from "openai";
import { carried, carrying } from "./fetch.ts";
import { derived, follow } from "./signals.ts";
import type { OpenAIOptions } from "./types.ts";

/** What the clients ask for at each call, because it may be known only then. `check` rejects if one of the two is unusable. */
export type Binding = { check(): Promise<unknown>; key(): string; baseURL(): string };

/** A class of OpenAI clients that are bound to Relay and to a user: `withOptions` creates further ones of the same class. */
export function bound({ check, key, baseURL }: Binding, ours: string[][]): typeof OpenAI {
  const Client = class extends OpenAI {
    constructor(given: ConstructorParameters<typeof OpenAI>[0]) {
      const defaultHeaders = merged(given?.defaultHeaders, ours);
      const fixed = { apiKey: async () => key(), baseURL: "http://relay.invalid/v1", defaultHeaders, fetch: carrying(given?.fetch) };
      super({ organization: null, project: null, adminAPIKey: null, ...given, ...fixed });
      // Not enumerable, so that it does not appear in logs, JSON or copies.
      Object.defineProperty(this, "apiKey", { get: key, set: () => {}, enumerable: false });
      Object.defineProperty(this, "baseURL", { get: () => `${baseURL()}/v1`, set: () => {}, enumerable: true });
    }

    /** Reports what is wrong with key or address as Relay's own error: the client would wrap it. */
    protected override async prepareOptions(options: any): Promise<void> {
      await check();
      if (options.signal) options.signal = derived(options.signal);
      return super.prepareOptions(options);
    }

    /** The client adds a listener to the caller's signal for each call, and never removes it. */
    override async fetchWithTimeout(url: any, init: any, ms: number, controller: AbortController): Promise<Response> {
      const { signal, ...rest } = init ?? {};
      if (signal) follow(signal, controller);
      return super.fetchWithTimeout(url, rest, ms, controller);
    }

    protected override makeStatusError(status: number, error: object, message: string | undefined, headers: Headers): APIError {
      return (carried(headers) as APIError | undefined) ?? super.makeStatusError(status, error, message, headers);
    }
  };
  Object.defineProperty(Client, "name", { value: "OpenAI" });
  return Client;
}

/** Merges the caller's headers, in any form, with Relay's two. */
function merged(given: OpenAIOptions["defaultHeaders"], ours: string[][]) {
  const names = ours.map(([name]) => name?.toLowerCase());
  const theirs: [string, any][] = Symbol.iterator in Object(given) ? [...(given as Iterable<[string, any]>)] : Object.entries(given ?? {});
  return [...theirs.filter(([name]) => !names.includes(name.toLowerCase())), ...ours];
}
