/** `<relay-connect>`: the widget as an element, with events in place of callbacks. */

import { mount } from "./mount.ts";
import type { MountOptions, WidgetHandle } from "./options.ts";

/** Attributes, and the options that they set. */
const ATTRIBUTES: Readonly<Record<string, keyof MountOptions>> = {
  token: "registrationToken",
  provider: "provider",
  theme: "theme",
  "accent-color": "accentColor",
  locale: "locale",
  isolation: "isolation",
  layout: "layout",
  "base-url": "baseURL",
};

/** Defines `<relay-connect>`, once. */
export function define(scriptBase: string): void {
  if (customElements.get("relay-connect")) return;
  customElements.define("relay-connect", class extends RelayConnect {
    protected readonly scriptBase = scriptBase;
  });
}

abstract class RelayConnect extends HTMLElement {
  static readonly observedAttributes = Object.keys(ATTRIBUTES);
  protected abstract readonly scriptBase: string;
  private handle: WidgetHandle | null = null;
  private fetch: MountOptions["fetchToken"];

  /** The option of that name: a property, since it is a function. */
  get fetchToken(): MountOptions["fetchToken"] {
    return this.fetch;
  }

  set fetchToken(fetchToken: MountOptions["fetchToken"]) {
    this.fetch = fetchToken;
    this.handle?.update({ fetchToken });
  }

  connectedCallback(): void {
    // A property that was set before the element was defined is an own property, and hides the accessor.
    if (Object.hasOwn(this, "fetchToken")) {
      const early = this.fetchToken;
      delete (this as { fetchToken?: unknown }).fetchToken;
      this.fetch = early;
    }
    // Later, so that a page which creates the element can set its properties first.
    queueMicrotask(() => {
      if (this.isConnected && !this.handle) this.handle = mount(this, this.options(), this.scriptBase);
    });
  }

  disconnectedCallback(): void {
    // An element that is moved is connected again at once.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.handle?.unmount();
      this.handle = null;
    });
  }

  attributeChangedCallback(name: string, _before: string | null, value: string | null): void {
    const option = ATTRIBUTES[name];
    if (option) this.handle?.update({ [option]: value ?? undefined });
  }

  /** Moves the focus to whatever the user has to do next. */
  override focus(): void {
    this.handle?.focus();
  }

  private options(): MountOptions {
    const options: Record<string, unknown> = {};
    for (const [name, option] of Object.entries(ATTRIBUTES)) options[option] = this.getAttribute(name) ?? undefined;
    const tell = (name: string) => (detail: unknown) => {
      this.dispatchEvent(new CustomEvent(`relay-${name}`, { detail, bubbles: true, composed: true }));
    };
    return {
      ...options,
      fetchToken: this.fetch,
      onReady: () => tell("ready")(undefined),
      onSuccess: tell("success"),
      onError: tell("error"),
      // Not `onExit`: with it the widget would offer "Done", as if the page reacted to it.
      onEvent: (event) => {
        if (event.name === "exit") tell("exit")({ reason: event.reason });
        tell("event")(event);
      },
    };
  }
}
