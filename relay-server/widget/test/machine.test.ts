/**
 * Every interleaving of what a page, a user and Relay can do, against the table in machine.ts: all states that can be reached with two
 * accounts, a twin with the same names, and three answers under way. No bound on the number of steps: what a state does next depends
 * only on what is compared here, so each is visited once. A broken table must be found out: see the last test.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Session } from "../src/bridge/messages.ts";
import { refusal, TOKENS_A_MINUTE } from "../src/engine/cap.ts";
import { type Action, type Event, isSame, type Phase, type Sign, type Signal, type State, step, TABLE, type What } from "../src/engine/machine.ts";

const session = (account: string, projectName: string, endUserLabel: string) => ({ account, projectName, endUserLabel }) as Session;
/** A token is named after the account that it is for; `twin` is another project with the same name and the same label. */
const SESSIONS: Record<string, Session> = { a: session("1", "Alpha", "ana"), b: session("2", "Alpha", "bo"), twin: session("3", "Alpha", "ana") };
const REGISTER = { provider: { name: "openai" } } as What;
const DISCONNECT = { connection: { provider: "openai" } } as What;
/** Answers that may be under way at once. Those that were replaced may still come. */
const UNDER_WAY = 3;
const SIGNS: Sign[] = ["seen", "hidden", "taken", "resumed"];
const RUNNING = /calling|queued|asking|renewing/;

interface Waiting {
  kind: "load" | "call";
  seq: number;
  /** The account of its token. */
  account: string;
}

interface World {
  state: State;
  waiting: Waiting[];
  /** The account that was shown when the field was last empty and somebody typed. */
  typed: string | null;
  /** The account that was shown when submit was pressed. */
  pressed: string | null;
}

const START: World = { state: { phase: "opening", newest: "a", seq: 0, seen: false, taken: false }, waiting: [], typed: null, pressed: null };

type Step = typeof step;
const nameOf = (shown: Session) => Object.keys(SESSIONS).find((name) => SESSIONS[name]!.account === shown.account)!;
const shownIn = ({ shown }: State) => (shown ? nameOf(shown.session) : null);

/** What can happen next, and the world afterwards. Throws if a promise is broken. */
function nexts(world: World, play: Step): World[] {
  const { state, waiting } = world;
  const found: World[] = [];
  const happens = (event: Event, change: Partial<World> = {}) => found.push(carryOut({ ...world, ...change }, event, play));
  for (const token of Object.keys(SESSIONS)) happens({ type: "token", token });
  happens({ type: "load" });
  happens({ type: "no_token" });
  for (const type of SIGNS) happens({ type });
  const shown = shownIn(state);
  const running = RUNNING.test(state.phase);
  // The field is read-only while a call runs, and hidden while the page has the keyboard.
  if (shown && !running && !state.taken && world.typed === null) found.push({ ...world, typed: shown });
  if (shown) {
    const pressed = running ? world.pressed : shown;
    if (world.typed) happens({ type: "act", what: REGISTER }, { pressed });
    happens({ type: "act", what: DISCONNECT }, { pressed });
  }
  waiting.forEach(({ kind, seq, account }, index) => {
    const rest = { waiting: waiting.filter((_, other) => other !== index) };
    if (kind === "load") happens({ type: "loaded", seq, session: SESSIONS[account]! }, rest);
    else happens({ type: "answered", seq, requestId: account }, rest);
    for (const type of ["failed", "stale"] as const) happens({ type, seq, problem: { code: "x", message: "" } }, rest);
  });
  return found;
}

function carryOut(world: World, event: Event, play: Step): World {
  const [state, actions] = play(world.state, event);
  const after: World = { ...world, state };
  if (event.seq !== undefined && event.seq !== world.state.seq) assert.equal(state, world.state, "a late answer changes nothing");
  if (event.type === "act") assert.ok(world.state.phase === "shown" || !actions.includes("send"), `sent while ${world.state.phase}`);
  if (event.what === REGISTER && actions.includes("send")) {
    assert.ok(world.state.seen, "the user sees the account when a key is submitted");
    assert.ok(!world.state.taken, "nothing is submitted from a field that the page took the keyboard from");
  }
  for (const action of actions) perform(after, action, event, world.state);
  if (state.taken && !RUNNING.test(state.phase)) assert.equal(after.typed, null, "what was typed before the page took the keyboard is gone");
  return after;
}

/** What the engine does for an action. */
function perform(world: World, action: Action, event: Event, before: State): void {
  const { state } = world;
  const under = (kind: Waiting["kind"], account: string) => (world.waiting = [...world.waiting, { kind, account, seq: state.seq }].slice(-UNDER_WAY));
  if (action === "load") under("load", state.newest);
  if (action === "clear") world.typed = null;
  if (action === "show") assert.equal(nameOf(event.session!), state.shown!.token, "a token is shown with its own account");
  if (action === "send") {
    const { token } = state.shown!;
    assert.equal(token, shownIn(state), "the token is the shown account's");
    assert.equal(token, world.pressed, "the account was shown when submit was pressed");
    if (state.call!.what === REGISTER) assert.equal(token, world.typed, "what was typed for one account is not sent for another");
    under("call", token);
  }
  if (action === "finish") {
    assert.equal(nameOf(state.call!.session), event.requestId, "the success view names the account that received the key");
    assert.equal(state.call!.session, before.call!.session);
    if (state.call!.what === REGISTER) world.typed = null;
  }
}

/** A world without what makes no difference: a call that is over, and whose answer it is that comes too late. */
function keyOf({ state, waiting, typed, pressed }: World): string {
  const { phase, newest, shown, call, seq, seen, taken } = state;
  const live = RUNNING.test(phase) && call;
  return JSON.stringify([seen, taken, phase, newest, shown && [nameOf(shown.session), shown.token], live && [nameOf(live.session), live.what === REGISTER], typed, live && pressed,
    waiting.map((one) => `${one.kind} ${seq === one.seq ? one.account : "late"}`).sort()]);
}

function explore(play: Step): { worlds: World[]; moves: number } {
  const started = carryOut(START, { type: "load" }, play);
  const seen = new Set([keyOf(started)]);
  const queue = [started];
  let moves = 0;
  for (const world of queue) {
    for (const next of from(world, play)) {
      moves += 1;
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return { worlds: queue, moves };
}

function from(world: World, play: Step): World[] {
  try {
    return nexts(world, play);
  } catch (error) {
    throw new Error(`after ${keyOf(world)}: ${(error as Error).message}`, { cause: error });
  }
}

test("in every state that can be reached, calls use the token of the account that was shown when the user pressed", () => {
  const { worlds, moves } = explore(step);
  console.log(`${worlds.length} states, ${moves} moves, 0 violations`);
  assert.ok(worlds.length > 250, `${worlds.length}`);
  const phases = new Set(worlds.map(({ state }) => state.phase));
  assert.deepEqual([...phases].sort(), Object.keys(TABLE).filter((phase) => phase !== "over").sort(), "every phase is reached");
});

test("from every state a page that keeps to the protocol gets on", () => {
  for (const world of explore(step).worlds) {
    let now = world;
    const go = (event: Event) => (now = carryOut(now, event, step));
    const answerAll = () => {
      for (let one; (one = now.waiting.find(({ seq }) => seq === now.state.seq)); ) {
        now = { ...now, waiting: now.waiting.filter((other) => other !== one) };
        go(one.kind === "load" ? { type: "loaded", seq: one.seq, session: SESSIONS[one.account]! } : { type: "answered", seq: one.seq, requestId: one.account });
      }
    };
    answerAll();
    go({ type: "no_token" });
    answerAll();
    go({ type: "token", token: "a" });
    answerAll();
    assert.deepEqual([now.state.phase, shownIn(now.state)], ["shown", "a"], keyOf(world));
    go({ type: "resumed" });
    go({ type: "seen" });
    [now.pressed, now.typed] = ["a", "a"];
    go({ type: "act", what: REGISTER });
    assert.equal(now.state.phase, "calling");
  }
});

test("the table loads, sends and asks only where it waits for what comes back", () => {
  const waits: Partial<Record<Action, Phase[]>> = { load: ["opening", "pending", "renewing"], send: ["calling"] };
  for (const [phase, row] of Object.entries(TABLE) as [Phase, (typeof TABLE)[Phase]][]) {
    for (const [signal, cell] of Object.entries(row) as [Signal, readonly [Phase, ...Action[]]][]) {
      const [next, ...actions] = cell;
      for (const action of ["load", "send"] as const) if (actions.includes(action)) assert.ok(waits[action]!.includes(next), `${phase} ${signal}`);
      assert.ok(TABLE[next], `${phase} ${signal}`);
      // A token is used by calls once it was shown, and by nothing before.
      if (signal === "token") assert.ok(!actions.includes("send") && !actions.includes("show"), `${phase} ${signal}`);
      if (actions.includes("send")) assert.ok(signal === "act" ? phase === "shown" : actions.indexOf("show") >= 0 && signal === "same", `${phase} ${signal}`);
      if (signal === "other") assert.ok(actions.includes("clear") && actions.indexOf("clear") < actions.indexOf("show"), `${phase} ${signal}`);
    }
  }
  assert.deepEqual(TABLE.over, {}, "nothing happens after the end");
});

test("a key is submitted only if the user sees the account, and the form says why not", () => {
  const shown: State = { ...START.state, phase: "shown", shown: { session: SESSIONS.a!, token: "a" } };
  const act: Event = { type: "act", what: REGISTER };
  assert.deepEqual(step(shown, act), [shown, ["point"]]);
  const [seen] = step(shown, { type: "seen" });
  assert.equal(step(seen, act)[0].phase, "calling");
  assert.deepEqual(step(step(seen, { type: "hidden" })[0], act)[1], ["point"]);
  const [taken, actions] = step(seen, { type: "taken" });
  assert.deepEqual(actions, ["clear", "lock"]);
  assert.deepEqual(step(taken, act), [taken, []]);
  assert.deepEqual(step(taken, { type: "taken" }), [taken, []], "once");
  assert.equal(step(step(taken, { type: "resumed" })[0], act)[0].phase, "calling");
  // Who may disconnect a key needs no form for it.
  assert.equal(step(taken, { type: "act", what: DISCONNECT })[0].phase, "calling");
});

test("an account is the same only if its id and both names are", () => {
  const { a, b, twin } = SESSIONS as Record<"a" | "b" | "twin", Session>;
  assert.ok(isSame(a, { ...a }) && !isSame(a, b) && !isSame(a, twin));
  assert.ok(!isSame(a, { ...a, projectName: "Beta" }) && !isSame(a, { ...a, endUserLabel: "bo" }));
});

test("a page may hand over a few tokens a minute, and is told when the next one is due", () => {
  const taken: number[] = [];
  for (let count = 0; count < TOKENS_A_MINUTE; count += 1) assert.equal(refusal(taken, 1_000 * count), null);
  const late = 1_000 * TOKENS_A_MINUTE;
  for (let count = 0; count < 1_000; count += 1) assert.equal(refusal(taken, late)?.retryAfter, 60 - TOKENS_A_MINUTE);
  assert.equal(refusal(taken, 59_999)?.code, "too_many_tokens");
  assert.equal(refusal(taken, 60_000), null, "one that was refused does not count");
  assert.ok(refusal(taken, 60_000));
  assert.equal(refusal(taken, 1e9), null);
});

/** The table with another cell. */
const withCell = (phase: Phase, signal: Signal, cell: readonly [Phase, ...Action[]]): Step => (before, event) =>
  step(before, event, { ...TABLE, [phase]: { ...TABLE[phase], [signal]: cell } });

/** Mistakes. The first one was the engine's before it had this table. */
const MISTAKES: Record<string, Step> = {
  "a token is used at once": (before, event) => {
    const [state, actions] = step(before, event);
    return [event.type === "token" && state.shown ? { ...state, shown: { ...state.shown, token: state.newest } } : state, actions];
  },
  "late answers count": (before, event) => step(before, event.seq === undefined ? event : { ...event, seq: before.seq }),
  "names decide": (before, event) => step(before, event.session ? { ...event, session: { ...event.session, account: (before.shown?.session ?? event.session).account } } : event),
  "submit works while an account loads": withCell("pending", "act", ["calling", "note", "send"]),
  "what was typed stays for another account": withCell("pending", "other", ["shown", "show", "begin"]),
  "a key is sent for an account that can't be seen": (before, event) => (event.type === "act" ? step({ ...before, seen: true }, event) : step(before, event)),
  "what was typed stays when the page takes the keyboard": (before, event) => {
    const [state, actions] = step(before, event);
    return [state, event.type === "taken" ? actions.filter((action) => action !== "clear") : actions];
  },
  "a call is repeated for another account": withCell("renewing", "other", ["calling", "show", "send"]),
};

for (const [name, play] of Object.entries(MISTAKES)) {
  test(`the search finds the mistake: ${name}`, () => assert.throws(() => explore(play)));
}
