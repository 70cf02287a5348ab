/**
 * `/connect`: the hosted page. It asks whether the account is the user's, mounts the widget, reports events to the surrounding app,
 * redirects the user back, and says how it ended.
 */

import { grantOf } from "./bridge/link.ts";
import type { Problem, Session } from "./bridge/messages.ts";
import { Client, Failure } from "./client.ts";
import { button, fill } from "./dom.ts";
import { end, question, trouble } from "./hosted/cards.ts";
import { type Ended, type Kept, Tab } from "./hosted/kept.ts";
import { originOf, teller } from "./hosted/surroundings.ts";
import { makeToken } from "./hosted/token.ts";
import { sheet } from "./look/sheet.ts";
import { HOSTED } from "./look/styles.ts";
import { dress } from "./look/theme.ts";
import { mount } from "./mount.ts";
import type { MountOptions, ProviderName, Theme } from "./options.ts";
import { hostedText, languageOf } from "./text/index.ts";

const query = new URLSearchParams(location.search);
const root = document.getElementById("root")!;
/** Where Relay is on its host: it may be below a path. */
const base = location.pathname.replace(/\/connect\/?$/, "");
const locale = languageOf(query.get("locale")) ?? languageOf(navigator.language) ?? "en";
const text = hostedText(locale);
const theme = (query.get("theme") ?? "auto") as Theme;
const returnUrl = query.get("return_url") ?? undefined;
const state = query.get("state") ?? undefined;
const pageOrigin = originOf(query.get("origin"));
const tell = teller(pageOrigin, state);

/** In a frame, the page around it holds the token. A link in a window of its own is exchanged. */
const alone = parent === window;
const tab = new Tab(query.get("grant") ?? "");
const client = new Client(base, pageOrigin ?? null, new AbortController().signal);

/** The token in the address; empty if the page was loaded again. */
let linked = taken();
/** The hash of the link's token. */
let link = "";
let session: Session | null = null;

/** Takes the token out of the address bar and the tab's own list of pages. The browser's history keeps it: see kept.ts. */
function taken(): string {
  const token = location.hash.slice(1);
  if (location.href.includes("#")) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** In a frame, the URL must have the token's own grant, because Relay chose `frame-ancestors` by it. */
async function isFramedRightly(): Promise<boolean> {
  const grant = query.get("grant");
  return alone || (!!grant && grant === (await grantOf(linked)));
}

/** Goes on with what the tab keeps, or with the link. */
async function start(): Promise<void> {
  if (!alone) return open(linked);
  const hash = linked && (await grantOf(linked));
  const isSame = (known: Kept | Ended) => !linked || (!!hash && known.link === hash);
  const { kept, ended } = tab;
  if (ended && isSame(ended)) return finish(ended);
  const going = kept && isSame(kept) ? kept : linked ? { link: hash, token: linked, continued: false } : null;
  link = going?.link ?? "";
  if (!going) return finish(ending("dead"));
  tab.keep(going);
  await resume(going);
}

/** Asks Relay what became of the token. A response to an exchange may have been lost, so the next one comes first. */
async function resume(kept: Kept): Promise<void> {
  for (const token of kept.next ? [kept.next, kept.token] : [kept.token]) {
    const found = await client.session(token, returnUrl, new AbortController().signal, true).catch(problemOf);
    if ("code" in found) {
      if (/token/.test(found.code)) continue;
      return show(trouble(found, text, () => void resume(kept)));
    }
    take(found);
    if (found.stored) return conclude("done", found.stored);
    if (found.status === "used" || found.status === "expired") return conclude(found.status);
    if (kept.continued || token === kept.next) return proceed(token);
    return ask(kept, found);
  }
  tab.keep(null);
  finish(ending("dead"));
}

const problemOf = (error: unknown): Problem => (error instanceof Failure ? error.problem : { code: "other", message: String(error) });

/** Asks whether the account is the user's. */
function ask(kept: Kept, found: Session): void {
  show(question(found, base, document.referrer, text, {
    async proceed() {
      const next = kept.next ?? makeToken();
      kept = { ...kept, next };
      tab.keep(kept);
      const failed = await client.exchange(kept.token, next).then(() => null, problemOf);
      if (!failed) return proceed(next);
      // A retry may help, unless the link has come to its end. Or it was done before, and the response was lost.
      if (!/token/.test(failed.code)) throw failed;
      await resume(kept);
    },
    cancel() {
      tab.keep(null);
      tell("exit", { reason: "cancelled" });
      if (found.returnUrl) leave(ending("nothing"));
      else close(ending("nothing"));
    },
  }));
}

/** Continues with a token that is in no history. */
function proceed(token: string): void {
  tab.keep({ link, token, continued: true });
  open(token);
}

/** How it ended, with what Relay said before. */
function ending(how: Ended["how"], stored?: { provider: ProviderName; last4: string } | null): Ended {
  const { projectName: project = "", logoUrl: logo = null, returnUrl: back = null, endUserLabel = "", endUserName } = session ?? {};
  const label = (name: string) => session?.knownProviders.find((known) => known.name === name)?.label ?? name;
  const key = stored && { provider: stored.provider, label: label(stored.provider), last4: stored.last4 };
  return { link, how, project, logo, returnUrl: back, endUserLabel, ...(endUserName && { endUserName }), ...(key && { stored: key }) };
}

/** Keeps how it ended, in place of the token, and shows it. */
function conclude(how: Ended["how"], stored?: { provider: ProviderName; last4: string }): void {
  const ended = ending(how, stored);
  tab.keep(ended);
  finish(ended);
}

function finish(ended: Ended): void {
  document.getElementById("back")?.remove();
  show(end(ended, base, text, ended.returnUrl ? () => leave(ended) : null));
}

/** Shows a card in place of everything else. */
function show(card: HTMLElement): void {
  const dressed = () => dress(card, { locale, dark: isDark(), accentColor: query.get("accent") ?? "", variables: {}, provider: null, exits: false, renews: false });
  darkness.addEventListener("change", dressed);
  dressed();
  fill(root, card);
  name(card.querySelector("h1")?.textContent ?? text.title);
}

const name = (title: string) => (document.title = session ? `${session.projectName} · ${title}` : title);

/** Redirects back to the app, to a URL that its project allows. */
function leave({ returnUrl: target, how, stored }: Ended): void {
  if (!target) return;
  const url = new URL(target);
  url.searchParams.set("status", how === "done" ? "connected" : "cancelled");
  if (stored) url.searchParams.set("provider", stored.provider);
  if (state !== undefined) url.searchParams.set("state", state);
  location.assign(url.href);
}

/** Closes the page if a script opened it; otherwise says how it ended. */
function close(ended: Ended): void {
  window.close();
  finish(ended);
}

/** The link for cancelling, below the widget. */
function wayBack(project: string): void {
  const back = button({ id: "back" }, () => {
    tell("exit", { reason: "cancelled" });
    leave(ending("nothing"));
  }, text.backTo(project));
  document.getElementById("back")?.remove();
  root.after(back);
}

/** How often Relay is asked whether a token lives that should be over by the device's clock, in milliseconds. */
const AGAIN = 60_000;
/** No token lives longer, in milliseconds. */
const LONGEST = 3_600_000;
let watch = 0;

/** At the end of its life the token goes, and how it ended stays. Relay says when: the device's clock may be wrong. */
function watchEnd(left: number): void {
  clearTimeout(watch);
  watch = window.setTimeout(async () => {
    const { kept } = tab;
    if (!kept) return;
    const found = await client.session(kept.token, returnUrl, new AbortController().signal, true).catch(problemOf);
    if (tab.kept !== kept) return;
    const isOver = "code" in found ? /token/.test(found.code) : found.status === "expired";
    if (isOver) tab.keep(ending("expired"));
    else watchEnd(0);
  }, left > 0 ? Math.min(left, LONGEST) : AGAIN);
}

function take(found: Session): void {
  session = found;
  watchEnd(Date.parse(found.expiresAt) - Date.now());
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
  if (alone && pageOrigin !== undefined) {
    console.info("[Relay] no message reaches the page that opened this window, for which it counts as closed (Cross-Origin-Opener-Policy): use `return_url`, or ask Relay from your backend; see docs/widget.md");
  }
}

/** Mounts the widget. A problem with the token is shown by the widget. */
function open(token: string): void {
  if (!token) return finish(ending("dead"));
  fill(root);
  let ended = ending("nothing");
  const options: MountOptions = {
    registrationToken: token,
    theme: ["light", "dark", "auto"].includes(theme) ? theme : "auto",
    locale,
    accentColor: query.get("accent") ?? undefined,
    onReady: () => tell("ready"),
    onSuccess: (result) => {
      ended = ending("done", result);
      if (alone) tab.keep(ended);
      // From now on the widget has its own button.
      document.getElementById("back")?.remove();
      tell("success", result);
    },
    onError: ({ code, message, retryable, requestId }) => {
      tell("error", { code, message, retryable, ...(requestId && { requestId }) });
      // An earlier answer may have been lost, with a page that was left meanwhile: what the token stored is the end.
      if (alone && code === "registration_token_used") void resume({ link, token, continued: true });
    },
    onExit: (exit) => {
      // Esc takes nobody away from a page of its own.
      if (exit.reason === "escape" && alone) return;
      tell("exit", exit);
      if (exit.reason === "escape" || exit.reason === "unmounted") return;
      if (session?.returnUrl) leave(exit.reason === "done" ? ended : ending("nothing"));
      else close(ended);
    },
    onEvent: (event) => tell("event", { event }),
  };
  const hosting = { ...(returnUrl !== undefined && { returnUrl }), ...(pageOrigin !== undefined && { pageOrigin }), onSession: take, onTitle: name };
  mount(root, options, location.origin + base, hosting);
}

addEventListener("hashchange", () => {
  const token = taken();
  if (!token || !alone) return;
  // The same link in the same tab: what is shown goes on.
  void grantOf(token).then((hash) => {
    if (hash && hash === (tab.kept ?? tab.ended)?.link) return;
    linked = token;
    session = null;
    void start();
  });
});
// What a browser kept in memory may be over.
addEventListener("pageshow", (event) => event.persisted && session && Date.parse(session.expiresAt) < Date.now() && !tab.ended && location.reload());

void isFramedRightly().then((rightly) => {
  setUp();
  if (rightly) return start();
  console.error("[Relay] frame_blocked: in a frame, use `connectUrl` unchanged, with its `grant`, and over https:");
  root.append(text.problems.notHere);
});
