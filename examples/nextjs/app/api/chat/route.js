import { keyNeeded } from "@relayservice/sdk";
import { relay, signedIn } from "../../../lib/relay";

// An answer, as it comes, paid with the user's own key.
export async function POST(request) {
  const { model, messages } = await request.json();
  const ai = relay.openai({ user: await signedIn() });
  try {
    const stream = await ai.chat.completions.create({ model, messages, stream: true }, { signal: request.signal });
    return new Response(text(stream), { headers: { "content-type": "text/plain; charset=utf-8" } });
  } catch (error) {
    const provider = keyNeeded(error); // the user has no key for this model, or one that no longer works
    if (!provider) throw error;
    return Response.json({ provider }, { status: 403 });
  }
}

function text(stream) {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async start(to) {
      for await (const chunk of stream) to.enqueue(encoder.encode(chunk.choices[0]?.delta?.content ?? ""));
      to.close();
    },
    cancel: () => stream.controller.abort(), // the user left: the provider stops, too
  });
}
