// Chromium, with the checks that every test must pass at its end.
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

import { pathOf } from "./browsers.mjs";
import { mountHere, startSite } from "./host.mjs";
import { LABELS, RELAY, secretsIn, token } from "./relay.mjs";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
  "--disable-component-update", "--disable-sync", "--disable-quic", "--force-color-profile=srgb",
  // No name leads anywhere but to this machine. One is the site's, and not trusted as `localhost` is.
  "--host-resolver-rules=MAP insecure.example 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
];
const TIMEOUT = 20_000;
/** Longer than the moments after which the form takes a lost focus for the page's doing, in milliseconds. */
const MOMENT = 2_100;

let browser;
let site;

/**
 * One browser and one site for a file of tests. `last` is done before the browser goes. `keepsPages`: a page that is left stays in
 * memory, as users' browsers have it; Playwright turns that off. `more`: further flags.
 */
export function useChromium(last = async () => {}, { keepsPages = false, more = [] } = {}) {
  before(async () => {
    site = await startSite();
    const ignoreDefaultArgs = keepsPages ? ["--disable-back-forward-cache"] : [];
    browser = await chromium.launch({ executablePath: pathOf("chromium"), headless: true, args: [...FLAGS, ...more], ignoreDefaultArgs });
  });
  after(async () => {
    await last();
    await browser?.close();
    await site?.close();
  });
}

/** A page in a browser of its own, whose profile is on the disk. */
export async function inProfile(folder, work) {
  const context = await chromium.launchPersistentContext(folder, { executablePath: pathOf("chromium"), headless: true, args: FLAGS });
  await work(await context.newPage());
  await context.close();
}

/** A page that has nothing to do with a widget. */
export async function aPage(work) {
  const page = await browser.newPage();
  await work(page);
  await page.close();
}

export const siteOrigin = () => site.origin;

/** The same site, where it is no secure context. */
export const insecureOrigin = () => site.origin.replace("localhost", "insecure.example");

/** The address of a new page of the site. */
export const newPage = (page = {}) => site.page(page);

/** Lets tests look into the closed shadow root. Proofs of isolation go without. */
function openRoots() {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function attachShadow(init) {
    return attach.call(this, { ...init, mode: "open" });
  };
}

function tellViolations() {
  document.addEventListener("securitypolicyviolation", (event) => {
    window.relayViolated(`${event.effectiveDirective} ${event.blockedURI} at ${location.origin}${location.pathname}`);
  });
}

/**
 * A page of the developer's site in a context of its own. When the test is over, it must have kept its promises: see `Host.check`.
 * `page`: how it looks (`host.mjs`); `context`: settings of the browser; `closed`: the shadow root stays shut;
 * `violations`: how many breaches of a content policy are expected at most.
 */
export async function open(t, { page = {}, context = {}, closed = false, violations = 0, init, goto = true } = {}) {
  const host = new Host(await browser.newContext({ viewport: { width: 640, height: 900 }, ...context }), violations);
  t.after(() => host.end());
  await host.prepare({ closed, init });
  if (goto) await host.visit(site.page(page));
  return host;
}

export class Host {
  callbacks = [];
  requests = [];
  failed = [];
  console = [];
  errors = [];
  violations = [];
  rules = [];
  expectsErrors = false;
  /** Origins that a test lets the browser speak to, beside Relay and the site. */
  others = [];

  constructor(context, violationsAllowed) {
    this.context = context;
    this.violationsAllowed = violationsAllowed;
    context.setDefaultTimeout(TIMEOUT);
  }

  async prepare({ closed, init }) {
    await this.context.exposeBinding("relayCallback", (_, name, value) => void this.callbacks.push({ name, value }));
    await this.context.exposeBinding("relayViolated", (_, text) => void this.violations.push(text));
    await this.context.addInitScript(tellViolations);
    if (init) await this.context.addInitScript(init);
    if (!closed) await this.context.addInitScript(openRoots);
    // From the very start: a frame that is opened while interception begins would escape it.
    await this.context.route(`${RELAY}/**`, (route) => this.#serve(route));
    this.context.on("request", (request) => this.requests.push(request));
    this.context.on("requestfailed", (request) => this.failed.push(request));
    this.context.on("console", (message) => this.console.push(message.text()));
    this.context.on("weberror", (error) => this.errors.push(String(error.error())));
    this.page = await this.context.newPage();
  }

  async visit(url) {
    this.url = url;
    await this.page.goto(url);
    this.history = await this.page.evaluate(() => history.length);
  }

  /** Mounts the widget, with a fresh token unless the options say otherwise. Returns it. */
  async mount({ target = "#relay-widget", tokens, throwing, ...options } = {}) {
    if (!("registrationToken" in options) && !tokens) options.registrationToken = await token();
    await this.page.evaluate(mountHere, { target, options, tokens, throwing });
    return this.widget(target, options.isolation === "shadow");
  }

  widget(target = "#relay-widget", shadow = false) {
    return new Widget(this, target, shadow);
  }

  /** Calls a method of the handle. */
  async handle(method, options, target = "#relay-widget") {
    await this.page.evaluate(([on, name, value]) => window.relayHandles[on][name](value), [target, method, options]);
  }

  /** Every value that a callback got so far. */
  values(name) {
    return this.callbacks.filter((call) => call.name === name).map((call) => call.value);
  }

  /** Waits for a callback's `count`th call; returns its value. */
  async called(name, count = 1) {
    await until(() => this.values(name).length >= count, () => `${name} was called ${this.values(name).length} times: ${JSON.stringify(this.callbacks)}`);
    return this.values(name)[count - 1];
  }

  /** Waits for an error with this code. */
  async failedWith(code) {
    await until(() => this.values("onError").some((error) => error.code === code), () => `no ${code} in ${JSON.stringify(this.callbacks)}`);
    return this.values("onError").find((error) => error.code === code);
  }

  /** Calls that the browser made to Relay's API. */
  calls(method) {
    return this.requests.filter((request) => request.url().startsWith(`${RELAY}/v1/`) && request.method() === method);
  }

  async #serve(route) {
    const request = route.request();
    const rule = this.rules.findLast(({ path, method }) => new URL(request.url()).pathname === path && request.method() === method);
    // A page that is gone wants no answer.
    await (rule ? rule.answer(route) : route.continue()).catch(() => {});
  }

  /** Answers a call in Relay's place, until the returned function is called. */
  answer(method, answer, path = "/v1/registration") {
    const rule = { method, path, answer };
    this.rules.push(rule);
    return () => void this.rules.splice(this.rules.indexOf(rule), 1);
  }

  /** Holds a call until the returned function is called. */
  hold(method = "POST") {
    let release;
    const released = new Promise((done) => (release = done));
    this.answer(method, async (route) => {
      await released;
      await route.continue();
    });
    return release;
  }

  /** Lets Relay answer a registration, and changes members of its answer. */
  amend(members, method = "POST") {
    this.answer(method, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), ...members } });
    });
  }

  /** Copies text in another tab: the page under test has nothing to do with it. */
  async copyElsewhere(text) {
    // A headless page stays visible behind another one, and a focus that goes at once looks as if the page had taken it.
    await this.page.waitForTimeout(MOMENT);
    const tab = await this.context.newPage();
    await tab.goto(site.page({ script: "", body: "<textarea></textarea>" }));
    await tab.locator("textarea").fill(text);
    await tab.keyboard.press("Control+A");
    await tab.keyboard.press("Control+C");
    await tab.close();
    await this.page.bringToFront();
  }

  async end() {
    try {
      await this.check();
    } finally {
      await this.context.unrouteAll({ behavior: "ignoreErrors" });
      await this.context.close();
    }
  }

  /** What every page must be like when a test is over. */
  async check() {
    const foreign = this.requests.map((request) => new URL(request.url())).filter(({ origin, protocol }) =>
      ![RELAY, site.origin, ...this.others].includes(origin) && protocol !== "about:" && protocol !== "blob:");
    assert.deepEqual(foreign.map(String), [], "the browser spoke to Relay and to the page's own site only");
    const urls = this.requests.map((request) => request.url().split("#")[0]).join("\n");
    assert.deepEqual(secretsIn(urls), [], "no secret is in an address");
    assert.deepEqual(secretsIn(this.console.join("\n")), [], "no secret is on the console");
    assert.deepEqual(secretsIn(JSON.stringify(this.callbacks)), [], "no secret reaches a callback");
    if (!this.expectsErrors) assert.deepEqual(this.errors, [], "no script failed");
    assert.ok(this.violations.length <= this.violationsAllowed, `breaches of a content policy: ${this.violations.join("; ")}`);
    if (this.page.isClosed() || !this.page.url().startsWith(site.origin)) return;
    const left = await this.page.evaluate(leftovers);
    assert.deepEqual(left, { local: 0, session: 0, cookies: "", databases: [], caches: [], url: this.url, history: this.history });
    assert.deepEqual(await this.context.cookies(), [], "no cookie anywhere");
  }
}

async function leftovers() {
  return {
    local: localStorage.length,
    session: sessionStorage.length,
    cookies: document.cookie,
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    url: location.href,
    history: history.length,
  };
}

/** A mounted widget, by what it offers to a person. */
export class Widget {
  constructor(host, target, shadow) {
    this.host = host;
    this.root = host.page.locator(`${target} [data-part="root"]`);
    this.iframe = this.root.locator('[data-part="frame"]');
    this.inner = shadow ? this.root : this.iframe.contentFrame();
    this.form = this.inner.locator('[data-part="form"]');
    this.field = this.inner.locator('input[name="key"]');
    this.workspace = this.inner.locator('input[name="workspace"]');
    this.submit = this.inner.locator('button[type="submit"]');
    this.notice = this.inner.locator('[data-part="notice"]');
    this.error = this.inner.locator('[data-part="error"]');
    this.success = this.inner.locator('[data-part="success"] h2');
    this.problem = this.root.locator('[data-part="problem"]');
    this.connections = this.inner.locator('[data-part="connections"]');
  }

  /** Waits for a screen of the shell. */
  async screen(...names) {
    await this.root.and(this.host.page.locator(names.map((name) => `[data-screen="${name}"]`).join(","))).waitFor();
    return this;
  }

  /** Waits for a state of the form. */
  async state(name) {
    await this.inner.locator(`[data-part="form"][data-state="${name}"]`).waitFor();
  }

  /** Waits for a problem that takes the whole widget. */
  async problemIs(code) {
    await this.root.locator(`[data-part="problem"][data-code="${code}"]`).waitFor();
  }

  /** Waits for a message at the field. */
  async errorIs(code) {
    await this.inner.locator(`[data-part="error"][data-code="${code}"]`).waitFor();
  }

  radio(provider) {
    return this.root.getByRole("radio", { name: LABELS[provider] });
  }

  /** A button in the frame. */
  button(name) {
    return this.inner.getByRole("button", { name });
  }

  /** A button of the shell. */
  outer(name) {
    return this.root.getByRole("button", { name });
  }

  /** All that a person reads, in the shell and in the frame. */
  async text() {
    const inner = (await this.iframe.isVisible().catch(() => false)) ? await this.inner.locator("body").innerText() : "";
    return `${await this.root.innerText()}\n${inner}`;
  }

  async pick(provider) {
    await this.screen("choose", "key");
    // Not `check`: the picker is drawn again once the frame asks for the key. The mouse comes by a way, as a person's: one that
    // is here and then there looks like a page that takes the focus.
    const box = await this.radio(provider).boundingBox();
    if (box) await this.host.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 12 });
    await this.radio(provider).click();
    await this.field.waitFor();
  }

  /** Waits until the form has seen that its account is seen. */
  async ready() {
    await this.inner.locator("button[type=submit]:not([aria-disabled])").waitFor();
  }

  async send(key) {
    await this.field.fill(key);
    await this.submit.click();
  }

  /** Picks a provider, hands over a key, and waits for the end. */
  async connect(provider, key) {
    await this.pick(provider);
    await this.send(key);
    await this.screen("success");
    await this.settled();
  }

  /** The frame has the height of what is in it, so that nothing moves under the mouse any more. */
  async settled() {
    const height = (element) => element.getBoundingClientRect().height;
    if (!(await this.iframe.count())) return; // `isolation: 'shadow'`
    await until(async () => {
      const [outside, inside] = [await this.iframe.evaluate(height), await this.inner.locator('[data-part="root"]').evaluate(height)];
      return Math.abs(outside - inside) <= 1;
    }, () => "the frame has another height than its content");
  }

  /** Copies text elsewhere and pastes it into the field, as a person does. */
  async paste(text) {
    await this.host.copyElsewhere(text);
    await this.field.click();
    await this.host.page.keyboard.press("Control+V");
  }
}

/** Waits until a condition holds. */
export async function until(condition, why = () => String(condition), timeout = TIMEOUT) {
  const end = Date.now() + timeout;
  while (!(await condition())) {
    if (Date.now() > end) assert.fail(why());
    await new Promise((soon) => setTimeout(soon, 15));
  }
}
