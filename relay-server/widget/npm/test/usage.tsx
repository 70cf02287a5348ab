// Compiled, never run: what the types must allow, and what not.
import { createRef } from "react";

import { loadRelay, mount } from "@relayservice/widget";
import type { RelayGlobal, WidgetEvent, WidgetHandle } from "@relayservice/widget";
import { RelayConnect, useRelayConnect } from "@relayservice/widget/react";
import type { RelayConnectHandle } from "@relayservice/widget/react";

const loaded: Promise<RelayGlobal | null> = loadRelay();
const mounted: Promise<WidgetHandle | null> = mount("#x", { theme: "dark" }, { nonce: "n" });

export function nameOf(event: WidgetEvent): string {
  return event.name === "connected" ? `${event.provider} is ${event.state}` : event.name;
}

export function App() {
  const ref = createRef<RelayConnectHandle>();
  const hook = useRelayConnect({ registrationToken: "rrt-x", load: { integrity: "sha384-x" } });
  return (
    <main>
      <RelayConnect ref={ref} registrationToken="rrt-x" provider="openai" className="card" onSuccess={(r) => r.last4.length} />
      <div ref={hook.ref} />
      <relay-connect token="rrt-x" accent-color="#635bff" onrelay-success={(event) => event.detail.provider} />
      {/* @ts-expect-error: no such theme */}
      <RelayConnect theme="sepia" />
      {/* @ts-expect-error: no such provider */}
      <relay-connect token="rrt-x" provider="llama" />
    </main>
  );
}

// @ts-expect-error: null on a server
void loaded.then((relay) => relay.version);
// @ts-expect-error: no such option
void mount("#x", { apiKey: "sk-x" });
void mounted;
