// Generated from the providers' rows in relay-core by `make generate`. Do not edit.

/** A provider's name in the API. A newer Relay may know more of them. */
export type ProviderName = "openai" | "anthropic" | "google" | (string & {});
