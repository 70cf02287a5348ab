/** What `Relay.mount` takes and gives back: the widget's public interface. */

/** A provider's name in the API; `make generate` writes this type. */
export type ProviderName = "openai" | "anthropic" | "google";

/** `auto` follows the page's `prefers-color-scheme`. */
export type Theme = "light" | "dark" | "auto";

/** What is known of a stored key; see docs/widget.md. */
export type ConnectionState = "active" | "unverified" | "restricted" | "no_credit" | "invalid" | "revoked";

/** How `Relay.mount` draws and what it tells. Everything but a token is optional. */
export interface MountOptions {
  /** A registration token (`rrt-…`) that your backend asked for. Either this or `fetchToken`. */
  registrationToken?: string | undefined;
  /** Asks your backend for a fresh token: called at the start if there is none, and when the token has expired or was used. */
  fetchToken?: (() => Promise<string>) | undefined;
  /** Shows this provider only. A token that is locked to a provider does the same. */
  provider?: ProviderName | undefined;
  /** Default `light`. */
  theme?: Theme | undefined;
  /** Any CSS colour that the browser resolves to sRGB: `#635bff`, `rebeccapurple`, `rgb(99 91 255)`. Default `#635bff`. */
  accentColor?: string | undefined;
  /** `en`, `ko`, or a tag that begins with one of them (`ko-KR`). Default: the page's language if there are texts for it, else `en`. */
  locale?: string | undefined;
  /** Details of the look. */
  appearance?: Appearance | undefined;
  /**
   * `frame` (default): the key is typed into a frame from Relay's origin, which the page's scripts can't read.
   * `shadow`: no frame; **every script of the page can read the key**. A project can forbid it.
   */
  isolation?: "frame" | "shadow" | undefined;
  /** `inline` (default) in the element; `modal` in a dialog above the page, which opens at once. */
  layout?: "inline" | "modal" | undefined;
  /** Help pages in place of the providers' own pages for making a key. Only `https:` addresses. */
  links?: Partial<Record<ProviderName, string>> | undefined;
  /** Relay's origin, if it can't be told from the script's address: `https://vault.example`. */
  baseURL?: string | undefined;
  /** The widget can be used. */
  onReady?: (() => void) | undefined;
  /** A key was connected. Once an attempt. */
  onSuccess?: ((result: SuccessResult) => void) | undefined;
  /** Something is wrong, with the options or on the way. The widget shows it too, in the user's language. */
  onError?: ((error: WidgetError) => void) | undefined;
  /** The user is done or leaves, or `unmount` was called before a key was connected. */
  onExit?: ((exit: ExitResult) => void) | undefined;
  /** What happens, for analytics. Never holds a key, or a token. */
  onEvent?: ((event: WidgetEvent) => void) | undefined;
}

/** CSS values for the parts of the widget that may look like the page around it. */
export interface Appearance {
  /** `fontFamily`, `fontSize` (px, 12 to 24), `borderRadius` (px, 0 to 24), and colours. What can't be used is an error and ignored. */
  variables?: Partial<Record<AppearanceVariable, string>> | undefined;
}

/** The names in `appearance.variables`. */
export type AppearanceVariable =
  | "fontFamily"
  | "fontSize"
  | "borderRadius"
  | "colorBackground"
  | "colorText"
  | "colorMuted"
  | "colorBorder"
  | "colorDanger"
  | "colorSuccess";

/** A connected key, as `onSuccess` gets it. */
export interface SuccessResult {
  provider: ProviderName;
  /** Whether there was no key before, or this one takes its place. */
  status: "connected" | "replaced";
  /** What the provider said of the key: `unverified` if it could not be reached. */
  state: ConnectionState;
  /** The key's last four characters. */
  last4: string;
  /** RFC 3339. */
  connectedAt: string;
  /** Relay's id of the request, for support. */
  requestId: string;
}

/** What went wrong. `code` is one of docs/widget.md. */
export interface WidgetError {
  code: string;
  /** For developers, in English. */
  message: string;
  /** For the user, in the widget's language. */
  displayMessage: string;
  /** Whether trying again can help. */
  retryable: boolean;
  /** Relay's id of the request, if there was one. */
  requestId?: string | undefined;
  /** The provider that it is about, if it is about one. */
  provider?: ProviderName | undefined;
}

/** How a widget was left. */
export interface ExitResult {
  reason: "done" | "cancelled" | "unmounted";
}

/** What happens, for analytics. */
export type WidgetEvent =
  | { name: "ready" }
  | { name: "provider_selected"; provider: ProviderName }
  | { name: "key_submitted"; provider: ProviderName }
  | { name: "key_refused"; provider: ProviderName; code: string; requestId?: string | undefined }
  | { name: "connected"; provider: ProviderName; state: ConnectionState; requestId: string }
  | { name: "disconnected"; provider: ProviderName; requestId?: string | undefined }
  | { name: "token_refreshed" }
  | { name: "error"; code: string; requestId?: string | undefined }
  | { name: "exit"; reason: ExitResult["reason"] };

/** What `Relay.mount` gives back. */
export interface WidgetHandle {
  /** Changes options. Callbacks too; what is not named stays as it is. */
  update(options: Partial<MountOptions>): void;
  /** Puts the focus on what the user has to do next. */
  focus(): void;
  /** Takes the widget away, with what was typed, its listeners and its timers. Can be called again. */
  unmount(): void;
  /** Settles when the widget can be used; rejects with a `WidgetError` if it can't be, and resolves to `undefined` if it was unmounted before. */
  readonly ready: Promise<void>;
}

/** The global `Relay`. */
export interface RelayGlobal {
  /** Draws the widget into an element, or the first one that the selector finds. The same element again: the new one takes its place. */
  mount(target: string | Element, options?: MountOptions): WidgetHandle;
  /** The version of the script. */
  readonly version: string;
}
