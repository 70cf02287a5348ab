// The app's own feature: a chat that the visitor's key pays for.

import { $, h, PROVIDERS } from "./page.js";

/** What the app can see of the visitor's keys. */
export async function showAccount() {
  const answer = await fetch("/account");
  const { connections = [] } = await answer.json();
  const pill = ({ provider, last4, state }) => h("li", { class: "pill" }, `${PROVIDERS[provider]?.label ?? provider} …${last4} · ${state}`);
  $("account").replaceChildren(...connections.map(pill));
}

/** A new visitor has said nothing. */
export function clearChat() {
  $("messages").replaceChildren();
}

/** Offers the model of the provider that was just connected. */
export function suggestModel(provider) {
  $("chat").elements.model.value = PROVIDERS[provider].model;
}

function say(who, text) {
  const message = h("p", { class: who }, text);
  $("messages").append(message);
  message.scrollIntoView({ block: "nearest" });
  return message;
}

/** The text in a stream of OpenAI's chunks, piece by piece. */
async function* pieces(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const event = JSON.parse(line.slice(6));
      if (event.error) throw new Error(event.error.message);
      yield event.choices?.[0]?.delta?.content ?? "";
    }
  }
}

async function send(model, message) {
  say("me", message);
  const reply = say("ai", "…");
  try {
    const answer = await fetch("/chat", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ model, message }) });
    if (!answer.ok) {
      const { error } = await answer.json();
      throw new Error(`${error.code}: ${error.message}`);
    }
    reply.textContent = "";
    for await (const piece of pieces(answer.body)) {
      reply.textContent += piece;
      $("messages").scrollTop = $("messages").scrollHeight;
    }
    say("paid", `paid with ${answer.headers.get("x-relay-key")}`);
  } catch (error) {
    reply.textContent = error.message;
    reply.classList.add("failed");
  }
}

$("chat").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { model, message } = event.target.elements;
  const button = event.target.querySelector("button");
  const text = message.value.trim();
  if (!text || button.disabled) return;
  button.disabled = true;
  message.value = "";
  await send(model.value, text);
  button.disabled = false;
  await showAccount();
});
