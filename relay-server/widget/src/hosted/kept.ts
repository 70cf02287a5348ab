/**
 * The token of this tab, so that the page survives a reload, a discarded tab and the way back from another page.
 *
 * The browser's history keeps the link that the page was opened with, whatever a script does afterwards. So the link's token is
 * exchanged for another one when the user continues, and opens nothing from then on. The other one is in the tab's `sessionStorage`
 * until a key is stored or the token expires.
 */

/** What a tab keeps. */
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

/** Keeps one token for each link in a tab. */
export class Tab {
  readonly #name: string;
  #kept: Kept | null;

  /** `name` tells links apart without their tokens. */
  constructor(name: string) {
    this.#name = `relay:${name}`;
    this.#kept = this.#read();
  }

  get kept(): Kept | null {
    return this.#kept;
  }

  set kept(kept: Kept | null) {
    this.#kept = kept;
    this.#use((storage) => (kept ? storage.setItem(this.#name, JSON.stringify(kept)) : storage.removeItem(this.#name)));
  }

  #read(): Kept | null {
    return this.#use((storage) => {
      const kept = JSON.parse(storage.getItem(this.#name) ?? "null") as Kept | null;
      return typeof kept?.token === "string" ? kept : null;
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
