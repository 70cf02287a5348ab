import { relay, signedIn } from "../../../lib/relay";

// For the widget in the page: a token with which this user, and nobody else, can connect a key.
export async function POST() {
  const { registrationToken } = await relay.createRegistrationToken({ user: await signedIn() });
  return new Response(registrationToken);
}
