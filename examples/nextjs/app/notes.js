"use client";

import { useState } from "react";
import { RelayConnect } from "@relayservice/widget/react";

const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body ?? {}) });

export function Notes({ relayURL }) {
  const [answer, setAnswer] = useState("");

  async function ask(form) {
    const messages = [{ role: "user", content: form.get("text") }];
    const response = await post("/api/chat", { model: "gpt-4o-mini", messages });
    setAnswer(response.status === 403 ? `Connect a key for ${(await response.json()).provider} above.` : await response.text());
  }

  return (
    <main>
      <h1>Notes</h1>
      <RelayConnect baseURL={relayURL} fetchToken={async () => (await post("/api/relay-token")).text()} theme="auto" />
      <form action={ask}>
        <input name="text" aria-label="Your question" defaultValue="Hello!" /> <button>Ask</button>
      </form>
      <output>{answer}</output>
    </main>
  );
}
