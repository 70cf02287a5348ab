// The SDK draws an idempotency key before it sends this request: with `cacheComponents` that must not fail the build.
import { relay } from "../../lib/state";

export default async function Page() {
  const { registrationToken } = await relay.createRegistrationToken({ user: "next" });
  return <p>{JSON.stringify(registrationToken)}</p>;
}
