// On a server, and in both module systems. A script that fails is tested here too, since the loader keeps a good one for ever.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test } from "node:test";

import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { closePage, openPage } from "./dom.mjs";

const require = createRequire(import.meta.url);
after(closePage);

test("both module systems have the same names", async () => {
  for (const [name, names] of [["index", ["loadRelay", "mount"]], ["react", ["RelayConnect", "useRelayConnect"]]]) {
    assert.deepEqual(Object.keys(await import(`../dist/${name}.js`)).sort(), names);
    assert.deepEqual(Object.keys(require(`../dist/${name}.cjs`)).sort(), names);
  }
});

test("a server renders the empty element", async () => {
  for (const { RelayConnect } of [await import("../dist/react.js"), require("../dist/react.cjs")]) {
    const html = renderToString(createElement(RelayConnect, { registrationToken: "rrt-secret", className: "card" }));
    assert.equal(html, '<div class="card"></div>');
  }
});

test("a script that can't be loaded comes to onError as an error of the widget", async () => {
  const page = openPage("<main></main>");
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  const { act } = await import("react");
  const { createRoot } = await import("react-dom/client");
  const { RelayConnect } = await import("../dist/react.js");
  const errors = [];
  const root = createRoot(page.document.querySelector("main"));
  await act(async () => root.render(createElement(RelayConnect, { baseURL: "https://vault.example", onError: (error) => errors.push(error) })));
  await act(async () => page.added[0].dispatchEvent(new Event("error")));
  await act(async () => root.unmount());
  assert.deepEqual(errors.map(({ code, retryable }) => [code, retryable]), [["script_not_loaded", true]]);
  assert.match(errors[0].message, /https:\/\/vault\.example\/widget\.js/);
});
