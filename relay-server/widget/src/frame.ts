/** The document of `/frame`: waits for its page's start message, and runs the engine. */

import type { Hello, Look, Start, ToFrame, ToPage } from "./bridge/messages.ts";
import { PROTOCOL } from "./bridge/messages.ts";
import { Engine } from "./engine/engine.ts";
import { type Findings, watchFocus, watchLine, type Watched } from "./guard.ts";
import { sheet } from "./look/sheet.ts";
import { FRAME } from "./look/styles.ts";
import { closest, formText, learn, type Texts } from "./text/form.ts";

/** The origin of the embedding page, from the frame's own URL. The browser enforces it: a message goes only to that origin. */
const address = new URLSearchParams(location.hash.slice(1));
const pageOrigin = address.get("origin") ?? "";
const nonce = address.get("nonce") ?? "";
/** Where Relay is on its host: it may be below a path. */
const base = location.pathname.replace(/\/frame\/?$/, "");

/** The path of the texts of each language. */
declare const TEXT_PATHS: Record<string, string>;

/** A width below this, in pixels, means that the frame is not laid out. */
const NARROWEST = 100;


/** Watches a page that is not Relay's own. */
function guard(watched: Watched, findings: Findings): () => void {
  watchFocus(watched, findings);
  return watchLine(watched, findings);
}

/** The look in the language that the page wants, whose texts are loaded if need be; if they can't be, in the one that is here. */
async function inWords(look: Look): Promise<Look> {
  const { locale } = look;
  const path = closest(locale) !== locale && TEXT_PATHS[locale];
  if (path) await import(base + path).then((texts: Texts) => learn(locale, texts), () => {});
  return { ...look, locale: closest(locale) };
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
  document.body.replaceChildren(made.root);
  describe(start.look);
  let newest: ToFrame | null = null;
  port.onmessage = async (event) => {
    let message = event.data as ToFrame;
    if (message.type === "look") {
      newest = message;
      const look = await inWords(message.look);
      if (newest !== message) return;
      message = { type: "look", look };
      describe(look);
    }
    made.handle(message);
  };
  new ResizeObserver(() => {
    const px = Math.ceil(made.root.getBoundingClientRect().height);
    // A frame that is not yet on the screen may have no width and a meaningless height.
    if (px > 0 && innerWidth >= NARROWEST) tell({ type: "height", px });
  }).observe(made.root);
}

function describe({ locale, dark }: Look): void {
  const text = formText(locale);
  // The frame element in the page has the same scheme: if the two differ, browsers draw the frame on white.
  document.documentElement.style.setProperty("color-scheme", dark ? "dark" : "light");
  document.documentElement.lang = locale;
  document.documentElement.dir = text.dir;
  document.title = text.frameTitle;
}

/** Runs the frame, with the texts of its language. */
export function run(language: string, texts: Texts): void {
  let begun = false;
  learn(language, texts);
  addEventListener("message", async (event) => {
    const start = event.data as Start | null;
    if (event.source !== parent || event.origin !== pageOrigin || start?.relay !== PROTOCOL) return;
    const [port] = event.ports;
    // One start message for each document, so that nobody can take over a form that a user is typing into.
    if (begun || start.type !== "start" || start.nonce !== nonce || !port) return;
    begun = true;
    begin({ ...start, look: await inWords(start.look) }, port);
  });
  document.adoptedStyleSheets = [sheet(FRAME)];
  if (parent !== window && nonce && /^[a-z][\w+.-]*:\/\//.test(pageOrigin)) {
    const hello: Hello = { relay: PROTOCOL, type: "hello", nonce };
    parent.postMessage(hello, pageOrigin);
  }
}
