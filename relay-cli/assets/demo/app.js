// The playground: mounts the widget as the visitor picks it.

import { clearChat, showAccount, suggestModel } from "./chat.js";
import { showCode } from "./code.js";
import { showKeys } from "./keys.js";
import { $, fetchToken, h, start, widgetIsThere } from "./page.js";

const SITUATIONS = {
  fresh: "The user has never connected a key.",
  connected: "Two keys are there: replace one, disconnect one, or add Google.",
  kept: "The token was issued with replace: false. Google can still be added.",
  expired: "Ten minutes have passed. With fetchToken nobody notices.",
  used: "A token stores one key. With fetchToken the widget gets another token.",
  elsewhere: "Its allowedOrigins name another app, so this page may not use it.",
};
const ISOLATIONS = {
  frame: "The key is typed into a frame of Relay’s. This page can’t read it.",
  shadow: "No frame: every script of this page could read the key.",
};
const APPEARANCES = {
  square: { borderRadius: "0px" },
  round: { borderRadius: "20px", fontSize: "17px" },
  terminal: { fontFamily: "ui-monospace, Menlo, Consolas, monospace", fontSize: "14px", borderRadius: "3px" },
  paper: { fontFamily: "Georgia, 'Noto Serif', serif", colorBackground: "#fdf8ee", colorText: "#3a2f1d", colorMuted: "#6b5b3e", colorBorder: "#d9cbb0" },
};
/** What another visitor or another mount is needed for. */
const RESTARTS = new Set(["case", "provider", "layout", "fetchToken"]);

const form = $("controls");
const stage = $("stage");
const dark = matchMedia("(prefers-color-scheme: dark)");
let handle;
let session;
let round = 0;

const picked = (name) => form.elements[name].value;

/** The options of the look, as a page writes them; `undefined` where it would say nothing. */
function look() {
  const variables = APPEARANCES[picked("appearance")];
  return {
    theme: picked("theme"),
    accentColor: picked("accent"),
    locale: picked("locale"),
    appearance: variables && { variables },
    isolation: picked("isolation") === "shadow" ? "shadow" : undefined,
    testing: new URLSearchParams(location.search).has("testing") || undefined,
  };
}

const layout = () => (picked("layout") === "modal" ? "modal" : undefined);

function note(name, value) {
  const time = new Date().toTimeString().slice(0, 8);
  const shown = value === undefined ? "" : JSON.stringify(value);
  $("log").prepend(h("li", { class: name }, h("time", {}, time), h("b", {}, name), h("code", {}, shown)));
  $("log-count").textContent = $("log").children.length;
}

const callbacks = {
  onReady: () => note("onReady"),
  onError: (error) => note("onError", error),
  onExit: (exit) => note("onExit", exit),
  onEvent: (event) => {
    note("onEvent", event);
    if (event.name === "provider_selected") showKeys(event.provider);
    if (event.name === "disconnected") showAccount();
  },
  onSuccess(result) {
    note("onSuccess", result);
    suggestModel(result.provider);
    showAccount();
  },
};

/** The page around the widget: its width, and a background that suits its theme. */
function dress() {
  const theme = picked("theme");
  stage.className = `stage-page w${picked("width")}`;
  stage.classList.toggle("dark", theme === "dark" || (theme === "auto" && dark.matches));
  $("case-help").textContent = SITUATIONS[picked("case")];
  $("isolation-help").textContent = ISOLATIONS[picked("isolation")];
  if (!session) return;
  const token = { user: session.user, provider: picked("provider"), kept: picked("case") === "kept" };
  showCode({ ...look(), layout: layout() }, form.elements.fetchToken.checked, token);
}

/** A new visitor in the situation that was picked. */
async function restart() {
  const mine = ++round;
  handle?.unmount();
  handle = undefined;
  const begun = await start(picked("case"), picked("provider"));
  if (mine !== round) return;
  session = begun;
  $("who").textContent = session.user;
  $("log").replaceChildren();
  $("log-count").textContent = "0";
  clearChat();
  dress();
  showAccount();
  if (!widgetIsThere($("relay-widget"))) return;
  const asks = form.elements.fetchToken.checked;
  handle = window.Relay.mount("#relay-widget", {
    registrationToken: session.registrationToken,
    ...(asks && { fetchToken: () => fetchToken(picked("provider")) }),
    ...look(),
    layout: layout(),
    ...callbacks,
  });
  handle.ready.catch(() => undefined); // onError has told.
}

function say(error) {
  $("relay-widget").replaceChildren(h("p", { class: "empty" }, `The app’s backend failed: ${error.message}`));
}

form.addEventListener("input", ({ target }) => {
  if (target.name === "colour") {
    // The swatches are radio buttons: the visitor's own colour is one more.
    let own = form.querySelector(".mine");
    if (!own) {
      own = h("input", { type: "radio", name: "accent", class: "mine", hidden: "" });
      target.after(own);
    }
    own.value = target.value;
    own.checked = true;
  }
  dress();
  if (RESTARTS.has(target.name)) restart().catch(say);
  else if (target.name !== "width") handle?.update(look());
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  restart().catch(say);
});
dark.addEventListener("change", dress);

$("hosted").addEventListener("click", () => {
  if (!session?.connectUrl) return note("onError", { message: "a token that has expired has no link" });
  const url = new URL(session.connectUrl);
  const query = { return_url: `${location.origin}/back`, state: session.user, origin: location.origin, locale: picked("locale"), theme: picked("theme"), accent: picked("accent") };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  window.open(url.href, "_blank", "noopener");
});

dress();
if (document.readyState === "complete") restart().catch(say);
else addEventListener("load", () => restart().catch(say));
