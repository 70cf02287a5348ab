/**
 * What the frame can notice about the page around it: whether the user sees the account, and whether the page takes the keyboard.
 * docs/widget.md says what it can't notice.
 */

/** What is watched. */
export interface Watched {
  /** The line that names the account. */
  line: HTMLElement;
  button: HTMLElement;
  field: HTMLInputElement;
}

/** Where the findings go. */
export interface Findings {
  see(seen: boolean): void;
  taken(): void;
}

/** What the page's developers are told. */
export const NOTICED: Record<string, string> = {
  form_hidden: "the page covers, clips, fades or distorts the key frame, so that the user can't see which account the key is for; nothing was sent",
  focus_taken: "the page took the keyboard from the key field just after the user had entered it; the field was cleared and hidden",
};

/** How long the line must have been visible, in milliseconds: a page that shows it only for the click shows it too late. */
const DWELL = 300;
/** The share of the line's area that must be visible. The rest allows for rounded positions. */
const SHARE = 0.95;
/** While the line is not seen, the browser is asked again this often, in milliseconds. */
const AGAIN = 500;
/** Below this many device pixels to a CSS pixel, text of 15 px can't be read. */
const SMALLEST = 0.5;

/** A member of version 2, which TypeScript's library lacks. */
type Entry = IntersectionObserverEntry & { isVisible?: boolean };

/**
 * Watches whether the line can be seen. Returns a function that looks at once.
 *
 * Chromium reports what covers, fades, filters or distorts the frame (version 2 of IntersectionObserver). Other browsers report only
 * which part lies within the window and within the boxes that clip it.
 */
export function watchLine({ line, button }: Watched, { see }: Findings): () => void {
  let visible = false;
  let good = false;
  let timer = 0;
  const within = (element: HTMLElement): boolean => {
    const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && left > -1 && top > -1 && right < innerWidth + 1 && bottom < innerHeight + 1;
  };
  const update = () => {
    const before = good;
    good = visible && !document.hidden && devicePixelRatio >= SMALLEST && within(line) && within(button);
    if (good === before) return;
    clearTimeout(timer);
    if (good) timer = window.setTimeout(see, DWELL, true);
    else see(false);
  };
  const look = (entries: readonly Entry[]) => {
    const last = entries.at(-1);
    if (last) visible = last.isVisible !== false && last.intersectionRatio >= SHARE;
    update();
  };
  const settings = { threshold: [0, SHARE], trackVisibility: true, delay: 100 };
  const observer = new IntersectionObserver(look, settings);
  observer.observe(line);
  // A browser reports when it draws, and a page in which nothing moves may not be drawn again. A new observation makes it draw.
  setInterval(() => {
    if (visible) return;
    observer.unobserve(line);
    observer.observe(line);
  }, AGAIN);
  addEventListener("resize", update);
  document.addEventListener("visibilitychange", update);
  // The observer reports a change some time after it.
  return () => look(observer.takeRecords());
}

/** A focus that goes within this time, in milliseconds, was taken, if the user did nothing that moves it. */
const MOMENT = 700;
/** The same while the mouse rests on the frame, where nobody can click elsewhere. */
const RESTING = 2_000;
/** What a user does explains a loss for this time, in milliseconds. */
const EXPLAINS = 1_000;
/** This many unexplained losses within this time, in milliseconds, are the page's doing, while the field is empty. */
const LOSSES = 3;
const REPEATED = 15_000;
/** A mouse that is this far from where it clicked, and this near to the frame's edge, in pixels, is on its way out. */
const AWAY = 20;
const EDGE = 40;
/** Two events of one loss of the focus come within this time, in milliseconds. */
const TOGETHER = 30;
/** The time after which a document that another tab or app hides says so, in milliseconds. */
const HIDES = 100;
/** Keys that move the focus, or begin to. */
const MOVES = /^(Tab|Enter|Escape|Alt|Meta|OS|F\d+)$/;

/** Watches whether the page takes the keyboard from the field. */
export function watchFocus({ field }: Watched, { taken }: Findings): void {
  let got = -Infinity;
  let left = -Infinity;
  let explained = -Infinity;
  /** The mouse on the screen, while it is in the frame. */
  let mouse: string | null = null;
  let pressed: PointerEvent | null = null;
  let losses: number[] = [];
  const now = () => performance.now();
  const place = ({ screenX, screenY }: PointerEvent) => `${screenX} ${screenY}`;
  const on = <K extends keyof WindowEventMap>(type: K, run: (event: WindowEventMap[K]) => void) => addEventListener(type, run, true);

  on("focus", () => document.activeElement === field && (got = now()));
  on("keydown", ({ key, ctrlKey, altKey, metaKey }) => {
    got = now();
    // With Ctrl and another key the browser may do anything, but pasting leaves the focus where it is.
    if (MOVES.test(key) || altKey || metaKey || (ctrlKey && !/^(Control|v)$/i.test(key))) explained = got;
  });
  on("input", () => (got = now()));
  // A call has begun or ended: the widget may show its outcome in place of the frame, which so loses the focus.
  new MutationObserver(() => (explained = now())).observe(field, { attributeFilter: ["readonly"] });
  on("pointerdown", (event) => {
    got = now();
    pressed = event;
    explained = -Infinity;
    mouse = event.pointerType === "mouse" ? place(event) : null;
  });
  on("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    const { clientX: x, clientY: y } = event;
    mouse = place(event);
    // Not every browser says that the mouse leaves a frame.
    if (!pressed || Math.hypot(x - pressed.clientX, y - pressed.clientY) < AWAY || Math.min(x, y, innerWidth - x, innerHeight - y) > EDGE) return;
    mouse = null;
    explained = now();
  });
  document.documentElement.addEventListener("pointerleave", (event) => {
    const { clientX: x, clientY: y } = event;
    const outside = x <= 0 || y <= 0 || x >= innerWidth - 1 || y >= innerHeight - 1;
    // A mouse that has not moved, or is still here: the page has moved the frame, or made the mouse miss it.
    if (mouse === null || mouse === place(event) || !outside) return;
    mouse = null;
    explained = now();
  });
  on("blur", ({ target }) => {
    const lost = now();
    // Chromium and WebKit take the focus from the field, then from the window; Firefox only from the window.
    if ((target as unknown) === field) left = lost;
    if ((target as unknown) !== window || !(document.activeElement === field || (document.activeElement === document.body && lost - left < TOGETHER))) return;
    if (field.readOnly || lost - explained < EXPLAINS) return;
    losses = [...losses.filter((time) => lost - time < REPEATED), lost];
    const sudden = lost - got < (mouse === null ? MOMENT : RESTING);
    if (sudden || (losses.length >= LOSSES && !field.value)) setTimeout(() => document.hidden || taken(), HIDES);
  });
}
