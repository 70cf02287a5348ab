/**
 * What the widget on the page (the shell) and the key frame on Relay's origin say to each other.
 *
 * Two window messages make the connection; all others go over the `MessagePort` that comes with the second.
 * 1. frame to page, to the origin that the frame's address names: `Hello`, with the nonce of the frame's address.
 * 2. page to frame, to Relay's origin: `Start`, with the same nonce, the token and a port.
 * Both sides check origin, source and nonce, which keeps other windows and frames out. Scripts of the page itself can see and
 * send these messages: they are where the widget was put. So a key is in none of them, and the frame says by itself whose account
 * the key is for.
 */

import type { AppearanceVariable, ConnectionState, ProviderName, SuccessResult } from "../options.ts";

/** The version of this protocol: a pinned script and a newer frame must agree on it. */
export const PROTOCOL = 1;

/** 1. The frame is there. */
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
  /** Where the hosted page shall go afterwards, to be checked by Relay. */
  returnUrl?: string | undefined;
  /** The page around the hosted page, in whose name it asks. */
  pageOrigin?: string | undefined;
}

/** How the frame draws itself. */
export interface Look {
  locale: string;
  dark: boolean;
  accentColor: string;
  variables: Partial<Record<AppearanceVariable, string>>;
  links: Partial<Record<ProviderName, string>>;
  /** The only provider that the page wants. */
  provider: ProviderName | null;
  /** Whether the page does something when the user is done. */
  exits: boolean;
  /** Whether the page can get another token. */
  renews: boolean;
}

/** From the page to the frame. */
export type ToFrame =
  | { type: "look"; look: Look }
  /** A fresh token, after `need_token`. */
  | { type: "token"; token: string }
  /** There is none. */
  | { type: "no_token" }
  /** The user picks a provider. */
  | { type: "choose"; provider: ProviderName }
  /** Ask again what the token allows. */
  | { type: "load" }
  | { type: "focus" };

/** From the frame to the page. */
export type ToPage =
  | { type: "session"; session: Session }
  /** No session. */
  | { type: "problem"; problem: Problem }
  | { type: "view"; view: View }
  | { type: "height"; px: number }
  /** The token can't be used any more. */
  | { type: "need_token"; problem: Problem }
  | { type: "selected"; provider: ProviderName }
  | { type: "submitted"; provider: ProviderName }
  /** The form shows it, and can be sent again. */
  | { type: "refused"; problem: Problem; provider: ProviderName }
  | { type: "connected"; result: SuccessResult }
  | { type: "disconnected"; provider: ProviderName; requestId?: string | undefined }
  | { type: "not_disconnected"; problem: Problem }
  /** The user wants to connect another provider: that takes another token. */
  | { type: "more" }
  | { type: "leave"; reason: "done" | "cancelled" };

/** What the frame shows, and what the page has to show around it. */
export interface View {
  /** `choose`: what is connected, if anything is. */
  name: "choose" | "key" | "confirm_disconnect" | "success";
  provider: ProviderName | null;
  /** Providers to pick from. */
  open: { name: ProviderName; label: string }[];
  /** Whether something is connected already. */
  connected: boolean;
  /** Whether there is nothing in the frame. */
  empty: boolean;
  /** Whether Relay is asked just now, and nothing else can be begun. */
  busy: boolean;
}

/** The answer to a registration, with its request id. */
export type Connected = Omit<SuccessResult, "status">;

/** What `GET /v1/registration` says. */
export interface Session {
  projectName: string;
  endUserLabel: string;
  /** The one provider that the token is for. */
  provider: ProviderName | null;
  /** Whether a stored key may be replaced or removed. */
  replace: boolean;
  expiresAt: string;
  /** Whether the project refuses `isolation: 'shadow'`. */
  frameOnly: boolean;
  /** Where to go afterwards, if it was asked for and is allowed. */
  returnUrl: string | null;
  providers: ProviderInfo[];
  /** All that Relay knows, also those that the token does not allow. */
  knownProviders: KnownProvider[];
  connections: Connection[];
}

/** What tells a provider's keys from those of others. */
export interface KnownProvider {
  name: ProviderName;
  /** For people: `OpenAI`. */
  label: string;
  /** How keys begin. Hints: no key is refused by its look. */
  keyPrefixes: readonly string[];
}

/** A provider that a key can be connected for. */
export interface ProviderInfo extends KnownProvider {
  keyPlaceholder: string;
  /** The page where a user makes a key. */
  keyUrl: string;
  /** The page where a user pays. */
  billingUrl: string;
}

/** A key that is stored already. */
export interface Connection {
  provider: ProviderName;
  state: ConnectionState;
  last4: string;
  connectedAt: string;
}

/** What went wrong, as Relay's API or the browser tells it. */
export interface Problem {
  /** `error.code` of the API, or one of ours: `offline`, `relay_unreachable`, `relay_timeout`. */
  code: string;
  /** For developers. */
  message: string;
  /** What the form shows, if it shows more than the code says. */
  displayMessage?: string | undefined;
  requestId?: string | undefined;
  provider?: ProviderName | undefined;
  /** The member of the request that it is about. */
  param?: string | undefined;
  /** Seconds to wait, from `retry-after`. */
  retryAfter?: number | undefined;
  /** How many more refused keys the token takes. */
  triesLeft?: number | undefined;
}
