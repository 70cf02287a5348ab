// Every state that a user can see, and how a test gets there. `arrange` brings a fresh page to it; the label on the widget is the
// state's own, so that pictures of two runs are alike.
import { EXPIRED_TOKEN, connect, keyFor, token, use } from "./relay.mjs";

/** A red square of 4 by 4. */
const LOGO = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==", "base64");

const KEY = "sk-proj-0000000000000000000000000000000000000000000000000000abcd";

/** Mounts for the user of this state. */
const mount = (wishes = {}) => async (host, user, look) => host.mount({ registrationToken: await token(user, wishes), ...look });

/** Mounts and asks for a key. */
const asking = (then = async () => {}, provider = "openai") => async (host, user, look) => {
  const widget = await mount()(host, user, look);
  await widget.pick(provider);
  await then(widget, host);
  return widget;
};

const withConnections = (then = async () => {}, wishes = {}) => async (host, user, look) => {
  await connect(user, "openai");
  await connect(user, "anthropic", "overloaded");
  const widget = await mount(wishes)(host, user, look);
  await widget.connections.waitFor();
  await then(widget, host);
  return widget;
};

const problem = (code, options) => async (host, user, look) => {
  const widget = await host.mount({ ...(await options(user)), ...look });
  await widget.problemIs(code);
  return widget;
};

const connected = (state, behaviour = "good") => asking(async (widget, host) => {
  if (state) host.amend({ state });
  await widget.send(keyFor("openai", behaviour));
  await widget.success.waitFor();
});

const refusal = (body, headers = {}) => (route) => route.fulfill({
  status: 429,
  headers: { "content-type": "application/json", "x-request-id": "req_01ARZ3NDEKTSV4RRFFQ69G5FAV", ...headers },
  body: JSON.stringify({ error: { message: "said by the test", type: "x", param: null, ...body } }),
});

const askToReplace = (widget) => widget.button(/Replace OpenAI|OpenAI 키 교체/).click();
const askToDisconnect = (widget) => widget.button(/Disconnect OpenAI|OpenAI 연결 해제/).click();

export const STATES = {
  loading: async (host, user, look) => {
    host.hold("GET");
    return (await mount()(host, user, look)).screen("loading");
  },
  choose: async (host, user, look) => (await mount()(host, user, look)).screen("choose"),
  choose_connected: withConnections(),
  may_not_replace: withConnections(undefined, { replace: false }),
  key: asking(),
  key_locked: async (host, user, look) => {
    const widget = await mount({ provider: "anthropic" })(host, user, look);
    await widget.field.waitFor();
    return widget;
  },
  key_shown: asking(async (widget) => {
    await widget.field.fill(KEY);
    await widget.inner.locator("button[aria-pressed]").click();
  }),
  trimmed: asking((widget) => widget.paste(`"${KEY}"`)),
  other_provider: asking((widget) => widget.field.fill("sk-ant-api03-0000000000000000")),
  named: async (host, user, look) => {
    const widget = await host.mount({ registrationToken: await token("named@app.example", { endUserName: "김지은 Ana" }), ...look });
    await widget.pick("anthropic");
    return widget;
  },
  logo: async (host, user, look) => {
    host.amend({ logoUrl: "/logo?grant=none" }, "GET");
    host.answer("GET", (route) => route.fulfill({ contentType: "image/png", body: LOGO }), "/logo");
    const widget = await mount({ provider: "openai" })(host, user, look);
    await widget.inner.locator("img.logo").waitFor();
    return widget;
  },
  stopped: async (host, user, look) => {
    await connect(user, "openai");
    host.answer("GET", async (route) => {
      const response = await route.fetch();
      const session = await response.json();
      session.connections[0].state = "invalid";
      await route.fulfill({ response, json: session });
    });
    const widget = await mount({ provider: "openai" })(host, user, look);
    await widget.field.waitFor();
    return widget;
  },
  masked_key: asking(async (widget) => {
    await widget.send("sk-...a1b2");
    await widget.errorIs("provider_key_masked");
  }),
  sign_in: asking(async (widget) => {
    await widget.send("sk-ant-oat01-0000000000000000");
    await widget.errorIs("subscription_token");
  }, "anthropic"),
  key_expired: asking(async (widget, host) => {
    host.answer("POST", refusal({ code: "key_refused_by_provider", provider: "openai", reason: "expired", triesLeft: 4 }));
    await widget.send(KEY);
    await widget.errorIs("key_refused_by_provider");
  }),
  organization: asking(async (widget, host) => {
    host.answer("POST", refusal({ code: "provider_key_needs_organization", provider: "openai", param: "organizationId", triesLeft: 4 }));
    await widget.send(KEY);
    await widget.state("workspace");
  }),
  ip_not_allowed: asking(async (widget, host) => {
    host.answer("POST", refusal({ code: "provider_ip_not_allowed", provider: "openai", param: "apiKey" }));
    await widget.send(KEY);
    await widget.errorIs("provider_ip_not_allowed");
  }),
  empty: asking(async (widget) => {
    await widget.submit.click();
    await widget.errorIs("empty");
  }),
  not_text: asking(async (widget) => {
    await widget.send("여기에 키");
    await widget.errorIs("not_text");
  }),
  checking: async (host, user, look) => {
    // So that it does not become the next state while it is looked at.
    await host.context.addInitScript(() => {
      const later = window.setTimeout;
      window.setTimeout = (call, ms, ...given) => (ms === 2000 ? 0 : later(call, ms, ...given));
    });
    host.hold();
    const widget = await mount()(host, user, look);
    await widget.pick("openai");
    await widget.send(KEY);
    await widget.state("checking");
    return widget;
  },
  still_checking: asking(async (widget, host) => {
    host.hold();
    await widget.send(KEY);
    await widget.state("still_checking");
  }),
  refused: asking(async (widget) => {
    await widget.send(keyFor("openai", "refused"));
    await widget.errorIs("key_refused_by_provider");
  }),
  last_try: asking(async (widget, host) => {
    host.answer("POST", refusal({ code: "key_refused_by_provider", provider: "openai", triesLeft: 0 }));
    await widget.send(KEY);
    await widget.errorIs("key_refused_by_provider");
  }),
  workspace: asking(async (widget) => {
    await widget.send(keyFor("anthropic", "workspace"));
    await widget.state("workspace");
  }, "anthropic"),
  workspace_refused: asking(async (widget) => {
    await widget.send(keyFor("anthropic", "workspace"));
    await widget.state("workspace");
    await widget.workspace.fill("x-unknown");
    await widget.submit.click();
    await widget.inner.locator('input[name="workspace"][aria-invalid="true"]').waitFor();
  }, "anthropic"),
  form_offline: asking(async (widget, host) => {
    await host.context.setOffline(true);
    await widget.send(KEY);
    await widget.errorIs("offline");
    await host.context.setOffline(false);
  }),
  busy: asking(async (widget, host) => {
    host.answer("POST", refusal({ code: "too_many_refusals" }, { "retry-after": "20" }));
    await widget.send(KEY);
    await widget.errorIs("too_many_refusals");
  }),
  replacing: withConnections(async (widget) => {
    await askToReplace(widget);
    await widget.field.waitFor();
  }),
  confirm_disconnect: withConnections(async (widget) => {
    await askToDisconnect(widget);
    await widget.screen("confirm_disconnect");
  }),
  disconnected: withConnections(async (widget) => {
    await askToDisconnect(widget);
    await widget.screen("confirm_disconnect");
    await askToDisconnect(widget);
    await widget.inner.locator('[data-part="said"]').waitFor();
  }),
  success: connected(),
  success_unverified: connected(null, "overloaded"),
  success_restricted: connected("restricted"),
  success_no_credit: connected("no_credit"),
  replaced: withConnections(async (widget) => {
    await askToReplace(widget);
    await widget.field.waitFor();
    await widget.send(keyFor("openai"));
    await widget.success.waitFor();
  }),
  expired: problem("registration_token_expired", () => ({ registrationToken: EXPIRED_TOKEN })),
  used: problem("registration_token_used", async (user) => {
    const spent = await token(user);
    await use(spent);
    return { registrationToken: spent };
  }),
  missing_token: problem("missing_token", () => ({ registrationToken: undefined })),
  fetch_token_failed: problem("fetch_token_failed", () => ({ tokens: [] })),
  unreachable: async (host, user, look) => {
    host.answer("GET", (route) => route.abort("connectionrefused"));
    const widget = await mount()(host, user, look);
    await widget.problemIs("relay_unreachable");
    return widget;
  },
  shadow: async (host, user, look) => {
    const widget = await mount({ provider: "openai" })(host, user, { ...look, isolation: "shadow" });
    await widget.field.waitFor();
    return widget;
  },
  modal: async (host, user, look) => {
    const widget = await mount({ provider: "openai" })(host, user, { ...look, layout: "modal" });
    await widget.field.waitFor();
    return widget;
  },
};
