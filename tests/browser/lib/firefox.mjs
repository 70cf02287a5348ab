// Firefox, over WebDriver BiDi: what the tests need of it.
import assert from "node:assert/strict";
import { after, before } from "node:test";

import puppeteer from "puppeteer-core";

import { pathOf } from "./browsers.mjs";
import { keepRoots, mountHere, startSite } from "./host.mjs";
import { RELAY, secretsIn, token } from "./relay.mjs";

let browser;
let site;

/** One browser and one site for a file of tests. */
export function useFirefox() {
  before(async () => {
    site = await startSite();
    const extraPrefsFirefox = { "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false };
    browser = await puppeteer.launch({ browser: "firefox", executablePath: pathOf("firefox"), headless: true, args: ["--no-remote"], extraPrefsFirefox });
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });
}

/** The address of a new page of the site. */
export const newPage = (page = {}) => site.page(page);

/** In the page: keeps what breaches a content policy. */
function keepViolations() {
  window.relayViolations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.relayViolations.push(`${event.effectiveDirective} ${event.blockedURI}`));
}

/** A page of the developer's site, checked for what it must not hold once the test is over. */
export async function open(t, { page = {}, init } = {}) {
  const context = await browser.createBrowserContext();
  const tab = await context.newPage();
  const host = new Host(tab);
  t.after(async () => {
    try {
      await host.check();
    } finally {
      await context.close();
    }
  });
  await tab.evaluateOnNewDocument(keepRoots);
  await tab.evaluateOnNewDocument(keepViolations);
  if (init) await tab.evaluateOnNewDocument(init);
  tab.on("request", (request) => host.requests.push({ method: request.method(), url: request.url() }));
  tab.on("console", (message) => host.console.push(message.text()));
  host.url = site.page(page);
  await tab.goto(host.url);
  return host;
}

class Host {
  requests = [];
  console = [];

  constructor(page) {
    this.page = page;
  }

  async mount({ target = "#relay-widget", ...options } = {}) {
    if (!("registrationToken" in options)) options.registrationToken = await token();
    await this.page.evaluate(mountHere, { target, options });
    return this;
  }

  log() {
    return this.page.evaluate(() => window.relayLog ?? []);
  }

  /** Waits for a callback; returns its value. */
  async called(name) {
    return (await until(async () => (await this.log()).find((call) => call.name === name), () => `${name} was not called`)).value;
  }

  /** Something in the shell, as soon as it is there. */
  async shell(selector) {
    await until(() => this.page.evaluate((sought) => relayRoots.some((root) => root.querySelector(sought)), selector), () => `no ${selector}`);
    return this.page.evaluateHandle((sought) => relayRoots.map((root) => root.querySelector(sought)).find(Boolean), selector);
  }

  /** The key frame, as soon as it has loaded. */
  frame() {
    return until(() => this.page.frames().find((frame) => frame.url().startsWith(`${RELAY}/frame`)), () => "no frame");
  }

  /** Something in the frame, as soon as it is seen. */
  async inner(selector) {
    return (await this.frame()).waitForSelector(selector, { visible: true });
  }

  /**
   * Clicks something in the frame, as soon as it is seen. Not by puppeteer's own `click`, which asks for the frame's element with a
   * locator that Firefox ESR 140 does not know.
   */
  async click(selector, options) {
    const inside = await (await this.inner(selector)).evaluate(middle);
    const frame = await (await this.shell("iframe:not([hidden])")).evaluate(topLeft);
    await this.page.mouse.click(frame.x + inside.x, frame.y + inside.y, options);
  }

  async pick(provider) {
    await (await this.shell(`input[value="${provider}"]`)).click();
    return this.inner('input[name="key"]');
  }

  async send(key) {
    await this.click('input[name="key"]', { count: 3 });
    await this.page.keyboard.type(key);
    await this.ready();
    await this.page.keyboard.press("Enter");
  }

  /** Waits until the form has seen that it is seen. */
  ready() {
    return this.inner("button[type=submit]:not([aria-disabled])");
  }

  handle(method, options, target = "#relay-widget") {
    return this.page.evaluate(([on, name, value]) => void window.relayHandles[on][name](value), [target, method, options ?? null]);
  }

  /** Copies text in another tab. */
  async copyElsewhere(text) {
    // A page behind another one stays visible here, and a focus that goes at once looks as if the page had taken it.
    await new Promise((soon) => setTimeout(soon, 2_100));
    const tab = await this.page.browserContext().newPage();
    await tab.goto(site.page({ script: "", body: "<textarea></textarea>" }));
    await tab.type("textarea", text);
    await shortcut(tab, "a");
    await shortcut(tab, "c");
    await tab.close();
    await this.page.bringToFront();
  }

  async check() {
    const origins = new Set(this.requests.map(({ url }) => new URL(url).origin));
    assert.deepEqual([...origins].filter((origin) => ![RELAY, site.origin].includes(origin)), [], "the browser spoke to Relay and to the page's own site only");
    assert.deepEqual(secretsIn(this.requests.map(({ url }) => url.split("#")[0]).join("\n")), []);
    assert.deepEqual(secretsIn(this.console.join("\n")), []);
    assert.deepEqual(secretsIn(JSON.stringify(await this.log())), []);
    const left = await this.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.href]);
    assert.deepEqual(left, [0, 0, "", this.url]);
  }
}

/** In the frame: the middle of something. */
function middle(element) {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x + width / 2, y: y + height / 2 };
}

/** In the page: where a frame's content begins. */
function topLeft(frame) {
  frame.scrollIntoView({ block: "nearest" });
  const { x, y } = frame.getBoundingClientRect();
  return { x: x + frame.clientLeft, y: y + frame.clientTop };
}

export async function shortcut(page, key) {
  await page.keyboard.down("Control");
  await page.keyboard.press(key);
  await page.keyboard.up("Control");
}

/** Waits until a condition holds, and returns its value. */
export async function until(condition, why) {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) assert.fail(why());
    await new Promise((soon) => setTimeout(soon, 25));
  }
}
