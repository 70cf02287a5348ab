/**
 * What every language must say. A language is one file; the type checker lists what is missing. Three parts, so that the script on
 * the page does not carry the form's words. Plain text, never HTML.
 */

/** What both the widget and its form say. */
export interface CommonText {
  /** Direction of writing. */
  dir: "ltr" | "rtl";
  chooseAnother: string;
  /** The frame's name for screen readers. */
  frameTitle: string;
  /** Problems; `problems.ts` says which code is which. */
  problems: {
    expired: string;
    used: string;
    notOpened: string;
    /** What only the people who run the page can mend. */
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
  /** Under the title, in a frame: the promise. */
  promise(project: string): string;
  account(label: string): string;
  /** At the foot: who keeps the key. */
  keptBy: string;
  close: string;
  tryAgain: string;
  loading: string;
  loadingSlow: string;
  chooseProvider: string;
}

/** The key form. */
export interface FormText {
  cancel: string;
  done: string;
  /** The hosted page's way back. */
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
  successText(project: string, last4: string): string;
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
  /** The cue in the frame: whose field this is. */
  fieldOwner(host: string): string;
  /** Whose account the key is for. */
  connectsTo(project: string, account: string): string;
  /** The cue without a frame. */
  sentTo(host: string): string;
  submit(provider: string): string;
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
  /** For those who change their mind. */
  backTo(project: string): string;
  canBeClosed: string;
}
