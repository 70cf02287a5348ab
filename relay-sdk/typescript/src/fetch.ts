import type { Fetch } from "./types.ts";

/** What frameworks throw to steer rendering: Next.js marks it with `digest`, React throws promises and marked objects. It must reach them untouched. */
export function isControlFlow(thrown: any): boolean {
  return typeof thrown?.digest === "string" || typeof thrown?.$$typeof === "symbol" || typeof thrown?.then === "function";
}

/** A `fetch` whose answers no framework stores. Next.js keeps those of its own `fetch` over requests and even over builds. */
export const uncached = (fetch?: Fetch): Fetch => async (url, init) => {
  const { next, ...rest } = (init ?? {}) as RequestInit & { next?: object };
  // Older Workers throw at the option; their `Request` does not have it either.
  const cache = typeof Request === "function" && "cache" in Request.prototype && { cache: "no-store" as const };
  const { fetch: platform } = globalThis;
  return (fetch ?? platform)(url as string, { ...rest, ...(next && { next: { ...next, revalidate: 0 } }), ...cache });
};

/** Whether this is Next.js, whose `fetch` says so. */
export const isNext = (): boolean => Object.hasOwn(globalThis.fetch ?? {}, "__nextPatched");

/**
 * Lets a framework notice that an answer would depend on the moment, where no request is sent for want of a key. A build of Next.js has
 * none, renders pages nevertheless, and postpones to the request what fetches without a store. The address is not on the network.
 */
export async function announce(): Promise<void> {
  await uncached()("data:,").catch((error) => {
    if (isControlFlow(error)) throw error;
  });
}

const thrown = new WeakMap<Headers, unknown>();

/** The same, for the OpenAI client. It would wrap what a framework throws, and retry; it gets a response that stands for it. */
export const carrying = (fetch?: Fetch): Fetch => async (url, init) => {
  try {
    return await uncached(fetch)(url, init);
  } catch (error) {
    if (!isControlFlow(error)) throw error;
    const response = new Response("{}", { status: 400, headers: { "x-should-retry": "false" } });
    thrown.set(response.headers, error);
    return response;
  }
};

/** What the framework threw, if the response stands for that. */
export const carried = (headers: Headers): unknown => thrown.get(headers);
