import type { CommonText, FormText, HostedText, ProblemText, ShellText } from "./text.ts";

const plural = new Intl.PluralRules("en");
const counted = (count: number, one: string, more: string) => `${count} ${plural.select(count) === "one" ? one : more}`;
const amount = (seconds: number) => (seconds > 90 ? counted(Math.ceil(seconds / 60), "minute", "minutes") : counted(seconds, "second", "seconds"));

/** Texts of both the widget and the form. */
export const common: CommonText = {
  frameTitle: "API key",
  dir: "ltr",
  problems: {
    notOpened: "This form can't be opened. Go back to the app and try again.",
    notHere: "Keys can't be connected on this page. Please tell the people who run it.",
    offline: "You are offline. Check your connection and try again.",
    unreachable: "Relay can't be reached. Check your connection and try again.",
    late: "Relay took too long to answer. Try again.",
    other: "Something went wrong. Try again.",
  },
  problemTitle: "That didn't work",
  requestId: (id) => `Request ${id}`,
};

/** Problems that Relay answers with. */
export const problems: ProblemText = {
  answers: {
    expired: "This form has expired. Go back to the app and open it again.",
    used: "This form was already used. Go back to the app to connect another key.",
    occupied: "A key is already connected, and this form can't change it.",
    noProvider: "The app and this form don't agree on a provider. Please tell the people who run the app.",
    busy: "Relay is busy right now.",
  },
  wait: (seconds) => `Try again in ${amount(seconds)}.`,
  soon: "Try again in a moment.",
};

/** The widget on the page. */
export const shell: ShellText = {
  keptBy: "Encrypted and kept by Relay",
  close: "Close",
  tryAgain: "Try again",
  loading: "Loading…",
  loadingSlow: "Still loading. Your connection seems slow.",
  help: (project) => `Help from ${project}`,
};

/** The key form in its frame. */
export const form: FormText = {
  title: (project) => `Connect your AI key to ${project}`,
  yourKeys: "Your AI keys",
  replaceTitle: (provider) => `Replace your ${provider} key`,
  stoppedTitle: (provider) => `Your ${provider} key stopped working`,
  someStopped: "A key stopped working",
  promise: (project) => `${project} uses AI on your account and never sees your key.`,
  stopped: (provider, last4) => `${provider} no longer accepts the key ending in ${last4}. Connect a new one to go on.`,
  account: (account) => `Account: ${account}`,
  chooseProvider: "Choose your provider",
  chooseAnother: "Connect another provider",
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
    no_credit: () => "The key is valid, but its account has no credit. It can be used once credit is added.",
  },
  addCredit: (provider) => `Add credit at ${provider}`,
  opensNewTab: "opens in a new tab",
  keyLabel: (provider) => `${provider} API key`,
  show: "Show key",
  makeKey: (provider) => `Get a key from ${provider}`,
  subscription: (plan, provider) => `${plan} does not include API use. ${provider} bills keys separately.`,
  fieldOwner: (host) => `This field belongs to ${host}. The page around it can't read it.`,
  connectsTo: (project, account) => ["Connects to ", project, " for ", account],
  onPage: (pages) => ["You are on ", pages],
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
  ids: {
    workspaceId: { label: "Workspace ID", help: "Begins with wrkspc_. You can find it in the workspace's settings in the Claude Console." },
    organizationId: { label: "Organization ID", help: "Begins with org-. You can find it in the organization's settings." },
    projectId: { label: "Project ID", help: "Begins with proj_. You can find it in the project's settings." },
  },
  empty: (provider) => `Paste your ${provider} key here.`,
  notText: "This is not a key: it has characters that keys don't have. Copy it again.",
  notWhole: "This key is not complete. Copy it again.",
  masked: (provider) => `This is the short form from ${provider}'s list. A whole key is shown only once, when it is created: create a new one and copy it there.`,
  signIn: (provider) => `This is a sign-in of a subscription, not an API key. ${provider}'s terms don't let apps use it. Create an API key, which is billed separately.`,
  refused: (provider, left, reason) => {
    const again = left === undefined ? "" : ` ${counted(left, "try", "tries")} left.`;
    if (reason === "expired") return `This key has expired. Create a new one at ${provider}.${again}`;
    if (reason === "project_archived") return `This key's project is archived at ${provider}. Use a key of another project.${again}`;
    return `${provider} doesn't accept this key. Copy it again, or create a new one.${again}`;
  },
  lastTry: (provider) => `${provider} doesn't accept this key, and that was the last try. Go back and start again.`,
  ipNotAllowed: (provider, host) => `The key is fine, but your ${provider} organization lets only some addresses use it. Allow the address of ${host} there, or use another key.`,
  wrongRegion: (provider) => `This key is for a ${provider} region that can't be used here. Please tell the people who run the app.`,
  needsId: (provider, id) => `${provider} also needs the ${id} that this key is for.`,
  idRefused: (provider, id) => `${provider} doesn't accept this ${id} with this key. Check it.`,
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
  doneTitle: (provider) => `${provider} is connected`,
  done: (project, last4, account) => [project, " can now use your key ending in ", last4, " for ", account, "."],
  nothingTitle: "No key was connected",
  nothing: "You can open the link again while it is valid.",
  expiredTitle: "This link has expired",
  expired: "Go back to the app and open a new one. Nothing that you entered was stored.",
  deadTitle: "This link can't be opened",
  dead: "It was opened before, or is not complete. Go back to the app and open a new one.",
  usedTitle: "This link was already used",
  used: "Its key was disconnected or replaced since. Go back to the app to connect another one.",
  returnTo: (project) => `Back to ${project}`,
  canBeClosed: "You can close this page.",
  retry: "Try again",
};
