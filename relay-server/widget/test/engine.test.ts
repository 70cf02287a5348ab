/**
 * The real engine and the real client, with a page, a Relay and a user that do anything in any order. A page that is hostile hands
 * over tokens of several accounts; answers come late, in another order, or not at all. Each run is seeded: a failure names its seed.
 * `RELAY_WALKS=100000` plays more runs, `RELAY_SEED=7` one of them.
 */
import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { test } from "node:test";

// First: it is the page that the others run in.
import { clock, type FakeElement, openPage } from "./page.ts";
import type { ToFrame, ToPage } from "../src/bridge/messages.ts";
import { TOKENS_A_MINUTE } from "../src/engine/cap.ts";
import { Engine } from "../src/engine/engine.ts";
import type { Findings } from "../src/guard.ts";
import { accountText } from "../src/names.ts";
import { common, form, problems } from "../src/text/en.ts";
import { learn } from "../src/text/form.ts";

learn("en", { common, form, problems });

setMaxListeners(0);

const WALKS = Number(process.env.RELAY_WALKS ?? 2_000);
const STEPS = 60;

const LOOK = { locale: "en", dark: false, accentColor: "#635bff", variables: {}, provider: null, exits: true, renews: true };
const PROVIDERS = ["openai", "anthropic"].map((name) => ({ name, label: name.toUpperCase(), keyPlaceholder: "", keyUrl: "", billingUrl: "", keyPrefixes: [] }));

/** `twin` belongs to another project of the same name, and its user has the same label: only the id differs. */
const ACCOUNTS = [
  { account: "a", projectName: "Alpha", endUserLabel: "ana" },
  { account: "m", projectName: "Alpha", endUserLabel: "mallory" },
  { account: "twin", projectName: "Alpha", endUserLabel: "ana" },
  { account: "b", projectName: "Beta", endUserLabel: "ana" },
  // Their user has chosen a name to deceive.
  { account: "n", projectName: "Alpha", endUserLabel: "mallory", endUserName: "ana" },
];
type Account = (typeof ACCOUNTS)[number];

/** Small, fast and repeatable (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A call that Relay has not answered yet. */
interface Waiting {
  method: string;
  account: Account;
  aborted: boolean;
  answer(status: number, body: unknown): void;
  fail(): void;
}

/** One run. */
class Walk {
  readonly next: () => number;
  readonly waiting: Waiting[] = [];
  readonly told: ToPage[] = [];
  readonly owners = new Map<string, Account>();
  /** The account that was shown when a key was typed. */
  readonly typed = new Map<string, string>();
  /** The account that was shown when the user last submitted or confirmed. */
  pressed: string | null = null;
  /** Whether the user sees the account, and whether that was so when they last pressed. */
  visible = true;
  sawIt = false;
  findings!: Findings;
  /** Tokens that Relay saw, and when. */
  readonly seen = new Map<string, number>();
  sent = 0;
  received = 0;
  disposed = false;
  readonly violations: Error[] = [];
  engine: Engine;

  constructor(seed: number, readonly only: Account | null = null) {
    this.next = random(seed);
    clock.timers.clear();
    openPage((url, init) => this.relay(url, init));
    const token = this.token(ACCOUNTS[0]!);
    const guard = (_: object, findings: Findings) => {
      this.findings = findings;
      return () => findings.see(this.visible);
    };
    this.engine = new Engine({ base: "", host: "relay.test", framed: true, pageOrigin: null, pages: ["https://alpha.example"], guard }, { token, look: { ...LOOK, provider: this.pick([null, "openai"]) } as never }, (message) => this.hear(message));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }

  token(account: Account): string {
    const token = `rrt-${this.owners.size}`;
    this.owners.set(token, account);
    return token;
  }

  get root(): FakeElement {
    return this.engine.root as unknown as FakeElement;
  }

  get field(): FakeElement {
    return this.root.all.find((element) => element.getAttribute("name") === "key")!;
  }

  get form(): FakeElement {
    return this.root.querySelector("form")!;
  }

  get buttons(): FakeElement[] {
    return this.root.querySelectorAll("button").filter((button) => button.visible && button.getAttribute("type") !== "submit");
  }

  /** The account that the form names. The page was informed of its id. */
  get shown(): string | null {
    const session = this.told.findLast((message) => message.type === "session")?.session;
    if (!session) return null;
    const words = this.form.all.find((element) => element.getAttribute("data-part") === "account")!.textContent;
    const { endUserName, endUserLabel } = session;
    const who = endUserName ? `${endUserName} (${endUserLabel})` : endUserLabel;
    assert.ok(`${words} `.includes(`Connects to ${session.projectName} for ${who} `), words);
    const pressed = this.form.all.find((element) => element.getAttribute("type") === "submit")!.textContent;
    if (pressed.startsWith("Connect for")) assert.equal(pressed, `Connect for ${who}`);
    return session.account;
  }

  get loads(): Waiting[] {
    return this.waiting.filter(({ method, aborted }) => method === "GET" && !aborted);
  }

  // The page.

  say(message: ToFrame): void {
    this.engine.handle(message);
  }

  hear(message: ToPage): void {
    assert.ok(!this.disposed, `${message.type} after the end`);
    this.told.push(message);
    assert.ok(!JSON.stringify(message).includes("key-"), "no message has a key");
    if (message.type === "connected") this.check(`${message.result.last4}`);
  }

  /** The success view names the account that received the key. */
  check(last4: string): void {
    const view = this.root.all.find((element) => element.getAttribute("data-part") === "success")!;
    const account = ACCOUNTS.find(({ account }) => account === last4)!;
    assert.ok(view.textContent.includes(`${account.projectName} can now use your key ending in ${last4} for ${accountText(account)}.`), view.textContent);
    this.received += 1;
  }

  offer(): void {
    this.say({ type: "token", token: this.token(this.only ?? this.pick(ACCOUNTS)) });
  }

  // The user.

  type(): void {
    if (this.field.readOnly || !this.field.visible) return;
    const key = `key-${this.typed.size}`;
    this.typed.set(key, this.shown!);
    this.field.value = key;
    this.field.fire("input", { inputType: this.pick(["insertText", "insertFromPaste"]) });
  }

  submit(): void {
    if (this.form.visible) this.press(() => this.form.fire("submit"));
  }

  click(): void {
    const button = this.buttons.length ? this.pick(this.buttons) : null;
    if (button) this.press(() => button.fire("click"));
  }

  /** What is pressed while an account loads sends nothing. */
  press(act: () => void): void {
    const [loads, sent, running] = [this.loads.length, this.sent, this.waiting.some(({ method }) => method !== "GET")];
    const before = this.pressed;
    this.pressed = this.shown;
    if (!this.field.readOnly) this.sawIt = this.visible;
    act();
    if (loads) assert.equal(this.sent, sent, "sent while the account was loading");
    // What is pressed during a call is nobody's.
    if (running) this.pressed = before;
  }

  // Relay.

  relay(_: string, init: RequestInit): Promise<Response> {
    try {
      return this.take(init);
    } catch (error) {
      // The client takes what `fetch` throws for a network that failed.
      this.violations.push(error as Error);
      throw error;
    }
  }

  take({ method = "GET", headers, body, signal }: RequestInit): Promise<Response> {
    assert.ok(!this.disposed, "a call after the end");
    const token = (headers as Record<string, string>).authorization!.slice("Bearer ".length);
    const account = this.owners.get(token)!;
    if (!this.seen.has(token)) this.seen.set(token, clock.now);
    const recent = [...this.seen.values()].slice(1).filter((time) => clock.now - time < 60_000);
    // One that was accepted before may have waited for a call to end.
    assert.ok(recent.length <= TOKENS_A_MINUTE + 1, `${recent.length} tokens within a minute`);
    if (method !== "GET") this.receive(account, method, JSON.parse(String(body ?? "{}")));
    return new Promise((resolve, reject) => {
      const done = () => void this.waiting.splice(this.waiting.indexOf(call), 1);
      const call: Waiting = {
        method, account, aborted: false,
        answer: (status, json) => (done(), resolve({ ok: status < 300, status, headers: new Headers(), text: () => Promise.resolve(JSON.stringify(json)) } as Response)),
        fail: () => (done(), reject(new TypeError("network"))),
      };
      this.waiting.push(call);
      assert.ok(this.loads.length <= 1, "older loads are aborted");
      // An answer may already be on its way.
      signal!.addEventListener("abort", () => ((call.aborted = true), this.next() < 0.5 && this.waiting.includes(call) && call.fail()));
    });
  }

  /** The promise. */
  receive({ account }: Account, method: string, { apiKey }: { apiKey?: string }): void {
    this.sent += 1;
    assert.equal(account, this.pressed, `${method} for the account that was shown when the user pressed`);
    assert.equal(account, this.shown, `${method} for the account that is shown`);
    if (method === "POST") assert.ok(this.sawIt, "the user saw the account");
    if (method === "POST") assert.equal(this.typed.get(apiKey!), account, "the key was typed for the account that receives it");
  }

  answer(call: Waiting): void {
    const { method, account } = call;
    const luck = this.next();
    const refusal = (code: string) => ({ error: { code, message: code } });
    if (luck < 0.12) return call.fail();
    if (luck < 0.3) return call.answer(410, refusal(this.pick(["registration_token_expired", "registration_token_used"])));
    if (luck < 0.36) return call.answer(429, refusal("rate_limit_exceeded"));
    if (method === "GET" && luck < 0.4) return call.answer(200, this.pick([{}, [], "x", null]));
    if (method === "POST" && luck < 0.5) return call.answer(422, refusal(this.pick(["key_refused_by_provider", "provider_key_needs_workspace"])));
    this.agree(call);
  }

  agree({ method, account, answer }: Waiting): void {
    const connections = this.pick([[], [{ provider: "openai", state: "active", last4: "0000", connectedAt: "2026-01-01T00:00:00Z" }]]);
    const session = { ...account, provider: null, replace: true, expiresAt: "", frameOnly: false, returnUrl: null, providers: PROVIDERS, knownProviders: PROVIDERS, connections };
    if (method === "GET") answer(200, session);
    else if (method === "DELETE") answer(204, null);
    else answer(201, { provider: "openai", last4: account.account, state: "active", connectedAt: "" });
  }

  /** Everything that an answer leads to is done. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await null;
    for (const violation of this.violations) throw violation;
  }

  /** The account comes into view, or goes out of it. The form may notice that late. */
  glance(): void {
    this.visible = this.next() < 0.85;
    if (this.next() < 0.5) this.findings.see(this.visible);
  }

  /** Whatever was typed is gone then, unless it is being sent. */
  steal(): void {
    const running = this.field.readOnly;
    this.findings.taken();
    if (running) return;
    assert.deepEqual([this.field.value, this.field.visible], ["", false]);
  }

  async step(): Promise<void> {
    const luck = this.next();
    if (luck < 0.17) this.offer();
    else if (luck < 0.19) for (let count = 0; count < 10; count += 1) this.offer();
    else if (luck < 0.22) this.say({ type: "load" });
    else if (luck < 0.24) this.say({ type: "no_token" });
    else if (luck < 0.3) this.say({ type: "choose", provider: this.pick(PROVIDERS).name as never });
    else if (luck < 0.31) this.say({ type: "look", look: { ...LOOK, provider: this.pick([null, "openai", "anthropic"]) } as never });
    else if (luck < 0.32) this.glance();
    else if (luck < 0.325) this.steal();
    else if (luck < 0.46) this.type();
    else if (luck < 0.62) this.submit();
    else if (luck < 0.68) this.click();
    else if (luck < 0.72) clock.pass(this.pick([100, 2_500, 30_000, 61_000]));
    else if (this.waiting.length) this.answer(this.pick(this.waiting));
    for (const violation of this.violations) throw violation;
    if (this.next() < 0.6) await this.settle();
  }

  /** A page that keeps to the protocol can go on, whatever came before. */
  async recover(): Promise<void> {
    clock.pass(61_000);
    for (let round = 0; round < 8; round += 1) {
      for (const call of [...this.waiting]) this.agree(call);
      await this.settle();
    }
    // A page that was asked for a token has one.
    this.say({ type: "token", token: this.token(ACCOUNTS[0]!) });
    for (let round = 0; round < 8; round += 1) {
      for (const call of [...this.waiting]) this.agree(call);
      await this.settle();
    }
    this.say({ type: "look", look: { ...LOOK, renews: false } as never });
    this.say({ type: "token", token: this.token(ACCOUNTS[0]!) });
    for (let round = 0; round < 4; round += 1) {
      for (const call of [...this.waiting]) this.agree(call);
      await this.settle();
    }
    this.visible = true;
    this.findings.see(true);
    this.say({ type: "choose", provider: "openai" as never });
    this.buttons.find((button) => button.textContent === "Try again here")?.fire("click");
    const before = this.received;
    this.type();
    this.submit();
    await this.settle();
    for (const call of [...this.waiting]) this.agree(call);
    await this.settle();
    assert.equal(this.received, before + 1, "the form is not stuck");
  }

  end(): void {
    this.disposed = true;
    this.engine.dispose();
    assert.equal(this.field.value, "", "what was typed is gone");
  }
}

async function run(seed: number): Promise<Walk> {
  const walk = new Walk(seed);
  try {
    await walk.settle();
    for (let count = 0; count < STEPS; count += 1) await walk.step();
    if (walk.next() < 0.5) await walk.recover();
    walk.end();
    while (walk.waiting.length) walk.answer(walk.waiting[0]!);
    await walk.settle();
  } catch (error) {
    throw new Error(`RELAY_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
  return walk;
}

test("a key reaches the account that was shown when it was typed and submitted, whatever the page and the network do", async () => {
  const errors: unknown[] = [];
  process.on("unhandledRejection", (error) => errors.push(error));
  const seeds = process.env.RELAY_SEED ? [Number(process.env.RELAY_SEED)] : Array.from({ length: WALKS }, (_, seed) => seed);
  const sums = { sent: 0, received: 0 };
  for (const seed of seeds) {
    const walk = await run(seed);
    sums.sent += walk.sent;
    sums.received += walk.received;
    if (errors.length) throw new Error(`RELAY_SEED=${seed}`, { cause: errors[0] });
  }
  console.log(`${seeds.length} runs of ${STEPS} steps: ${sums.sent} calls sent, ${sums.received} keys stored, 0 violations`);
  if (seeds.length > 100) assert.ok(sums.sent > seeds.length && sums.received > seeds.length / 2, "the runs reach what they are about");
});
