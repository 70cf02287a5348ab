// The sample keys of docs/mock.md, to be copied.

import { $, copy, h, PROVIDERS } from "./page.js";

const BEHAVIOURS = [
  ["good", "works"],
  ["slow", "works; its answers stream slowly, so that you can watch"],
  ["late", "works; the check takes four seconds"],
  ["refused", "the provider says no; the form stays, and counts the tries"],
  ["revoked", "was good once, and is locked now"],
  ["nocredit", "connected; calls are answered with insufficient_quota"],
  ["restricted", "may list models and nothing else: Anthropic and Google say so at once"],
  ["unreachable", "the provider is down: connected, but not checked"],
  ["workspace", "needs a workspace ID: wrkspc_demo", "anthropic"],
];

const rows = (provider) =>
  BEHAVIOURS.filter(([, , only]) => !only || only === provider).map(([behaviour, what]) => {
    const key = `${PROVIDERS[provider].prefix}mock-${behaviour}-1234`;
    const button = h("button", { type: "button", class: "copy", "aria-label": `Copy ${key}` }, "Copy");
    button.addEventListener("click", () => copy(key, "Key"));
    return h("li", {}, h("code", {}, key), h("small", {}, what), button);
  });

/** Shows the keys of one provider. */
export function showKeys(provider) {
  $("keys").replaceChildren(...rows(provider));
  const radio = $("key-providers").querySelector(`[value="${provider}"]`);
  if (radio) radio.checked = true;
}

for (const [name, { label }] of Object.entries(PROVIDERS)) {
  const radio = h("input", { type: "radio", name: "key-provider", value: name });
  radio.addEventListener("change", () => showKeys(name));
  $("key-providers").append(h("label", {}, radio, h("span", {}, label)));
}
showKeys(Object.keys(PROVIDERS)[0]);
