const [talk, form] = [document.querySelector("#talk"), document.querySelector("#ask")];
const messages = [];

function say(who, text) {
  const line = document.createElement("p");
  line.className = who;
  line.textContent = text;
  talk.append(line);
  return line;
}

/** Puts an answer into a line as it comes. */
async function answerInto(line, model) {
  const answer = await fetch("/chat", { method: "POST", body: JSON.stringify({ model, messages }) });
  if (!answer.ok) return refuse(line, await answer.json());
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) line.textContent += piece.value;
  messages.push({ role: "assistant", content: line.textContent });
}

/** Without a key, opens the widget. Shows any other error as it is. */
function refuse(line, { code, provider, message }) {
  line.className = "problem";
  messages.pop();
  if (!code?.startsWith("provider_key")) return line.append(message);
  const link = document.createElement("a");
  link.href = "/";
  link.textContent = `Connect your ${provider} key`;
  line.append(link, " to use this model.");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { model, message } = Object.fromEntries(new FormData(form));
  const [input, button] = [form.elements.message, form.querySelector("button")];
  messages.push({ role: "user", content: message });
  say("me", message);
  input.value = "";
  button.disabled = true;
  const line = say("it", "");
  await answerInto(line, model).catch(() => line.append(" (The answer broke off.)"));
  button.disabled = false;
  input.focus();
});
