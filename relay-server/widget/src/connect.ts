/**
 * `/connect`: the hosted page. It asks whether the account is the user's, mounts the widget, reports events to the surrounding app, and
 * redirects the user back.
 */

import type { Session } from "./bridge/messages.ts";
import { Client, Failure } from "./client.ts";
import { button, fill, h } from "./dom.ts";
import { question } from "./hosted/question.ts";
import { type Kept, Tab } from "./hosted/kept.ts";
import { makeToken } from "./hosted/token.ts";
import { sheet } from "./look/sheet.ts";
import { HOSTED } from "./look/styles.ts";
import { dress } from "./look/theme.ts";
import { grantOf } from "./bridge/link.ts";
import { mount } from "./mount.ts";
import type { MountOptions, SuccessResult, Theme } from "./options.ts";
import { hostedText, languageOf } from "./text/index.ts";

const query = new URLSearchParams(location.search);
const linked = location.hash.slice(1);
// Removes the token from the address bar and the tab's own list of pages. The browser's history keeps it: see kept.ts.
history.replaceState(null, "", location.pathname + location.search);

const locale = languageOf(query.get("locale")) ?? languageOf(navigator.language) ?? "en";
const text = hostedText(locale);
const theme = (query.get("theme") ?? "auto") as Theme;
const returnUrl = query.get("return_url") ?? undefined;
const state = query.get("state") ?? undefined;
const pageOrigin = originOf(query.get("origin"));

/** Accepts only a complete origin: a message to `*` would go to every page. */
function originOf(text: string | null): string | undefined {
  return text && URL.canParse(text) && new URL(text).origin === text ? text : undefined;
}

/** In a frame, the URL must have the token's own grant, because Relay chose `frame-ancestors` by it. */
async function isFramedRightly(): Promise<boolean> {
  const grant = query.get("grant");
  return parent === window || (!!grant && grant === (await grantOf(linked)));
}

/** In a frame, the page around it holds the token. A link in a window of its own is exchanged. */
const alone = parent === window;
const tab = new Tab(query.get("grant") ?? "");
const client = new Client("", pageOrigin ?? null, new AbortController().signal);

/** What this tab goes on with. Without a token in the address, the page was loaded again. */
async function resumed(): Promise<Kept | null> {
  const { kept } = tab;
  if (!linked) return kept;
  const link = await grantOf(linked);
  return kept && link && kept.link === link ? kept : { link, token: linked, continued: false };
}

/** Continues with a token that is in no history. */
async function exchange(kept: Kept): Promise<Kept> {
  const next = kept.next ?? makeToken();
  tab.kept = { ...kept, next };
  await client.exchange(kept.token, next);
  return continued(kept.link, next);
}

const continued = (link: string, token: string): Kept => (tab.kept = { link, token, continued: true });

/** Forgets the token at the end of its life. */
function forgetLater({ expiresAt }: Session): void {
  const left = Date.parse(expiresAt) - Date.now();
  if (left > 0) setTimeout(() => (tab.kept = null), left);
}

/** Asks, unless the user has continued before, and mounts the widget. A problem with the token is shown by the widget. */
async function start(root: HTMLElement): Promise<void> {
  const kept = await resumed();
  if (!alone || !kept || kept.continued) return open(root, kept?.token ?? linked);
  tab.kept = kept;
  const look = (token: string) => client.session(token, returnUrl, new AbortController().signal).catch(() => null);
  // The response to an exchange may have been lost.
  if (kept.next && (await look(kept.next))) return open(root, continued(kept.link, kept.next).token);
  const found = await look(kept.token);
  if (!found) return open(root, kept.token);
  take(found);
  const card = question(found, document.referrer, text, {
    async proceed() {
      try {
        open(root, (await exchange(tab.kept ?? kept)).token);
      } catch (error) {
        const problem = error instanceof Failure ? error.problem : { code: "other", message: String(error) };
        if (!/token/.test(problem.code)) throw problem;
        // Done before, and the response was lost.
        const next = tab.kept?.next;
        open(root, next && (await look(next)) ? continued(kept.link, next).token : kept.token);
      }
    },
    cancel() {
      tab.kept = null;
      tell("exit", { reason: "cancelled" });
      if (found.returnUrl) leave("cancelled");
      else closeSelf(root);
    },
  });
  const dressed = () => dress(card, { locale, dark: isDark(), accentColor: query.get("accent") ?? "", variables: {}, provider: null, exits: false, renews: false });
  darkness.addEventListener("change", dressed);
  dressed();
  fill(root, card);
}

let session: Session | null = null;
let success: SuccessResult | null = null;

/** The apps that may surround this page. */
interface Bridges {
  ReactNativeWebView?: { postMessage(message: string): void };
  webkit?: { messageHandlers?: { relay?: { postMessage(message: string): void } } };
  RelayAndroid?: { onEvent(message: string): void };
}

/** Posts a message to the surrounding app. It contains only ids and states. */
function tell(type: string, detail: object = {}): void {
  const message = { type: `relay-${type}`, ...detail, ...(state !== undefined && { state }) };
  const json = JSON.stringify(message);
  const bridges = window as Window & Bridges;
  const quietly = (send: () => void) => {
    try {
      send();
    } catch (error) {
      console.error("[Relay] the app's bridge failed:", error);
    }
  };
  quietly(() => bridges.ReactNativeWebView?.postMessage(json));
  quietly(() => bridges.webkit?.messageHandlers?.relay?.postMessage(json));
  quietly(() => bridges.RelayAndroid?.onEvent(json));
  if (pageOrigin === undefined) return;
  for (const other of [opener as Window | null, parent === window ? null : parent]) {
    quietly(() => other?.postMessage(message, pageOrigin));
  }
}

/** Redirects back to the app, if the project allows the URL. */
function leave(status: "connected" | "cancelled"): void {
  if (!session?.returnUrl) return;
  const url = new URL(session.returnUrl);
  url.searchParams.set("status", status);
  if (success) url.searchParams.set("provider", success.provider);
  if (state !== undefined) url.searchParams.set("state", state);
  location.assign(url.href);
}

/** The link for cancelling, below the widget. */
function wayBack(project: string): void {
  const back = button({ id: "back" }, () => {
    tell("exit", { reason: "cancelled" });
    leave(success ? "connected" : "cancelled");
  }, text.backTo(project));
  document.getElementById("back")?.remove();
  document.getElementById("root")?.after(back);
}

function take(found: Session): void {
  session = found;
  forgetLater(found);
  document.title = `${found.projectName} · ${text.title}`;
  if (found.returnUrl) wayBack(found.projectName);
  if (returnUrl !== undefined && found.returnUrl === null) {
    console.error("[Relay] return_url_not_allowed: this `return_url` is not in the project's list; add it with `relay projects update --return-url`");
  }
}

const darkness = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => theme === "dark" || (theme !== "light" && darkness.matches);

function setUp(): void {
  document.documentElement.lang = locale;
  document.documentElement.dir = text.dir;
  document.title = text.title;
  document.adoptedStyleSheets = [sheet(HOSTED)];
  const colour = () => document.documentElement.classList.toggle("dark", isDark());
  darkness.addEventListener("change", colour);
  colour();
}

function open(root: HTMLElement, token: string): void {
  fill(root);
  const options: MountOptions = {
    registrationToken: token || undefined,
    theme: ["light", "dark", "auto"].includes(theme) ? theme : "auto",
    locale,
    accentColor: query.get("accent") ?? undefined,
    onReady: () => tell("ready"),
    onSuccess: (result) => {
      success = result;
      tab.kept = null;
      // From now on the widget has its own button.
      document.getElementById("back")?.remove();
      tell("success", result);
    },
    onError: ({ code, message, retryable, requestId }) => tell("error", { code, message, retryable, ...(requestId && { requestId }) }),
    onExit: (exit) => {
      tell("exit", exit);
      if (exit.reason !== "unmounted") leave(exit.reason === "done" ? "connected" : "cancelled");
      if (!session?.returnUrl) closeSelf(root);
    },
    onEvent: (event) => tell("event", { event }),
  };
  mount(root, options, location.origin, { ...(returnUrl !== undefined && { returnUrl }), ...(pageOrigin !== undefined && { pageOrigin }), onSession: take });
}

/** Closes the page if a script opened it; otherwise says that it can be closed. */
function closeSelf(root: HTMLElement): void {
  window.close();
  fill(root, h("p", { role: "status" }, text.canBeClosed));
}

const root = document.getElementById("root");
if (root) {
  void isFramedRightly().then((rightly) => {
    setUp();
    if (rightly) return start(root);
    console.error("[Relay] frame_blocked: in a frame, use `connectUrl` unchanged, with its `grant`, and over https:");
    root.append(text.problems.notHere);
  });
}
