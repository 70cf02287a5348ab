/** The question before the form: is this your account? Whoever made the link chose the account, and a link can come from anybody. */

import type { Problem, Session } from "../bridge/messages.ts";
import { button, fill, focusOn, h } from "../dom.ts";
import { hostOf, shortened } from "../names.ts";
import { problemText } from "../text/problems.ts";
import type { CommonText, HostedText } from "../text/index.ts";

/** The most hosts that are named. */
const HOSTS = 3;

/** What the answers lead to. */
export interface Answers {
  /** Rejects with a problem that a retry may fix. */
  proceed(): Promise<void>;
  cancel(): void;
}

/** Names the account, the app's own pages as its project lists them, and the page that the user came from. */
export function question(session: Session, referrer: string, text: CommonText & HostedText, { proceed, cancel }: Answers): HTMLElement {
  const { projectName, endUserLabel, allowedOrigins = [] } = session;
  // `bdi`: a name can't turn the words around it.
  const name = (words: string) => h("bdi", { class: "name" }, words);
  const hosts = allowedOrigins.slice(0, HOSTS).map(hostOf).join(", ");
  const from = referrer && URL.canParse(referrer) ? text.cameFrom(name(hostOf(new URL(referrer).origin))) : [text.cameFromUnknown];
  const error = h("p", { role: "alert" });
  const go = button({ class: "primary" }, () => {
    go.disabled = true;
    fill(error);
    proceed().catch((problem: Problem) => {
      go.disabled = false;
      fill(error, problemText(text, problem));
    });
  }, ...text.proceed(shortened(endUserLabel)));
  const heading = h("h1", {}, text.askTitle);
  const card = h("section", { id: "ask", "data-part": "question" },
    heading,
    h("p", {}, ...text.ask(name(endUserLabel), name(projectName)), hosts && " ", hosts && h("span", {}, "(", name(hosts), ").")),
    h("p", {}, ...from),
    h("p", {}, ...text.askOnlyIf(name(projectName))),
    error, go, button({ class: "plain" }, cancel, text.notMine));
  queueMicrotask(() => focusOn(heading));
  return card;
}
