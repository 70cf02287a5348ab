/** What each screen looks like. Functions of the shell's state; they keep nothing. */

import type { Connection } from "../bridge/messages.ts";
import { button, h, icon, link } from "../dom.ts";
import { problemText } from "../text/problems.ts";
import type { Shell } from "./shell.ts";

type Nodes = (Node | string | null | undefined | false)[];

/** Whose form it is, and what it promises. */
export function header(shell: Shell): Nodes {
  const { screen, session, text } = shell;
  const close = shell.modal && button({ class: "plain", "aria-label": text.close, title: text.close, "data-id": "close" }, () => shell.finish("cancelled"), icon("close"));
  const whole = session && (screen.name === "main" || screen.name === "loading");
  if (!whole) return [close && h("div", { class: "top" }, h("span"), close)];
  const focus = screen.name === "main" && !screen.said ? { "data-focus": true } : {};
  return [
    h("div", { class: "top" }, h("h2", focus, text.title(session.projectName)), close),
    shell.isolated && h("p", { class: "muted" }, text.promise(session.projectName)),
  ];
}

/** The middle. */
export function content(shell: Shell): Nodes {
  switch (shell.screen.name) {
    case "loading": return loading(shell);
    case "main": return main(shell);
    case "confirm_disconnect": return confirmation(shell);
    case "success": return success(shell);
    case "problem": return problem(shell);
  }
}

/** Who keeps the key, and for whom. */
export function footer(shell: Shell): Nodes {
  const { session, text } = shell;
  return [h("span", {}, icon("lock"), text.keptBy), session && h("span", {}, text.account(session.endUserLabel))];
}

function loading({ text }: Shell): Nodes {
  return [
    h("h2", { class: "hidden", "data-focus": true }, text.loading),
    h("div", { class: "stack", "aria-hidden": "true" }, h("div", { class: "bone thin" }), h("div", { class: "bone" }), h("div", { class: "bone" })),
  ];
}

function main(shell: Shell): Nodes {
  const { screen, session, text, connections } = shell;
  if (screen.name !== "main" || !session) return [];
  const said = screen.said && h("p", { class: "note success", "data-part": "said" }, icon("check"), h("span", {}, screen.said));
  const replaced = screen.replacing && connections.find(({ provider }) => provider === screen.provider);
  if (replaced) return [said, replacement(shell, replaced)];
  const open = shell.providers.filter(({ name }) => !connections.some(({ provider }) => provider === name));
  const lone = shell.providers.length === 1;
  return [
    said,
    connections.length > 0 && connected(shell),
    connections.length > 0 && !session.replace && h("p", { class: "note" }, text.cannotReplace(session.projectName)),
    open.length > 0 && !lone && picker(shell, open.map(({ name }) => name)),
  ];
}

function picker(shell: Shell, names: Connection["provider"][]): HTMLElement {
  const { screen, text } = shell;
  const chosen = screen.name === "main" ? screen.provider : null;
  const cards = names.map((name) => {
    const input = h("input", { type: "radio", name: "relay-provider", value: name, "data-id": `provider-${name}`, autocomplete: "off" });
    input.checked = name === chosen;
    input.addEventListener("change", () => shell.choose(name));
    return h("label", { class: "card" }, input, h("span", { class: "dot", "aria-hidden": "true" }), h("span", {}, shell.labelOf(name)));
  });
  const legend = shell.connections.length > 0 ? text.chooseAnother : text.chooseProvider;
  return h("div", { role: "radiogroup", "aria-labelledby": "legend" }, h("h3", { id: "legend" }, legend), h("div", { class: "providers" }, ...cards));
}

function connected(shell: Shell): HTMLElement {
  const { text } = shell;
  const rows = shell.connections.map((connection) => {
    const { provider, last4, connectedAt, state } = connection;
    const name = shell.labelOf(provider);
    const look = state === "active" ? "good" : state === "invalid" || state === "revoked" ? "bad" : "warn";
    const actions = shell.session?.replace && h("div", { class: "row" },
      button({ "aria-label": text.replaceLabel(name), "data-id": `replace-${provider}` }, () => shell.choose(provider, true), text.replace),
      button({ class: "danger", "aria-label": text.disconnectLabel(name), "data-id": `disconnect-${provider}` }, () => shell.askToDisconnect(connection), text.disconnect));
    return h("li", { class: "connection" },
      h("div", {},
        h("div", { class: "row" }, h("strong", {}, name), h("span", { class: `badge ${look}` }, text.states[state] ?? state)),
        h("div", { class: "small" }, `${text.endingIn(last4)} · ${text.connectedOn(day(connectedAt, shell.locale))}`)),
      actions);
  });
  return h("div", { "data-part": "connections" }, h("h3", { class: "hidden" }, text.connected), h("ul", {}, ...rows));
}

function replacement(shell: Shell, { provider, last4 }: Connection): HTMLElement {
  const { text } = shell;
  const back = button({ class: "link", "data-id": "cancel" }, () => shell.cancel(), text.cancel);
  return h("div", { class: "note" }, h("div", {}, text.replacing(shell.labelOf(provider), last4)), back);
}

function confirmation(shell: Shell): Nodes {
  const { screen, session, text } = shell;
  if (screen.name !== "confirm_disconnect" || !session) return [];
  const { connection, busy } = screen;
  const name = shell.labelOf(connection.provider);
  return [
    h("h2", { "data-focus": true }, text.disconnectTitle(name)),
    h("p", { class: "muted" }, `${name}, ${text.endingIn(connection.last4)}`),
    h("p", {}, text.disconnectWarning(session.projectName, name)),
    h("div", { role: "alert" }, screen.problem && h("p", { class: "note danger" }, icon("warning"), h("span", {}, problemText(text, screen.problem)))),
    h("div", { class: "row" },
      button({ class: "danger", "data-id": "confirm", "aria-disabled": busy ? "true" : null }, () => shell.disconnect(connection), text.disconnectLabel(name)),
      button({ class: "plain", "data-id": "keep" }, () => shell.cancel(), text.cancel)),
  ];
}

function success(shell: Shell): Nodes {
  const { screen, session, text } = shell;
  if (screen.name !== "success" || !session) return [];
  const { provider, state, last4 } = screen.result;
  const name = shell.labelOf(provider);
  const warning = state === "unverified" || state === "restricted" || state === "no_credit" ? text.warnings[state](name) : null;
  const billing = state === "no_credit" ? session.providers.find((known) => known.name === provider)?.billingUrl : undefined;
  const pay = billing && h("p", {}, link(`${text.addCredit(name)} ↗`, billing, `${text.addCredit(name)} (${text.opensNewTab})`));
  return [
    h("div", { class: "stack", "data-part": "success", "data-state": state },
      h("div", { class: "big", "aria-hidden": "true" }, icon("check")),
      h("h2", { "data-focus": true }, screen.replaced ? text.replaced(name) : text.success(name)),
      h("p", { class: "muted" }, text.successText(session.projectName, last4)),
      warning && h("div", { class: "note warning" }, icon("warning"), h("div", {}, h("p", {}, warning), pay))),
    h("div", { class: "stack" },
      shell.hasExit && button({ class: "primary", "data-id": "done" }, () => shell.finish("done"), session.returnUrl ? text.returnTo(session.projectName) : text.done),
      shell.canConnectMore && button({ "data-id": "more" }, () => shell.connectMore(), text.chooseAnother)),
  ];
}

function problem(shell: Shell): Nodes {
  const { screen, text } = shell;
  if (screen.name !== "problem") return [];
  const { code, requestId } = screen.problem;
  return [
    h("div", { class: "stack", "data-part": "problem", "data-code": code },
      h("div", { class: "big bad", "aria-hidden": "true" }, icon("warning")),
      h("div", { class: "stack", role: "alert" },
        h("h2", { "data-focus": true }, text.problemTitle),
        h("p", {}, problemText(text, screen.problem)),
        requestId && h("p", { class: "small" }, text.requestId(requestId)))),
    shell.canRetry(code) && button({ "data-id": "retry" }, () => shell.retry(), text.tryAgain),
  ];
}

function day(time: string, locale: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(date);
}
