import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { FakeRelay, openPage } from "./dom.mjs";

let React, createRoot, act, RelayConnect, useRelayConnect, relay, root, page;

before(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  page = openPage();
  React = await import("react");
  ({ createRoot } = await import("react-dom/client"));
  ({ act } = React);
  ({ RelayConnect, useRelayConnect } = await import("../dist/react.js"));
});
beforeEach(() => {
  relay = new FakeRelay();
  relay.version = `${Math.random()}`;
  // The loader keeps the first one: tests share it.
  page.Relay ??= relay;
  relay = page.Relay;
  relay.widgets.length = 0;
  page.document.body.innerHTML = "<main></main>";
  root = createRoot(page.document.querySelector("main"));
});
after(() => page.happyDOM.close());

const h = (...parts) => React.createElement(...parts);
const show = (element) => act(async () => root.render(element));

test("strict mode mounts one widget, and tells the app of no exit", async () => {
  const exits = [];
  const props = { registrationToken: "rrt-1", onExit: (exit) => exits.push(exit) };
  await show(h(React.StrictMode, null, h(RelayConnect, props)));
  assert.equal(relay.widgets.length, 1);
  assert.deepEqual(relay.widgets[0].log, []);
  assert.deepEqual(exits, []);
  await act(async () => root.unmount());
  assert.deepEqual(relay.widgets[0].log, [["unmount"]]);
  assert.deepEqual(exits, [{ reason: "unmounted" }]);
});

test("rendering again with new functions and equal data touches nothing, and calls the newest functions", async () => {
  const told = [];
  for (const round of [1, 2, 3]) {
    const onSuccess = (result) => told.push([round, result.provider]);
    await show(h(RelayConnect, { fetchToken: async () => `rrt-${round}`, onSuccess, appearance: { variables: { fontSize: "15px" } } }));
  }
  assert.equal(relay.widgets.length, 1);
  assert.deepEqual(relay.widgets[0].log, []);
  relay.widgets[0].options.onSuccess({ provider: "openai" });
  assert.deepEqual(told, [[3, "openai"]]);
  assert.equal(await relay.widgets[0].options.fetchToken(), "rrt-3");
});

test("an option that changed is updated, and one that went is undefined", async () => {
  await show(h(RelayConnect, { registrationToken: "rrt-1", theme: "dark", locale: "en" }));
  await show(h(RelayConnect, { registrationToken: "rrt-1", theme: "light" }));
  assert.equal(relay.widgets.length, 1);
  assert.deepEqual(relay.widgets[0].log, [["update", { theme: "light", locale: undefined }]]);
});

test("what can't be updated is mounted again", async () => {
  await show(h(RelayConnect, { registrationToken: "rrt-1", layout: "inline" }));
  await show(h(RelayConnect, { registrationToken: "rrt-1", layout: "modal" }));
  assert.deepEqual(relay.widgets.map(({ options, log }) => [options.layout, log]), [["inline", [["unmount"]]], ["modal", []]]);
});

test("fetchToken that comes and goes is told to the widget", async () => {
  await show(h(RelayConnect, { registrationToken: "rrt-1" }));
  assert.equal("fetchToken" in relay.widgets[0].options, false);
  await show(h(RelayConnect, { registrationToken: "rrt-1", fetchToken: async () => "rrt-2" }));
  const [[what, changed]] = relay.widgets[0].log;
  assert.equal(what, "update");
  assert.equal(await changed.fetchToken(), "rrt-2");
  await show(h(RelayConnect, { registrationToken: "rrt-1" }));
  assert.deepEqual(relay.widgets[0].log.at(-1), ["update", { fetchToken: undefined }]);
});

test("a ref holds the handle, and the element takes id, class and style", async () => {
  const ref = React.createRef();
  await show(h(RelayConnect, { ref, id: "key", className: "card", style: { maxWidth: "400px" } }));
  const { element, options, log } = relay.widgets[0];
  assert.deepEqual([element.id, element.className, element.style.maxWidth], ["key", "card", "400px"]);
  assert.deepEqual(["id", "className", "style", "load"].filter((name) => name in options), []);
  ref.current.focus();
  ref.current.unmount();
  assert.deepEqual(log, [["focus"], ["unmount"]]);
});

test("the hook takes an element of one's own, and says when it is ready", async () => {
  const seen = [];
  function Mine() {
    const connect = useRelayConnect({ registrationToken: "rrt-1" });
    seen.push(connect.ready);
    return h("section", { ref: connect.ref });
  }
  await show(h(Mine));
  assert.equal(relay.widgets[0].element.tagName, "SECTION");
  assert.deepEqual([seen.at(0), seen.at(-1)], [false, true]);
});

test("ready follows the widget: a problem, another try, another token", async () => {
  let ready;
  function Mine({ token }) {
    const connect = useRelayConnect({ registrationToken: token, onError: () => undefined });
    ({ ready } = connect);
    return h("section", { ref: connect.ref });
  }
  const later = () => {
    const made = {};
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    made.promise.catch(() => {});
    return made;
  };
  // The token is still being fetched.
  const first = later();
  relay.next = first.promise;
  await show(h(React.StrictMode, null, h(Mine, {})));
  const [widget] = relay.widgets;
  assert.equal(ready, false);
  const settle = (promise, tell) => act(async () => {
    widget.ready = promise;
    tell?.();
  });
  // It comes, and Relay can't be reached.
  await show(h(React.StrictMode, null, h(Mine, { token: "rrt-1" })));
  await act(async () => first.reject({ code: "relay_unreachable" }));
  assert.equal(ready, false);
  // "Try again" works.
  await settle(Promise.resolve(), () => widget.options.onReady());
  assert.equal(ready, true);
  // A refused key changes nothing; a problem that ends the widget does.
  await settle(widget.ready, () => widget.options.onError({ code: "key_refused_by_provider" }));
  assert.equal(ready, true);
  const broken = later();
  broken.reject({ code: "registration_token_expired" });
  await settle(broken.promise, () => widget.options.onError({ code: "registration_token_expired" }));
  assert.equal(ready, false);
  await settle(Promise.resolve(), () => widget.options.onReady());
  // With another token it loads again.
  const again = later();
  widget.renews = again.promise;
  await show(h(React.StrictMode, null, h(Mine, { token: "rrt-2" })));
  assert.equal(ready, false);
  await act(async () => {
    again.resolve();
    widget.options.onReady();
  });
  assert.equal(ready, true);
});

test("an onExit that comes later is told to the widget, and so is one that goes", async () => {
  await show(h(RelayConnect, { registrationToken: "rrt-1" }));
  const [widget] = relay.widgets;
  assert.equal("onExit" in widget.options, false);
  const exits = [];
  await show(h(RelayConnect, { registrationToken: "rrt-1", onExit: (exit) => exits.push(exit.reason) }));
  const [[what, { onExit }]] = widget.log;
  assert.equal(what, "update");
  onExit({ reason: "done" });
  assert.deepEqual(exits, ["done"]);
  await show(h(RelayConnect, { registrationToken: "rrt-1" }));
  assert.deepEqual(widget.log.at(-1), ["update", { onExit: undefined }]);
});

test("a component that goes before the script has come mounts nothing", async () => {
  act(() => root.render(h(RelayConnect, { registrationToken: "rrt-1" })));
  act(() => root.unmount());
  await act(async () => undefined);
  assert.equal(relay.widgets.length, 0);
});
