/** The widget on the page: its state, and what it shows. It never has a key. */

import { frameLink, label, type Link, localLink } from "../bridge/link.ts";
import type { Look, Problem, Session, ToPage, View } from "../bridge/messages.ts";
import { bare, fill, focusOn, h } from "../dom.ts";
import { sheet } from "../look/sheet.ts";
import { SHELL } from "../look/styles.ts";
import { dress } from "../look/theme.ts";
import type { MountOptions, ProviderName, SuccessResult, WidgetError } from "../options.ts";
import { type CommonText, type ShellText, shellText } from "../text/index.ts";
import { isRetryable } from "../text/problems.ts";
import * as screens from "./screens.ts";
import { requestToken } from "./tokens.ts";
import { call, emit, exit, tell } from "./callbacks.ts";
import { badProvider, isToken, read, type Settings } from "./settings.ts";

/** Options that only the hosted page sets. */
export interface Hosting {
  returnUrl?: string | undefined;
  pageOrigin?: string | undefined;
  onSession?: ((session: Session) => void) | undefined;
  /** The title of what is shown has changed. */
  onTitle?: ((title: string) => void) | undefined;
}

/** The current screen. In `view` the engine decides what is shown. */
export type Screen = { name: "loading" } | { name: "view"; view: View } | { name: "problem"; problem: Problem };

/** The number of new tokens in a row that may turn out to be unusable. */
const MOST_REFRESHES = 2;
/** After this many milliseconds the widget says that it is still loading. */
const SLOW = 6_000;
/** The time, in milliseconds, that an app has to fetch the token which it did not give at once. */
const TOKEN_WAIT = 10_000;

export class Shell {
  ready!: Promise<void>;
  readonly host = h("div");
  session: Session | undefined;
  screen: Screen = { name: "loading" };
  dialog: HTMLDialogElement | undefined;
  settings: Settings;

  readonly #root = h("div", { "data-part": "root" });
  readonly #header = h("header");
  readonly #main = h("div", { class: "stack" });
  readonly #slot = h("div");
  readonly #footer = h("footer");
  readonly #status = h("div", { role: "status", class: "hidden" });
  readonly #shadow: ShadowRoot;
  /** Ends when the widget is unmounted, or its host is taken out of the page. */
  #life = new AbortController();
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #base: string;
  readonly #hosting: Hosting;
  readonly #presence = new ResizeObserver(() => this.#moved());
  #settle!: { resolve(): void; reject(error: WidgetError): void };
  #options: MountOptions;
  #link: Link | undefined;
  #token = "";
  #refreshes = 0;
  /** Whether `ready` has resolved or was rejected. */
  #settled = true;
  #ready = false;
  #succeeded = false;
  #left = false;
  /** Whether `onExit` was called. */
  #exited = false;
  /** The value of the option `provider` that was already checked. */
  #checked: unknown;
  /** Counts tokens: a result of `fetchToken` that arrives after a newer token is ignored. */
  #era = 0;
  #slow = 0;
  /** Runs while the page's token is awaited. */
  #wait = 0;

  constructor(options: MountOptions, base: string, hosting: Hosting) {
    this.#options = options;
    this.#base = base;
    this.#hosting = hosting;
    this.#shadow = this.host.attachShadow({ mode: options.testing ? "open" : "closed" });
    this.#renew();
    this.settings = this.#read();
    // Inline and important, so that no rule of the page overrides it. A grid, so that a parent as wide as its content gets one width.
    this.host.style.cssText = "all:initial!important;display:grid!important;grid-template-columns:minmax(0,440px)!important";
    this.#shadow.adoptedStyleSheets = [sheet(SHELL)];
    this.#root.append(this.#status, this.#header, this.#main, this.#slot, this.#footer);
    this.#shadow.append(this.settings.layout === "modal" ? this.#makeDialog() : this.#root);
    this.#root.addEventListener("keydown", (event) => {
      // The engine reports its own.
      if (event.key === "Escape" && !event.isComposing && !this.#slot.contains(event.target as Node)) this.#escape();
    });
    this.#listen();
  }

  #listen(): void {
    const { signal } = this.#life;
    this.#scheme.addEventListener("change", () => this.#redress(), { signal });
    addEventListener("online", () => this.#online(), { signal });
    // A page's own focus trap would take the focus from the dialog, to where nothing can have it.
    if (this.dialog) for (const type of ["keydown", "focusin", "focusout"]) addEventListener(type, (event) => this.#keep(event), { capture: true, signal });
  }

  #keep(event: Event): void {
    const own = event.composedPath().includes(this.host);
    if (event instanceof KeyboardEvent ? event.key === "Tab" && (own || event.target === document.body) : own) event.stopImmediatePropagation();
  }

  /** The host was taken out of the page, without `unmount`, or put back. Nothing stays behind in between. */
  #moved(): void {
    const { isConnected } = this.host;
    if (this.#left || isConnected !== this.#life.signal.aborted) return;
    if (isConnected) {
      this.#life = new AbortController();
      this.#listen();
      this.dialog?.showModal();
      return this.#reopen();
    }
    this.#stop();
    this.#link = undefined;
  }

  #stop(): void {
    this.#life.abort();
    clearTimeout(this.#slow);
    clearTimeout(this.#wait);
    this.#link?.close();
    this.dialog?.close();
  }

  /** A new promise, unless the current one is still open. */
  #renew(): void {
    if (!this.#settled) return;
    this.#settled = false;
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ready.catch(() => {});
  }

  /** Starts the widget, once its host is in the page. */
  start(): void {
    this.#redress();
    this.#show(this.screen);
    if (!this.#base) return this.#fail("missing_base_url");
    if (this.dialog && !this.host.isConnected) return this.#fail("missing_element");
    this.dialog?.showModal();
    this.#presence.observe(this.host);
    this.#open();
  }

  get text(): CommonText & ShellText {
    return shellText(this.settings.locale);
  }

  canRetry(code: string): boolean {
    return isRetryable(code) || (!!this.#options.fetchToken && /token/.test(code));
  }

  // Calls of the page.

  update(options: Partial<MountOptions>): void {
    if (this.#left) return;
    const { isolation } = this.settings;
    const { registrationToken } = this.#options;
    this.#options = bare(this.#options, options);
    this.settings = this.#read();
    this.#checkProvider();
    this.#redress();
    const waits = this.#wait || (this.screen.name === "problem" && this.screen.problem.code === "missing_token");
    if ((waits && this.#options.fetchToken) || isolation !== this.settings.isolation || registrationToken !== this.#options.registrationToken) this.#reopen();
  }

  focus(): void {
    const first = this.#root.querySelector<HTMLElement>("input:checked,input,[data-id=retry]");
    if (this.screen.name === "view" && (this.screen.view.provider || !first)) this.#link?.focus();
    else first?.focus();
  }

  unmount(silently?: boolean): void {
    if (this.#left) return;
    this.#left = true;
    this.#presence.disconnect();
    this.#stop();
    this.host.remove();
    this.#settle.resolve();
    if (!this.#succeeded && !this.#exited && !silently) exit(this.#options, "unmounted");
    this.#options = {};
  }

  // Actions of the user.

  readonly choose = (provider: ProviderName): void => {
    this.#link?.send({ type: "choose", provider });
  };

  readonly retry = (): void => {
    const stale = this.screen.name === "problem" && /token/.test(this.screen.problem.code);
    this.#refreshes = 0;
    this.#renew();
    this.#show({ name: "loading" }, true);
    if (stale) this.#refresh("missing_token");
    else if (this.session) this.#link?.send({ type: "load" });
    else this.#open();
  };

  readonly leave = (reason: unknown): void => {
    if (this.#exited) return;
    this.#exited = true;
    exit(this.#options, reason === "done" ? "done" : "cancelled");
    if (this.dialog) this.unmount(true);
  };

  /** Esc closes a dialog. Another widget stays, and its page may take it away. */
  #escape(): void {
    if (!this.dialog) exit(this.#options, "escape");
  }

  // Messages from and to the engine.

  #open(): void {
    const { registrationToken, fetchToken } = this.#options;
    clearTimeout(this.#wait);
    this.#wait = 0;
    if (isToken(registrationToken)) this.#token = registrationToken;
    if (/-extension:/.test(self.origin)) this.#fail("extension_page");
    else if (this.settings.isolation === "frame" && self.origin === "null") this.#fail("opaque_origin");
    else if (this.#token) this.#connect();
    else if (fetchToken) this.#refresh("missing_token");
    else if (registrationToken) this.#fail("invalid_registration_token");
    else this.#wait = window.setTimeout(() => this.#fail("missing_token"), TOKEN_WAIT);
  }

  #reopen(): void {
    this.session = undefined;
    this.#token = "";
    this.#era++;
    this.#refreshes = 0;
    this.#link?.close();
    this.#link = undefined;
    this.#ready = false;
    this.#renew();
    this.#show({ name: "loading" });
    this.#open();
  }

  #connect(): void {
    this.#link?.close();
    const { returnUrl, pageOrigin } = this.#hosting;
    const beginning = { token: this.#token, look: this.#look, returnUrl, pageOrigin };
    const make = this.settings.isolation === "frame" ? frameLink : localLink;
    const link = make(this.#base, beginning, (message) => {
      if (this.#link === link && !this.#left) this.#receive(message);
    });
    this.#link = link;
    this.#slot.replaceChildren(link.element);
    this.#draw();
  }

  #receive(message: ToPage): void {
    const options = this.#options;
    switch (message.type) {
      case "session": return this.#take(message.session);
      case "view": return this.#view(message.view);
      case "words":
        if (this.screen.name !== "view") return;
        this.screen.view.words = message.words;
        return this.#draw();
      case "said":
        if (this.screen.name !== "problem" || this.screen.problem.code !== message.code) return;
        this.screen.problem.displayMessage = message.displayMessage;
        return this.#draw();
      case "problem": return this.#fail(message.problem.code, message.problem);
      case "need_token": return void this.#refresh(message.problem.code, message.problem);
      case "selected": return emit(options, { name: "provider_selected", provider: message.provider });
      case "submitted": return emit(options, { name: "key_submitted", provider: message.provider });
      case "refused":
        this.#refreshes = 0;
        emit(options, { name: "key_refused", provider: message.provider, code: message.problem.code, requestId: message.problem.requestId });
        return void tell(options, { ...message.problem, provider: message.provider }, this.text);
      case "connected": return this.#connected(message.result);
      case "disconnected": return emit(options, { name: "disconnected", provider: message.provider, requestId: message.requestId });
      case "noticed":
      case "not_disconnected": return void tell(options, message.problem, this.text);
      case "more": return this.#more();
      case "leave": return message.reason === "done" || this.dialog ? this.leave(message.reason) : this.#escape();
    }
  }

  #take(session: Session): void {
    if (session.frameOnly && this.settings.isolation === "shadow") {
      this.#link?.close();
      this.#link = undefined;
      return this.#fail("frame_required");
    }
    this.session = session;
    this.#refreshes = 0;
    this.#checkProvider();
    this.#hosting.onSession?.(session);
  }

  #view(view: View): void {
    this.#show({ name: "view", view });
    this.#settle.resolve();
    this.#settled = true;
    if (this.#ready) return;
    this.#ready = true;
    emit(this.#options, { name: "ready" });
    call(this.#options.onReady, undefined);
  }

  async #refresh(code: string, problem?: Problem): Promise<void> {
    const { fetchToken } = this.#options;
    const era = ++this.#era;
    const token = fetchToken && this.#refreshes++ < MOST_REFRESHES ? await requestToken(fetchToken, this.#life.signal) : undefined;
    if (this.#left || era !== this.#era) return;
    if (typeof token === "string") {
      if (this.#token) emit(this.#options, { name: "token_refreshed" });
      this.#token = token;
      if (this.#link) this.#link.send({ type: "token", token });
      else this.#connect();
    } else {
      this.#link?.send({ type: "no_token" });
      this.#fail(token?.code ?? code, token ?? (problem && { ...problem, message: REASONS[code] ?? problem.message }));
    }
  }

  #connected(result: SuccessResult): void {
    const { provider, state, requestId } = result;
    this.#succeeded = true;
    this.#refreshes = 0;
    emit(this.#options, { name: "connected", provider, state, requestId });
    call(this.#options.onSuccess, result);
  }

  /** Another key needs another token. */
  #more(): void {
    this.#succeeded = false;
    this.#exited = false;
    this.#refreshes = 0;
    this.#show({ name: "loading" }, true);
    this.#refresh("registration_token_used");
  }

  #online(): void {
    if (this.screen.name === "problem" && /^(offline|relay_unreachable)$/.test(this.screen.problem.code)) this.retry();
  }

  #fail(code: string, problem: Problem = { code, message: REASONS[code] ?? code }): void {
    this.#wait = 0;
    this.#show({ name: "problem", problem }, true);
    this.#renew();
    this.#settled = true;
    this.#ready = false;
    this.#settle.reject(tell(this.#options, problem, this.text));
  }

  // Reported later, when the page has its handle.
  #read(): Settings {
    return read(this.#options, (bad) => queueMicrotask(() => this.#left || tell(this.#options, bad, this.text)));
  }

  /** Reports a `provider` that Relay does not know, once. */
  #checkProvider(): void {
    const { provider } = this.#options;
    const bad = this.session && provider !== this.#checked && badProvider(this.#options, this.session);
    if (this.session) this.#checked = provider;
    if (bad) tell(this.#options, bad, this.text);
  }

  // Drawing.

  get #look(): Look {
    const { theme } = this.settings;
    const { fetchToken, onExit } = this.#options;
    const dark = theme === "dark" || (theme === "auto" && this.#scheme.matches);
    const { locale, accentColor, variables, provider } = this.settings;
    return { locale, accentColor, variables, provider, dark, exits: !!(onExit || this.dialog), renews: !!fetchToken };
  }

  #redress(): void {
    const look = this.#look;
    dress(this.#root, look);
    this.#link?.send({ type: "look", look });
    this.#draw();
  }

  #show(screen: Screen, focus = false): void {
    const inside = this.#shadow.activeElement || this.dialog;
    const waited = inside && this.screen.name === "loading" && screen.name === "view";
    this.screen = screen;
    this.#draw();
    // A user who waited in the widget continues in it.
    if (waited) this.focus();
    clearTimeout(this.#slow);
    if (screen.name === "loading") this.#slow = window.setTimeout(() => fill(this.#status, this.text.loadingSlow), SLOW);
    // Does not take the focus from other parts of the page.
    const place = focus && inside && this.#root.querySelector<HTMLElement>("[data-focus]");
    if (place) focusOn(place);
  }

  #draw(): void {
    const { screen, text, dialog } = this;
    const view = screen.name === "view" ? screen.view : null;
    const held = this.#shadow.activeElement?.getAttribute("data-id");
    this.#root.lang = this.settings.locale;
    this.#root.dir = text.dir;
    this.#root.dataset.screen = view?.name ?? screen.name;
    fill(this.#status, screen.name === "loading" && text.loading);
    fill(this.#header, ...screens.header(this));
    fill(this.#main, ...screens.content(this));
    fill(this.#footer, ...screens.footer(this));
    // Connections come before the provider choice, the form after it. The frame itself must not be moved, since it would reload.
    if (view?.name === "choose") this.#slot.after(this.#main);
    else this.#slot.before(this.#main);
    if (dialog) dialog.ariaLabel = view?.words.title ?? text.frameTitle;
    if (view) this.#hosting.onTitle?.(view.words.title);
    this.#slot.className = !view || view.empty ? "gone" : "";
    if (this.#link) label(this.#link, text.frameTitle, this.#look.dark);
    if (held) this.#root.querySelector<HTMLElement>(`[data-id="${held}"]`)?.focus();
  }

  #makeDialog(): HTMLDialogElement {
    const dialog = h("dialog", {}, this.#root);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave("cancelled");
    });
    return (this.dialog = dialog);
  }
}

/** Messages for developers: what is wrong, and what to do. */
const REASONS: Record<string, string> = {
  missing_token: "pass `registrationToken`, from POST /v1/registration-tokens, or `fetchToken`",
  invalid_registration_token: "Relay does not know this registration token (rrt-…)",
  registration_token_expired: "the token has expired; pass `fetchToken`, so that the widget can get another",
  registration_token_used: "the token was used; pass `fetchToken`, so that the widget can get another",
  opaque_origin: "a page without an origin (file:, sandbox) can't show the key frame; use `connectUrl`",
  extension_page: "an extension's page can't show the key frame; open `connectUrl` in a window",
  missing_base_url: "the script's address is unknown; pass `baseURL`, such as https://vault.example",
  missing_element: "the element is not in the page",
  frame_required: "this project forbids `isolation: 'shadow'`",
};
