/** What the shell shows around the frame: functions of the shell's state. */

import type { View } from "../bridge/messages.ts";
import { button, CLOSE, h, icon, link, LOCK, WARNING } from "../dom.ts";
import { problemText } from "../text/problems.ts";
import type { Shell } from "./shell.ts";

type Nodes = (Node | string | null | undefined | false)[];

/** The most providers in one row. */
const ROW = 3;

/** The header: what the view is about. */
export function header({ dialog, screen, text, leave }: Shell): Nodes {
  const close = dialog && button({ class: "plain", "aria-label": text.close, title: text.close, "data-id": "close" }, () => leave("cancelled"), icon(CLOSE));
  const words = screen.name === "view" && !screen.view.words.headed ? screen.view.words : null;
  return [
    (words || close) && h("div", { class: "top" }, words ? h("h2", {}, words.title) : h("span"), close),
    !!words?.lead && h("p", { class: "muted" }, words.lead),
  ];
}

/** The content. */
export function content(shell: Shell): Nodes {
  const { screen, text } = shell;
  if (screen.name === "view") return [screen.view.open.length > 0 && picker(shell, screen.view), help(shell, screen.view)];
  if (screen.name === "loading") {
    const bones = h("div", { class: "stack", "aria-hidden": "true" }, h("div", { class: "bone thin" }), h("div", { class: "bone" }), h("div", { class: "bone" }));
    return [h("h2", { class: "hidden", "data-focus": true }, text.loading), bones];
  }
  const { code, requestId } = screen.problem;
  return [
    h("div", { class: "stack centred", "data-part": "problem", "data-code": code, role: "alert" },
      h("div", { class: "big bad", "aria-hidden": "true" }, icon(WARNING)),
      h("h2", { "data-focus": true }, text.problemTitle),
      h("p", { class: "muted" }, problemText(text, screen.problem)),
      requestId && h("p", { class: "small" }, text.requestId(requestId))),
    shell.canRetry(code) && button({ "data-id": "retry" }, shell.retry, text.tryAgain),
  ];
}

/** The footer: who stores the key, and for which account, if nothing else says so. */
export function footer({ screen, text }: Shell): Nodes {
  const account = screen.name === "view" && screen.view.words.account;
  return [h("span", {}, icon(LOCK), text.keptBy), !!account && h("span", {}, account)];
}

/** The page's own help on keys. It is outside the frame, which shows nothing that comes from the page. */
function help({ session, settings, text }: Shell, { provider }: View): HTMLElement | false {
  const url = provider && settings.links[provider];
  return !!url && link(`${text.help(session!.projectName)} ↗`, url);
}

function picker({ choose }: Shell, { open, provider, words, busy }: View): HTMLElement {
  const cards = open.map(({ name, label, mark }) => {
    const input = h("input", { type: "radio", name: "relay-provider", value: name, "data-id": name, autocomplete: "off" });
    input.checked = name === provider;
    input.disabled = busy && name !== provider;
    input.addEventListener("change", () => choose(name));
    return h("label", { class: "card" }, input, !!mark && icon(mark, "mark"), h("span", {}, label));
  });
  const providers = h("div", { class: "providers" }, ...cards);
  providers.style.setProperty("--n", String(Math.min(cards.length, ROW)));
  return h("div", { role: "radiogroup", "aria-labelledby": "legend" }, h("h3", { id: "legend" }, words.legend), providers);
}
