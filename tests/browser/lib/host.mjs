// The developer's site: pages on `localhost`, while Relay is on 127.0.0.1. So the key frame is cross-site, as in real life.
import { createServer } from "node:http";

import { RELAY } from "./relay.mjs";

const WIDGET = `<script src="${RELAY}/widget.js"></script>`;
const NO_MARGIN = "<style>body { margin: 16px; font-family: sans-serif }</style>";

/** Serves pages that tests describe. */
export async function startSite() {
  const pages = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const page = pages.get(pathname);
    if (!page) return response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...page.headers });
    response.end(page.html);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const origin = `http://localhost:${server.address().port}`;
  let count = 0;
  /** A page with a place for the widget. Returns its address. */
  const page = ({
    doctype = "<!doctype html>",
    html = 'lang="en"',
    head = NO_MARGIN,
    script = WIDGET,
    body = '<main><h1>App</h1><div id="relay-widget"></div></main>',
    behind = "",
    headers = {},
  } = {}) => {
    const path = `/page${(count += 1)}`;
    const title = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>App</title>';
    pages.set(path, { headers, html: `${doctype}<html ${html}><head>${title}${head}</head><body>${body}${script}${behind}</body></html>` });
    return origin + path;
  };
  return { origin, page, close: () => new Promise((done) => server.close(done).closeAllConnections()) };
}

/** Mounts the widget in the page that this runs in, and notes each callback. Runs in any browser. */
export function mountHere({ target, options, tokens, throwing }) {
  const log = (window.relayLog ??= []);
  const tell = (name, value) => {
    log.push({ name, value });
    window.relayCallback?.(name, value === undefined ? null : value);
  };
  const callbacks = {};
  for (const name of ["onReady", "onSuccess", "onError", "onExit", "onEvent"]) {
    callbacks[name] = (value) => {
      tell(name, value);
      if (throwing) throw new Error("the app's own mistake");
    };
  }
  if (tokens) {
    const fresh = [...tokens];
    callbacks.fetchToken = async () => {
      tell("fetchToken");
      const next = fresh.shift();
      if (next === undefined) throw new Error("the app has no token");
      return next;
    };
  }
  const handle = window.Relay.mount(target, { ...options, ...callbacks });
  (window.relayHandles ??= {})[target] = handle;
  handle.ready.then(
    () => tell("ready"),
    (error) => tell("notReady", error),
  );
}

/** In the page: keeps the closed shadow root at hand for tests. */
export function keepRoots() {
  const attach = Element.prototype.attachShadow;
  window.relayRoots = [];
  Element.prototype.attachShadow = function attachShadow(init) {
    const root = attach.call(this, init);
    window.relayRoots.push(root);
    return root;
  };
}

/**
 * Presses Esc in a dialog, whose frame has the focus and goes while the key is down. Then the browser's driver never learns
 * that the key was released, so the test waits for the effect of Esc instead.
 */
export function leaveByEscape(page) {
  page.keyboard.press("Escape").catch(() => {});
}
