// The code that does what the playground shows.

import { $, RELAY, copy, h } from "./page.js";

/** Text with a class, for colours. */
const coloured = (text) => {
  const parts = [];
  const pattern = /(<!--.*?-->|\/\/[^\n]*|#[^\n"']*$)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(<\/?[a-z-]+|\/?>)/gm;
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push(text.slice(end, found.index), h("span", { class: found[1] ? "c" : found[2] ? "s" : "t" }, found[0]));
    end = found.index + found[0].length;
  }
  parts.push(text.slice(end));
  return parts;
};

/** A value as JavaScript. */
const js = (value, margin) =>
  value && typeof value === "object"
    ? `{\n${Object.entries(value).map(([name, inner]) => `${margin}  ${name}: ${js(inner, `${margin}  `)},`).join("\n")}\n${margin}}`
    : JSON.stringify(value);

const FETCH = `async () => {
      const answer = await fetch("/token", { method: "POST" });
      return (await answer.json()).registrationToken;
    }`;

/** Shows the page's code for these options, and the backend's for this token. */
export function showCode(options, asks, token) {
  const lines = Object.entries(options).filter(([, value]) => value !== undefined).map(([name, value]) => `    ${name}: ${js(value, "    ")},`);
  const from = asks ? `    fetchToken: ${FETCH},` : `    registrationToken, // from your backend`;
  const page = `<div id="relay-widget"></div>
<script src="${RELAY}/widget.js"></script>
<script>
  Relay.mount("#relay-widget", {
${[from, ...lines].join("\n")}
    onSuccess: (r) => console.log(r.provider, r.last4),
  });
</script>`;
  const body = { endUserLabel: token.user, ...(token.provider && { provider: token.provider }), allowedOrigins: [location.origin], ...(token.kept && { replace: false }) };
  const backend = `# A token for one user, ten minutes, one key. The Relay key stays on your server.
curl ${RELAY}/v1/registration-tokens \\
  -H "Authorization: Bearer $RELAY_KEY" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify(body)}'

# Then call AI for that user: OpenAI's API, one header more.
curl -N ${RELAY}/v1/chat/completions \\
  -H "Authorization: Bearer $RELAY_KEY" \\
  -H "X-Relay-User: ${token.user}" \\
  -H "Content-Type: application/json" \\
  -d '{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'`;
  $("code").replaceChildren(...coloured(page));
  $("backend").replaceChildren(...coloured(backend));
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", () => copy($(button.dataset.copies).textContent, "Code"));
}

const tabs = [...document.querySelectorAll("[role=tab]")];

function open(tab) {
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    $(each.getAttribute("aria-controls")).hidden = !chosen;
  }
}

tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    open(next);
    next.focus();
  });
});
