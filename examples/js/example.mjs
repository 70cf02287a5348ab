// An app's backend that calls AI for its users through Relay, with the official OpenAI client. See README.md.
import OpenAI, { APIError, PermissionDeniedError } from "openai";

const RELAY = process.env.RELAY_BASE_URL ?? "http://127.0.0.1:8080"; // without /v1
const RELAY_KEY = process.env.RELAY_KEY;
if (!RELAY_KEY) throw new Error("set RELAY_KEY to a Relay key (rly-…); `relay demo` prints one");

// What the user pastes. This one is good for simulated providers only.
const USERS_KEY = process.env.USERS_OPENAI_KEY ?? "sk-mock-good-1234";

/** A client for one of your users: Relay takes their key, whatever the model. */
function aiFor(user) {
  return new OpenAI({ apiKey: RELAY_KEY, baseURL: `${RELAY}/v1`, defaultHeaders: { "X-Relay-User": user } });
}

/** A registration token: your backend asks for it, your page gets it. Good for one key, for ten minutes. */
async function registrationToken(user, provider) {
  const response = await fetch(`${RELAY}/v1/registration-tokens`, {
    method: "POST",
    headers: { Authorization: `Bearer ${RELAY_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ endUserLabel: user, provider }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${body.error.code}: ${body.error.message} (${response.headers.get("x-relay-request-id")})`);
  return body.registrationToken;
}

/** What the user's browser does with the token. Your backend never sees the key; here one program plays both. */
async function pasteKey(token, provider, apiKey) {
  const response = await fetch(`${RELAY}/v1/registration`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ provider, apiKey }),
  });
  const body = await response.json();
  return response.ok ? `${body.provider} …${body.last4} is ${body.state}` : `${response.status} ${body.error.code}`;
}

/** Asks, and says what to do if it can't be answered. */
async function ask(user, model) {
  try {
    const { data, response } = await aiFor(user).chat.completions
      .create({ model, messages: [{ role: "user", content: "Hello!" }] })
      .withResponse();
    // UTF-8 in a header: fetch shows each byte as a character.
    const paidBy = Buffer.from(response.headers.get("x-relay-key"), "latin1").toString("utf8");
    return `${data.choices[0].message.content} (paid by ${paidBy})`;
  } catch (error) {
    if (error instanceof PermissionDeniedError && error.code === "provider_key_missing") {
      const token = await registrationToken(user, error.error.provider);
      return `${user} has no ${error.error.provider} key: open the widget with ${token.slice(0, 8)}…`;
    }
    if (error instanceof APIError) return `${error.status} ${error.code} (${error.requestID})`;
    throw error;
  }
}

const user = "js_ana";
console.log("a typo:      ", await pasteKey(await registrationToken(user), "openai", "sk-mock-refused-1234"));
console.log("connected:   ", await pasteKey(await registrationToken(user), "openai", USERS_KEY));
console.log("chat:        ", await ask(user, "gpt-4o-mini"));
console.log("no key yet:  ", await ask(user, "claude-haiku-4-5"));
console.log("no model:    ", await ask(user, "llama-9"));

process.stdout.write("stream:       ");
const stream = await aiFor(user).chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Tell me a story" }],
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  if (chunk.usage) console.log(` (${chunk.usage.total_tokens} tokens)`);
}

const embeddings = await aiFor(user).embeddings.create({ model: "text-embedding-3-small", input: ["a note", "another"] });
console.log("embeddings:  ", embeddings.data.length, "of", embeddings.data[0].embedding.length, "numbers");
