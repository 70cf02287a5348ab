/**
 * Has the token, shows the form and calls Relay. It runs in the frame, or in the page with `isolation: 'shadow'`. It reports events
 * to the shell, but never what was typed.
 */

import type { Connection, Look, Problem, ProviderInfo, Session, Start, ToFrame, ToPage, View, Words } from "../bridge/messages.ts";
import { Client, Failure } from "../client.ts";
import { fill, focusOn, h } from "../dom.ts";
import { type Findings, NOTICED, type Watched } from "../guard.ts";
import { isReadable } from "../look/fonts.ts";
import { dress } from "../look/theme.ts";
import { accountText } from "../names.ts";
import type { ProviderName, SuccessResult } from "../options.ts";
import { answerText } from "../text/answers.ts";
import { formText } from "../text/form.ts";
import { Attempt } from "./attempt.ts";
import { refusal } from "./cap.ts";
import { type Action, type Event, type State, step, type What } from "./machine.ts";
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
  /** The origins of the pages around Relay's own, as the browser names them. The form shows them. */
  pages: readonly string[];
  /** Watches the page around the form. Returns a function that looks at once. Without it, the account counts as seen. */
  guard?: (watched: Watched, findings: Findings) => () => void;
}

/** The current view. */
type Shown =
  | { name: "choose"; gone?: ProviderName | undefined }
  | { name: "key"; provider: ProviderInfo; replacing: Connection | undefined }
  | { name: "confirm_disconnect"; connection: Connection; busy: boolean; problem: Problem | null }
  | { name: "success"; result: SuccessResult; received: Session; left: boolean };

export class Engine {
  readonly root: HTMLElement;
  readonly #above = h("div", { class: "stack" });
  readonly #attempt: Attempt;
  readonly #client: Client;
  readonly #life = new AbortController();
  readonly #tell: (message: ToPage) => void;
  readonly #returnUrl: string | undefined;
  readonly #base: string;
  readonly #framed: boolean;
  #look: Look;
  #session: Session | null = null;
  #shown: Shown = { name: "choose" };
  /** The last problem that was reported to the page, which may still show it. */
  #reported: Problem | null = null;
  /** The tokens, and what may be done with them: `#step` alone changes it. */
  #state: State;
  /** When the page handed tokens over. */
  readonly #taken: number[] = [];
  #held = false;
  /** Ends the running load. */
  #loading = new AbortController();
  /** Looks whether the account can be seen. */
  readonly #peek: () => void;

  constructor({ base, host, framed, pageOrigin, pages, guard }: Surroundings, start: Pick<Start, "token" | "look" | "returnUrl">, tell: (message: ToPage) => void) {
    this.#tell = tell;
    this.#client = new Client(base, pageOrigin, this.#life.signal);
    this.#base = base;
    this.#framed = framed;
    this.#attempt = new Attempt({ base, host, framed, pages }, {
      tell,
      submit: (provider) => this.#act({ provider }),
      switchTo: (provider) => this.#choose(provider, true),
      leave: () => this.#leave(),
      resume: () => this.#step({ type: "resumed" }),
    });
    this.root = h("div", { class: "stack", "data-part": framed ? "root" : "engine", hidden: true }, this.#above, this.#attempt.element);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) tell({ type: "leave", reason: "cancelled" });
    });
    this.#state = { phase: "opening", newest: start.token, seq: 0, seen: !guard, taken: false };
    this.#attempt.seen(!guard);
    const findings = { see: (seen: boolean) => this.#step({ type: seen ? "seen" : "hidden" }), taken: () => this.#step({ type: "taken" }) };
    this.#peek = guard?.(this.#attempt.watched, findings) ?? (() => {});
    this.#look = start.look;
    this.#returnUrl = start.returnUrl;
    this.#dress(start.look);
    this.#step({ type: "load" });
  }

  /** Handles a message of the shell. */
  handle(message: ToFrame): void {
    switch (message.type) {
      case "look": return this.#dress(message.look);
      case "token": return this.#offer(message.token);
      case "no_token":
      case "load": return this.#step({ type: message.type });
      case "choose": return this.#choose(message.provider, false);
      case "focus": return this.#focus();
    }
  }

  /** Ends running calls, and clears what was typed. */
  dispose(): void {
    this.#state = { phase: "over", newest: "", seq: 0, seen: false, taken: false };
    this.#life.abort();
    this.#attempt.done();
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
    if (this.#session) this.#tell({ type: "words", words: this.#words });
    if (this.#reported) this.#tell({ type: "said", code: this.#reported.code, displayMessage: this.#said(this.#reported) });
  }

  // Tokens and calls: machine.ts decides, this carries out.

  #offer(token: string): void {
    const problem = refusal(this.#taken, performance.now());
    if (!problem) return this.#step({ type: "token", token });
    this.#step({ type: "no_token" });
    this.#report("problem", problem);
  }

  /** The user submits a key, or confirms that one is to be disconnected. */
  #act(what: What): void {
    this.#peek();
    this.#step({ type: "act", what });
  }

  #step(event: Event): void {
    const [state, actions] = step(this.#state, event);
    if (state.seen !== this.#state.seen) this.#attempt.seen(state.seen);
    this.#state = state;
    for (const action of actions) this.#do(action, event);
    // Submitting and disconnecting wait for the account of a newer token.
    const held = state.phase === "pending";
    if (held === this.#held) return;
    this.#held = held;
    this.#attempt.hold(held);
    this.#draw();
  }

  #do(action: Action, event: Event): void {
    const { newest, shown, call, seq } = this.#state;
    switch (action) {
      case "load": return this.#await(this.#load(newest), seq);
      case "send": return this.#await(this.#send(call!.what, shown!.token), seq);
      case "show": return this.#take(event.session!);
      case "finish": return this.#finish(call!, event);
      case "refuse": return this.#refuse(call!.what, event.problem!);
      case "ask": return this.#report("need_token", event.problem!);
      case "report": return this.#report("problem", event.problem!);
      case "clear": return this.#attempt.done();
      case "point": return this.#warn("form_hidden", this.#attempt.point());
      case "lock": return this.#warn("focus_taken", this.#attempt.lock(true));
      case "unlock": return void this.#attempt.lock(false);
      case "giveUp": return this.#giveUp();
      case "open":
      case "begin": return this.#begin(action === "begin");
    }
  }

  #await(answer: Promise<Event>, seq: number): void {
    answer.then(
      (event) => this.#step({ ...event, seq }),
      (error: unknown) => {
        const problem = error instanceof Failure ? error.problem : { code: "other", message: String(error) };
        this.#step({ type: STALE.test(problem.code) ? "stale" : "failed", seq, problem });
      },
    );
  }

  async #load(token: string): Promise<Event> {
    this.#loading.abort();
    this.#loading = new AbortController();
    return { type: "loaded", session: await this.#client.session(token, this.#returnUrl, this.#loading.signal) };
  }

  /** Stores and shows what the token allows, and whose it is. */
  #take(session: Session): void {
    this.#session = session;
    this.#look = this.#usable(this.#look);
    this.#attempt.connectsTo(session);
    this.#tell({ type: "session", session });
  }

  async #send({ provider, connection }: What, token: string): Promise<Event> {
    if (connection) {
      this.#show({ name: "confirm_disconnect", connection, busy: true, problem: null }, false);
      return { type: "answered", requestId: await this.#client.disconnect(token, connection.provider) };
    }
    const { key, ids } = this.#attempt.sends();
    this.#redraw();
    return { type: "answered", stored: await this.#client.register(token, provider.name, key, ids) };
  }

  /** A call has succeeded: for the account that it was begun for. */
  #finish({ what: { connection }, session }: NonNullable<State["call"]>, { stored, requestId }: Event): void {
    if (stored) {
      const result: SuccessResult = { ...stored, status: this.#connectionOf(stored.provider) ? "replaced" : "connected" };
      this.#attempt.done();
      this.#show({ name: "success", result, received: session, left: false }, true);
      this.#tell({ type: "connected", result });
    } else if (connection) {
      const { provider } = connection;
      this.#forget(provider);
      this.#tell({ type: "disconnected", provider, requestId });
      this.#begin(true, provider);
    }
  }

  #refuse({ connection }: What, problem: Problem): void {
    if (connection) {
      this.#show({ name: "confirm_disconnect", connection, busy: false, problem }, false);
      this.#report("not_disconnected", problem);
    } else {
      this.#attempt.refused(problem);
      this.#redraw();
    }
  }

  #giveUp(): void {
    this.#attempt.giveUp();
    if (this.#shown.name === "confirm_disconnect") this.#shown = { name: "choose" };
  }

  /** Tells the page of a problem, with the text for its user. */
  #report(type: "problem" | "need_token" | "not_disconnected", problem: Problem): void {
    this.#reported = problem;
    this.#tell({ type, problem: { ...problem, displayMessage: this.#said(problem) } });
  }

  #said(problem: Problem): string {
    return answerText(formText(this.#look.locale), problem);
  }

  /** Tells the page's developers what the form has noticed. */
  #warn(code: string, displayMessage: string): void {
    this.#tell({ type: "noticed", problem: { code, message: NOTICED[code]!, displayMessage } });
  }

  /** Opens the hosted page, in a window of its own, which no page can cover. */
  #leave(): void {
    const { locale, dark } = this.#look;
    const query = new URLSearchParams({ locale, theme: dark ? "dark" : "light" });
    open(`${this.#base}/connect?${query}#${this.#state.shown?.token ?? ""}`, "_blank", "noopener,noreferrer");
  }

  get #busy(): boolean {
    return this.#attempt.busy || (this.#shown.name === "confirm_disconnect" && this.#shown.busy);
  }

  /**
   * The look, without an unknown `provider`, which the shell reports, and without a font that the page may not choose: this comes from
   * the page, whatever the shell has checked.
   */
  #usable(look: Look): Look {
    const { fontFamily, ...variables } = look.variables;
    const known = this.#session?.knownProviders.some(({ name }) => name === look.provider);
    return { ...look, variables: isReadable(fontFamily) ? look.variables : variables, provider: known === false ? null : look.provider };
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
    if (!lone) return this.#report("problem", { code: "provider_not_allowed", message: "the registration token is for another provider than `provider`" });
    const replacing = this.#connectionOf(lone.name);
    const broken = replacing && this.#session?.replace && views.isBroken(replacing);
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
      disconnect: (connection) => this.#act({ connection }),
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
    const scene = { session, look: this.#look, actions: this.#actions, held: this.#held };
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
      case "success": return [views.success({ ...scene, session: shown.received }, shown.result, shown.left)];
    }
  }

  get #canGoBack(): boolean {
    return this.#providers.length > 1 || this.#connections.some((connection) => !views.isBroken(connection));
  }

  get #view(): View {
    const shown = this.#shown;
    const picking = shown.name === "choose" || (shown.name === "key" && !shown.replacing);
    const open = !picking || this.#providers.length === 1 ? [] : this.#providers.filter(({ name }) => !this.#connectionOf(name));
    return {
      name: shown.name,
      provider: shown.name === "key" ? shown.provider.name : null,
      open: open.map(({ name, label, mark }) => ({ name, label, ...(mark && { mark }) })),
      words: this.#words,
      empty: !!this.root.hidden,
      busy: this.#busy,
    };
  }

  /** What the page says around the frame. */
  get #words(): Words {
    const [shown, session, text] = [this.#shown, this.#session!, formText(this.#look.locale)];
    const [connected, replacing] = [this.#connections, shown.name === "key" && shown.replacing];
    const label = shown.name === "key" ? shown.provider.label : "";
    const words = {
      title: text.title(session.projectName),
      lead: this.#framed ? text.promise(session.projectName) : "",
      legend: connected.length > 0 ? text.chooseAnother : text.chooseProvider,
      account: shown.name === "choose" ? text.account(accountText(session)) : "",
      headed: false,
    };
    if (shown.name === "success") return { ...words, headed: true, title: text.success(views.labelOf(session, shown.result.provider)) };
    if (shown.name === "confirm_disconnect") return { ...words, headed: true, title: text.disconnectTitle(views.labelOf(session, shown.connection.provider)) };
    if (replacing && views.isBroken(replacing)) return { ...words, title: text.stoppedTitle(label), lead: text.stopped(label, replacing.last4) };
    if (replacing) return { ...words, title: text.replaceTitle(label) };
    return connected.length > 0 ? { ...words, title: connected.some(views.isBroken) ? text.someStopped : text.yourKeys } : words;
  }

  #focus(): void {
    if (this.#shown.name === "key") return this.#attempt.focus();
    this.#above.querySelector<HTMLElement>("button")?.focus();
  }
}
