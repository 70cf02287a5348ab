import { state } from "../../../lib/state";

export async function GET() {
  return Response.json(await state());
}
