// A form that works without JavaScript: its action shows the state in the address that it redirects to.
import { redirect } from "next/navigation";

import { state } from "../../lib/state";

async function show() {
  "use server";
  redirect(`/shown?state=${encodeURIComponent(JSON.stringify(await state()))}`);
}

export default function Page() {
  return (
    <form action={show}>
      <button>Show</button>
    </form>
  );
}
