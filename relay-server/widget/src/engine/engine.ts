/**
 * Has the token, shows the form and calls Relay. It runs in the frame, or in the page with `isolation: 'shadow'`. It reports events
 * to the shell, but never what was typed.
 */

import type { Connection, Look, Problem, ProviderInfo, Session, Start, ToFrame, ToPage, View } from "../bridge/messages.ts";
import { Client, Failure } from "../client.ts";
import { fill, focusOn, h } from "../dom.ts";
import { dress } from "../look/theme.ts";
import type { ProviderName, SuccessResult } from "../options.ts";
import { Attempt } from "./attempt.ts";
import * as views from "./views.ts";

/** Codes of a token that is no longer valid, which a new token can fix. */
const STALE = /^(registration_token_expired|registration_token_used|invalid_registration_token)$/;

/** The surroundings of an engine. */
export interface Surroundings {
  /** Relay's origin; empty: the same as this document's. */
  base: string;
  /** The host to show: `vault.example`. */
  host: string;
  framed: boolean;
  /** The page that embeds Relay's frame, on whose behalf it calls. */
  pageOrigin: string | null;
}

/** The current view. */
type Shown =
  | { name: "choose"; gone?: ProviderName | undefined }
  | { name: "key"; provider: ProviderInfo; replacing: Connection | undefined }
  | { name: "confirm_disconnect"; connection: Connection; busy: boolean; problem: Problem | null }
  | { name: "success"; result: SuccessResult; left: boolean };

export class Engine {
  readonly root: HTMLElement;
  readonly #above = h("div", { class: "stack" });
  readonly #attempt: Attempt;
  readonly #client: Client;
  readonly #life = new AbortController();
  readonly #tell: (message: ToPage) => void;
  readonly #returnUrl: string | undefined;
  #token: string;
  #look: Look;
  #session: Session | null = null;
  #shown: Shown = { name: "choose" };
  /** The action to repeat once there is a new token for the same account. */
  #waiting: (() => void) | null = null;

  constructor({ base, host, framed, pageOrigin }: Surroundings, start: Pick<Start, "token" | "look" | "returnUrl">, tell: (message: ToPage) => void) {
    this.#tell = tell;
    this.#client = new Client(base, pageOrigin, this.#life.signal);
    this.#attempt = new Attempt(host, framed, {
      tell,
      register: (provider, key, workspace) => this.#register(provider, key, workspace),
      switchTo: (provider) => this.#choose(provider, true),
    });
    this.root = h("div", { class: "stack", "data-part": framed ? "root" : "engine", hidden: true }, this.#above, this.#attempt.element);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) tell({ type: "leave", reason: "cancelled" });
    });
    this.#token = start.token;
    this.#look = start.look;
    this.#returnUrl = start.returnUrl;
    this.#dress(start.look);
    void this.#load();
  }

  /** Handles a message of the shell. */
  handle(message: ToFrame): void {
    switch (message.type) {
      case "look": return this.#dress(message.look);
      case "token": return void this.#renew(message.token);
      case "no_token": return this.#giveUp();
      case "choose": return this.#choose(message.provider, false);
      case "load": return void this.#load();
      case "focus": return this.#focus();
    }
  }

  /** Ends running calls, and clears what was typed. */
  dispose(): void {
    this.#life.abort();
    this.#attempt.done();
    this.#token = "";
    this.root.remove();
  }

  #dress(look: Look): void {
    const { provider } = this.#look;
    this.#look = look = this.#usable(look);
    const narrowed = look.provider !== provider;
    dress(this.root, look);
    this.#attempt.dress(look);
    if (narrowed && this.#session && this.#shown.name !== "success" && !this.#busy) this.#begin(false);
    else this.#draw();
  }

  // Calls to Relay.

  async #load(): Promise<void> {
    await this.#try(null, async () => {
      const first = !this.#session;
      this.#take(await this.#client.session(this.#token, this.#returnUrl));
      this.#begin(!first);
    }, (problem) => this.#tell({ type: "problem", problem }));
  }

  /** Stores what the token allows. Returns whether it is for the same account: a key typed for one account is never sent for another. */
  #take(session: Session): boolean {
    const before = this.#session;
    const same = !before || (before.projectName === session.projectName && before.endUserLabel === session.endUserLabel);
    if (!same) this.#attempt.done();
    this.#session = session;
    this.#look = this.#usable(this.#look);
    this.#attempt.connectsTo(session.projectName, session.endUserLabel);
    this.#tell({ type: "session", session });
    return same;
  }

  async #register(provider: ProviderInfo, key: string, workspace: string): Promise<void> {
    this.#redraw();
    await this.#try(() => this.#attempt.again(), async () => {
      const replaced = this.#connectionOf(provider.name);
      const stored = await this.#client.register(this.#token, provider.name, key, workspace);
      if (this.#life.signal.aborted) return;
      this.#attempt.done();
      const result: SuccessResult = { ...stored, status: replaced ? "replaced" : "connected" };
      this.#show({ name: "success", result, left: false }, true);
      this.#tell({ type: "connected", result });
    }, (problem) => {
      this.#attempt.refused(problem);
      this.#redraw();
    });
  }

  async #disconnect(connection: Connection): Promise<void> {
    const { provider } = connection;
    this.#show({ name: "confirm_disconnect", connection, busy: true, problem: null }, false);
    await this.#try(() => void this.#disconnect(connection), async () => {
      const requestId = await this.#client.disconnect(this.#token, provider);
      this.#forget(provider);
      this.#tell({ type: "disconnected", provider, requestId });
      this.#begin(true, provider);
    }, (problem) => {
      this.#show({ name: "confirm_disconnect", connection, busy: false, problem }, false);
      this.#tell({ type: "not_disconnected", problem });
    });
  }

  /** Runs a call with the token. If the token is stale, requests a new one from the shell, and calls `again` with it. */
  async #try(again: (() => void) | null, work: () => Promise<void>, failed: (problem: Problem) => void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#life.signal.aborted) return;
      const problem = error instanceof Failure ? error.problem : { code: "other", message: String(error) };
      if (!STALE.test(problem.code)) return failed(problem);
      this.#waiting = again;
      this.#tell({ type: "need_token", problem });
    }
  }

  /** Continues with a new token. */
  async #renew(token: string): Promise<void> {
    const again = this.#waiting;
    this.#token = token;
    this.#waiting = null;
    if (!again) return this.#load();
    await this.#try(again, async () => {
      if (this.#take(await this.#client.session(token, this.#returnUrl))) again();
      else this.#begin(true);
    }, (problem) => {
      this.#giveUp();
      this.#tell({ type: "problem", problem });
    });
  }

  #giveUp(): void {
    this.#waiting = null;
    this.#attempt.giveUp();
    if (this.#shown.name === "confirm_disconnect") this.#shown = { name: "choose" };
  }

  get #busy(): boolean {
    return this.#attempt.busy || (this.#shown.name === "confirm_disconnect" && this.#shown.busy);
  }

  /** The look, without an unknown `provider`, which the shell reports. */
  #usable(look: Look): Look {
    const known = this.#session?.knownProviders.some(({ name }) => name === look.provider);
    return known === false ? { ...look, provider: null } : look;
  }

  // Permissions of the token and the page.

  get #providers(): ProviderInfo[] {
    const { provider } = this.#look;
    return (this.#session?.providers ?? []).filter(({ name }) => !provider || name === provider);
  }

  get #connections(): Connection[] {
    return (this.#session?.connections ?? []).filter(({ provider }) => this.#providers.some(({ name }) => name === provider));
  }

  #connectionOf(name: ProviderName): Connection | undefined {
    return this.#connections.find(({ provider }) => provider === name);
  }

  #forget(provider: ProviderName): void {
    const session = this.#session;
    if (session) this.#session = { ...session, connections: session.connections.filter((known) => known.provider !== provider) };
  }

  // Views.

  /** The first view. A single key that no longer works is replaced at once; one that works is shown. */
  #begin(focus: boolean, gone?: ProviderName): void {
    const [lone, ...others] = this.#providers;
    if (!lone) return this.#tell({ type: "problem", problem: { code: "provider_not_allowed", message: "the registration token is for another provider than `provider`" } });
    const replacing = this.#connectionOf(lone.name);
    const broken = replacing && this.#session?.replace && isBroken(replacing);
    if (!others.length && !gone && (!replacing || broken)) this.#show({ name: "key", provider: lone, replacing }, focus);
    else this.#show({ name: "choose", gone }, focus);
  }

  #choose(name: ProviderName, focus: boolean): void {
    const provider = this.#providers.find((known) => known.name === name);
    const replacing = this.#connectionOf(name);
    // One action at a time: a running call is not abandoned.
    if (!provider || this.#busy || (replacing && !this.#session?.replace)) return;
    this.#tell({ type: "selected", provider: name });
    this.#show({ name: "key", provider, replacing }, false);
    if (focus) this.#attempt.focus();
  }

  get #actions(): views.Actions {
    return {
      replace: ({ provider }) => this.#choose(provider, true),
      ask: (connection) => this.#show({ name: "confirm_disconnect", connection, busy: false, problem: null }, true),
      disconnect: (connection) => void this.#disconnect(connection),
      back: () => this.#busy || this.#begin(true),
      more: () => this.#tell({ type: "more" }),
      done: () => {
        if (this.#shown.name === "success") this.#show({ ...this.#shown, left: true }, true);
        this.#tell({ type: "leave", reason: "done" });
      },
    };
  }

  #show(shown: Shown, focus: boolean): void {
    const key = shown.name === "key" ? shown.provider : null;
    this.#shown = shown;
    this.#attempt.ask(key, this.#session);
    this.#redraw();
    const place = focus && this.#above.querySelector<HTMLElement>("[data-focus]");
    // Does not take the focus from other parts of the page.
    if (this.#holdsFocus && place) focusOn(place);
    else if (this.#holdsFocus && focus && key) this.#attempt.focus();
  }

  /** The document of the frame, or the shell's root. */
  get #around(): Document | ShadowRoot {
    const root = this.root.getRootNode();
    return root instanceof ShadowRoot ? root : document;
  }

  get #holdsFocus(): boolean {
    const around = this.#around;
    return around === document ? document.hasFocus() : !!around.activeElement;
  }

  #draw(): void {
    const [shown, session] = [this.#shown, this.#session];
    if (!session) return;
    const scene = { session, look: this.#look, actions: this.#actions };
    const held = [...this.#above.querySelectorAll("button,a,[data-focus]")].indexOf(this.#around.activeElement ?? this.root);
    fill(this.#above, ...this.#parts(shown, scene));
    this.#above.hidden = !this.#above.firstChild;
    this.root.hidden = !this.#above.firstChild && shown.name !== "key";
    if (held >= 0) [...this.#above.querySelectorAll<HTMLElement>("button,a,[data-focus]")][held]?.focus();
  }

  /** Draws the view here and in the shell. `#draw` alone does not notify the shell. */
  #redraw(): void {
    this.#draw();
    this.#tell({ type: "view", view: this.#view });
  }

  #parts(shown: Shown, scene: views.Scene): (HTMLElement | false | "" | undefined)[] {
    const connected = this.#connections;
    switch (shown.name) {
      case "choose": return [shown.gone && views.gone(scene, shown.gone), connected.length > 0 && views.connections(scene, connected)];
      case "key": return [shown.replacing && views.replacement(scene, shown.replacing, this.#canGoBack && !this.#busy)];
      case "confirm_disconnect": return [views.confirmation(scene, shown.connection, shown.busy, shown.problem)];
      case "success": return [views.success(scene, shown.result, shown.left)];
    }
  }

  get #canGoBack(): boolean {
    return this.#providers.length > 1 || this.#connections.some((connection) => !isBroken(connection));
  }

  get #view(): View {
    const shown = this.#shown;
    const picking = shown.name === "choose" || (shown.name === "key" && !shown.replacing);
    const open = !picking || this.#providers.length === 1 ? [] : this.#providers.filter(({ name }) => !this.#connectionOf(name));
    return {
      name: shown.name,
      provider: shown.name === "key" ? shown.provider.name : null,
      open: open.map(({ name, label }) => ({ name, label })),
      connected: this.#connections.length > 0,
      empty: !!this.root.hidden,
      busy: this.#busy,
    };
  }

  #focus(): void {
    if (this.#shown.name === "key") return this.#attempt.focus();
    this.#above.querySelector<HTMLElement>("button")?.focus();
  }
}

/** Whether a provider no longer takes the stored key. */
const isBroken = ({ state }: Connection): boolean => state === "invalid" || state === "revoked";
