import type { CommonText, FormText, HostedText, ShellText } from "./text.ts";

const plural = new Intl.PluralRules("en");
const counted = (count: number, one: string, more: string) => `${count} ${plural.select(count) === "one" ? one : more}`;
const amount = (seconds: number) => (seconds > 90 ? counted(Math.ceil(seconds / 60), "minute", "minutes") : counted(seconds, "second", "seconds"));

/** Texts of both the widget and the form. */
export const common: CommonText = {
  frameTitle: "API key",
  dir: "ltr",
  chooseAnother: "Connect another provider",
  problems: {
    noProvider: "The app and this form don't agree on a provider. Please tell the people who run the app.",
    expired: "This form has expired. Go back to the app and open it again.",
    used: "This form was already used. Go back to the app to connect another key.",
    notOpened: "This form can't be opened. Go back to the app and try again.",
    notHere: "Keys can't be connected on this page. Please tell the people who run it.",
    occupied: "A key is already connected, and this form can't change it.",
    offline: "You are offline. Check your connection and try again.",
    unreachable: "Relay can't be reached. Check your connection and try again.",
    late: "Relay took too long to answer. Try again.",
    busy: "Relay is busy right now.",
    other: "Something went wrong. Try again.",
  },
  wait: (seconds) => `Try again in ${amount(seconds)}.`,
  soon: "Try again in a moment.",
  problemTitle: "That didn't work",
  requestId: (id) => `Request ${id}`,
};

/** The widget on the page. */
export const shell: ShellText = {
  title: (project) => `Connect your AI key to ${project}`,
  promise: (project) => `${project} uses AI on your account and never sees your key.`,
  account: (label) => `Account: ${label}`,
  keptBy: "Encrypted and kept by Relay",
  close: "Close",
  tryAgain: "Try again",
  loading: "Loading…",
  loadingSlow: "Still loading. Your connection seems slow.",
  chooseProvider: "Choose your provider",
  help: (project) => `Help from ${project}`,
};

/** The key form in its frame. */
export const form: FormText = {
  cancel: "Cancel",
  done: "Done",
  returnTo: (project) => `Back to ${project}`,
  connected: "Connected",
  endingIn: (last4) => `ending in ${last4}`,
  connectedOn: (date) => `Connected ${date}`,
  replace: "Replace",
  replaceLabel: (provider) => `Replace ${provider} key`,
  replacing: (provider, last4) => `Replaces your ${provider} key ending in ${last4}.`,
  disconnect: "Disconnect",
  disconnectLabel: (provider) => `Disconnect ${provider}`,
  disconnecting: "Disconnecting…",
  disconnectTitle: (provider) => `Disconnect ${provider}?`,
  disconnectWarning: (project, provider) =>
    `${project} can no longer use ${provider} for you. Relay deletes the stored key at once. The key stays valid at ${provider} until you delete it there.`,
  disconnected: (provider) => `${provider} is disconnected. The stored key was deleted.`,
  cannotReplace: (project) => `A key is already connected. It can't be changed here; ask ${project} for a new link.`,
  states: {
    active: "Active",
    unverified: "Not checked yet",
    restricted: "Limited",
    no_credit: "No credit",
    invalid: "Refused",
    revoked: "Revoked",
  },
  success: (provider) => `${provider} is connected`,
  replaced: (provider) => `Your ${provider} key was replaced`,
  successText: (project, last4, account) => `${project} can now use your key ending in ${last4} for ${account}.`,
  warnings: {
    unverified: (provider) => `${provider} couldn't be reached just now, so the key is not checked yet. Its first use will show whether it works.`,
    restricted: (provider) => `${provider} limits what this key may do. Some models may not work.`,
    no_credit: (provider) => `The key is valid, but its account has no credit. Add credit at ${provider} to use it.`,
  },
  addCredit: (provider) => `Add credit at ${provider}`,
  opensNewTab: "opens in a new tab",
  keyLabel: (provider) => `${provider} API key`,
  show: "Show key",
  makeKey: (provider) => `Get a key from ${provider}`,
  fieldOwner: (host) => `This field belongs to ${host}. The page around it can't read it.`,
  connectsTo: (project, account) => ["Connects to ", project, " for ", account, "."],
  onPage: (pages) => ["You are on ", pages, "."],
  sentTo: (host) => `Your key is sent to ${host} only.`,
  submit: (account) => ["Connect for ", account],
  hidden: "This form is partly hidden, so nothing was sent. Scroll until you see all of it, or open it in its own window.",
  ownWindow: "Open it in its own window",
  taken: (provider) =>
    `This page took the keyboard away from the field. What you type next could reach the page. If you have just pasted your key, delete it at ${provider} and create a new one.`,
  tryHere: "Try again here",
  held: "Checking the account…",
  checking: (provider) => `Checking with ${provider}…`,
  stillChecking: (provider) => `Still checking with ${provider}…`,
  trimmed: "Extra characters around the key were removed.",
  otherProvider: (looksLike, wanted) => `This looks like a key for ${looksLike}, not for ${wanted}.`,
  switchTo: (provider) => `Switch to ${provider}`,
  keepProvider: (provider) => `It is for ${provider}`,
  workspaceLabel: "Workspace ID",
  workspaceHelp: "Begins with wrkspc_. You can find it in the workspace's settings in the Claude Console.",
  empty: (provider) => `Paste your ${provider} key here.`,
  notText: "This is not a key: it has characters that keys don't have. Copy it again.",
  notWhole: "This key is not complete. Copy it again.",
  refused: (provider, left) => {
    const again = left === undefined ? "" : ` ${counted(left, "try", "tries")} left.`;
    return `${provider} doesn't accept this key. Copy it again, or create a new one.${again}`;
  },
  lastTry: (provider) => `${provider} doesn't accept this key, and that was the last try. Go back and start again.`,
  needsWorkspace: (provider) => `${provider} needs the ID of the workspace that this key is for.`,
  workspaceRefused: (provider) => `${provider} doesn't accept this workspace with this key. Check the ID.`,
};

/** The hosted page around the widget. */
export const hosted: HostedText = {
  title: "Connect your AI key",
  askTitle: "Is this your account?",
  ask: (account, project) => ["You are about to connect your key to ", account, " at ", project, "."],
  cameFrom: (host) => ["You came here from ", host, "."],
  cameFromUnknown: "Relay can't tell which page or message sent you here.",
  askOnlyIf: (project) => ["Continue only if you came from ", project, " and this is your account. Otherwise somebody else would use AI at your expense."],
  proceed: (account) => ["Continue as ", account],
  notMine: "This is not my account",
  backTo: (project) => `Cancel and go back to ${project}`,
  canBeClosed: "You can close this page.",
};
