/** One user's attempts at a key: from what was typed to what Relay says of it. */

import type { KnownProvider, Look, Problem, ProviderInfo, Session, ToPage } from "../bridge/messages.ts";
import type { ProviderName } from "../options.ts";
import { clean, ownerOf } from "../paste.ts";
import { formText } from "../text/index.ts";
import { problemText } from "../text/problems.ts";
import { Form } from "./form.ts";

/** After this many milliseconds of checking the form says that it is still at it. */
const STILL = 2_000;

/** What an attempt needs of the engine. */
export interface Helpers {
  tell(message: ToPage): void;
  /** Calls back with `refused`, or with `done`. */
  register(provider: ProviderInfo, key: string, workspace: string): Promise<void>;
  switchTo(provider: ProviderName): void;
}

/** What stands in the way of a key. Of ours are `empty`, `not_text` and `invalid_workspace`, which nobody but the user hears of. */
interface Wrong extends Pick<Problem, "code" | "requestId" | "retryAfter" | "triesLeft" | "param"> {
  at?: "key" | "workspace";
  /** Whether a workspace was given. */
  workspace?: boolean;
}

export class Attempt {
  readonly #form: Form;
  readonly #helpers: Helpers;
  #locale = "en";
  /** Whether the page can get another token. */
  #renews = false;
  #provider: ProviderInfo | null = null;
  #providers: readonly ProviderInfo[] = [];
  #known: readonly KnownProvider[] = [];
  #still = 0;
  /** What is wrong, and where: said anew in another language. */
  #wrong: Wrong | null = null;
  /** Something was peeled off what was pasted. */
  #trimmed = false;
  /** The user said that this key is for the chosen provider, whatever it looks like. */
  #insisted = "";

  constructor(host: string, framed: boolean, helpers: Helpers) {
    this.#helpers = helpers;
    this.#form = new Form(host, framed, { submit: () => this.#submit(), changed: (pasted) => this.#changed(pasted) });
  }

  /** Whether Relay is asked about a key just now. */
  get busy(): boolean {
    return this.#form.busy;
  }

  get element(): HTMLElement {
    return this.#form.element;
  }

  get #text() {
    return formText(this.#locale);
  }

  dress(look: Look): void {
    this.#locale = look.locale;
    this.#renews = look.renews;
    this.#form.dress(look);
    this.#remark();
    this.#complain();
  }

  /** Whose account the key is for: said where the page can't change it. */
  connectsTo(project: string, account: string): void {
    this.#form.connectsTo(project, account);
  }

  /** Whose key is asked for. What was typed stays while a key is asked for. */
  ask(provider: ProviderInfo | null, session: Session | null): void {
    this.#providers = session?.providers ?? [];
    this.#known = session?.knownProviders ?? [];
    this.element.hidden = !provider;
    if (provider === this.#provider) return;
    this.#provider = provider;
    this.#settle();
    this.#form.ask(provider);
    this.#trimmed = false;
    this.#wrong = null;
    if (provider) this.#remark();
    else this.done();
  }

  focus(): void {
    this.#form.focus();
  }

  /** It is over: nothing of the key stays. */
  done(): void {
    this.#settle();
    this.#insisted = "";
    this.#trimmed = false;
    this.#wrong = null;
    this.#form.clear();
    this.#form.remark(null);
    this.#form.askWorkspace(false);
    this.#form.enter("idle");
  }

  /** There is no token to go on with. */
  giveUp(): void {
    this.#settle();
    this.#reset();
  }

  /** Once more, with what is in the form: there is a fresh token. */
  again(): void {
    void this.#send();
  }

  /** What Relay says against it. */
  refused(problem: Problem): void {
    const provider = this.#provider;
    this.#settle();
    if (!provider) return;
    const { code, param, requestId, retryAfter, triesLeft } = problem;
    if (code === "provider_key_needs_workspace") {
      const workspace = !!this.#form.workspaceId;
      this.#form.enter("workspace");
      this.#form.askWorkspace(true);
      this.#refuse({ code, at: "workspace", workspace, triesLeft });
    } else if (code === "key_refused_by_provider") {
      this.#form.enter("refused");
      this.#refuse({ code, at: "key", triesLeft });
    } else {
      this.#form.enter("failed");
      const at = param === "workspaceId" ? "workspace" : param === "apiKey" ? "key" : undefined;
      this.#refuse(code === "invalid_value" && at ? { code, at, param } : { code, requestId, retryAfter });
    }
    this.#helpers.tell({ type: "refused", problem: { ...problem, displayMessage: this.#words }, provider: provider.name });
  }

  /** Says what is wrong, and leads there. An id is of use to somebody only if it was not the key. */
  #refuse(wrong: Wrong): void {
    this.#wrong = wrong;
    this.#complain();
    this.#form.focus(wrong.at);
  }

  #complain(): void {
    const wrong = this.#wrong;
    this.#form.fail(wrong && { code: wrong.code, text: this.#words, at: wrong.at, requestId: wrong.requestId });
  }

  get #words(): string {
    const [wrong, text, name] = [this.#wrong, this.#text, this.#provider?.label ?? ""];
    // Another token has tries of its own.
    const last = wrong?.triesLeft === 0 && !this.#renews;
    switch (wrong?.code) {
      case undefined: return "";
      case "empty": return text.empty(name);
      case "not_text": return text.notText;
      case "invalid_workspace": return text.workspaceRefused(name);
      case "invalid_value": return wrong?.param === "workspaceId" ? text.workspaceRefused(name) : wrong?.param ? text.notWhole : text.problems.other;
      case "provider_key_needs_workspace": return last ? text.lastTry(name) : wrong?.workspace ? text.workspaceRefused(name) : text.needsWorkspace(name);
      case "key_refused_by_provider": return last ? text.lastTry(name) : text.refused(name, wrong?.triesLeft || undefined);
      default: return problemText(text, wrong as Wrong);
    }
  }

  #reset(): void {
    this.#wrong = null;
    this.#form.enter("idle");
  }

  #changed(pasted: boolean): void {
    const { key, changed } = this.#cleaned;
    if (pasted) this.#form.value = key;
    if (!this.#form.busy) this.#reset();
    this.#form.askWorkspace(false);
    this.#trimmed = pasted && changed;
    this.#remark();
  }

  /** What was typed, without what came along with it. */
  get #cleaned(): { key: string; changed: boolean } {
    return clean(this.#form.value, this.#known);
  }

  /** Whose key it seems to be, if it is not the chosen provider's. */
  get #stranger(): KnownProvider | null {
    const { key } = this.#cleaned;
    const chosen = this.#provider?.name;
    const owner = ownerOf(key, this.#known, chosen);
    return owner && owner.name !== chosen && key !== this.#insisted ? owner : null;
  }

  #remark(): void {
    const [provider, owner, text] = [this.#provider, this.#stranger, this.#text];
    if (!owner || !provider) return this.#form.remark(this.#trimmed ? { text: text.trimmed } : null);
    const allowed = this.#providers.some(({ name }) => name === owner.name);
    const keep = { text: text.keepProvider(provider.label), run: () => this.#insist() };
    const change = { text: text.switchTo(owner.label), run: () => this.#helpers.switchTo(owner.name) };
    this.#form.remark({ text: text.otherProvider(owner.label, provider.label), actions: allowed ? [change, keep] : [keep] });
  }

  #insist(): void {
    this.#insisted = this.#cleaned.key;
    this.#form.remark(null);
    this.#form.focus();
  }

  #submit(): void {
    const provider = this.#provider;
    if (this.#form.busy || !provider) return;
    const { key, changed } = this.#cleaned;
    if (changed) this.#form.value = key;
    if (!key) return this.#refuse({ code: "empty", at: "key" });
    if (!/^[\x21-\x7e]+$/.test(key)) return this.#refuse({ code: "not_text", at: "key" });
    if (!/^[\x21-\x7e]*$/.test(this.#form.workspaceId)) return this.#refuse({ code: "invalid_workspace", at: "workspace" });
    this.#trimmed ||= changed;
    this.#remark();
    // One provider's key is not shown to another one without a word.
    if (this.#stranger) return this.#form.focus("notice");
    this.#helpers.tell({ type: "submitted", provider: provider.name });
    void this.#send();
  }

  async #send(): Promise<void> {
    const provider = this.#provider;
    if (!provider) return;
    this.#wrong = null;
    this.#form.enter("checking");
    clearTimeout(this.#still);
    this.#still = window.setTimeout(() => this.#form.enter("still_checking"), STILL);
    await this.#helpers.register(provider, this.#cleaned.key, this.#form.workspaceId);
  }

  #settle(): void {
    clearTimeout(this.#still);
  }
}
