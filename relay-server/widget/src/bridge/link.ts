/** The shell's connection to the engine, which runs in a frame from Relay's origin or in the page itself. */

import { h } from "../dom.ts";
import type { LocalEngine } from "../form.ts";
import { sheet } from "../look/sheet.ts";
import type { Problem, Start, ToFrame, ToPage } from "./messages.ts";
import { PROTOCOL } from "./messages.ts";

/** The path of the form for pages without a frame. */
declare const FORM_PATH: string;

/** What the engine needs to start. */
export type Beginning = Pick<Start, "token" | "look" | "returnUrl" | "pageOrigin">;

/** A connection to an engine. */
export interface Link {
  /** The element that the shell shows in place of the form. */
  readonly element: HTMLElement;
  send(message: ToFrame): void;
  /** Moves the focus into the form. */
  focus(): void;
  close(): void;
}

/** The timeout of the frame's script after its document has loaded, in milliseconds. */
const GRACE = 3_000;
/** The timeout of the frame's document, in milliseconds. */
const TIMEOUT = 20_000;

/** Runs the engine in the page, without a frame: nothing is hidden from the page's scripts. Its code is a separate module. */
export function localLink(base: string, beginning: Beginning, receive: (message: ToPage) => void): Link {
  const element = h("div");
  const waiting: ToFrame[] = [];
  let engine: LocalEngine | null = null;
  let open = true;
  const send = (message: ToFrame) => (engine ? engine.handle(message) : void waiting.push(message));
  const begin = ({ begin, styles }: typeof import("../form.ts")) => {
    if (!open) return;
    const root = element.getRootNode();
    if (root instanceof ShadowRoot) root.adoptedStyleSheets = [...root.adoptedStyleSheets.slice(0, 1), sheet(styles)];
    engine = begin(base, beginning, receive);
    element.append(engine.root);
    waiting.splice(0).forEach(send);
  };
  import(base + FORM_PATH).then(begin, () => {
    const code = navigator.onLine ? "relay_unreachable" : "offline";
    if (open) receive({ type: "problem", problem: { code, message: REASONS[code](base) } });
  });
  const close = () => {
    open = false;
    engine?.dispose();
  };
  return { element, send, focus: () => send({ type: "focus" }), close };
}

/** Runs the engine in a frame. */
export function frameLink(base: string, beginning: Beginning, receive: (message: ToPage) => void): Link {
  const frame = new Frame(base, beginning, receive);
  return {
    element: frame.element,
    send: (message) => frame.send(message),
    focus: () => {
      frame.element.focus();
      frame.send({ type: "focus" });
    },
    close: () => frame.close(),
  };
}

class Frame {
  readonly element = h("iframe", { "data-part": "frame", referrerpolicy: "no-referrer", allow: "" });
  readonly #nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
  readonly #waiting: ToFrame[] = [];
  readonly #life = new AbortController();
  #port: MessagePort | null = null;
  #timer = 0;
  #greeted = -Infinity;
  #violated = false;

  #base: string;
  readonly #origin: string;
  #beginning: Beginning;
  #receive: (message: ToPage) => void;

  constructor(base: string, beginning: Beginning, receive: (message: ToPage) => void) {
    this.#base = base;
    this.#origin = new URL(base).origin;
    this.#beginning = beginning;
    this.#receive = receive;
    const { signal } = this.#life;
    addEventListener("message", (event) => this.#hello(event), { signal });
    document.addEventListener("securitypolicyviolation", (event) => this.#violation(event), { signal });
    this.element.addEventListener("load", () => this.#loaded(), { signal });
    void this.#open();
  }

  send(message: ToFrame): void {
    // For a frame that reloads.
    if (message.type === "token") this.#beginning = { ...this.#beginning, token: message.token };
    if (message.type === "look") this.#beginning = { ...this.#beginning, look: message.look };
    if (this.#port) this.#port.postMessage(message);
    else this.#waiting.push(message);
  }

  close(): void {
    this.#life.abort();
    clearTimeout(this.#timer);
    this.#port?.close();
    this.element.remove();
  }

  async #open(): Promise<void> {
    const grant = await grantOf(this.#beginning.token);
    if (this.#life.signal.aborted) return;
    this.#wait(TIMEOUT, () => this.#fail(navigator.onLine ? "relay_timeout" : "offline"));
    // An https: page that is not a secure context is embedded in an insecure page.
    if (!grant && location.protocol === "https:") return this.#fail("frame_blocked");
    const query = new URLSearchParams({ locale: this.#beginning.look.locale, ...(grant && { grant }) });
    this.element.src = `${this.#base}/frame?${query}#origin=${encodeURIComponent(self.origin)}&nonce=${this.#nonce}`;
  }

  /** The document has loaded, and its script should send a message soon. */
  #loaded(): void {
    if (this.element.src && performance.now() - this.#greeted > GRACE) this.#wait(GRACE, () => void this.#silent());
  }

  #hello(event: MessageEvent): void {
    const { data } = event;
    if (event.origin !== this.#origin || event.source !== this.element.contentWindow) return;
    if (data?.relay !== PROTOCOL || data.type !== "hello" || data.nonce !== this.#nonce) return;
    clearTimeout(this.#timer);
    this.#greeted = performance.now();
    // A frame that was moved in the page reloads and is empty.
    this.#port?.close();
    const channel = new MessageChannel();
    const start: Start = { relay: PROTOCOL, type: "start", nonce: this.#nonce, ...this.#beginning };
    channel.port1.onmessage = (message) => this.#take(message.data as ToPage);
    this.element.contentWindow?.postMessage(start, this.#origin, [channel.port2]);
    this.#port = channel.port1;
    for (const message of this.#waiting.splice(0)) this.#port.postMessage(message);
  }

  #take(message: ToPage): void {
    if (message.type !== "height") return this.#receive(message);
    const px = Number(message.px);
    if (px >= 0 && px < 5_000) this.element.style.setProperty("block-size", `${px}px`);
  }

  #violation(event: SecurityPolicyViolationEvent): void {
    if (event.effectiveDirective === "frame-src" && event.blockedURI.startsWith(this.#origin)) {
      this.#violated = true;
      this.#fail("csp_blocked");
    }
  }

  /** Finds out why a frame stays empty, which browsers do not report. */
  async #silent(): Promise<void> {
    if (this.#violated) return;
    if (!navigator.onLine) return this.#fail("offline");
    let refused = false;
    const note = () => (refused = true);
    document.addEventListener("securitypolicyviolation", note);
    const reached = await fetch(`${this.#base}/api/health`, { mode: "no-cors", cache: "no-store", signal: this.#life.signal }).then(() => true, () => false);
    // The event arrives in a separate task.
    await new Promise((done) => setTimeout(done));
    document.removeEventListener("securitypolicyviolation", note);
    if (!this.#life.signal.aborted) this.#fail(reached || refused ? "frame_blocked" : "relay_unreachable");
  }

  #fail(code: keyof typeof REASONS): void {
    clearTimeout(this.#timer);
    const problem: Problem = { code, message: REASONS[code](this.#base) };
    if (!this.#life.signal.aborted) this.#receive({ type: "problem", problem });
  }

  #wait(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(then, milliseconds);
  }
}

/** Messages for developers. */
const REASONS = {
  offline: () => "this device is offline",
  relay_timeout: (base: string) => `${base} did not answer in time`,
  relay_unreachable: (base: string) => `${base} can't be reached`,
  csp_blocked: (base: string) => `this page's Content-Security-Policy forbids the key frame: add \`frame-src ${new URL(base).origin}\``,
  frame_blocked: (base: string) =>
    `${base} does not let this page show its key frame: add ${self.origin}, and the pages around it, to the allowed origins`,
};

/**
 * The public id of a token's grant: the hash under which Relay stores it. Relay uses it only to decide which pages may embed the
 * frame. Pages without a secure context have no hash function; their frame checks the page itself.
 */
export async function grantOf(token: string): Promise<string> {
  if (!globalThis.crypto?.subtle) return "";
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`relay.rrt.v1${token}`))));
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Names the frame for screen readers, and gives it the colour scheme of its document: if they differ, it is drawn on white. */
export function label({ element }: Link, title: string, dark: boolean): void {
  if (element instanceof HTMLIFrameElement) element.title = title;
  element.style.setProperty("color-scheme", dark ? "dark" : "light");
}
