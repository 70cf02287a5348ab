/** One user's attempts at a key: from what was typed to what Relay says of it. */

import type { Look, Problem, ProviderInfo, ToPage } from "../bridge/messages.ts";
import type { ProviderName } from "../options.ts";
import { clean, ownerOf } from "../paste.ts";
import { formText } from "../text/index.ts";
import { problemText } from "../text/problems.ts";
import { Form } from "./form.ts";

/** After this many milliseconds of checking the form says that it is still at it. */
const STILL = 2_000;

const LABELS: Record<ProviderName, string> = { openai: "OpenAI", anthropic: "Anthropic", google: "Google" };

/** What an attempt needs of the engine. */
export interface Helpers {
  tell(message: ToPage): void;
  /** Calls back with `refused`, or with `done`. */
  register(provider: ProviderInfo, key: string, workspace: string): Promise<void>;
  switchTo(provider: ProviderName): void;
}

export class Attempt {
  readonly #form: Form;
  readonly #helpers: Helpers;
  #locale = "en";
  #provider: ProviderInfo | null = null;
  #providers: readonly ProviderInfo[] = [];
  #still = 0;
  /** The user said that this key is for the chosen provider, whatever it looks like. */
  #insisted = "";

  constructor(host: string, framed: boolean, helpers: Helpers) {
    this.#helpers = helpers;
    this.#form = new Form(host, framed, { submit: () => this.#submit(), changed: (pasted) => this.#changed(pasted) });
  }

  get element(): HTMLElement {
    return this.#form.element;
  }

  get #text() {
    return formText(this.#locale);
  }

  dress(look: Look): void {
    this.#locale = look.locale;
    this.#form.dress(look);
    this.#remark(false);
  }

  /** Whose key is asked for. What was typed stays while a key is asked for. */
  ask(provider: ProviderInfo | null, providers: readonly ProviderInfo[]): void {
    this.#providers = providers;
    this.element.hidden = !provider;
    if (provider === this.#provider) return;
    this.#provider = provider;
    this.#settle();
    this.#form.ask(provider);
    if (provider) this.#remark(false);
    else this.done();
  }

  focus(): void {
    this.#form.focus();
  }

  /** It is over: nothing of the key stays. */
  done(): void {
    this.#settle();
    this.#insisted = "";
    this.#form.clear();
    this.#form.remark(null);
    this.#form.askWorkspace(false);
    this.#form.enter("idle");
  }

  dispose(): void {
    this.done();
  }

  /** There is no token to go on with. */
  giveUp(): void {
    this.#settle();
    this.#form.enter("idle");
  }

  /** Once more, with what is in the form: there is a fresh token. */
  again(): void {
    void this.#send();
  }

  /** What Relay says against it. */
  refused(problem: Problem): void {
    const [provider, text] = [this.#provider, this.#text];
    this.#settle();
    if (!provider) return;
    const workspace = this.#form.workspaceId;
    let words = problemText(text, problem);
    let at: "key" | "workspace" | undefined;
    if (problem.code === "provider_key_needs_workspace") {
      this.#form.enter("workspace");
      this.#form.askWorkspace(true);
      words = workspace ? text.workspaceRefused(provider.label) : text.needsWorkspace(provider.label);
      at = "workspace";
    } else if (problem.code === "key_refused_by_provider") {
      this.#form.enter("refused");
      words = problem.triesLeft === 0 ? text.lastTry(provider.label) : text.refused(provider.label, problem.triesLeft);
      at = "key";
    } else {
      this.#form.enter("failed");
    }
    this.#refuse(problem, words, at);
    this.#helpers.tell({ type: "refused", problem: { ...problem, displayMessage: words }, provider: provider.name });
  }

  /** Shows what is wrong, and leads there. An id is of use to somebody only if it was not the key. */
  #refuse({ code, requestId }: Pick<Problem, "code" | "requestId">, words: string, at?: "key" | "workspace"): void {
    this.#form.fail({ code, text: words, at, requestId: at ? undefined : requestId });
    this.#form.focus(at);
  }

  #changed(pasted: boolean): void {
    const { key, changed } = clean(this.#form.value);
    if (pasted) this.#form.value = key;
    if (!this.#form.busy) this.#form.enter("idle");
    this.#form.askWorkspace(false);
    this.#remark(pasted && changed);
  }

  /** Whose key it seems to be, if it is not the chosen provider's. */
  get #stranger(): ProviderName | null {
    const { key } = clean(this.#form.value);
    const owner = ownerOf(key, this.#providers);
    return owner && owner !== this.#provider?.name && key !== this.#insisted ? owner : null;
  }

  #remark(trimmed: boolean): void {
    const [provider, owner, text] = [this.#provider, this.#stranger, this.#text];
    if (!owner || !provider) return this.#form.remark(trimmed ? { text: text.trimmed } : null);
    const known = this.#providers.some(({ name }) => name === owner);
    const keep = { text: text.keepProvider(provider.label), run: () => this.#insist() };
    const change = { text: text.switchTo(LABELS[owner]), run: () => this.#helpers.switchTo(owner) };
    this.#form.remark({ text: text.otherProvider(LABELS[owner], provider.label), actions: known ? [change, keep] : [keep] });
  }

  #insist(): void {
    this.#insisted = clean(this.#form.value).key;
    this.#form.remark(null);
    this.#form.focus();
  }

  #submit(): void {
    const provider = this.#provider;
    if (this.#form.busy || !provider) return;
    const { key, changed } = clean(this.#form.value);
    if (changed) this.#form.value = key;
    if (!key) return this.#refuse({ code: "empty" }, this.#text.empty(provider.label), "key");
    if (!/^[\x21-\x7e]+$/.test(key)) return this.#refuse({ code: "not_text" }, this.#text.notText, "key");
    this.#remark(changed);
    // One provider's key is not shown to another one without a word.
    if (this.#stranger) return this.#form.focus("notice");
    this.#helpers.tell({ type: "submitted", provider: provider.name });
    void this.#send();
  }

  async #send(): Promise<void> {
    const provider = this.#provider;
    if (!provider) return;
    this.#form.enter("checking");
    clearTimeout(this.#still);
    this.#still = window.setTimeout(() => this.#form.enter("still_checking"), STILL);
    await this.#helpers.register(provider, clean(this.#form.value).key, this.#form.workspaceId);
  }

  #settle(): void {
    clearTimeout(this.#still);
  }
}
