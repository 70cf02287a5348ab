/** A user's attempts to connect a key, from typing to Relay's response. */

import type { KnownProvider, Look, Problem, ProviderInfo, Session, ToPage } from "../bridge/messages.ts";
import type { ProviderName } from "../options.ts";
import { clean, ownerOf } from "../paste.ts";
import { formText } from "../text/index.ts";
import { problemText } from "../text/problems.ts";
import type { Watched } from "../guard.ts";
import { Form, type Place } from "./form.ts";

/** After this many milliseconds the form says that it is still checking. */
const STILL = 2_000;

/** The engine's interface for an attempt. */
export interface Helpers {
  tell(message: ToPage): void;
  /** Calls back with `sends`, and then with `refused` or `done`. */
  submit(provider: ProviderInfo): void;
  switchTo(provider: ProviderName): void;
  /** Opens the hosted page. */
  leave(): void;
  /** The user wants the field back. */
  resume(): void;
}

/** A problem with a key. `empty`, `not_text`, `invalid_workspace` and `form_hidden` come from the form itself and are shown only to the user. */
interface Wrong extends Pick<Problem, "code" | "requestId" | "retryAfter" | "triesLeft" | "param"> {
  at?: "key" | "workspace";
  /** Whether a workspace was sent. */
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
  /** The problem and its field, to show it again when the language changes. */
  #wrong: Wrong | null = null;
  /** Whether text around the pasted key was removed. */
  #trimmed = false;
  /** Whether the user confirmed that this key is for the chosen provider, whatever its prefix. */
  #insisted = "";

  constructor(place: Place, helpers: Helpers) {
    this.#helpers = helpers;
    const { leave, resume } = helpers;
    this.#form = new Form(place, { submit: () => this.#submit(), changed: (pasted) => this.#changed(pasted), leave, resume });
  }

  /** Whether a registration is running. */
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

  /** Shows the account that the key is for, in the frame, where the page cannot change it. */
  connectsTo(project: string, account: string): void {
    this.#form.connectsTo(project, account);
  }

  /** Sets the provider. What was typed stays while the form is shown. */
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

  /** Ends the attempts, and clears everything about the key. */
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

  /** There is no valid token to continue with. */
  giveUp(): void {
    this.#settle();
    this.#reset();
  }

  /** Holds submitting back while the account is unknown. */
  hold(held: boolean): void {
    this.#form.hold(held);
  }

  /** The parts of the form that are watched. */
  get watched(): Watched {
    return this.#form.watched;
  }

  /** Whether the user sees the account. */
  seen(seen: boolean): void {
    this.#form.blind = !seen;
    if (seen && this.#wrong?.code === "form_hidden") this.#reset();
  }

  /** Says that nothing is sent while the account can't be seen. Returns the text. */
  point(): string {
    this.#refuse({ code: "form_hidden" });
    return this.#words;
  }

  /** Hides the field from which the page took the keyboard, or shows it again. Returns the text. */
  lock(locked: boolean): string {
    this.#form.lock(locked);
    return this.#text.taken(this.#provider?.label ?? "");
  }

  /** Shows that the form is being sent. Returns what is to be sent. */
  sends(): { key: string; workspace: string } {
    // Not for a call that is repeated with another token.
    if (this.#provider && !this.busy) this.#helpers.tell({ type: "submitted", provider: this.#provider.name });
    this.#wrong = null;
    this.#form.enter("checking");
    clearTimeout(this.#still);
    this.#still = window.setTimeout(() => this.#form.enter("still_checking"), STILL);
    return { key: this.#cleaned.key, workspace: this.#form.workspaceId };
  }

  /** Shows why Relay refused the key. */
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

  /** Shows a problem, and moves the focus to its field. The request id is shown only if the key was not the problem. */
  #refuse(wrong: Wrong): void {
    this.#wrong = wrong;
    this.#complain();
    this.#form.focus(wrong.at);
  }

  #complain(): void {
    const wrong = this.#wrong;
    this.#form.fail(wrong && { code: wrong.code, text: this.#words, at: wrong.at, requestId: wrong.requestId, leaves: wrong.code === "form_hidden" });
  }

  get #words(): string {
    const [wrong, text, name] = [this.#wrong, this.#text, this.#provider?.label ?? ""];
    // A new token has its own tries.
    const last = wrong?.triesLeft === 0 && !this.#renews;
    switch (wrong?.code) {
      case undefined: return "";
      case "form_hidden": return text.hidden;
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

  /** The typed key, without anything around it. */
  get #cleaned(): { key: string; changed: boolean } {
    return clean(this.#form.value, this.#known);
  }

  /** The provider that the key seems to be for, if it is not the chosen one. */
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
    if (this.#form.busy || this.#form.held || !provider) return;
    const { key, changed } = this.#cleaned;
    if (changed) this.#form.value = key;
    if (!key) return this.#refuse({ code: "empty", at: "key" });
    if (!/^[\x21-\x7e]+$/.test(key)) return this.#refuse({ code: "not_text", at: "key" });
    if (!/^[\x21-\x7e]*$/.test(this.#form.workspaceId)) return this.#refuse({ code: "invalid_workspace", at: "workspace" });
    this.#trimmed ||= changed;
    this.#remark();
    // A key that looks like another provider's is not sent without asking.
    if (this.#stranger) return this.#form.focus("notice");
    this.#helpers.submit(provider);
  }

  #settle(): void {
    clearTimeout(this.#still);
  }
}
