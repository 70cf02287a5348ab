// Chromium's own way of discarding a tab, at chrome://discards. A tab that a debugger watches is never discarded, so each step connects
// to the browser and lets go of it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import puppeteer from "puppeteer-core";

import { pathOf } from "./browsers.mjs";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0", "about:blank"];
const ADDRESS = /listening on (ws:\S+)/;

/** A Chromium whose tabs can be discarded. */
export class Discarding {
  #child;
  #profile;
  #address;

  static async start() {
    const browser = new Discarding();
    browser.#profile = mkdtempSync(join(tmpdir(), "relay-chromium-"));
    browser.#child = spawn(pathOf("chromium"), [...FLAGS, `--user-data-dir=${browser.#profile}`], { stdio: ["ignore", "ignore", "pipe"] });
    browser.#address = await new Promise((done, fail) => {
      let said = "";
      browser.#child.stderr.on("data", (piece) => {
        said += piece;
        const found = ADDRESS.exec(said);
        if (found) done(found[1]);
      });
      browser.#child.on("exit", () => fail(new Error(`chromium ended: ${said}`)));
    });
    await browser.with((tabs) => openDiscards(tabs[0]));
    return browser;
  }

  async stop() {
    const ended = new Promise((done) => this.#child.on("exit", done));
    this.#child.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Works with the browser's tabs, and lets go of them. `only`: attaches to no other target. */
  async with(work, only = () => true) {
    const targetFilter = (target) => ["browser", "tab"].includes(target.type()) || only(target.url());
    const browser = await puppeteer.connect({ browserWSEndpoint: this.#address, defaultViewport: null, targetFilter });
    try {
      return await work(await browser.pages(), browser);
    } finally {
      await browser.disconnect();
    }
  }

  /** Opens a tab, and works with it. */
  open(url, work) {
    return this.with(async (_, browser) => {
      const page = await browser.newPage();
      await page.goto(url);
      await work(page);
    });
  }

  /** Discards the tab whose address begins with this, which no debugger may watch. */
  async discard(address) {
    await this.with(async ([tab]) => {
      await tab.bringToFront();
      await tab.reload();
      await tab.waitForFunction(clickDiscard, { timeout: 10_000 }, address);
    }, (url) => url.startsWith("chrome://discards"));
  }

  /** Goes to the tab again, which loads it if it was discarded. */
  async show(address, work) {
    await this.with(async (_, browser) => {
      const client = await browser.target().createCDPSession();
      const { targetInfos } = await client.send("Target.getTargets");
      const { targetId } = targetInfos.find(({ type, url }) => type === "page" && url.startsWith(address));
      await client.send("Target.activateTarget", { targetId });
    }, (url) => url.startsWith("chrome://"));
    await this.with(async (tabs) => {
      const page = tabs.find((tab) => tab.url().startsWith(address));
      await page.waitForFunction(() => document.readyState === "complete" && document.wasDiscarded, { timeout: 10_000 });
      await work(page);
    });
  }
}

/** Newer versions show their internal pages only once a button was pressed. */
async function openDiscards(tab) {
  await tab.goto("chrome://discards");
  if (await tab.evaluate(() => !!document.querySelector("discards-main"))) return;
  await tab.goto("chrome://chrome-urls");
  await tab.waitForFunction(() => {
    const search = (root) => [...root.querySelectorAll("*")].some((element) => {
      const wanted = /button/.test(element.localName) && /enable/i.test(element.textContent);
      if (wanted) element.click();
      return wanted || (element.shadowRoot && search(element.shadowRoot));
    });
    return search(document);
  });
  await tab.goto("chrome://discards");
}

/** In chrome://discards: clicks the tab's "Urgent Discard". */
function clickDiscard(address) {
  const search = (root) => [...root.querySelectorAll("*")].some((element) => {
    if (element.localName === "tr" && element.querySelector(".tab-url-cell")?.textContent.trim().startsWith(address)) {
      [...element.querySelectorAll('[is="action-link"]')].find((link) => /Urgent/.test(link.textContent))?.click();
      return true;
    }
    return element.shadowRoot && search(element.shadowRoot);
  });
  return search(document);
}
