/** The frame's views other than the form: connected keys, the confirmation before disconnecting, and success. */

import type { Connection, Look, Problem, Session } from "../bridge/messages.ts";
import { button, CHECK, h, icon, link, WARNING } from "../dom.ts";
import { accountText } from "../names.ts";
import type { ProviderName, SuccessResult } from "../options.ts";
import { answerText } from "../text/answers.ts";
import { type CommonText, type FormText, formText } from "../text/form.ts";

/** The user's actions in the views. */
export interface Actions {
  replace(connection: Connection): void;
  ask(connection: Connection): void;
  disconnect(connection: Connection): void;
  back(): unknown;
  more(): void;
  done(): void;
}

/** The data of the views. */
export interface Scene {
  session: Session;
  look: Look;
  actions: Actions;
  /** Whether nothing can be disconnected because the account is not known yet. */
  held: boolean;
}

type Words = CommonText & FormText;

/** A provider's mark; none of a Relay of an older version. */
const markOf = ({ knownProviders }: Session, name: ProviderName): SVGElement | false => {
  const mark = knownProviders.find((known) => known.name === name)?.mark;
  return !!mark && icon(mark, "mark");
};

export const labelOf = ({ providers }: Session, name: ProviderName): string => providers.find((provider) => provider.name === name)?.label ?? name;

/** A key was disconnected. */
export function gone({ session, look }: Scene, provider: ProviderName): HTMLElement {
  const text = formText(look.locale).disconnected(labelOf(session, provider));
  return h("p", { class: "note success", "data-part": "said", "data-focus": true }, icon(CHECK), h("span", {}, text));
}

/** The connected keys. */
export function connections({ session, look, actions }: Scene, connected: Connection[]): HTMLElement {
  const text = formText(look.locale);
  const row = (connection: Connection) => {
    const { provider, last4, connectedAt, state } = connection;
    const name = labelOf(session, provider);
    const buttons = session.replace && h("div", { class: "row" },
      button({ "aria-label": text.replaceLabel(name) }, () => actions.replace(connection), text.replace),
      button({ class: "danger", "aria-label": text.disconnectLabel(name) }, () => actions.ask(connection), text.disconnect));
    return h("li", { class: "connection" },
      markOf(session, provider),
      h("div", { class: "grow" },
        h("div", { class: "row" }, h("strong", {}, name), h("span", { class: `badge ${TONES[state] ?? "warning"}` }, text.states[state] ?? state)),
        h("div", { class: "small about" }, h("span", {}, text.endingIn(last4)), " ", h("span", {}, text.connectedOn(day(connectedAt, look.locale))))),
      buttons);
  };
  return h("div", { class: "stack", "data-part": "connections" },
    h("h3", { "data-focus": true }, text.connected),
    h("ul", {}, ...connected.map(row)),
    !session.replace && h("p", { class: "note" }, text.cannotReplace(session.projectName)));
}

const TONES: Partial<Record<Connection["state"], string>> = { active: "success", invalid: "danger", revoked: "danger" };

/** The note above the form when a key is replaced. */
export function replacement({ session, look, actions }: Scene, connection: Connection, canGoBack: boolean): HTMLElement | false {
  const text = formText(look.locale);
  const { provider, last4 } = connection;
  const back = canGoBack && button({ class: "link" }, () => actions.back(), text.cancel);
  // The title already says of a broken key what is to be done.
  if (isBroken(connection)) return back;
  return h("div", { class: "note" }, h("div", {}, text.replacing(labelOf(session, provider), last4)), back);
}

/** The confirmation before a key is disconnected. */
export function confirmation({ session, look, actions, held }: Scene, connection: Connection, busy: boolean, problem: Problem | null): HTMLElement {
  const text = formText(look.locale);
  const name = labelOf(session, connection.provider);
  const wait = busy ? text.disconnecting : held && text.held;
  return h("div", { class: "stack" },
    h("h2", { "data-focus": !busy }, text.disconnectTitle(name)),
    h("p", { class: "muted" }, `${name}, ${text.endingIn(connection.last4)}`),
    h("p", {}, text.disconnectWarning(session.projectName, name)),
    h("div", { role: "alert" }, problem && h("p", { class: "note danger" }, icon(WARNING), h("span", {}, answerText(text, problem)))),
    h("div", { class: "row" },
      button({ class: "danger", "aria-disabled": wait ? "true" : null }, () => wait || actions.disconnect(connection), wait || text.disconnectLabel(name)),
      !busy && button({ class: "plain" }, () => actions.back(), text.cancel)),
    h("div", { role: "status", class: "hidden" }, wait));
}

/** The success view. The session is that of the account which received the key. */
export function success({ session, look, actions }: Scene, { provider, state, last4, status }: SuccessResult, left: boolean): HTMLElement {
  const text = formText(look.locale);
  const name = labelOf(session, provider);
  const leave = !left && (look.exits || session.returnUrl);
  return h("div", { class: "stack", "data-part": "success", "data-state": state },
    h("div", { class: "big", "aria-hidden": "true" }, icon(CHECK)),
    h("h2", { "data-focus": true }, status === "replaced" ? text.replaced(name) : text.success(name)),
    h("p", { class: "muted" }, text.successText(session.projectName, last4, accountText(session))),
    h("div", { class: "chip", "aria-hidden": "true" }, markOf(session, provider), h("span", {}, name), h("span", { class: "dots" }, `•••• ${last4}`)),
    warning(session, text, { provider, state }),
    leave && button({ class: "primary" }, () => actions.done(), session.returnUrl ? text.returnTo(session.projectName) : text.done),
    look.renews && !look.provider && session.providers.length > 1 && button({}, () => actions.more(), text.chooseAnother));
}

/** The warning for a connected key with limits. */
function warning({ providers, ...session }: Session, text: Words, { provider, state }: Pick<SuccessResult, "provider" | "state">): HTMLElement | null {
  if (state !== "unverified" && state !== "restricted" && state !== "no_credit") return null;
  const name = labelOf({ providers, ...session }, provider);
  const url = state === "no_credit" && providers.find((known) => known.name === provider)?.billingUrl;
  const words = text.addCredit(name);
  const pay = url && h("p", {}, link(`${words} ↗`, url, `${words} (${text.opensNewTab})`));
  return h("div", { class: "note warning" }, icon(WARNING), h("div", {}, h("p", {}, text.warnings[state](name)), pay));
}

/** Whether a provider no longer takes the stored key. */
export const isBroken = ({ state }: Connection): boolean => state === "invalid" || state === "revoked";

function day(time: string, locale: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(date);
}
