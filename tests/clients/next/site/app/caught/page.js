// A server component that catches every error, also what Next.js throws through a fetch.
import { relay, state } from "../../lib/state";

export default async function Page() {
  let shown;
  try {
    for await (const _ of relay.users.list()) break;
    shown = await state();
  } catch (error) {
    shown = { caught: error.code ?? error.digest ?? String(error) };
  }
  return <p>{JSON.stringify(shown)}</p>;
}
