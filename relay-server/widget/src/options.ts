/** The widget's public interface: the options and the handle of `Relay.mount`. */

/** A provider's name in the API; `make generate` writes this type. */
export type ProviderName = "openai" | "anthropic" | "google";

/** `auto` follows the page's `prefers-color-scheme`. */
export type Theme = "light" | "dark" | "auto";

/** The state of a stored key; see docs/widget.md. */
export type ConnectionState = "active" | "unverified" | "restricted" | "no_credit" | "invalid" | "revoked";

/** The options of `Relay.mount`. Only a token is required. */
export interface MountOptions {
  /** A registration token (`rrt-…`) that your backend requested. Pass either this or `fetchToken`. */
  registrationToken?: string | undefined;
  /** Fetches a new token from your backend. Called at the start without a token, and when the token has expired or was used. */
  fetchToken?: (() => Promise<string>) | undefined;
  /** Shows only this provider. A token that is locked to a provider does the same. */
  provider?: ProviderName | undefined;
  /** Default `light`. */
  theme?: Theme | undefined;
  /** Any CSS colour that the browser resolves to sRGB: `#635bff`, `rebeccapurple`, `rgb(99 91 255)`. Default `#635bff`. */
  accentColor?: string | undefined;
  /** `en`, `ko`, or a tag that begins with one of them (`ko-KR`). Default: the page's language if the widget supports it, else `en`. */
  locale?: string | undefined;
  /** Details of the appearance. */
  appearance?: Appearance | undefined;
  /**
   * `frame` (default): the key is typed into a frame from Relay's origin, which the page's scripts can't read.
   * `shadow`: no frame; **every script of the page can read the key**. A project can forbid it.
   */
  isolation?: "frame" | "shadow" | undefined;
  /** `inline` (default) in the element; `modal` in a dialog above the page, which opens at once. */
  layout?: "inline" | "modal" | undefined;
  /** Your own help pages, shown beside the providers' pages for creating a key, outside the frame. Only `https:` URLs. */
  links?: Partial<Record<ProviderName, string>> | undefined;
  /** Relay's address, if it can't be derived from the script's: `https://vault.example`, or `https://example.com/relay`. */
  baseURL?: string | undefined;
  /** `true`: tests of the page can look into the widget; see docs/testing-your-app.md. The key frame stays closed. Read once. */
  testing?: boolean | undefined;
  /** The widget is ready to use. Called again after each problem that it had to be loaded again for. */
  onReady?: (() => void) | undefined;
  /** A key was connected. Called once for each connected key. */
  onSuccess?: ((result: SuccessResult) => void) | undefined;
  /** Something went wrong: an invalid option, or a failed call. The widget also shows it, in the user's language. */
  onError?: ((error: WidgetError) => void) | undefined;
  /** The user finished or left, pressed Esc, or `unmount` was called before a key was connected. */
  onExit?: ((exit: ExitResult) => void) | undefined;
  /** Events for analytics. They never contain a key or a token. */
  onEvent?: ((event: WidgetEvent) => void) | undefined;
}

/** CSS values that adapt the widget to the page around it. */
export interface Appearance {
  /** `fontFamily`, `fontSize` (px, 12 to 24), `borderRadius` (px, 0 to 24), and colours. An invalid value is reported and ignored. */
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

/** A connected key: the argument of `onSuccess`. */
export interface SuccessResult {
  provider: ProviderName;
  /** `replaced` if the key replaced an earlier one. */
  status: "connected" | "replaced";
  /** The provider's verdict on the key; `unverified` if it could not be reached. */
  state: ConnectionState;
  /** The key's last four characters. */
  last4: string;
  /** The time in RFC 3339. */
  connectedAt: string;
  /** Relay's id of the request, for support. */
  requestId: string;
}

/** An error. docs/widget.md lists the values of `code`. */
export interface WidgetError {
  code: string;
  /** For developers, in English. */
  message: string;
  /** For the user, in the widget's language. */
  displayMessage: string;
  /** Whether a retry can help. */
  retryable: boolean;
  /** Relay's id of the request, if there was one. */
  requestId?: string | undefined;
  /** The provider that the error concerns, if any. */
  provider?: ProviderName | undefined;
}

/** Why the widget was left: the argument of `onExit`. */
export interface ExitResult {
  /** `escape`: Esc in a widget that is not a dialog. It stays where it is. */
  reason: "done" | "cancelled" | "escape" | "unmounted";
}

/** An event for analytics: the argument of `onEvent`. */
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

/** The handle that `Relay.mount` returns. */
export interface WidgetHandle {
  /** Changes the given options, including callbacks, and leaves the others as they are. */
  update(options: Partial<MountOptions>): void;
  /** Moves the focus to whatever the user has to do next. */
  focus(): void;
  /** Removes the widget, everything that was typed, its listeners and its timers. Safe to call twice. */
  unmount(): void;
  /**
   * Resolves when the widget is ready, or was unmounted before; rejects with a `WidgetError` if it can't be used. When the user tries
   * again, or another token comes, it is another promise.
   */
  readonly ready: Promise<void>;
}

/** The global `Relay`. */
export interface RelayGlobal {
  /** Mounts the widget in an element, or in the first one that matches the selector. Replaces a widget that is already there. */
  mount(target: string | Element, options?: MountOptions): WidgetHandle;
  /** The version of the script. */
  readonly version: string;
}
