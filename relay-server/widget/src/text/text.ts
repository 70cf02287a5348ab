/**
 * The texts that every language must have. A language is one file, and the type checker reports what is missing. There are three
 * parts, so that the script on the page does not contain the form's texts. All are plain text, never HTML.
 */

/** The members of a registration that a provider may want beside the key. */
export type IdName = "workspaceId" | "organizationId" | "projectId";

/** Texts of both the widget and the form. */
export interface CommonText {
  /** Direction of writing. */
  dir: "ltr" | "rtl";
  /** The frame's name for screen readers. */
  frameTitle: string;
  /** Problems that the widget finds without Relay; `problems.ts` maps codes to them. */
  problems: {
    notOpened: string;
    /** A problem that only the people who run the page can fix. */
    notHere: string;
    offline: string;
    unreachable: string;
    late: string;
    other: string;
  };
  problemTitle: string;
  requestId(id: string): string;
}

/** Problems that Relay answers with. The form has these texts, and sends them to the widget with the problem. */
export interface ProblemText {
  answers: {
    expired: string;
    used: string;
    occupied: string;
    /** The token is for another provider than the page. */
    noProvider: string;
    busy: string;
  };
  /** When to try again. */
  wait(seconds: number): string;
  soon: string;
}

/** The widget on the page. What it says about the state comes from the form: see `Words`. */
export interface ShellText {
  /** In the footer: who stores the key. */
  keptBy: string;
  close: string;
  tryAgain: string;
  loading: string;
  loadingSlow: string;
  /** The page's own help on keys. */
  help(project: string): string;
}

/** The key form. */
export interface FormText {
  /** Titles, by the state. */
  title(project: string): string;
  yourKeys: string;
  replaceTitle(provider: string): string;
  stoppedTitle(provider: string): string;
  someStopped: string;
  /** Below the title: the promise, with a frame. */
  promise(project: string): string;
  /** Below the title: a stored key no longer works. */
  stopped(provider: string, last4: string): string;
  account(account: string): string;
  chooseProvider: string;
  chooseAnother: string;
  cancel: string;
  done: string;
  /** The hosted page's link back. */
  returnTo(project: string): string;
  connected: string;
  endingIn(last4: string): string;
  connectedOn(date: string): string;
  replace: string;
  replaceLabel(provider: string): string;
  replacing(provider: string, last4: string): string;
  disconnect: string;
  disconnectLabel(provider: string): string;
  disconnecting: string;
  disconnectTitle(provider: string): string;
  disconnectWarning(project: string, provider: string): string;
  disconnected(provider: string): string;
  cannotReplace(project: string): string;
  states: { active: string; unverified: string; restricted: string; no_credit: string; invalid: string; revoked: string };
  success(provider: string): string;
  replaced(provider: string): string;
  /** Names the account that received the key. */
  successText(project: string, last4: string, account: string): string;
  warnings: {
    unverified(provider: string): string;
    restricted(provider: string): string;
    no_credit(provider: string): string;
  };
  addCredit(provider: string): string;
  opensNewTab: string;
  keyLabel(provider: string): string;
  show: string;
  makeKey(provider: string): string;
  /** A plan for people has no API credit. */
  subscription(plan: string, provider: string): string;
  /** The hint in the frame: who owns the field. */
  fieldOwner(host: string): string;
  /** Whose account the key is for. Both are elements. */
  connectsTo<T>(project: T, account: T): (string | T)[];
  /** The pages around the form. */
  onPage<T>(pages: T): (string | T)[];
  /** The hint without a frame. */
  sentTo(host: string): string;
  /** Names the account again. */
  submit<T>(account: T): (string | T)[];
  /** The account can't be seen. */
  hidden: string;
  /** The link to the hosted page. */
  ownWindow: string;
  /** The page took the keyboard. */
  taken(provider: string): string;
  tryHere: string;
  /** In place of `submit`, while the account is not known. */
  held: string;
  checking(provider: string): string;
  stillChecking(provider: string): string;
  trimmed: string;
  otherProvider(looksLike: string, wanted: string): string;
  switchTo(provider: string): string;
  keepProvider(provider: string): string;
  /** The ids that a provider may want with a key. */
  ids: Record<IdName, { label: string; help: string }>;
  empty(provider: string): string;
  notText: string;
  /** Too short or too long. */
  notWhole: string;
  /** Shortened, as the provider lists it. */
  masked(provider: string): string;
  /** A token of a subscription. */
  signIn(provider: string): string;
  refused(provider: string, triesLeft: number | undefined, reason?: string): string;
  lastTry(provider: string): string;
  ipNotAllowed(provider: string, host: string): string;
  wrongRegion(provider: string): string;
  /** `id`: the label of the field. */
  needsId(provider: string, id: string): string;
  idRefused(provider: string, id: string): string;
}

/** The hosted page around the widget. */
export interface HostedText {
  title: string;
  /** The question before the form. */
  askTitle: string;
  ask<T>(account: T, project: T): (string | T)[];
  /** The page that the user came from, as the browser names it. */
  cameFrom<T>(host: T): (string | T)[];
  cameFromUnknown: string;
  askOnlyIf<T>(project: T): (string | T)[];
  proceed<T>(account: T): (string | T)[];
  notMine: string;
  /** The link for cancelling. */
  backTo(project: string): string;
  /** Ends: a key is connected, nothing was, or the link can't be used. */
  doneTitle(provider: string): string;
  done<T>(project: T, last4: T, account: T): (string | T)[];
  nothingTitle: string;
  nothing: string;
  expiredTitle: string;
  expired: string;
  deadTitle: string;
  dead: string;
  usedTitle: string;
  used: string;
  returnTo(project: string): string;
  canBeClosed: string;
  retry: string;
}
