/** The widget on the page: what it shows, and what it tells the page. It never holds a key. */

import type { Beginning, Link } from "../bridge/link.ts";
import { frameLink, label, localLink } from "../bridge/link.ts";
import type { Connected, Connection, Look, Problem, ProviderInfo, Session, ToPage } from "../bridge/messages.ts";
import { fill, focusOn, h } from "../dom.ts";
import { sheet } from "../look/sheet.ts";
import { SHELL } from "../look/styles.ts";
import { dress } from "../look/theme.ts";
import type { ExitResult, MountOptions, ProviderName, WidgetError, WidgetEvent } from "../options.ts";
import { isRetryable, problemText } from "../text/problems.ts";
import { type CommonText, type ShellText, shellText } from "../text/index.ts";
import * as screens from "./screens.ts";
import { obtain } from "./tokens.ts";
import { isToken, read, type Wishes } from "./wishes.ts";

/** What the hosted page knows and other pages don't. */
export interface Hosting {
  returnUrl?: string;
  pageOrigin?: string;
  /** Called with the allowed way back once it is known. */
  onSession?(session: Session): void;
}

/** What is on show. */
export type Screen =
  | { name: "loading" }
  | { name: "main"; provider: ProviderName | null; replacing: boolean; said: string }
  | { name: "confirm_disconnect"; connection: Connection; busy: boolean; problem: Problem | null }
  | { name: "success"; result: Connected; replaced: boolean }
  | { name: "problem"; problem: Problem };

/** So many fresh tokens in a row may turn out to be of no use. */
const MOST_REFRESHES = 2;
/** After this many milliseconds a widget that is loading says that it still is. */
const SLOW = 6_000;
/** Told to the form only: nothing was tried. */
const NO_ATTEMPT = new Set(["empty", "not_text"]);

export class Shell {
  readonly ready: Promise<void>;
  #settle: { resolve(): void; reject(error: WidgetError): void } = { resolve: () => {}, reject: () => {} };
  readonly host = h("div");
  readonly #root = h("div", { "data-part": "root" });
  readonly #header = h("header");
  readonly #main = h("div", { class: "stack" });
  readonly #slot = h("div");
  readonly #footer = h("footer");
  readonly #status = h("div", { role: "status", class: "hidden" });
  #dialog: HTMLDialogElement | null = null;
  readonly #shadow: ShadowRoot;
  readonly #life = new AbortController();
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");

  #wishes: Wishes;
  #link: Link | null = null;
  #token = "";
  #refreshes = 0;
  session: Session | null = null;
  screen: Screen = { name: "loading" };
  #succeeded = false;
  #left = false;
  #slow = 0;

  #options: MountOptions;
  #base: string;
  #hosting: Hosting;

  constructor(options: MountOptions, base: string, hosting: Hosting) {
    this.#options = options;
    this.#base = base;
    this.#hosting = hosting;
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ready.catch(() => {});
    this.#wishes = this.#read();
    this.host.style.setProperty("all", "initial", "important");
    this.host.style.setProperty("display", "block", "important");
    this.#shadow = this.host.attachShadow({ mode: "closed" });
    this.#shadow.adoptedStyleSheets = [sheet(SHELL)];
    this.#root.append(this.#status, this.#header, this.#main, this.#slot, this.#footer);
    this.#shadow.append(this.#wishes.layout === "modal" ? this.#makeDialog() : this.#root);
    const { signal } = this.#life;
    this.#scheme.addEventListener("change", () => this.#redress(), { signal });
    addEventListener("online", () => this.#online(), { signal });
    this.#draw();
  }

  /** Begins, once the host is in the page. */
  start(): void {
    this.#dialog?.showModal();
    this.#redress();
    void this.#open();
  }

  get text(): CommonText & ShellText {
    return shellText(this.#wishes.locale);
  }

  get locale(): string {
    return this.#wishes.locale;
  }

  /** Whether the page can't read what is typed. */
  get isolated(): boolean {
    return this.#wishes.isolation === "frame";
  }

  get relayHost(): string {
    return new URL(this.#base).host;
  }

  /** Whether the user can be led on after a key was connected. */
  get hasExit(): boolean {
    return !!this.#options.onExit || !!this.#dialog || !!this.session?.returnUrl;
  }

  get canConnectMore(): boolean {
    return !!this.#options.fetchToken && !this.#wishes.provider && (this.session?.providers.length ?? 0) > 1;
  }

  canRetry(code: string): boolean {
    return isRetryable(code) || !!this.#options.fetchToken && !["csp_blocked", "opaque_origin", "frame_required", "origin_not_allowed"].includes(code);
  }

  get modal(): boolean {
    return !!this.#dialog;
  }

  /** The providers that the token and the page allow. */
  get providers(): ProviderInfo[] {
    const { provider } = this.#wishes;
    return (this.session?.providers ?? []).filter(({ name }) => !provider || name === provider);
  }

  /** What is connected already of them. */
  get connections(): Connection[] {
    return (this.session?.connections ?? []).filter(({ provider }) => this.providers.some(({ name }) => name === provider));
  }

  labelOf(name: ProviderName): string {
    return this.session?.providers.find((provider) => provider.name === name)?.label ?? name;
  }

  // What the page does.

  update(options: Partial<MountOptions>): void {
    if (this.#left) return;
    const before = this.#wishes;
    const { registrationToken } = this.#options;
    this.#options = { ...this.#options, ...options };
    this.#wishes = this.#read();
    if (before.isolation !== this.#wishes.isolation) return void this.#reopen();
    this.#redress();
    if (this.#options.registrationToken !== registrationToken) this.#replaceToken();
    else if (before.provider !== this.#wishes.provider && this.screen.name === "main") this.#begin();
  }

  focus(): void {
    if (this.screen.name === "main" && this.screen.provider) return this.#link?.focus();
    this.#main.querySelector<HTMLElement>("input:checked,input,button,[tabindex]")?.focus();
  }

  unmount(silently = false): void {
    if (this.#left) return;
    this.#left = true;
    this.#life.abort();
    clearTimeout(this.#slow);
    this.#link?.close();
    this.#dialog?.close();
    this.host.remove();
    this.#settle.resolve();
    if (!this.#succeeded && !silently) this.#exit("unmounted");
    this.#options = {};
  }

  // What the user does.

  choose(provider: ProviderName, replacing = false): void {
    this.#emit({ name: "provider_selected", provider });
    this.show({ name: "main", provider, replacing, said: "" }, replacing ? "form" : null);
  }

  cancel(): void {
    this.#begin(true);
  }

  askToDisconnect(connection: Connection): void {
    this.show({ name: "confirm_disconnect", connection, busy: false, problem: null }, "heading");
  }

  disconnect(connection: Connection): void {
    if (this.screen.name !== "confirm_disconnect" || this.screen.busy) return;
    this.show({ name: "confirm_disconnect", connection, busy: true, problem: null }, null);
    this.#link?.send({ type: "disconnect", provider: connection.provider });
  }

  retry(): void {
    this.#refreshes = 0;
    const { screen } = this;
    this.show({ name: "loading" }, "heading");
    if (screen.name === "problem" && /^(registration_token_|invalid_reg|missing_token|fetch_token)/.test(screen.problem.code)) void this.#refresh(screen.problem.code);
    else if (this.session) this.#link?.send({ type: "load" });
    else void this.#reopen();
  }

  connectMore(): void {
    this.#succeeded = false;
    this.show({ name: "loading" }, "heading");
    void this.#refresh("registration_token_used");
  }

  finish(reason: "done" | "cancelled"): void {
    if (this.#left) return;
    this.#exit(reason);
    if (this.#dialog) this.unmount(true);
  }

  // The line to the engine.

  async #open(): Promise<void> {
    const { registrationToken, fetchToken } = this.#options;
    if (isToken(registrationToken)) this.#token = registrationToken;
    if (this.#wishes.isolation === "frame" && !/^https?:\/\//.test(location.origin)) return this.#fail(OPAQUE);
    if (!this.#token && fetchToken) return this.#refresh("missing_token");
    if (!this.#token) return this.#fail(registrationToken ? BAD_TOKEN : NO_TOKEN);
    this.#connect();
  }

  #connect(): void {
    this.#link?.close();
    const { returnUrl, pageOrigin } = this.#hosting;
    const beginning: Beginning = { token: this.#token, look: this.#look, ...(returnUrl !== undefined && { returnUrl }), ...(pageOrigin !== undefined && { pageOrigin }) };
    const make = this.isolated ? frameLink : localLink;
    const link: Link = make(this.#base, beginning, (message) => {
      if (this.#link === link && !this.#left) this.#receive(message);
    });
    this.#link = link;
    this.#slot.replaceChildren(link.element);
    this.#labelFrame();
  }

  async #reopen(): Promise<void> {
    this.session = null;
    this.show({ name: "loading" }, null);
    await this.#open();
  }

  #replaceToken(): void {
    const { registrationToken } = this.#options;
    if (!isToken(registrationToken)) return this.#fail(registrationToken ? BAD_TOKEN : NO_TOKEN);
    this.#token = registrationToken;
    this.#refreshes = 0;
    this.#connect();
    this.session = null;
    this.show({ name: "loading" }, null);
  }

  #receive(message: Exclude<ToPage, { type: "height" }> | ToPage): void {
    switch (message.type) {
      case "session": return this.#take(message.session);
      case "problem": return this.#fail(message.problem);
      case "need_token": return void this.#refresh(message.code);
      case "switch": return this.#switchTo(message.provider);
      case "submitted": return this.#emit({ name: "key_submitted", provider: message.provider });
      case "refused": return this.#refused(message.problem);
      case "connected": return this.#connected(message.result);
      case "disconnected": return this.#disconnected(message.provider, message.requestId);
      case "not_disconnected": return this.#notDisconnected(message.problem);
      case "escape": return this.#escape();
    }
  }

  #take(session: Session): void {
    if (session.frameOnly && !this.isolated) return this.#fail(FRAME_REQUIRED);
    const first = !this.session;
    this.session = session;
    this.#refreshes = 0;
    this.#hosting.onSession?.(session);
    this.#begin(!first);
    if (!first) return;
    this.#settle.resolve();
    this.#emit({ name: "ready" });
    this.#call(this.#options.onReady, undefined);
  }

  /** The first thing to do with this session. */
  #begin(focus = false): void {
    const open = this.providers.filter(({ name }) => !this.connections.some(({ provider }) => provider === name));
    const [only] = this.providers.length === 1 ? open : [];
    const [broken] = this.providers.length === 1 && this.session?.replace ? this.connections.filter(({ state }) => state === "invalid" || state === "revoked") : [];
    const provider = only?.name ?? broken?.provider ?? null;
    this.show({ name: "main", provider, replacing: !!broken, said: "" }, focus ? "heading" : null);
  }

  async #refresh(code: string): Promise<void> {
    const { fetchToken } = this.#options;
    if (!fetchToken || this.#refreshes++ >= MOST_REFRESHES) {
      this.#link?.send({ type: "no_token" });
      return this.#fail({ code, message: TOKEN_REASONS[code] ?? "the registration token can't be used" });
    }
    const token = await obtain(fetchToken, this.#life.signal);
    if (this.#left) return;
    if (typeof token !== "string") {
      this.#link?.send({ type: "no_token" });
      return this.#fail(token);
    }
    const renewed = !!this.#token;
    this.#token = token;
    if (renewed) this.#emit({ name: "token_refreshed" });
    if (this.#link) this.#link.send({ type: "token", token });
    else this.#connect();
  }

  #switchTo(provider: ProviderName): void {
    const replacing = this.connections.some((known) => known.provider === provider);
    if (replacing && !this.session?.replace) return;
    this.#emit({ name: "provider_selected", provider });
    this.show({ name: "main", provider, replacing, said: "" }, "form");
  }

  #refused(problem: Problem): void {
    if (NO_ATTEMPT.has(problem.code)) return;
    const provider = this.screen.name === "main" ? this.screen.provider : null;
    if (provider) this.#emit({ name: "key_refused", provider, code: problem.code, ...(problem.requestId && { requestId: problem.requestId }) });
    this.#tell({ ...problem, ...(provider && { provider }) });
  }

  #connected(result: Connected): void {
    const replaced = this.connections.some(({ provider }) => provider === result.provider);
    this.#succeeded = true;
    this.show({ name: "success", result, replaced }, "heading");
    const { provider, state, last4, connectedAt, requestId } = result;
    this.#emit({ name: "connected", provider, state, requestId });
    this.#call(this.#options.onSuccess, { provider, status: replaced ? "replaced" : "connected", state, last4, connectedAt, requestId });
  }

  #disconnected(provider: ProviderName, requestId?: string): void {
    if (this.session) this.session = { ...this.session, connections: this.session.connections.filter((known) => known.provider !== provider) };
    this.#emit({ name: "disconnected", provider, ...(requestId && { requestId }) });
    this.#begin();
    if (this.screen.name === "main") this.show({ ...this.screen, said: this.text.disconnected(this.labelOf(provider)) }, "said");
  }

  #notDisconnected(problem: Problem): void {
    this.#tell(problem);
    if (this.screen.name === "confirm_disconnect") this.show({ ...this.screen, busy: false, problem }, null);
  }

  #online(): void {
    if (this.screen.name === "problem" && /^(offline|relay_unreachable)$/.test(this.screen.problem.code)) this.retry();
  }

  #escape(): void {
    if (this.#dialog) this.finish("cancelled");
  }

  // What the page is told.

  #fail(problem: Problem): void {
    this.show({ name: "problem", problem }, "problem");
    const error = this.#tell(problem);
    this.#settle.reject(error);
  }

  #tell(problem: Problem): WidgetError {
    const { code, message, requestId, provider } = problem;
    const error: WidgetError = { code, message, displayMessage: problemText(this.text, problem), retryable: this.canRetry(code), ...(requestId && { requestId }), ...(provider && { provider }) };
    if (code !== "key_refused_by_provider" && code !== "provider_key_needs_workspace") console.error(`[Relay] ${code}: ${message}`);
    this.#emit({ name: "error", code, ...(requestId && { requestId }) });
    this.#call(this.#options.onError, error);
    return error;
  }

  #exit(reason: ExitResult["reason"]): void {
    this.#emit({ name: "exit", reason });
    this.#call(this.#options.onExit, { reason });
  }

  #emit(event: WidgetEvent): void {
    this.#call(this.#options.onEvent, event);
  }

  /** Calls back. What the page's function does wrong is the page's. */
  #call<T>(callback: ((value: T) => unknown) | undefined, value: T): void {
    if (typeof callback !== "function") return;
    try {
      Promise.resolve(callback(value)).catch(complain);
    } catch (error) {
      complain(error);
    }
  }

  #read(): Wishes {
    return read(this.#options, ({ code, message }) => {
      // Later: the page has its handle by then.
      queueMicrotask(() => !this.#left && this.#tell({ code, message }));
    });
  }

  // What is on show.

  get #look(): Look {
    const { theme, locale, accentColor, variables, links } = this.#wishes;
    const dark = theme === "dark" || (theme === "auto" && this.#scheme.matches);
    return { dark, locale, accentColor, variables, links };
  }

  #redress(): void {
    const look = this.#look;
    dress(this.#root, look);
    this.#link?.send({ type: "look", look });
    this.#draw();
  }

  #labelFrame(): void {
    const hidden = this.screen.name !== "main" || !this.screen.provider;
    if (this.#link) label(this.#link, this.text.frameTitle, this.#look.dark, hidden);
  }

  show(screen: Screen, focus: "heading" | "form" | "said" | "problem" | null): void {
    const before = this.screen;
    const inside = this.#holdsFocus;
    this.screen = screen;
    const asked = screen.name === "main" ? screen.provider : null;
    const earlier = before.name === "main" ? before.provider : null;
    if (asked !== earlier || before.name !== screen.name) this.#link?.send({ type: "provider", provider: asked, focus: false });
    this.#draw();
    clearTimeout(this.#slow);
    if (screen.name === "loading") this.#slow = window.setTimeout(() => fill(this.#status, this.text.loadingSlow), SLOW);
    if (focus === "form") return this.#link?.focus();
    // Nobody's focus is taken away who is not in the widget.
    if (focus && inside) this.#focusOn(focus);
  }

  get #holdsFocus(): boolean {
    return this.#shadow.activeElement !== null || !!this.#dialog;
  }

  #focusOn(what: "heading" | "said" | "problem"): void {
    const place = what === "said" ? this.#main.querySelector<HTMLElement>("[data-part=said]") : this.#root.querySelector<HTMLElement>("[data-focus]");
    if (place) focusOn(place);
  }

  #draw(): void {
    const { screen, text } = this;
    const held = this.#shadow.activeElement?.getAttribute("data-id");
    this.#root.lang = this.#wishes.locale;
    this.#root.dir = text.dir;
    this.#root.dataset.screen = screen.name === "main" ? (screen.provider ? "key" : "choose") : screen.name;
    fill(this.#status, screen.name === "loading" ? text.loading : "");
    fill(this.#header, ...screens.header(this));
    fill(this.#main, ...screens.content(this));
    fill(this.#footer, ...screens.footer(this));
    this.#dialog?.setAttribute("aria-label", this.session ? text.title(this.session.projectName) : text.hosted.title);
    this.#labelFrame();
    if (held) this.#root.querySelector<HTMLElement>(`[data-id="${held}"]`)?.focus();
  }

  #makeDialog(): HTMLDialogElement {
    const dialog = h("dialog", {}, this.#root);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.finish("cancelled");
    });
    this.#dialog = dialog;
    return dialog;
  }
}

function complain(error: unknown): void {
  console.error("[Relay] a callback of the page failed:", error);
}

const NO_TOKEN: Problem = { code: "missing_token", message: "`registrationToken` or `fetchToken` is needed: your backend gets a token from POST /v1/registration-tokens" };
const BAD_TOKEN: Problem = { code: "invalid_registration_token", message: "`registrationToken` is no registration token: it begins with rrt- and has 53 characters" };
const OPAQUE: Problem = { code: "opaque_origin", message: "this page has no origin of its own (file: or a sandbox), so the key frame can't trust it: open Relay's hosted page instead (`connectUrl`)" };
const FRAME_REQUIRED: Problem = { code: "frame_required", message: "this project takes keys in Relay's own frame only: leave `isolation` out" };

const TOKEN_REASONS: Record<string, string> = {
  missing_token: "`fetchToken` gave no token that can be used",
  registration_token_expired: "the registration token has expired: give `fetchToken`, so that the widget can ask your backend for another one",
  registration_token_used: "the registration token was used already: ask your backend for another one, or give `fetchToken`",
  invalid_registration_token: "Relay does not know this registration token: is it from another Relay?",
};
