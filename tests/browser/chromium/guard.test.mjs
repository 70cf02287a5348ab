// What the frame notices about the page around it: whether the account can be seen, and whether the page takes the keyboard. Each row
// of "What it protects from" in docs/widget.md has its test: reading the field and swapping the token in isolation.test.mjs, the rest here;
// the other browsers in firefox/ and webkit/.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { accessibility, fits } from "../lib/checks.mjs";
import { newPage, open, siteOrigin, until, useChromium } from "../lib/chromium.mjs";
import { connections, keyFor, newUser, token } from "../lib/relay.mjs";

useChromium();

const hostOf = (origin) => origin.replace("https://", "");

/** A page with the form, and a key typed into it. */
async function typed(t, { user = newUser(), page, options = {} } = {}) {
  const host = await open(t, { page });
  host.expectsErrors = true;
  const widget = await host.mount({ registrationToken: await token(user), provider: "openai", ...options });
  const key = keyFor("openai");
  await widget.field.fill(key);
  await ready(widget);
  return { host, widget, user, key };
}

/** The form has seen that it is seen. */
const ready = (widget) => widget.inner.locator("button[type=submit]:not([aria-disabled])").waitFor();

const send = (widget) => widget.form.evaluate((form) => form.requestSubmit());
const style = (widget, css) => widget.iframe.evaluate((frame, text) => (frame.style.cssText += `;${text}`), css);

/** An element of the page above a part of the frame. */
const cover = (widget, css) => widget.iframe.evaluate((frame, text) => {
  const { left, top, width } = frame.getBoundingClientRect();
  const cover = document.createElement("div");
  cover.id = "cover";
  cover.style.cssText = `position:absolute;left:${left + scrollX}px;top:${top + scrollY}px;width:${width}px;height:400px;background:#fff;${text}`;
  document.body.append(cover);
}, css);

/** Where the account is in the frame. */
const line = (widget) => widget.inner.locator("[data-part=account]").evaluate((element) => {
  const { top, bottom, height } = element.getBoundingClientRect();
  return { top, bottom, height, whole: innerHeight };
});

/** Waits until the form has had time to notice, presses, and looks at what became of it. */
async function isRefused({ host, widget, user, key }) {
  await host.page.waitForTimeout(700);
  await send(widget);
  await widget.inner.locator('[data-part="error"][data-code="form_hidden"]').waitFor({ state: "attached" });
  assert.equal((await host.failedWith("form_hidden")).code, "form_hidden");
  assert.ok(host.callbacks.every(({ value }) => value?.name !== "key_submitted"));
  assert.deepEqual([host.calls("POST").length, await connections(user)], [0, {}]);
  assert.equal(await widget.field.inputValue(), key, "what was typed stays");
  assert.match(await widget.error.textContent(), /partly hidden.*own window/);
}

/** CSS of the frame that hides the line or makes it unreadable. */
const FRAME_STYLES = {
  "cut above the line": async (widget) => `clip-path:inset(0 0 ${(await line(widget)).whole - (await line(widget)).top}px 0)`,
  "cut through the line": async (widget) => `clip-path:inset(0 0 ${(await line(widget)).whole - (await line(widget)).top - 10}px 0)`,
  // The message about it moves the line down: not below the cut.
  "cut below the line": async (widget) => `clip-path:inset(${(await line(widget)).bottom + 100}px 0 0 0)`,
  "a low box": async () => "max-block-size:128px",
  "half transparent": async () => "opacity:.5",
  "invisible": async () => "opacity:0",
  "tiny": async () => "transform:scale(.1)",
  "turned": async () => "transform:rotate(4deg)",
  "mirrored": async () => "transform:scaleX(-1)",
  "out of the window": async () => "transform:translateX(-2000px)",
  "so large that the line is elsewhere": async () => "transform:scale(9);transform-origin:0 0",
  "blurred": async () => "filter:blur(4px)",
  "blended": async () => "mix-blend-mode:difference",
  "zoomed out": async () => "zoom:.2",
};

describe("a page that hides the account gets no key, and the form says why", { concurrency: 2 }, () => {
  for (const [name, css] of Object.entries(FRAME_STYLES)) {
    test(name, async (t) => {
      const scene = await typed(t);
      await style(scene.widget, await css(scene.widget));
      await isRefused(scene);
    });
  }

  const above = async (widget) => `top:${(await widget.iframe.boundingBox()).y + (await line(widget)).top}px;height:${(await line(widget)).height}px;`;
  const covers = {
    "covered": async (widget) => above(widget),
    "covered, and clicks go through": async (widget) => `${await above(widget)}pointer-events:none`,
    "covered in part": async (widget) => `${await above(widget)}width:30px;margin-left:90px`,
    "covered by a shadow": async (widget) => `${await above(widget)}height:1px;margin-top:-200px;box-shadow:0 0 0 400px #fff`,
    "blurred from above": async (widget) => `${await above(widget)}background:none;backdrop-filter:blur(8px)`,
  };
  for (const [name, css] of Object.entries(covers)) {
    test(name, async (t) => {
      const scene = await typed(t);
      await cover(scene.widget, await css(scene.widget));
      await isRefused(scene);
    });
  }

  const parents = { "in a box that clips it": "height:150px;overflow:hidden", "in a faded box": "opacity:.9", "in a filtered box": "filter:contrast(0)" };
  for (const [name, css] of Object.entries(parents)) {
    test(name, async (t) => {
      const scene = await typed(t);
      await scene.host.page.locator("#relay-widget").evaluate((box, text) => (box.style.cssText = text), css);
      await isRefused(scene);
    });
  }

  test("uncovered only for the click", async (t) => {
    const scene = await typed(t);
    await cover(scene.widget, "");
    await scene.host.page.waitForTimeout(700);
    const from = Date.now();
    await scene.host.page.locator("#cover").evaluate((cover) => cover.remove());
    await send(scene.widget);
    // On a machine that is too slow for it, the line was seen for long enough.
    if (Date.now() - from > 300) return t.skip("slow machine");
    await scene.widget.inner.locator('[data-part="error"][data-code="form_hidden"]').waitFor({ state: "attached" });
    assert.deepEqual([scene.host.calls("POST").length, await connections(scene.user)], [0, {}]);
  });
});

test("once all of the form is seen again, it can be sent", async (t) => {
  const scene = await typed(t);
  await cover(scene.widget, "");
  await isRefused(scene);
  await scene.host.page.locator("#cover").evaluate((cover) => cover.remove());
  await until(async () => !(await scene.widget.error.textContent()), () => "the form still says that it is hidden");
  await scene.widget.submit.click();
  await scene.host.called("onSuccess");
  assert.equal((await connections(scene.user)).openai.last4, scene.key.slice(-4));
});

test("ordinary pages are no obstacle", async (t) => {
  const boxes = ["border-radius:24px;overflow:hidden;box-shadow:0 4px 30px #0008", "transform:translate(7px,9px)", "position:fixed;inset:0;margin:auto;width:420px;height:600px;overflow:auto", "will-change:transform;animation:none"];
  for (const css of boxes) {
    const user = newUser();
    const host = await open(t);
    await host.page.locator("#relay-widget").evaluate((box, text) => (box.style.cssText = text), css);
    const widget = await host.mount({ registrationToken: await token(user), provider: "openai" });
    await widget.send(keyFor("openai"));
    await host.called("onSuccess");
    assert.ok((await connections(user)).openai, css);
  }
});

test("the button and the line name the account, and the line the page that the form is in", async (t) => {
  const { widget, user } = await typed(t);
  assert.equal(await widget.submit.textContent(), `Connect for ${user}`);
  assert.equal(await widget.inner.locator("[data-part=account]").textContent(), `Connects to Test app for ${user} You are on ${hostOf(siteOrigin())}`);
});

test("a long label is shortened in the button, and read out whole", async (t) => {
  const user = `${"a".repeat(60)}-${newUser()}-${"b".repeat(50)}`;
  const { widget } = await typed(t, { user });
  const width = await widget.submit.locator(".middle").evaluate((middle) => middle.getBoundingClientRect().width);
  assert.deepEqual([await widget.submit.textContent(), width], [`Connect for ${user.slice(0, 12)}${user.slice(12, -11)}…${user.slice(-11)}`, 0]);
  assert.equal(await widget.inner.getByRole("button", { name: `Connect for ${user}`, exact: true }).count(), 1);
  assert.ok((await widget.inner.locator("[data-part=account]").textContent()).includes(user));
  assert.deepEqual([...(await accessibility(widget)), ...(await fits(widget))], []);
});

test("a page around the page is named, too", async (t) => {
  const host = await open(t, { goto: false });
  const inner = newPage().replace("localhost", "insecure.example");
  host.others.push(new URL(inner).origin);
  await host.visit(newPage({ script: "", body: `<iframe id="app" src="${inner}" width="600" height="800"></iframe>` }));
  const app = host.page.frameLocator("#app");
  await app.locator("#relay-widget").waitFor({ state: "attached" });
  const frame = host.page.frames().find((known) => known.url() === inner);
  await frame.evaluate((registrationToken) => void Relay.mount("#relay-widget", { registrationToken, provider: "openai" }), await token());
  const around = app.frameLocator('[data-part="frame"]').locator("[data-part=account]");
  const origin = new URL(inner).origin;
  await around.getByText(`You are on ${hostOf(siteOrigin())} › ${origin}`, { exact: true }).waitFor();
});

test("what names the account has the system's font, and symbol fonts are not taken", async (t) => {
  const fontOf = (element) => getComputedStyle(element).fontFamily;
  const { host, widget } = await typed(t, { options: { appearance: { variables: { fontFamily: "Georgia" } } } });
  const parts = () => Promise.all(["label", "[data-part=account]", "button[type=submit]", ".owner"].map((part) => widget.inner.locator(part).first().evaluate(fontOf)));
  const [label, ...others] = await parts();
  assert.equal(label, "Georgia");
  assert.ok(others.every((font) => font.startsWith("system-ui")), others.join());
  for (const fontFamily of ["Wingdings", "Webdings, serif", "Symbol", "Segoe MDL2 Assets"]) {
    await host.handle("update", { appearance: { variables: { fontFamily } } });
    await until(async () => (await parts()).every((font) => font.startsWith("system-ui")), () => `${fontFamily} is used`);
  }
});

test("a page's own link is outside the frame", async (t) => {
  const { widget } = await typed(t, { options: { links: { openai: "https://app.example/help" } } });
  assert.equal(await widget.root.locator('a[href="https://app.example/help"]').textContent(), "Help from Test app ↗");
  const links = await widget.inner.locator("a").evaluateAll((all) => all.map(({ href }) => new URL(href).hostname));
  assert.deepEqual(links, ["platform.openai.com"]);
});

test("names can't turn the words around them", async (t) => {
  const host = await open(t);
  host.amend({ projectName: "Alpha\u202e", endUserLabel: "ana" }, "GET");
  const widget = await host.mount({ provider: "openai" });
  const names = widget.inner.locator("[data-part=account] bdi");
  await names.first().waitFor({ state: "attached" });
  assert.deepEqual(await names.allTextContents(), ["Alpha\u202e", "ana", hostOf(siteOrigin())]);
  const [project, account] = await names.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
  assert.ok(project < account, "the account stays behind the project");
});

/** docs/widget.md says that these can't be prevented. If one is refused some day, say so there. */
describe("what no browser reports", { concurrency: 2 }, () => {
  const holes = {
    "a mask": async () => "mask-image:linear-gradient(#000 60px,#0000 60px)",
    "a hole": async (widget) => `clip-path:path(evenodd,"M0 0H900V900H0ZM0 ${(await line(widget)).top}H900V${(await line(widget)).bottom}H0Z")`,
  };
  for (const [name, css] of Object.entries(holes)) {
    test(name, async (t) => {
      const { host, widget, user } = await typed(t);
      await style(widget, await css(widget));
      await host.page.waitForTimeout(700);
      await send(widget);
      await host.called("onSuccess");
      assert.ok((await connections(user)).openai);
    });
  }

  test("a frame that never gets the focus", async (t) => {
    const { host, widget } = await empty(t);
    await style(widget, "pointer-events:none");
    const { x, y } = await widget.field.boundingBox();
    await host.page.mouse.click(x + 20, y + 20);
    await host.page.waitForTimeout(400);
    assert.equal(await notice(widget).count(), 0);
  });
});

/** Takes the keyboard from the frame whenever it gets it, some time later. */
const steal = (host, after) => host.page.evaluate((wait) => {
  const trap = Object.assign(document.createElement("textarea"), { id: "trap" });
  trap.style.cssText = "position:fixed;left:-9999px";
  document.body.append(trap);
  addEventListener("blur", () => setTimeout(() => trap.focus(), wait));
}, after);

/** A page with an empty form. */
async function empty(t, options = {}) {
  const user = newUser();
  const host = await open(t);
  host.expectsErrors = true;
  const widget = await host.mount({ registrationToken: await token(user), provider: "openai", ...options });
  await widget.field.waitFor();
  await ready(widget);
  return { host, widget, user };
}

const notice = (widget) => widget.inner.locator("[data-part=taken] .note");

for (const after of [0, 50, 300, 1_200]) {
  test(`a page that takes the keyboard ${after} ms after a click into the field is found out`, async (t) => {
    const { host, widget } = await empty(t);
    await steal(host, after);
    await widget.field.click();
    await notice(widget).waitFor();
    assert.match(await notice(widget).textContent(), /took the keyboard.*delete it at OpenAI/);
    assert.equal(await widget.field.isVisible(), false);
    await host.failedWith("focus_taken");
    const [opened] = await Promise.all([host.context.waitForEvent("page"), widget.button("Open it in its own window").click()]);
    await opened.waitForURL(/\/connect\?locale=en&theme=light$/);
    assert.equal(await opened.evaluate(() => opener), null);
  });
}

/** Other ways to the keyboard than `focus()` on a field of the page. */
const WAYS = {
  "makes the frame inert": (frame) => (frame.inert = true),
  "blurs the frame": (frame) => frame.blur(),
  "focuses its own window": () => window.focus(),
  "opens a dialog": () => document.body.appendChild(document.createElement("dialog")).showModal(),
  "selects text of its own": () => {
    const trap = document.body.appendChild(document.createElement("textarea"));
    trap.value = "x";
    trap.select();
  },
  "makes itself editable": () => {
    document.body.contentEditable = "true";
    document.body.focus();
  },
};
for (const [name, act] of Object.entries(WAYS)) {
  test(`a page that ${name} is found out, if that takes the keyboard`, async (t) => {
    const { host, widget } = await empty(t);
    await host.page.evaluate(() => {
      window.heard = 0;
      addEventListener("keydown", () => (window.heard += 1), true);
    });
    await widget.field.click();
    await widget.iframe.evaluate(act);
    await host.page.waitForTimeout(50);
    await host.page.keyboard.type("abc");
    if ((await host.page.evaluate(() => window.heard)) === 0) assert.equal(await widget.field.inputValue(), "abc", "the frame has the keyboard");
    else await notice(widget).waitFor({ state: "attached" });
  });
}

test("a page that takes the keyboard while somebody types is found out, and what was typed is gone", async (t) => {
  const { host, widget } = await empty(t);
  await widget.field.click();
  await host.page.keyboard.type("sk-mock-0000");
  await steal(host, 0);
  await host.page.evaluate(() => document.querySelector("#trap").focus());
  await notice(widget).waitFor();
  assert.equal(await widget.field.inputValue(), "");
});

test("a page that moves the frame from under the mouse is found out", async (t) => {
  const { host, widget } = await empty(t);
  await widget.field.click();
  await host.page.waitForTimeout(300);
  await widget.iframe.evaluate((frame) => (frame.style.transform = "translateY(3000px)"));
  await host.page.waitForTimeout(150);
  await widget.iframe.evaluate((frame) => {
    frame.style.transform = "";
    const trap = document.body.appendChild(document.createElement("textarea"));
    trap.focus();
  });
  await notice(widget).waitFor();
});

test("the user can have the field back, and a second theft is found out as well", async (t) => {
  const { host, widget, user } = await empty(t);
  await steal(host, 20);
  await widget.field.click();
  await widget.button("Try again here").click();
  await notice(widget).waitFor();
  await host.page.evaluate(() => (document.querySelector("#trap").focus = () => {}));
  await widget.button("Try again here").click();
  await widget.field.waitFor();
  await ready(widget);
  const key = keyFor("openai");
  await widget.send(key);
  await host.called("onSuccess");
  assert.equal((await connections(user)).openai.last4, key.slice(-4));
});

/** As a hand does. */
const moveTo = (host, x, y) => host.page.mouse.move(x, y, { steps: 25 });

/** What people do, none of which is a theft. */
const HONEST = {
  "clicks elsewhere at once": async (host, widget) => {
    await widget.field.click();
    await moveTo(host, 40, 40);
    await host.page.mouse.down();
    await host.page.mouse.up();
  },
  "clicks to and fro": async (host, widget) => {
    for (let count = 0; count < 5; count += 1) {
      await widget.field.click();
      await moveTo(host, 5, 5);
      await host.page.mouse.click(5, 5);
    }
  },
  "tabs through": async (host, widget) => {
    await widget.field.click();
    for (let count = 0; count < 6; count += 1) await host.page.keyboard.press("Tab");
    for (let count = 0; count < 6; count += 1) await host.page.keyboard.press("Shift+Tab");
  },
  "goes to another window by keyboard": async (host, widget) => {
    await widget.field.click();
    await host.page.keyboard.down("Alt");
    await host.page.evaluate(() => document.body.appendChild(document.createElement("input")).focus());
    await host.page.keyboard.up("Alt");
  },
  "goes to another tab": async (host, widget) => {
    await widget.field.click();
    // A headless page is never hidden.
    await widget.inner.locator("body").evaluate(() => Object.defineProperty(document, "hidden", { value: true, configurable: true }));
    await host.page.evaluate(() => document.body.appendChild(document.createElement("input")).focus());
    await host.page.waitForTimeout(300);
    await widget.inner.locator("body").evaluate(() => delete document.hidden);
  },
  "opens the developer tools": async (host, widget) => {
    await widget.field.click();
    await host.page.keyboard.press("F12");
    await host.page.evaluate(() => document.body.appendChild(document.createElement("input")).focus());
  },
  "lets a password manager into the form": async (host, widget) => {
    await widget.field.click();
    await widget.inner.locator("form").evaluate((form) => {
      const menu = form.appendChild(document.createElement("iframe"));
      menu.contentDocument.body.append(menu.contentDocument.createElement("input"));
      menu.contentDocument.querySelector("input").focus();
      setTimeout(() => menu.remove(), 200);
    });
  },
  "waits, and is then taken elsewhere": async (host, widget) => {
    await widget.field.click();
    await host.page.waitForTimeout(2_300);
    await host.page.evaluate(() => document.body.appendChild(document.createElement("input")).focus());
  },
};

describe("an honest page and an honest user are left alone", { concurrency: 2 }, () => {
  for (const [name, act] of Object.entries(HONEST)) {
    test(`a user who ${name}`, async (t) => {
      const { host, widget } = await empty(t);
      await act(host, widget);
      await host.page.waitForTimeout(400);
      assert.deepEqual([await notice(widget).count(), await widget.field.isVisible()], [0, true]);
      assert.ok(!host.values("onError").some(({ code }) => code === "focus_taken"));
    });
  }
});
