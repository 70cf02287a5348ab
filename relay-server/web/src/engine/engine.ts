/**
 * Holds the token, shows the form and talks to Relay. In a frame it is all that the frame does; with `isolation: 'shadow'` the
 * page runs it itself. To the shell it says what happened, never what was typed.
 */

import type { Look, Problem, ProviderInfo, Session, Start, ToFrame, ToPage } from "../bridge/messages.ts";
import { Client, Failure } from "../client.ts";
import { h } from "../dom.ts";
import { dress } from "../look/theme.ts";
import type { ProviderName } from "../options.ts";
import { clean, ownerOf } from "../paste.ts";
import { type CommonText, formText, type FormText } from "../text/index.ts";
import { problemText } from "../text/problems.ts";
import { Form } from "./form.ts";

/** After this many milliseconds of checking the form says that it is still at it. */
const STILL = 2_000;

/** A token that can't be used any more; another one may. */
const STALE = new Set(["registration_token_expired", "registration_token_used", "invalid_registration_token"]);

/** Where an engine runs. */
export interface Surroundings {
  /** Relay's origin; empty: the same as this document's. */
  base: string;
  /** For people: `vault.example`. */
  host: string;
  framed: boolean;
  /** The page for which Relay's own frame speaks. */
  pageOrigin: string | null;
}

/** What is done once a fresh token is there. */
type Waiting = "load" | "submit" | null;

export class Engine {
  readonly root: HTMLElement;
  readonly #form: Form;
  readonly #client: Client;
  readonly #life = new AbortController();
  #token = "";
  #look: Look;
  readonly #returnUrl: string | undefined;
  #session: Session | null = null;
  #provider: ProviderInfo | null = null;
  #waiting: Waiting = null;
  /** The user said that this key is for the chosen provider, whatever it looks like. */
  #insisted = "";

  #tell: (message: ToPage) => void;

  constructor(surroundings: Surroundings, start: Pick<Start, "token" | "look" | "returnUrl">, tell: (message: ToPage) => void) {
    this.#tell = tell;
    const { base, host, framed, pageOrigin } = surroundings;
    this.#client = new Client(base, pageOrigin, this.#life.signal);
    this.#form = new Form(host, framed, {
      submit: () => void this.#submit(),
      changed: (pasted) => this.#changed(pasted),
      escape: () => tell({ type: "escape" }),
    });
    this.root = h("div", { "data-part": framed ? "root" : "engine", hidden: true }, this.#form.element);
    this.#token = start.token;
    this.#look = start.look;
    this.#returnUrl = start.returnUrl;
    this.#dress(start.look);
    void this.#load();
  }

  /** Does what the shell says. */
  handle(message: ToFrame): void {
    switch (message.type) {
      case "look": return this.#dress(message.look);
      case "token": return this.#renew(message.token);
      case "no_token": return this.#giveUp();
      case "provider": return this.#ask(message.provider, message.focus);
      case "load": return void this.#load();
      case "disconnect": return void this.#disconnect(message.provider);
      case "focus": return this.#form.focus();
    }
  }

  /** Ends what is under way and forgets what was typed. */
  dispose(): void {
    this.#life.abort();
    this.#form.clear();
    this.#token = "";
    this.root.remove();
  }

  get #text(): CommonText & FormText {
    return formText(this.#look.locale);
  }

  #dress(look: Look): void {
    this.#look = look;
    dress(this.root, look);
    this.#form.dress(look);
  }

  async #load(): Promise<void> {
    await this.#attempt("load", async () => {
      this.#session = await this.#client.session(this.#token, this.#returnUrl);
      this.#tell({ type: "session", session: this.#session });
    }, (problem) => this.#tell({ type: "problem", problem }));
  }

  /** Does something with the token. If it is stale, the shell is asked for another one. */
  async #attempt(what: Waiting, work: () => Promise<void>, failed: (problem: Problem) => void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#life.signal.aborted) return;
      const problem = error instanceof Failure ? error.problem : { code: "other", message: String(error) };
      if (!STALE.has(problem.code)) return failed(problem);
      this.#waiting = what;
      this.#tell({ type: "need_token", code: problem.code });
    }
  }

  #renew(token: string): void {
    this.#token = token;
    const what = this.#waiting;
    this.#waiting = null;
    if (what === "submit") void this.#send();
    else void this.#load();
  }

  #giveUp(): void {
    this.#waiting = null;
    this.#form.enter("idle");
  }

  #ask(name: ProviderName | null, focus: boolean): void {
    const provider = this.#session?.providers.find((known) => known.name === name) ?? null;
    this.#provider = provider;
    this.root.hidden = !provider;
    this.#form.ask(provider, this.#look);
    if (!provider) return this.#form.clear();
    if (this.#form.value) this.#remark(false);
    if (focus) this.#form.focus();
  }

  #changed(pasted: boolean): void {
    if (pasted) {
      const { key, changed } = clean(this.#form.value);
      this.#form.value = key;
      return this.#edited(changed);
    }
    this.#edited(false);
  }

  #edited(trimmed: boolean): void {
    if (!this.#form.busy) this.#form.enter("idle");
    this.#form.askWorkspace(false);
    this.#remark(trimmed);
  }

  /** Whose key it seems to be, if it is not the chosen provider's. */
  #stranger(): ProviderName | null {
    const key = clean(this.#form.value).key;
    const owner = ownerOf(key, this.#session?.providers ?? []);
    return owner && owner !== this.#provider?.name && key !== this.#insisted ? owner : null;
  }

  #remark(trimmed: boolean): void {
    const owner = this.#stranger();
    if (!owner || !this.#provider) return this.#form.remark(trimmed ? { text: this.#text.trimmed } : null);
    const known = this.#session?.providers.find((provider) => provider.name === owner);
    const label = known?.label ?? LABELS[owner];
    const keep = { text: this.#text.keepProvider(this.#provider.label), run: () => this.#insist() };
    const actions = known ? [{ text: this.#text.switchTo(label), run: () => this.#tell({ type: "switch", provider: owner }) }, keep] : [keep];
    this.#form.remark({ text: this.#text.otherProvider(label, this.#provider.label), actions });
  }

  #insist(): void {
    this.#insisted = clean(this.#form.value).key;
    this.#form.remark(null);
    this.#form.focus();
  }

  async #submit(): Promise<void> {
    if (this.#form.busy || !this.#provider) return;
    const { key, changed } = clean(this.#form.value);
    if (changed) this.#form.value = key;
    if (!key) return this.#refuse({ code: "empty", message: "no key was given" }, this.#text.empty(this.#provider.label), "key");
    if (!/^[\x21-\x7e]+$/.test(key)) return this.#refuse({ code: "not_text", message: "characters outside of ASCII" }, this.#text.notText, "key");
    this.#remark(changed);
    // One provider's key is not shown to another one without a word.
    if (this.#stranger()) return this.#form.focus("notice");
    this.#tell({ type: "submitted", provider: this.#provider.name });
    await this.#send();
  }

  async #send(): Promise<void> {
    const provider = this.#provider;
    if (!provider) return;
    const { key } = clean(this.#form.value);
    const workspace = this.#form.workspaceId;
    this.#form.enter("checking");
    const still = setTimeout(() => this.#form.enter("still_checking"), STILL);
    this.#life.signal.addEventListener("abort", () => clearTimeout(still), { once: true });
    await this.#attempt("submit", async () => {
      const result = await this.#client.register(this.#token, provider.name, key, workspace);
      if (this.#life.signal.aborted) return;
      this.#form.clear();
      this.#form.remark(null);
      this.#form.enter("idle");
      this.#tell({ type: "connected", result });
    }, (problem) => this.#refused(provider, problem, workspace));
    clearTimeout(still);
  }

  #refused(provider: ProviderInfo, problem: Problem, workspace: string): void {
    const text = this.#text;
    switch (problem.code) {
      case "provider_key_needs_workspace":
        this.#form.enter("workspace");
        this.#form.askWorkspace(true);
        return this.#refuse(problem, workspace ? text.workspaceRefused(provider.label) : text.needsWorkspace(provider.label), "workspace");
      case "key_refused_by_provider": {
        this.#form.enter("refused");
        const words = problem.triesLeft === 0 ? text.lastTry(provider.label) : text.refused(provider.label, problem.triesLeft);
        return this.#refuse(problem, words, workspace ? "workspace" : "key");
      }
      default:
        this.#form.enter("failed");
        return this.#refuse(problem, problemText(text, problem), problem.code === "invalid_value" ? "key" : undefined);
    }
  }

  #refuse(problem: Problem, words: string, at?: "key" | "workspace"): void {
    const known = /^(empty|not_text|key_refused_by_provider|provider_key_needs_workspace)$/.test(problem.code);
    const id = !known && problem.requestId ? { requestId: problem.requestId } : {};
    this.#form.fail({ code: problem.code, text: words, ...(at && { at }), ...id });
    this.#form.focus(at ?? "key");
    this.#tell({ type: "refused", problem });
  }

  async #disconnect(provider: ProviderName): Promise<void> {
    await this.#attempt(null, async () => {
      const requestId = await this.#client.disconnect(this.#token, provider);
      this.#tell({ type: "disconnected", provider, requestId });
    }, (problem) => this.#tell({ type: "not_disconnected", problem }));
  }
}

const LABELS: Record<ProviderName, string> = { openai: "OpenAI", anthropic: "Anthropic", google: "Google" };
