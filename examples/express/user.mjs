// A stand-in for your own sign-in: everybody who comes is somebody new. Who may ask for a token decides whose key it will be.
import { randomUUID } from "node:crypto";

export function signedIn(request, response, next) {
  request.user = request.headers.cookie?.match(/(?:^|; )user=([\w-]+)/)?.[1] ?? `user_${randomUUID()}`;
  response.cookie("user", request.user, { httpOnly: true, sameSite: "strict" });
  next();
}
