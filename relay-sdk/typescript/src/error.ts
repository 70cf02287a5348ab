const DOCS = "https://github.com/relayservice/relay/blob/main/docs";
/** Codes that only the SDK raises. All others are Relay's. */
const OWN = /^(missing_relay_key|browser_not_allowed|connection_failed|timeout|aborted|unexpected_response)$/;

/** What the SDK's own methods raise. AI calls raise the OpenAI client's errors. @example if (error instanceof RelayError) log(error.code, error.requestId); */
export class RelayError extends Error {
  /** HTTP status of Relay's answer; `undefined` if there was none. */
  declare readonly status: number | undefined;
  /** What went wrong, to branch on. Stable; `docUrl` explains it. */
  declare readonly code: string;
  /** OpenAI's kind of error, such as `permission_error`. */
  declare readonly type: string | undefined;
  /** The option, or the member of the request, that is at fault. */
  declare readonly param: string | undefined;
  /** Relay's id of the request: quote it when you ask for support. */
  declare readonly requestId: string | undefined;
  /** Whether the same request may succeed later. It was tried again `maxRetries` times already. */
  declare readonly retryable: boolean;
  /** The page that says what to do about this code. */
  declare readonly docUrl: string;
  /** The provider whose key or service failed: open the widget for it. */
  declare readonly provider: string | undefined;
  constructor(message: string, { cause, ...facts }: { code: string } & Partial<RelayError>) {
    const { status, code, type, param, requestId, retryable = false, provider } = facts;
    super(`${message} (${[status, code, requestId].filter(Boolean).join(" ")})`, cause === undefined ? {} : { cause });
    // A link to the very words: every browser scrolls to them.
    const docUrl = `${DOCS}/${OWN.test(code) ? "sdk" : "errors"}.md#:~:text=${encodeURIComponent(code)}`;
    Object.assign(this, { status, code, type, param, requestId, retryable, docUrl, provider });
  }
}
Object.defineProperty(RelayError.prototype, "name", { value: "RelayError" });
