// Every state, in both themes and both languages: axe finds no violation, everything fits, and a picture is saved for review.
// Pictures go to `pictures/`, or to the folder that RELAY_PICTURES names.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { accessibility, fits } from "../lib/checks.mjs";
import { clearPictures, contactSheet, picture } from "../lib/pictures.mjs";
import { open, until, useChromium } from "../lib/chromium.mjs";
import { STATES } from "../lib/states.mjs";

clearPictures();
useChromium(contactSheet);

const LOOKS = ["light", "dark"].flatMap((theme) => ["en", "ko"].map((locale) => ({ theme, locale })));
const HANGUL = /[가-힣]/;
/** Words of the shell or the form that are English only. */
const ENGLISH = /\b(the|your|key|this|with|again|Connect|Checking|try)\b/;
/** Names that are the same in every language, and the text of the app itself. */
const NAMES = /OpenAI|Anthropic|Google|Relay|Test app|API|ID|Claude Console|wrkspc_\S*|org-|proj_|ChatGPT Plus|Claude Pro|Google AI Pro|김지은 Ana|sk-\S*|req_\S*|127\.0\.0\.1:\d+|\S+@app\.example/g;

describe("states", { concurrency: 2 }, () => {
  for (const [name, arrange] of Object.entries(STATES)) {
    test(`${name}: accessible, whole, and in the user's language`, async (t) => {
      const host = await open(t, { page: { body: '<div id="relay-widget"></div>' }, context: { viewport: { width: 400, height: 760 } } });
      host.expectsErrors = true;
      const widget = await arrange(host, `${name}@app.example`, LOOKS[0]);
      const wrong = [];
      for (const look of LOOKS) {
        await host.handle("update", look);
        await settle(host, widget, look);
        const found = [...(await accessibility(widget)), ...(await fits(widget)), ...language(await widget.text(), look)];
        wrong.push(...found.map((line) => `${look.theme}, ${look.locale}: ${line}`));
        if (name === "trimmed" && !(await widget.notice.isVisible())) wrong.push("the remark is gone");
        await picture(widget, { name, ...look });
      }
      assert.deepEqual(wrong, []);
    });
  }
});

/** Whether all that a user reads is in one language. */
function language(text, { locale }) {
  const words = text.replace(NAMES, "").replace(/\s+/g, " ");
  if (locale === "en") return HANGUL.test(words) ? [`Korean in English: ${words}`] : [];
  return [!HANGUL.test(words) && "no Korean", ENGLISH.test(words) && `English in Korean: ${words}`].filter(Boolean);
}

/** Waits until a look is there, in the shell and in the frame. */
async function settle(host, widget, { theme, locale }) {
  await host.page.evaluate((colour) => (document.documentElement.style.backgroundColor = colour), theme === "dark" ? "#0d0f15" : "#fff");
  await widget.root.and(host.page.locator(`[data-theme="${theme}"][lang="${locale}"]`)).waitFor();
  if (await widget.iframe.isVisible()) await widget.inner.locator(`html[lang="${locale}"] [data-part="root"][data-theme="${theme}"]`).waitFor();
  // Colours change over a moment.
  await until(() => host.page.evaluate(() => document.getAnimations().every((animation) => !(animation instanceof CSSTransition))));
  await until(async () => (await fits(widget)).every((line) => !line.startsWith("the frame cuts")), () => "the frame does not grow").catch(() => {});
}
