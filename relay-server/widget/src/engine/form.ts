/** The form for one key: a view without state. Everything that ARIA attributes link is in this one root. */

import type { Look, Problem, ProviderInfo, Session } from "../bridge/messages.ts";
import { button, EYE, EYE_OFF, fill, h, icon, link, LOCK, set, WARNING } from "../dom.ts";
import type { Watched } from "../guard.ts";
import { type Account, accountOf, hostOf, name } from "../names.ts";
import { type CommonText, formText, type FormText, type IdName } from "../text/form.ts";

/** The phase of an attempt. */
export type FormState = "idle" | "checking" | "still_checking" | "refused" | "workspace" | "failed";

/** The user's actions. */
export interface FormEvents {
  submit(): void;
  /** Something was typed or pasted. */
  changed(pasted: boolean): void;
  /** Opens the hosted page. */
  leave(): void;
  /** Asks for the field back. */
  resume(): void;
}

/** Where the form is. */
export interface Place {
  /** Relay's address; empty: that of this document. */
  base: string;
  /** Relay's host. */
  host: string;
  framed: boolean;
  /** The origins of the pages around Relay's own. */
  pages: readonly string[];
}

/** A note below the field, with actions. */
export interface Notice {
  text: string;
  actions?: { text: string; run(): void }[];
}

/** How an id begins, for the placeholder. */
const ID_PREFIXES: Record<IdName, string> = { workspaceId: "wrkspc_…", organizationId: "org-…", projectId: "proj_…" };

/** Characters are hidden by CSS if possible, because browsers would offer to save the key of a password field. */
const MASKABLE = CSS.supports("-webkit-text-security", "disc");

export class Form {
  readonly element: HTMLFormElement;
  #text: CommonText & FormText = formText("en");
  #provider: ProviderInfo | null = null;
  #session: Session | null = null;
  /** The id that is asked for beside the key. */
  #id: IdName | null = null;
  #state: FormState = "idle";
  #shown = false;
  #held = false;
  #blind = false;

  readonly #label = h("label", { for: "key" });
  readonly #help = h("span", { id: "help", class: "small" });
  readonly #key = h("input", {
    id: "key", name: "key", type: "text", dir: "ltr", autocomplete: "off", autocapitalize: "off", autocorrect: "off",
    spellcheck: "false", writingsuggestions: "false", translate: "no", enterkeyhint: "done", "aria-describedby": "help plan notice error",
    "data-1p-ignore": true, "data-lpignore": "true", "data-bwignore": true, "data-form-type": "other", maxlength: 4096,
  });
  readonly #plan = h("p", { id: "plan", class: "small" });
  readonly #eye = button({}, () => this.#show(!this.#shown));
  readonly #notice = h("div", { id: "notice", "data-part": "notice", class: "note", hidden: true });
  readonly #workspaceLabel = h("label", { for: "workspace" });
  readonly #workspaceHelp = h("span", { id: "workspace-help", class: "small" });
  readonly #workspace = h("input", {
    id: "workspace", name: "workspace", type: "text", dir: "ltr", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    "aria-describedby": "workspace-help error", maxlength: 128, "data-1p-ignore": true, "data-lpignore": "true",
  });
  readonly #workspaceField = h("div", { class: "field", hidden: true }, this.#workspaceLabel, this.#workspace, this.#workspaceHelp);
  readonly #error = h("div", { id: "error", role: "alert", "data-part": "error" });
  readonly #status = h("div", { role: "status", class: "hidden" });
  readonly #submit = h("button", { type: "submit", class: "primary" });
  readonly #whose = h("p", { class: "cue", "data-part": "account" });
  readonly #owner = h("p", { class: "owner" });
  readonly #body: HTMLElement;
  /** What is shown in place of the field that the page took the keyboard from. */
  readonly #lock = h("div", { role: "alert", "data-part": "taken" });

  readonly #place: Place;
  readonly #events: FormEvents;

  constructor(place: Place, events: FormEvents) {
    this.#place = place;
    this.#events = events;
    this.#body = h("div", { class: "stack" },
      h("div", { class: "field" }, h("div", { class: "head" }, this.#label, this.#help), h("div", { class: "input" }, this.#key, this.#eye), this.#plan),
      this.#notice, this.#workspaceField, this.#error, this.#whose, this.#submit, this.#owner);
    this.element = h("form", { "data-part": "form", "data-state": "idle", novalidate: true, autocomplete: "off" }, this.#lock, this.#body, this.#status);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      events.submit();
    });
    this.#key.addEventListener("input", (event) => events.changed((event as InputEvent).inputType === "insertFromPaste"));
    this.#show(false);
  }

  /** The language. */
  dress({ locale }: Look): void {
    this.#text = formText(locale);
    this.#draw();
  }

  /** Sets the provider. What was typed stays. */
  ask(provider: ProviderInfo | null): void {
    this.#provider = provider;
    this.#draw();
    this.enter("idle");
    this.askId(null);
    this.remark(null);
  }

  #draw(): void {
    const [provider, text] = [this.#provider, this.#text];
    fill(this.#label, provider ? text.keyLabel(provider.label) : "");
    set(this.#key, { placeholder: provider?.keyPlaceholder });
    const words = provider ? text.makeKey(provider.label) : "";
    fill(this.#help, provider && link(`${words} ↗`, provider.keyUrl, `${words} (${text.opensNewTab})`));
    const plan = provider?.subscription;
    fill(this.#plan, plan && text.subscription(plan, provider.label));
    this.#plan.hidden = !plan;
    this.#drawId();
    this.#drawAccount();
    const { host, framed } = this.#place;
    fill(this.#owner, framed ? text.fieldOwner(host) : text.sentTo(host));
    if (this.#lock.firstChild) this.lock(true);
    this.#show(this.#shown);
    this.#drawState();
  }

  #drawId(): void {
    const id = this.#id;
    fill(this.#workspaceLabel, id && this.#text.ids[id].label);
    fill(this.#workspaceHelp, id && this.#text.ids[id].help);
    set(this.#workspace, { placeholder: id && ID_PREFIXES[id] });
  }

  /** Whose account it is, and where. The app's logo comes from Relay: without a frame, the page's policy might forbid it. */
  #drawAccount(): void {
    const [text, session, { framed, pages, base }] = [this.#text, this.#session, this.#place];
    if (!session) return fill(this.#whose);
    const { logoUrl, projectName } = session;
    const mark = framed && logoUrl ? h("img", { class: "logo", src: base + logoUrl, alt: "", width: 32, height: 32 }) : icon(LOCK);
    const around = pages.length > 0 && h("span", {}, ...text.onPage(name(pages.map(hostOf).join(" › "))));
    fill(this.#whose, mark, h("span", {}, h("span", {}, ...text.connectsTo(name(projectName), accountOf(session))), " ", around));
  }

  #show(shown: boolean): void {
    this.#shown = shown;
    this.#key.classList.toggle("masked", !shown && MASKABLE);
    if (!MASKABLE) this.#key.type = shown ? "text" : "password";
    set(this.#eye, { "aria-label": this.#text.show, title: this.#text.show, "aria-pressed": String(shown), "aria-controls": "key" });
    fill(this.#eye, icon(shown ? EYE_OFF : EYE));
  }

  /** Sets the account that the key is for. */
  connectsTo(session: Session): void {
    this.#session = session;
    this.#draw();
  }

  /** The text of the key field, as it was typed. */
  get value(): string {
    return this.#key.value;
  }

  set value(value: string) {
    if (this.#key.value !== value) this.#key.value = value;
  }

  /** The id beside the key, as a member of the request; empty without one. */
  get ids(): Partial<Record<IdName, string>> {
    const value = this.#workspace.value.trim();
    return this.#id && value ? { [this.#id]: value } : {};
  }

  /** Clears what was typed. */
  clear(): void {
    this.#key.value = "";
    this.#workspace.value = "";
    this.#show(false);
  }

  /** Shows another phase of the attempt. */
  enter(state: FormState): void {
    this.#state = state;
    this.#drawState();
    if (state === "idle" || this.busy) this.fail(null);
  }

  #drawState(): void {
    const [state, text, busy, name] = [this.#state, this.#text, this.busy, this.#provider?.label ?? ""];
    this.element.dataset.state = state;
    this.#key.readOnly = busy;
    this.#workspace.readOnly = busy;
    const waits = busy || this.#held;
    set(this.#submit, { "aria-disabled": waits || this.#blind ? "true" : null });
    const words = state === "checking" ? text.checking(name) : state === "still_checking" ? text.stillChecking(name) : text.held;
    const account: Account = this.#session ?? { endUserLabel: "" };
    fill(this.#submit, waits && h("span", { class: "spin", "aria-hidden": "true" }), h("span", {}, ...(waits ? [words] : text.submit(accountOf(account, true)))));
    if (waits) fill(this.#status, words);
  }

  /** Whether nothing can be sent because the account is not known yet. */
  get held(): boolean {
    return this.#held;
  }

  hold(held: boolean): void {
    this.#held = held;
    fill(this.#status);
    this.#drawState();
  }

  /** Whether nothing can be sent because the user can't see the account. */
  set blind(blind: boolean) {
    this.#blind = blind;
    this.#drawState();
  }

  get watched(): Watched {
    return { line: this.#whose, button: this.#submit, field: this.#key };
  }

  /** Hides everything but what happened, or shows it again. */
  lock(locked: boolean): void {
    const { leave, resume } = this.#events;
    this.#body.hidden = locked;
    fill(this.#lock, locked && h("div", { class: "stack" },
      h("p", { class: "note danger" }, icon(WARNING), h("span", {}, this.#text.taken(this.#provider?.label ?? ""))),
      button({ class: "primary" }, leave, this.#text.ownWindow),
      button({}, resume, this.#text.tryHere)));
    if (!locked) this.focus();
  }

  get busy(): boolean {
    return this.#state === "checking" || this.#state === "still_checking";
  }

  /** Shows a problem, or removes it. */
  fail(problem: (Pick<Problem, "code" | "requestId"> & { text: string; at: "key" | "workspace" | undefined; leaves?: boolean }) | null): void {
    set(this.#error, { "data-code": problem?.code, class: problem ? "note danger" : null });
    set(this.#key, { "aria-invalid": problem?.at === "key" ? "true" : null });
    set(this.#workspace, { "aria-invalid": problem?.at === "workspace" ? "true" : null });
    const id = problem?.requestId && h("p", { class: "small" }, this.#text.requestId(problem.requestId));
    const leave = problem?.leaves && button({ class: "link" }, this.#events.leave, this.#text.ownWindow);
    fill(this.#error, problem && icon(WARNING), problem && h("div", {}, problem.text, id, leave));
  }

  /** Shows a note that is not an error. */
  remark(notice: Notice | null): void {
    this.#notice.hidden = !notice;
    // Screen readers do not announce a region that is inserted together with its text, so this region always exists.
    if (!this.busy && !this.#held) fill(this.#status, notice?.text);
    const actions = notice?.actions?.map(({ text, run }) => button({ class: "link" }, run, text)) ?? [];
    fill(this.#notice, notice && h("div", {}, h("p", {}, notice.text), actions.length > 0 && h("div", { class: "row" }, ...actions)));
  }

  /** Shows the field for an id, or hides it. */
  askId(id: IdName | null): void {
    if (id !== this.#id) this.#workspace.value = "";
    this.#id = id;
    this.#workspaceField.hidden = !id;
    this.#drawId();
  }

  focus(what: "key" | "workspace" | "notice" = "key"): void {
    const first = what === "notice" ? this.#notice.querySelector("button") : null;
    (first ?? (what === "workspace" ? this.#workspace : this.#key)).focus();
  }
}
