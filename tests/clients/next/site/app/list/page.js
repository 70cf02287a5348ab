// A server component. Nothing in it says that it depends on the moment.
import { state } from "../../lib/state";

export default async function Page() {
  return <p>{JSON.stringify(await state())}</p>;
}
