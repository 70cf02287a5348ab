// Only types: what must compile, and what must not.
import OpenAI from "openai";
import { Relay, RelayError, keyNeeded, type Connection, type Provider, type ProviderName, type RegistrationToken, type RelayOptions, type Usage } from "@relayservice/sdk";

declare const environment: Record<string, string | undefined>;
const options: RelayOptions = { key: environment["RELAY_KEY"], baseURL: environment["RELAY_BASE_URL"], timeout: 1, maxRetries: 0, fetch, dangerouslyAllowBrowser: false };
const relay = new Relay(options);

const ai: OpenAI = relay.openai({ user: "a", paid: false, maxRetries: 1, defaultHeaders: { a: "b" }, logLevel: "off" });
export const text: Promise<string | null | undefined> = ai.chat.completions.create({ model: "m", messages: [] }).then((answer) => answer.choices[0]?.message.content);

const token: RegistrationToken = await relay.createRegistrationToken({ user: "a", provider: "openai", allowedOrigins: ["https://a"], signal: AbortSignal.timeout(5) });
export const texts: string[] = [token.registrationToken, token.connectUrl];
for await (const user of relay.users.list({ limit: 3 })) texts.push(user.user, user.endUserLabel, ...user.providers);
texts.push(token.user, token.endUserLabel);
const page = await relay.users.list();
if (page.hasMore && page.nextAfter) await relay.users.list({ after: page.nextAfter });
export const connections: Connection[] = (await relay.users.get("a")).connections;
export const state: Connection["state"] = (await relay.connections.verify("a", "openai")).state;
export const nothing: void = await relay.connections.delete("a", "a newer provider");
export const usage: Usage = await relay.usage({ from: "2026-11-01" });
export const tokens: number | undefined = usage.usage[0]?.inputTokens;

try {
  await relay.users.delete("a");
} catch (error) {
  const provider: Provider | null = keyNeeded(error);
  const older: ProviderName | null = provider;
  if (older) await relay.createRegistrationToken({ user: "a", provider: older });
  if (error instanceof RelayError) texts.push(error.requestID ?? "", error.code, error.docUrl, error.requestId ?? "", String(error.status && error.retryable));
}

// @ts-expect-error for whom?
relay.openai({});
// @ts-expect-error the key is Relay's
relay.openai({ user: "a", apiKey: "sk-" });
// @ts-expect-error a typo
await relay.createRegistrationToken({ user: "a", expiresInSecond: 60 });
// @ts-expect-error the key is not for reading
export const key = relay.key;
