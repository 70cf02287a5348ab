/** The document of `/frame`: waits for its page's word, and runs the engine. */

import type { Hello, Look, Start, ToFrame, ToPage } from "./bridge/messages.ts";
import { PROTOCOL } from "./bridge/messages.ts";
import { Engine } from "./engine/engine.ts";
import { sheet } from "./look/sheet.ts";
import { FRAME } from "./look/styles.ts";
import { commonText } from "./text/index.ts";

/** Which page has opened this frame, by the frame's own address. The browser checks it: a message goes to that origin or nowhere. */
const address = new URLSearchParams(location.hash.slice(1));
const pageOrigin = address.get("origin") ?? "";
const nonce = address.get("nonce") ?? "";

/** Less than this, in pixels, is no width but a frame that is not laid out. */
const NARROWEST = 100;

let engine: Engine | null = null;

function begin(start: Start, port: MessagePort): void {
  const tell = (message: ToPage) => port.postMessage(message);
  // The hosted page is Relay's own, and may stand in another page's frame in its turn.
  const speaksFor = pageOrigin === location.origin ? (start.pageOrigin ?? null) : pageOrigin;
  const made = new Engine({ base: "", host: location.host, framed: true, pageOrigin: speaksFor }, start, tell);
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
    // A frame that is not on the screen yet may have no width, and a height that means nothing.
    if (px > 0 && innerWidth >= NARROWEST) tell({ type: "height", px });
  }).observe(made.root);
}

function describe({ locale, dark }: Look): void {
  const text = commonText(locale);
  // The page's frame element says the same: where the two differ, browsers draw the frame on white.
  document.documentElement.style.setProperty("color-scheme", dark ? "dark" : "light");
  document.documentElement.lang = locale;
  document.documentElement.dir = text.dir;
  document.title = text.frameTitle;
}

addEventListener("message", (event) => {
  const start = event.data as Start | null;
  if (event.source !== parent || event.origin !== pageOrigin || start?.relay !== PROTOCOL) return;
  // One beginning a document: nobody takes over a form that somebody is typing into.
  if (engine || start.type !== "start" || start.nonce !== nonce || !event.ports[0]) return;
  begin(start, event.ports[0]);
});

document.adoptedStyleSheets = [sheet(FRAME)];
if (parent !== window && nonce && /^https?:\/\//.test(pageOrigin)) {
  const hello: Hello = { relay: PROTOCOL, type: "hello", nonce };
  parent.postMessage(hello, pageOrigin);
}
