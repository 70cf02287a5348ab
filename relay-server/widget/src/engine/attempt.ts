/** A user's attempts to connect a key, from typing to Relay's response. */

import type { KnownProvider, Look, Problem, ProviderInfo, Session, ToPage } from "../bridge/messages.ts";
import type { ProviderName } from "../options.ts";
import { clean, flawOf, ownerOf } from "../paste.ts";
import { formText, type IdName } from "../text/form.ts";
import { answerText } from "../text/answers.ts";
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

/** Codes of a provider that wants an id beside the key, and the members that have it. */
const NEEDS: Record<string, IdName> = {
  provider_key_needs_workspace: "workspaceId",
  provider_key_needs_organization: "organizationId",
  provider_key_needs_project: "projectId",
};
const isId = (param: string | undefined): param is IdName => Object.values<string | undefined>(NEEDS).includes(param);

/**
 * A problem with a key. `empty`, `not_text`, `invalid_id` and `form_hidden` come from the form itself and are shown only to the user;
 * so are `provider_key_masked` and `subscription_token`, which Relay would answer.
 */
interface Wrong extends Pick<Problem, "code" | "reason" | "requestId" | "retryAfter" | "triesLeft" | "param"> {
  at?: "key" | "workspace";
  /** The id that the provider wants, and whether one was sent. */
  id?: IdName;
  sent?: boolean;
}

export class Attempt {
  readonly #form: Form;
  readonly #helpers: Helpers;
  readonly #host: string;
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
    this.#host = place.host;
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
  connectsTo(session: Session): void {
    this.#form.connectsTo(session);
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
    this.#form.askId(null);
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
  sends(): { key: string; ids: object } {
    // Not for a call that is repeated with another token.
    if (this.#provider && !this.busy) this.#helpers.tell({ type: "submitted", provider: this.#provider.name });
    this.#wrong = null;
    this.#form.enter("checking");
    clearTimeout(this.#still);
    this.#still = window.setTimeout(() => this.#form.enter("still_checking"), STILL);
    return { key: this.#cleaned.key, ids: this.#form.ids };
  }

  /** Shows why Relay refused the key. */
  refused(problem: Problem): void {
    const provider = this.#provider;
    this.#settle();
    if (!provider) return;
    const { code, param, reason, requestId, retryAfter, triesLeft } = problem;
    const id = NEEDS[code];
    if (id) {
      const sent = !!this.#form.ids[id];
      this.#form.enter("workspace");
      this.#form.askId(id);
      this.#refuse({ code, at: "workspace", id, sent, triesLeft });
    } else if (code === "key_refused_by_provider") {
      this.#form.enter("refused");
      this.#refuse({ code, at: "key", reason, triesLeft });
    } else {
      this.#form.enter("failed");
      const at = isId(param) ? "workspace" : param === "apiKey" ? "key" : undefined;
      this.#refuse(at ? { code, at, param, requestId: code === "invalid_value" ? undefined : requestId } : { code, requestId, retryAfter });
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
      case "invalid_id": return text.idRefused(name, text.ids[wrong!.id!].label);
      case "invalid_value": return isId(wrong?.param) ? text.idRefused(name, text.ids[wrong.param].label) : wrong?.param ? text.notWhole : text.problems.other;
      case "provider_key_masked": return text.masked(name);
      case "subscription_token": return text.signIn(name);
      case "provider_ip_not_allowed": return text.ipNotAllowed(name, this.#host);
      case "provider_key_wrong_region": return text.wrongRegion(name);
      case "key_refused_by_provider": return last ? text.lastTry(name) : text.refused(name, wrong?.triesLeft || undefined, wrong?.reason);
    }
    const id = wrong?.id && text.ids[wrong.id].label;
    return !id ? answerText(text, wrong as Wrong) : last ? text.lastTry(name) : wrong.sent ? text.idRefused(name, id) : text.needsId(name, id);
  }

  #reset(): void {
    this.#wrong = null;
    this.#form.enter("idle");
  }

  #changed(pasted: boolean): void {
    const { key, changed } = this.#cleaned;
    if (pasted) this.#form.value = key;
    if (!this.#form.busy) this.#reset();
    this.#form.askId(null);
    this.#trimmed = pasted && changed;
    this.#remark();
    // At once, before a try is spent on it.
    const flaw = pasted && flawOf(key);
    if (flaw) this.#refuse({ code: flaw, at: "key" });
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
    const flaw = flawOf(key);
    if (flaw) return this.#refuse({ code: flaw, at: "key" });
    if (!/^[\x21-\x7e]+$/.test(key)) return this.#refuse({ code: "not_text", at: "key" });
    for (const [id, value] of Object.entries(this.#form.ids)) {
      if (!/^[\x21-\x7e]*$/.test(value)) return this.#refuse({ code: "invalid_id", at: "workspace", id: id as IdName });
    }
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
