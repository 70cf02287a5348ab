/**
 * The messages between the widget on the page (the shell) and the key frame on Relay's origin.
 *
 * Two window messages open the connection. All others use the `MessagePort` that comes with the second.
 * 1. frame to page, to the origin in the frame's URL: `Hello`, with the nonce of the frame's URL.
 * 2. page to frame, to Relay's origin: `Start`, with the same nonce, the token and a port.
 * Both sides check origin, source and nonce, which excludes other windows and frames. Scripts of the page itself can see and send
 * these messages, because they embedded the widget. So no message contains a key, and the frame itself shows the account that the
 * key is for, before it sends one there.
 */

import type { AppearanceVariable, ConnectionState, ProviderName, SuccessResult } from "../options.ts";

/** The version of this protocol: a pinned script and a newer frame must agree on it. */
export const PROTOCOL = 1;

/** 1. The frame has loaded. */
export interface Hello {
  relay: typeof PROTOCOL;
  type: "hello";
  nonce: string;
}

/** 2. The page answers, with a port. */
export interface Start {
  relay: typeof PROTOCOL;
  type: "start";
  nonce: string;
  token: string;
  look: Look;
  /** Where the hosted page must go afterwards. Relay checks it. */
  returnUrl?: string | undefined;
  /** The page that embeds the hosted page, on whose behalf it calls. */
  pageOrigin?: string | undefined;
}

/** The frame's appearance. */
export interface Look {
  locale: string;
  dark: boolean;
  accentColor: string;
  variables: Partial<Record<AppearanceVariable, string>>;
  /** The only provider that the page allows. */
  provider: ProviderName | null;
  /** Whether the page reacts when the user is done. */
  exits: boolean;
  /** Whether the page can get another token. */
  renews: boolean;
}

/** From the page to the frame. */
export type ToFrame =
  | { type: "look"; look: Look }
  /** A new token. It is used once the account that it is for is shown; see engine/machine.ts. */
  | { type: "token"; token: string }
  /** There is no new token. */
  | { type: "no_token" }
  /** The user chose a provider. */
  | { type: "choose"; provider: ProviderName }
  /** Load again what the token allows. */
  | { type: "load" }
  | { type: "focus" };

/** From the frame to the page. */
export type ToPage =
  | { type: "session"; session: Session }
  /** No session. */
  | { type: "problem"; problem: Problem }
  | { type: "view"; view: View }
  /** The same view in another language. */
  | { type: "words"; words: Words }
  /** The same problem in another language. */
  | { type: "said"; code: string; displayMessage: string }
  | { type: "height"; px: number }
  /** The token is no longer valid. */
  | { type: "need_token"; problem: Problem }
  | { type: "selected"; provider: ProviderName }
  | { type: "submitted"; provider: ProviderName }
  /** The form shows the problem, and can be sent again. */
  | { type: "refused"; problem: Problem; provider: ProviderName }
  | { type: "connected"; result: SuccessResult }
  | { type: "disconnected"; provider: ProviderName; requestId?: string | undefined }
  | { type: "not_disconnected"; problem: Problem }
  /** The form has noticed something about the page. It shows that. */
  | { type: "noticed"; problem: Problem }
  /** The user wants to connect another provider, which needs another token. */
  | { type: "more" }
  | { type: "leave"; reason: "done" | "cancelled" };

/** The frame's view, and what the page must show around it. */
export interface View {
  /** In `choose`: the connected keys. */
  name: "choose" | "key" | "confirm_disconnect" | "success";
  provider: ProviderName | null;
  /** The providers to choose from. */
  open: Pick<KnownProvider, "name" | "label" | "mark">[];
  words: Words;
  /** Whether the frame is empty. */
  empty: boolean;
  /** Whether a call is running, so that nothing else can be started. */
  busy: boolean;
}

/** What the page says around the frame. The frame knows the state, and has the texts. */
export interface Words {
  /** What the view is about. */
  title: string;
  /** Whether the view has a heading of its own. */
  headed: boolean;
  /** Below the title. */
  lead: string;
  /** Above the providers to choose from. */
  legend: string;
  /** The account, where the view does not name it. */
  account: string;
}

/** The response to a registration, with its request id. */
export type Connected = Omit<SuccessResult, "status">;

/** The response of `GET /v1/registration`. */
export interface Session {
  /** The id of the account: two projects can have the same name. */
  account: string;
  projectName: string;
  endUserLabel: string;
  /** The name under which the user knows the account. The label decides. */
  endUserName?: string | null;
  /** The path of the app's logo on Relay. */
  logoUrl?: string | null;
  /** Whether the token can store a key. Anything else than `open` only where it was asked for. */
  status?: "open" | "used" | "expired";
  /** What a used token stored, if it is still connected. */
  stored?: Connection | null;
  /** The one provider that the token is for. */
  provider: ProviderName | null;
  /** Whether a stored key may be replaced or removed. */
  replace: boolean;
  expiresAt: string;
  /** Whether the project refuses `isolation: 'shadow'`. */
  frameOnly: boolean;
  /** The origins that the project lists as its own; empty: any. A Relay of an older version names none. */
  allowedOrigins?: string[];
  /** Where to go afterwards, if it was requested and is allowed. */
  returnUrl: string | null;
  providers: ProviderInfo[];
  /** All providers that Relay knows, including those that the token does not allow. */
  knownProviders: KnownProvider[];
  connections: Connection[];
}

/** A provider's name and the prefixes of its keys. */
export interface KnownProvider {
  name: ProviderName;
  /** For people: `OpenAI`. */
  label: string;
  /** The path of its mark, in a box of 24 by 24. A Relay of an older version has none. */
  mark?: string;
  /** Prefixes of keys. They are hints: no key is refused because of its prefix. */
  keyPrefixes: readonly string[];
}

/** A provider that a key can be connected for. */
export interface ProviderInfo extends KnownProvider {
  keyPlaceholder: string;
  /** Its plan for people, which has no API credit. */
  subscription?: string;
  /** The page where a user creates a key. */
  keyUrl: string;
  /** The billing page. */
  billingUrl: string;
}

/** A stored key. */
export interface Connection {
  provider: ProviderName;
  state: ConnectionState;
  last4: string;
  connectedAt: string;
}

/** A problem that Relay's API or the browser reported. */
export interface Problem {
  /** `error.code` of the API, or `offline`, `relay_unreachable` or `relay_timeout`. */
  code: string;
  /** For developers. */
  message: string;
  /** The text that the form shows, if it is more specific than the code. */
  displayMessage?: string | undefined;
  requestId?: string | undefined;
  provider?: ProviderName | undefined;
  /** Tells kinds of one code apart: `expired`. */
  reason?: string | undefined;
  /** The member of the request that the problem concerns. */
  param?: string | undefined;
  /** Seconds to wait, from `retry-after`. */
  retryAfter?: number | undefined;
  /** The number of further refusals before the token expires. */
  triesLeft?: number | undefined;
}
