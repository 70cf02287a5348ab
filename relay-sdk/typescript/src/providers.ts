// Generated from the providers' rows in relay-core by `make generate`. Do not edit.

/** A provider's name in the API. A newer Relay may know more of them. */
export type Provider = "openai" | "anthropic" | "google" | (string & {});
