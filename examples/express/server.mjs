// An Express app whose users bring their own AI key.
import { readFileSync } from "node:fs";
import { Relay, keyNeeded } from "@relayservice/sdk";
import express from "express";
import { signedIn } from "./user.mjs"; // a stand-in for your own sign-in: sets request.user

const relay = new Relay(); // RELAY_KEY and RELAY_BASE_URL
const page = readFileSync(new URL("page.html", import.meta.url), "utf8").replaceAll("{{relay}}", relay.baseURL);

const app = express();
app.use(signedIn, express.json());
app.get("/", (request, response) => response.send(page));

// For the widget in the page: a token with which this user, and nobody else, can connect a key.
app.post("/relay-token", async (request, response) => {
  const { registrationToken } = await relay.createRegistrationToken({ user: request.user });
  response.type("text/plain").send(registrationToken);
});

// An answer, as it comes, paid with the user's own key.
app.post("/chat", async (request, response) => {
  const { model, messages } = request.body;
  const ai = relay.openai({ user: request.user });
  const stream = await ai.chat.completions.create({ model, messages, stream: true });
  response.on("close", () => stream.controller.abort()); // the user left: the provider stops, too
  response.type("text/plain");
  for await (const chunk of stream) response.write(chunk.choices[0]?.delta?.content ?? "");
  response.end();
});

// The user has no key for this model, or one that no longer works: the page opens the widget.
app.use((error, request, response, next) => {
  const provider = keyNeeded(error);
  if (!provider || response.headersSent) return next(error);
  response.status(403).json({ provider });
});

const server = app.listen(process.env.PORT ?? 3000, "127.0.0.1", () => console.log(`http://localhost:${server.address().port}`));
