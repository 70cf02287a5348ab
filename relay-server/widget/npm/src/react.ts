/** Relay's widget as a React component and a hook. */

import { createElement, forwardRef, useCallback, useEffect, useImperativeHandle, useRef, useState } from "react";
import type { CSSProperties, DetailedHTMLProps, ForwardRefExoticComponent, HTMLAttributes, RefAttributes } from "react";

import type { ExitResult, MountOptions, ProviderName, SuccessResult, Theme, WidgetError, WidgetEvent, WidgetHandle } from "../../src/options.ts";
import { loadRelay } from "./index.ts";
import type { LoadOptions } from "./index.ts";

/** The widget's options, and how its script is loaded. A change of an option updates the widget; only `layout` and `baseURL` mount it again. */
export interface RelayConnectOptions extends MountOptions {
  /** Read once, when the script is loaded. */
  load?: LoadOptions | undefined;
}

/** What `useRelayConnect` gives. */
export interface RelayConnectHook {
  /** For the element that the widget goes into: `<div ref={relay.ref} />`. */
  ref: (element: Element | null) => void;
  /** Whether the widget can be used now: `false` again while another token loads, or after a problem that ended it. */
  ready: boolean;
  /** Puts the focus on what the user has to do next. */
  focus: () => void;
  /** Takes the widget away. */
  unmount: () => void;
  /** Loads the script again after it could not be loaded. The widget's own problems have a button for it. */
  retry: () => void;
}

/** What a `ref` of `<RelayConnect>` holds. */
export type RelayConnectHandle = Pick<RelayConnectHook, "focus" | "unmount" | "retry">;

/** What `<RelayConnect>` takes: the widget's options, and the look of the element around it. */
export interface RelayConnectProps extends RelayConnectOptions {
  id?: string | undefined;
  className?: string | undefined;
  style?: CSSProperties | undefined;
}

const CALLBACKS = ["onReady", "onSuccess", "onError", "onExit", "onEvent"] as const;
const NOT_PLAIN: ReadonlySet<string> = new Set([...CALLBACKS, "fetchToken", "load", "id", "className", "style"]);
/** The pause before the script is loaded again, in milliseconds; it doubles each time, up to the longest. */
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;

/** Mounts the widget in an element of your own. */
export function useRelayConnect(options: RelayConnectOptions): RelayConnectHook {
  const latest = useRef(options);
  const handle = useRef<WidgetHandle | null>(null);
  const told = useRef<Plain>({});
  const [element, ref] = useState<Element | null>(null);
  const [ready, setReady] = useState(false);
  /** How often the script could not be loaded, in a row. */
  const failures = useRef(0);
  const [attempt, setAttempt] = useState(0);
  const retry = useCallback(() => setAttempt((before) => (handle.current ? before : before + 1)), []);

  // Before the others, so that they find the newest options.
  useEffect(() => {
    latest.current = options;
  });

  useEffect(() => {
    if (!element) return;
    // A mount that is taken back at once, as StrictMode does, never reaches the widget.
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begun = latest.current;
    loadRelay({ ...begun.load, baseURL: begun.load?.baseURL ?? begun.baseURL }).then(
      (relay) => {
        if (gone || !relay) return;
        failures.current = 0;
        told.current = plain(latest.current);
        // The widget's promise is another one after each problem: the newest tells the truth.
        const follow = () => {
          const promise = handle.current?.ready;
          const isNewest = () => !gone && handle.current?.ready === promise;
          promise?.then(() => isNewest() && setReady(true), () => isNewest() && setReady(false));
        };
        handle.current = relay.mount(element, { ...told.current, ...callbacks(latest, follow) });
        follow();
      },
      (error: unknown) => {
        if (gone) return;
        latest.current.onError?.(notLoaded(error));
        timer = setTimeout(retry, Math.min(FIRST_PAUSE * 2 ** failures.current++, LONGEST_PAUSE));
      },
    );
    window.addEventListener("online", retry);
    return () => {
      gone = true;
      clearTimeout(timer);
      window.removeEventListener("online", retry);
      handle.current?.unmount();
      handle.current = null;
      setReady(false);
    };
  }, [element, options.baseURL, options.layout, options.testing, attempt]);

  const now = plain(options);
  const asks = Boolean(options.fetchToken);
  useEffect(() => {
    const changed = difference(told.current, now);
    told.current = now;
    if (Object.keys(changed).length === 0 || !handle.current) return;
    const before = handle.current.ready;
    handle.current.update(changed);
    // Another token: the widget loads again, and says when it is ready.
    if (handle.current.ready !== before) setReady(false);
  }, [JSON.stringify(now)]);
  useEffect(() => {
    handle.current?.update({ fetchToken: asks ? () => fetched(latest) : undefined });
  }, [asks]);
  // The widget offers "Done" only where somebody listens.
  const listens = Boolean(options.onExit);
  useEffect(() => {
    handle.current?.update({ onExit: listens ? (value) => latest.current.onExit?.(value) : undefined });
  }, [listens]);

  const focus = useCallback(() => handle.current?.focus(), []);
  const unmount = useCallback(() => {
    handle.current?.unmount();
    setReady(false);
  }, []);
  return { ref, ready, focus, unmount, retry };
}

/** The widget. */
export const RelayConnect: ForwardRefExoticComponent<RelayConnectProps & RefAttributes<RelayConnectHandle>> = forwardRef(
  function RelayConnect(props: RelayConnectProps, handle) {
    const { ref, focus, unmount, retry } = useRelayConnect(props);
    useImperativeHandle(handle, () => ({ focus, unmount, retry }), [focus, unmount, retry]);
    return createElement("div", { ref, id: props.id, className: props.className, style: props.style });
  },
);

type Plain = Record<string, unknown>;
type Latest = { readonly current: RelayConnectOptions };

/** The options that are data. */
function plain(options: RelayConnectOptions): Plain {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !NOT_PLAIN.has(name)));
}

/** What is other than before; `undefined` for what is gone. */
function difference(before: Plain, now: Plain): Plain {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const same = (name: string) => JSON.stringify(before[name]) === JSON.stringify(now[name]);
  return Object.fromEntries(names.filter((name) => !same(name)).map((name) => [name, now[name]]));
}

/** Functions that stay the same, and call whatever the last render gave. `follow` is told of what may change `ready`. */
function callbacks(latest: Latest, follow: () => void): MountOptions {
  const calls: Plain = {};
  for (const name of CALLBACKS) {
    if (name === "onExit" && !latest.current.onExit) continue;
    calls[name] = (value: never) => {
      if (name === "onReady" || name === "onError") follow();
      (latest.current[name] as ((value: never) => void) | undefined)?.(value);
    };
  }
  if (latest.current.fetchToken) calls.fetchToken = () => fetched(latest);
  return calls;
}

function fetched(latest: Latest): Promise<string> {
  return latest.current.fetchToken?.() ?? Promise.reject(new Error("there is no fetchToken any more"));
}

function notLoaded(error: unknown): WidgetError {
  return {
    code: "script_not_loaded",
    message: error instanceof Error ? error.message : String(error),
    displayMessage: "The form could not be loaded. Check your connection and try again.",
    retryable: true,
  };
}

/** The attributes of `<relay-connect>`, and its events, as React 19 spells their listeners. */
export interface RelayConnectElementProps extends DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> {
  token?: string | undefined;
  /** A property, which React 19 sets as such. */
  fetchToken?: (() => Promise<string>) | undefined;
  provider?: ProviderName | undefined;
  theme?: Theme | undefined;
  "accent-color"?: string | undefined;
  locale?: string | undefined;
  isolation?: "frame" | "shadow" | undefined;
  layout?: "inline" | "modal" | undefined;
  "base-url"?: string | undefined;
  "onrelay-ready"?: ((event: CustomEvent<void>) => void) | undefined;
  "onrelay-success"?: ((event: CustomEvent<SuccessResult>) => void) | undefined;
  "onrelay-error"?: ((event: CustomEvent<WidgetError>) => void) | undefined;
  "onrelay-exit"?: ((event: CustomEvent<ExitResult>) => void) | undefined;
  "onrelay-event"?: ((event: CustomEvent<WidgetEvent>) => void) | undefined;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "relay-connect": RelayConnectElementProps;
    }
  }
}
