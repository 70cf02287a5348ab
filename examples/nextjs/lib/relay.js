import { randomUUID } from "node:crypto";
import { Relay } from "@relayservice/sdk";
import { cookies } from "next/headers";

export const relay = new Relay(); // RELAY_KEY and RELAY_BASE_URL; a build needs neither

/** A stand-in for your own sign-in: everybody who comes is somebody new. Who may ask for a token decides whose key it will be. */
export async function signedIn() {
  const jar = await cookies();
  const user = jar.get("user")?.value ?? `user_${randomUUID()}`;
  jar.set("user", user, { httpOnly: true, sameSite: "strict" });
  return user;
}
