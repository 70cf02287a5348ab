/**
 * The texts that every language must have. A language is one file, and the type checker reports what is missing. There are three
 * parts, so that the script on the page does not contain the form's texts. All are plain text, never HTML.
 */

/** Texts of both the widget and the form. */
export interface CommonText {
  /** Direction of writing. */
  dir: "ltr" | "rtl";
  chooseAnother: string;
  /** The frame's name for screen readers. */
  frameTitle: string;
  /** Problems; `problems.ts` maps codes to them. */
  problems: {
    expired: string;
    used: string;
    notOpened: string;
    /** A problem that only the people who run the page can fix. */
    notHere: string;
    occupied: string;
    /** The token is for another provider than the page. */
    noProvider: string;
    offline: string;
    unreachable: string;
    late: string;
    busy: string;
    other: string;
  };
  /** When to try again. */
  wait(seconds: number): string;
  soon: string;
  problemTitle: string;
  requestId(id: string): string;
}

/** The widget on the page. */
export interface ShellText {
  title(project: string): string;
  /** Below the title, in frame mode: the promise. */
  promise(project: string): string;
  account(label: string): string;
  /** In the footer: who stores the key. */
  keptBy: string;
  close: string;
  tryAgain: string;
  loading: string;
  loadingSlow: string;
  chooseProvider: string;
  /** The page's own help on keys. */
  help(project: string): string;
}

/** The key form. */
export interface FormText {
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
  workspaceLabel: string;
  workspaceHelp: string;
  empty(provider: string): string;
  notText: string;
  /** Too short or too long. */
  notWhole: string;
  refused(provider: string, triesLeft: number | undefined): string;
  lastTry(provider: string): string;
  needsWorkspace(provider: string): string;
  workspaceRefused(provider: string): string;
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
  canBeClosed: string;
}
