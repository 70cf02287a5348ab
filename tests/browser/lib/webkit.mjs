// WebKitGTK: its MiniBrowser on a display of its own, over plain WebDriver.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { after, before } from "node:test";

import { pathOf } from "./browsers.mjs";
import { keepRoots, mountHere, startSite } from "./host.mjs";
import { RELAY, token } from "./relay.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const CONTROL = "\uE009";
const TIMEOUT = 15_000;

let driver;
let site;
const started = [];

/** One driver and one site for a file of tests. */
export function useWebKit() {
  before(async () => {
    site = await startSite();
    const screen = run(pathOf("xvfb"), ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"], {}, ["ignore", "ignore", "ignore", "pipe"]);
    const display = await new Promise((ready) => screen.stdio[3].once("data", (number) => ready(`:${String(number).trim()}`)));
    const port = await freePort();
    const quiet = { DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: "1", GIO_USE_VFS: "local", NO_AT_BRIDGE: "1" };
    run(pathOf("webkit-driver"), [`--port=${port}`, "--host=127.0.0.1"], quiet, "ignore");
    driver = `http://127.0.0.1:${port}`;
    await until(() => fetch(`${driver}/status`).then((answer) => answer.ok, () => false), () => "no driver");
  });
  after(async () => {
    for (const child of started.reverse()) child.kill();
    await site?.close();
  });
}

function run(program, given, env, stdio) {
  const child = spawn(program, given, { env: { ...process.env, ...env }, stdio });
  started.push(child);
  return child;
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function call(method, path, body) {
  const response = await fetch(driver + path, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (value?.error) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

/** A page of the developer's site in a session of its own. */
export async function open(t, { page = {}, init } = {}) {
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary: pathOf("webkit-browser"), args: ["--automation"] } } };
  const { sessionId } = await call("POST", "/session", { capabilities });
  const host = new Host(`/session/${sessionId}`);
  t.after(() => call("DELETE", host.session));
  const first = [keepRoots, init].filter(Boolean).map((script) => `<script>(${script})()</script>`).join("");
  const script = `${first}<script src="${RELAY}/widget.js"></script>`;
  await call("POST", `${host.session}/url`, { url: site.page({ script, ...page }) });
  return host;
}

class Host {
  constructor(session) {
    this.session = session;
  }

  async visit(url) {
    await call("POST", `${this.session}/url`, { url });
  }

  async back() {
    await call("POST", `${this.session}/back`, {});
  }

  evaluate(script, ...args) {
    return call("POST", `${this.session}/execute/sync`, { script: `return (${script})(...arguments)`, args });
  }

  async mount({ target = "#relay-widget", ...options } = {}) {
    if (!("registrationToken" in options)) options.registrationToken = await token();
    await this.evaluate(mountHere, { target, options });
  }

  log() {
    return this.evaluate(() => window.relayLog ?? []);
  }

  /** Waits for a callback in the page; returns its value. */
  async called(name) {
    await this.leave();
    return (await until(async () => (await this.log()).find((entry) => entry.name === name), () => `${name} was not called`)).value;
  }

  /** Something in the shell, as soon as it is there. */
  shell(selector) {
    return until(() => this.evaluate((sought) => relayRoots.map((root) => root.querySelector(sought)).find(Boolean) ?? null, selector), () => `no ${selector}`);
  }

  /** Goes on in the key frame. */
  async enter() {
    await call("POST", `${this.session}/frame`, { id: await this.shell("iframe:not([hidden])") });
  }

  /** Goes back to the page. */
  async leave() {
    await call("POST", `${this.session}/frame`, { id: null });
  }

  /** Something that is seen, where the driver is. */
  find(selector) {
    return until(() => this.evaluate((sought) => {
      const found = document.querySelector(sought);
      return found && found.getBoundingClientRect().height > 0 ? found : null;
    }, selector), () => `no ${selector}`);
  }

  async click(element) {
    await call("POST", `${this.session}/element/${element[ELEMENT]}/click`, {});
  }

  /** Presses keys, wherever the focus is. */
  async type(text) {
    const actions = [...text].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await call("POST", `${this.session}/actions`, { actions: [{ type: "key", id: "keys", actions }] });
  }

  async shortcut(key) {
    const actions = [{ type: "keyDown", value: CONTROL }, { type: "keyDown", value: key }, { type: "keyUp", value: key }, { type: "keyUp", value: CONTROL }];
    await call("POST", `${this.session}/actions`, { actions: [{ type: "key", id: "keys", actions }] });
  }
}

/** Waits until something is so; returns it. */
export async function until(condition, why) {
  const end = Date.now() + TIMEOUT;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) assert.fail(why());
    await new Promise((soon) => setTimeout(soon, 25));
  }
}
