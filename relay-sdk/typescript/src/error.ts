const DOCS = "https://github.com/relayservice/relay/blob/main/docs";
/** The codes that only the SDK throws. All others are Relay's. */
const OWN = /^(missing_relay_key|browser_not_allowed|connection_failed|timeout|aborted|unexpected_response|invalid_webhook)$/;

/** The error that the SDK's own methods throw. AI calls throw the OpenAI client's errors. @example if (error instanceof RelayError) log(error.code, error.requestId); */
export class RelayError extends Error {
  /** The HTTP status of Relay's response; `undefined` if there was none. */
  declare readonly status: number | undefined;
  /** The stable code to branch on. `docUrl` explains it. */
  declare readonly code: string;
  /** OpenAI's error type, such as `permission_error`. */
  declare readonly type: string | undefined;
  /** The invalid option or member of the request. */
  declare readonly param: string | undefined;
  /** Relay's id of the request: quote it when you ask for support. */
  declare readonly requestId: string | undefined;
  /** The same as `requestId`, as the OpenAI client's errors spell it: for code that handles both. */
  get requestID(): string | undefined {
    return this.requestId;
  }
  /** Whether the same request may succeed later. The SDK has already retried it `maxRetries` times. */
  declare readonly retryable: boolean;
  /** The page that explains this code and what to do. */
  declare readonly docUrl: string;
  /** The provider whose key or service failed. {@link keyNeeded} says whether the widget helps. */
  declare readonly provider: string | undefined;
  constructor(message: string, { cause, ...facts }: { code: string } & Partial<Omit<RelayError, "requestID">>) {
    const { status, code, type, param, requestId, retryable = false, provider } = facts;
    super(`${message} (${[status, code, requestId].filter(Boolean).join(" ")})`, cause === undefined ? {} : { cause });
    // A text fragment: browsers scroll to the code.
    const docUrl = `${DOCS}/${OWN.test(code) ? "sdk" : "errors"}.md#:~:text=${encodeURIComponent(code)}`;
    Object.assign(this, { status, code, type, param, requestId, retryable, docUrl, provider });
  }
}
Object.defineProperty(RelayError.prototype, "name", { value: "RelayError" });
