/** The hosted page's own cards: the question before the form, and how it ended. */

import type { Problem, Session } from "../bridge/messages.ts";
import { button, CHECK, CLOCK, CLOSE, fill, focusOn, h, icon, WARNING } from "../dom.ts";
import { accountOf, hostOf, name } from "../names.ts";
import { answerText } from "../text/answers.ts";
import type { CommonText, HostedText, ProblemText } from "../text/index.ts";
import type { Ended } from "./kept.ts";

type Text = CommonText & ProblemText & HostedText;
type Children = Parameters<typeof fill> extends [unknown, ...infer Rest] ? Rest : never;

/** The most hosts that are named. */
const HOSTS = 3;

/** What the answers lead to. */
export interface Answers {
  /** Rejects with a problem that a retry may fix. */
  proceed(): Promise<void>;
  cancel(): void;
}

/** The app, with its logo. Not `bdi`, which names are. */
const brand = (project: string, logo: string | null | undefined): HTMLElement =>
  h("div", { class: "brand" }, !!logo && h("img", { class: "logo", src: logo, alt: "", width: 32, height: 32 }), h("span", { dir: "auto" }, project));

/** A card, whose heading gets the focus. */
function sheet(part: string, attributes: Record<string, string>, above: Children, title: string, below: Children): HTMLElement {
  const heading = h("h1", {}, title);
  queueMicrotask(() => focusOn(heading));
  return h("section", { "data-part": part, ...attributes }, ...above, heading, ...below);
}

/**
 * The question before the form: is this your account? Whoever made the link chose the account, and a link can come from anybody. It
 * names the account, the app's own pages as its project lists them, and the page that the user came from.
 */
export function question(session: Session, base: string, referrer: string, text: Text, { proceed, cancel }: Answers): HTMLElement {
  const { projectName, logoUrl, allowedOrigins = [] } = session;
  const hosts = allowedOrigins.slice(0, HOSTS).map(hostOf).join(", ");
  const from = referrer && URL.canParse(referrer) ? text.cameFrom(name(hostOf(new URL(referrer).origin))) : [text.cameFromUnknown];
  const error = h("p", { role: "alert" });
  const go = button({ class: "primary" }, () => {
    go.disabled = true;
    fill(error);
    proceed().catch((problem: Problem) => {
      go.disabled = false;
      fill(error, answerText(text, problem));
    });
  }, ...text.proceed(accountOf(session, true)));
  return sheet("question", { id: "ask", class: "sheet" }, [brand(projectName, logoUrl && base + logoUrl)], text.askTitle, [
    h("p", {}, ...text.ask(accountOf(session), name(projectName)), hosts && " ", hosts && h("span", {}, "(", name(hosts), ").")),
    h("p", {}, ...from),
    h("p", {}, ...text.askOnlyIf(name(projectName))),
    error, go, button({ class: "plain" }, cancel, text.notMine),
  ]);
}

const LOOKS = {
  done: ["good", CHECK],
  nothing: ["", CLOSE],
  used: ["bad", WARNING],
  expired: ["bad", CLOCK],
  dead: ["bad", WARNING],
} as const;

/** How it ended. `leave`: back to the app, if the project allows where. */
export function end(ended: Ended, base: string, text: Text, leave: (() => void) | null): HTMLElement {
  const { how, project, stored, logo } = ended;
  const [tone, path] = LOOKS[how];
  const title = how === "done" && stored ? text.doneTitle(stored.label) : text[`${how}Title` as "deadTitle"];
  const words = how === "done" && stored ? text.done(name(project), name(stored.last4), accountOf(ended)) : [text[how as "dead"]];
  return sheet("end", { class: "sheet end", "data-how": how }, [
    !!project && brand(project, logo && base + logo),
    h("div", { class: `big ${tone}`, "aria-hidden": "true" }, icon(path)),
  ], title, [
    h("p", {}, ...words),
    leave ? button({ class: "primary" }, leave, text.returnTo(project)) : how !== "dead" && h("p", { role: "status" }, text.canBeClosed),
  ]);
}

/** Relay can't be asked about the link right now. */
export function trouble(problem: Problem, text: Text, again: () => void): HTMLElement {
  return sheet("trouble", { class: "sheet end", "data-code": problem.code }, [
    h("div", { class: "big bad", "aria-hidden": "true" }, icon(WARNING)),
  ], text.problemTitle, [
    h("p", {}, answerText(text, problem)),
    problem.requestId && h("p", {}, text.requestId(problem.requestId)),
    button({ class: "primary" }, again, text.retry),
  ]);
}
