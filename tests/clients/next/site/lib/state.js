// As an app has it: one client for all, made when the module is loaded. A build loads it without a key.
import { Relay, keyNeeded } from "@relayservice/sdk";

export const relay = new Relay();
const ai = relay.openai({ user: "next" });

export async function answer() {
  const chat = await ai.chat.completions.create({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello!" }] });
  return chat.choices[0].message.content;
}

/** What the user has, and an answer or the provider for which a key is needed. */
export async function state() {
  const connections = await relay.connections.list("next");
  const text = await answer().catch((error) => {
    const provider = keyNeeded(error);
    if (!provider) throw error;
    return `needs ${provider}`;
  });
  return { providers: connections.map(({ provider }) => provider), text };
}
