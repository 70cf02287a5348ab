/**
 * Which token the engine may use, and when: the key goes to the account that the form shows, always.
 *
 * A token is a claim of the page until Relay has answered whose it is. So a token that comes from the page is *pending*: its session is
 * loaded, the form shows that account, and only then do calls use the token. Until then nothing is sent. One load or call runs at a
 * time. Each has a number, and only the answer with the newest number counts.
 *
 * A key is submitted only while the user can see the account (`State.seen`) and while the page has not taken the keyboard from the
 * field (`State.taken`): see guard.ts, which watches both.
 *
 * `TABLE` and `step` are all of it. They are data and a function: no DOM, no calls, no clock. The engine carries the actions out.
 * `test/machine.test.ts` plays every interleaving up to a bound.
 */

import type { Connected, Connection, Problem, ProviderInfo, Session } from "../bridge/messages.ts";

export type Phase =
  /** No account is shown. The first one is loading, or could not be loaded. */
  | "opening"
  /** An account is shown, and its token can be used. */
  | "shown"
  /** An account is shown, and the one of the newest token is loading. Nothing can be sent. */
  | "pending"
  /** A call is running, with the token of the shown account. */
  | "calling"
  /** The same, and a newer token waits until the call has ended. */
  | "queued"
  /** The call's token was stale: the page is asked for another, to repeat the call. */
  | "asking"
  /** That token's account is loading. */
  | "renewing"
  /** Disposed. */
  | "over";

export type Signal =
  /** The page hands over a token. */
  | "token"
  /** The page has no token, or has handed over too many. */
  | "no_token"
  /** The page wants a load to be repeated. */
  | "load"
  /** A load has found the account that is shown (or the first one), or another. */
  | "same"
  | "other"
  /** The user submits a key, or confirms that one is to be disconnected. */
  | "act"
  /** A call has succeeded. */
  | "answered"
  /** A load or call has failed, or found that its token is no longer valid. */
  | "failed"
  | "stale";

/** What changes no phase: whether the account can be seen, and who has the keyboard. */
export type Sign =
  | "seen"
  | "hidden"
  /** The page took the keyboard from the field. */
  | "taken"
  /** The user wants the field back. */
  | "resumed";

/** What is done on the way to the next phase, in this order. */
export type Action =
  /** The token becomes the newest. */
  | "take"
  /** The newest token's session is loaded. An earlier load is aborted. */
  | "load"
  /** The loaded account is shown from now on, and calls use its token. */
  | "show"
  /** What was typed, or was to be disconnected, is cleared. */
  | "clear"
  /** The first view is shown, without and with the focus. */
  | "open"
  | "begin"
  /** The call is noted, with the account that the user sees. */
  | "note"
  /** The noted call is sent, with the token of the shown account. */
  | "send"
  /** The call's success, or its problem, is shown. */
  | "finish"
  | "refuse"
  /** The call is given up. What was typed stays. */
  | "giveUp"
  /** The form says that nothing is sent, because the account can't be seen. */
  | "point"
  /** The field is hidden, or shown again. */
  | "lock"
  | "unlock"
  /** The page is asked for a token. */
  | "ask"
  /** A problem is reported to the page. */
  | "report";

/** The next phase and the actions for each phase and signal. What is missing changes nothing. */
export const TABLE: Record<Phase, Partial<Record<Signal, readonly [Phase, ...Action[]]>>> = {
  opening: {
    token: ["opening", "take", "load"],
    load: ["opening", "load"],
    same: ["shown", "show", "open"],
    stale: ["opening", "ask"],
    failed: ["opening", "report"],
  },
  shown: {
    token: ["pending", "take", "load"],
    load: ["pending", "load"],
    act: ["calling", "note", "send"],
  },
  pending: {
    token: ["pending", "take", "load"],
    same: ["shown", "show", "begin"],
    other: ["shown", "clear", "show", "begin"],
    stale: ["shown", "ask"],
    failed: ["shown", "report"],
  },
  calling: {
    token: ["queued", "take"],
    answered: ["shown", "finish"],
    failed: ["shown", "refuse"],
    stale: ["asking", "ask"],
  },
  queued: {
    token: ["queued", "take"],
    answered: ["pending", "finish", "load"],
    failed: ["pending", "refuse", "load"],
    stale: ["renewing", "load"],
  },
  asking: {
    token: ["renewing", "take", "load"],
    no_token: ["shown", "giveUp"],
  },
  renewing: {
    token: ["renewing", "take", "load"],
    no_token: ["pending", "giveUp"],
    same: ["calling", "show", "send"],
    other: ["shown", "clear", "show", "begin"],
    stale: ["asking", "ask"],
    failed: ["shown", "giveUp", "report"],
  },
  over: {},
};

/** What the user wants: to connect a key, or to disconnect one. */
export type What = { provider: ProviderInfo; connection?: never } | { connection: Connection; provider?: never };

/** Something that happens, with what it brings. */
export interface Event {
  type: Exclude<Signal, "same" | "other"> | Sign | "loaded";
  /** The number of the load or call that this is the answer to. */
  seq?: number;
  token?: string;
  session?: Session;
  problem?: Problem;
  what?: What;
  /** A stored key; absent for one that was disconnected. */
  stored?: Connected;
  /** Relay's id of the request. */
  requestId?: string;
}

export interface State {
  phase: Phase;
  /** The newest token of the page. Only loads use it. */
  newest: string;
  /** The shown account, and the token that it belongs to. Only this one is used by calls. */
  shown?: { session: Session; token: string };
  /** The last call, and the account that it is for. */
  call?: { what: What; session: Session };
  /** The number of the newest load or call. */
  seq: number;
  /** Whether the user can see the account. */
  seen: boolean;
  /** Whether the page took the keyboard, and the user has not asked for the field since. */
  taken: boolean;
}

/** A call is running, or is to be repeated: what was typed was sent, and the field can't be changed. */
const RUNNING = /^(calling|queued|asking|renewing)$/;

/** The next state for a sign, and the actions. */
function noted(before: State, type: Sign): [State, readonly Action[]] {
  if (before.phase === "over") return [before, []];
  if (type === "seen" || type === "hidden") return [{ ...before, seen: type === "seen" }, []];
  const taken = type === "taken";
  // Nothing that is typed during a call reaches the field, and a call's outcome must stay visible.
  if (before.taken === taken || (taken && RUNNING.test(before.phase))) return [before, []];
  return [{ ...before, taken }, taken ? ["clear", "lock"] : ["unlock"]];
}

/** Whether two sessions are of one account. The id alone decides; a Relay of an older version has none. */
export const isSame = (one: Session, other: Session): boolean =>
  one.account === other.account && one.projectName === other.projectName && one.endUserLabel === other.endUserLabel;

/** The next state, and what the engine must do, in this order. */
export function step(before: State, event: Event, table = TABLE): [State, readonly Action[]] {
  const { type, session, token, what } = event;
  if (type === "seen" || type === "hidden" || type === "taken" || type === "resumed") return noted(before, type);
  // A key goes to an account that the user sees.
  if (type === "act" && what!.provider && (!before.seen || before.taken)) return [before, before.phase === "shown" && !before.taken ? ["point"] : []];
  const signal = type === "loaded" ? (!before.shown || isSame(before.shown.session, session!) ? "same" : "other") : type;
  const row = table[before.phase][signal];
  // A newer load or call has replaced the one that this is the answer to.
  if (!row || (event.seq ?? before.seq) !== before.seq) return [before, []];
  const [phase, ...actions] = row;
  const state = { ...before, phase };
  for (const action of actions) {
    if (action === "take") state.newest = token!;
    if (action === "show") state.shown = { session: session!, token: state.newest };
    if (action === "note") state.call = { what: what!, session: state.shown!.session };
    if (action === "load" || action === "send") state.seq += 1;
  }
  return [state, actions];
}
