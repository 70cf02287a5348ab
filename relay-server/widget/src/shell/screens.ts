/** What the shell shows around the frame: functions of the shell's state. */

import type { View } from "../bridge/messages.ts";
import { button, h, icon } from "../dom.ts";
import { problemText } from "../text/problems.ts";
import type { Shell } from "./shell.ts";

type Nodes = (Node | string | null | undefined | false)[];

/** The header: whose form it is, and the promise. */
export function header({ dialog, screen, session, text, settings, leave }: Shell): Nodes {
  const close = dialog && button({ class: "plain", "aria-label": text.close, title: text.close, "data-id": "close" }, () => leave("cancelled"), icon("close"));
  const titled = session && screen.name === "view" && /^(choose|key)$/.test(screen.view.name);
  return [
    (titled || close) && h("div", { class: "top" }, titled ? h("h2", {}, text.title(session.projectName)) : h("span"), close),
    titled && settings.isolation === "frame" && h("p", { class: "muted" }, text.promise(session.projectName)),
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
    h("div", { class: "stack", "data-part": "problem", "data-code": code, role: "alert" },
      h("div", { class: "big bad", "aria-hidden": "true" }, icon("warning")),
      h("h2", { "data-focus": true }, text.problemTitle),
      h("p", {}, problemText(text, screen.problem)),
      requestId && h("p", { class: "small" }, text.requestId(requestId))),
    shell.canRetry(code) && button({ "data-id": "retry" }, shell.retry, text.tryAgain),
  ];
}

/** The footer: who stores the key, and for which account. */
export function footer({ session, text }: Shell): Nodes {
  return [h("span", {}, icon("lock"), text.keptBy), session && h("span", {}, text.account(session.endUserLabel))];
}

/** The page's own help on keys. It is outside the frame, which shows nothing that comes from the page. */
function help({ session, settings, text }: Shell, { provider }: View): HTMLElement | false {
  const url = provider && settings.links[provider];
  return !!url && h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, `${text.help(session!.projectName)} ↗`);
}

function picker({ text, choose }: Shell, { open, provider, connected, busy }: View): HTMLElement {
  const cards = open.map(({ name, label }) => {
    const input = h("input", { type: "radio", name: "relay-provider", value: name, "data-id": name, autocomplete: "off" });
    input.checked = name === provider;
    input.disabled = busy && name !== provider;
    input.addEventListener("change", () => choose(name));
    return h("label", { class: "card" }, input, h("span", { class: "dot", "aria-hidden": "true" }), h("span", {}, label));
  });
  return h("div", { role: "radiogroup", "aria-labelledby": "legend" },
    h("h3", { id: "legend" }, connected ? text.chooseAnother : text.chooseProvider),
    h("div", { class: "providers" }, ...cards));
}
