/** The document of `/frame`: waits for its page's start message, and runs the engine. */

import type { Hello, Look, Start, ToFrame, ToPage } from "./bridge/messages.ts";
import { PROTOCOL } from "./bridge/messages.ts";
import { Engine } from "./engine/engine.ts";
import { type Findings, watchFocus, watchLine, type Watched } from "./guard.ts";
import { sheet } from "./look/sheet.ts";
import { FRAME } from "./look/styles.ts";
import { commonText } from "./text/index.ts";

/** The origin of the embedding page, from the frame's own URL. The browser enforces it: a message goes only to that origin. */
const address = new URLSearchParams(location.hash.slice(1));
const pageOrigin = address.get("origin") ?? "";
const nonce = address.get("nonce") ?? "";
/** Where Relay is on its host: it may be below a path. */
const base = location.pathname.replace(/\/frame\/?$/, "");

/** A width below this, in pixels, means that the frame is not laid out. */
const NARROWEST = 100;

let engine: Engine | null = null;

/** Watches a page that is not Relay's own. */
function guard(watched: Watched, findings: Findings): () => void {
  watchFocus(watched, findings);
  return watchLine(watched, findings);
}

function begin(start: Start, port: MessagePort): void {
  const tell = (message: ToPage) => port.postMessage(message);
  // The hosted page is Relay's own, and may itself be embedded in another page.
  const around = location.ancestorOrigins ? [...location.ancestorOrigins].reverse() : [pageOrigin];
  const pages = [...new Set(around)].filter((origin) => origin !== location.origin);
  // Firefox does not name the pages around the hosted page.
  const strange = pages.length > 0 || parent !== top;
  const speaksFor = pageOrigin === location.origin ? (start.pageOrigin ?? null) : pageOrigin;
  const made = new Engine({ base, host: location.host, framed: true, pageOrigin: speaksFor, pages, ...(strange && { guard }) }, start, tell);
  engine = made;
  document.body.replaceChildren(made.root);
  describe(start.look);
  port.onmessage = (event) => {
    const message = event.data as ToFrame;
    if (message.type === "look") describe(message.look);
    made.handle(message);
  };
  new ResizeObserver(() => {
    const px = Math.ceil(made.root.getBoundingClientRect().height);
    // A frame that is not yet on the screen may have no width and a meaningless height.
    if (px > 0 && innerWidth >= NARROWEST) tell({ type: "height", px });
  }).observe(made.root);
}

function describe({ locale, dark }: Look): void {
  const text = commonText(locale);
  // The frame element in the page has the same scheme: if the two differ, browsers draw the frame on white.
  document.documentElement.style.setProperty("color-scheme", dark ? "dark" : "light");
  document.documentElement.lang = locale;
  document.documentElement.dir = text.dir;
  document.title = text.frameTitle;
}

addEventListener("message", (event) => {
  const start = event.data as Start | null;
  if (event.source !== parent || event.origin !== pageOrigin || start?.relay !== PROTOCOL) return;
  // One start message for each document, so that nobody can take over a form that a user is typing into.
  if (engine || start.type !== "start" || start.nonce !== nonce || !event.ports[0]) return;
  begin(start, event.ports[0]);
});

document.adoptedStyleSheets = [sheet(FRAME)];
if (parent !== window && nonce && /^[a-z][\w+.-]*:\/\//.test(pageOrigin)) {
  const hello: Hello = { relay: PROTOCOL, type: "hello", nonce };
  parent.postMessage(hello, pageOrigin);
}
