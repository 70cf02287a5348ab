import { connection } from "next/server";
import { relay } from "../lib/relay";
import { Notes } from "./notes";

export default async function Page() {
  await connection(); // the address is known when the app runs, not when it is built
  return <Notes relayURL={relay.baseURL} />;
}
