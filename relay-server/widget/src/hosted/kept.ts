/**
 * What this tab keeps, so that the page survives a reload, a discarded tab and the way back from another page.
 *
 * The browser's history keeps the link that the page was opened with, whatever a script does. So the link's token is exchanged for
 * another one when the user continues, and opens nothing from then on. The other one is in the tab's `sessionStorage` until a key is
 * stored or the token expires. Then only how it ended stays there, without a token: the page is loaded again, and the same link is
 * opened again, with the same end.
 */

import type { Account } from "../names.ts";

/** A link that can still be used. */
export interface Kept {
  /** The hash of the link's token: a link that is opened again goes on with the same token. */
  link: string;
  /** The token that can be used. */
  token: string;
  /** The token that it is being exchanged for: kept before it is sent, so that a lost response can be requested again. */
  next?: string | undefined;
  /** Whether the user has continued. */
  continued: boolean;
}

/** A link that has come to its end. Nothing in it is a secret. */
export interface Ended extends Account {
  link: string;
  how: "done" | "nothing" | "used" | "expired" | "dead";
  /** The app's name; empty if Relay did not say. */
  project: string;
  /** Where the user may go, as Relay allowed it. */
  returnUrl: string | null;
  /** The path of the app's logo. */
  logo: string | null;
  /** The connected key. */
  stored?: { provider: string; label: string; last4: string } | undefined;
}

/** Keeps one link in a tab. */
export class Tab {
  readonly #name: string;
  #state: Kept | Ended | null;

  /** `name` tells links apart without their tokens. */
  constructor(name: string) {
    this.#name = `relay:${name}`;
    this.#state = this.#read();
  }

  get kept(): Kept | null {
    return this.#state && "token" in this.#state ? this.#state : null;
  }

  get ended(): Ended | null {
    return this.#state && "how" in this.#state ? this.#state : null;
  }

  /** Keeps this in place of what was kept; `null` forgets it. */
  keep(state: Kept | Ended | null): void {
    this.#state = state;
    this.#use((storage) => (state ? storage.setItem(this.#name, JSON.stringify(state)) : storage.removeItem(this.#name)));
  }

  #read(): Kept | Ended | null {
    return this.#use((storage) => {
      const state = JSON.parse(storage.getItem(this.#name) ?? "null") as Kept | Ended | null;
      return state && (typeof (state as Kept).token === "string" || typeof (state as Ended).how === "string") ? state : null;
    }) ?? null;
  }

  /** Without storage, the page works until it is left. */
  #use<T>(work: (storage: Storage) => T): T | null {
    try {
      return work(sessionStorage);
    } catch {
      return null;
    }
  }
}
