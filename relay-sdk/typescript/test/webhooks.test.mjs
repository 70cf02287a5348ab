// The signatures of webhooks, with the vectors of the Standard Webhooks project.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { RelayError, webhooks } from "../dist/index.js";

// https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/index.test.ts
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT = 1614265330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const HEADERS = { "webhook-id": ID, "webhook-timestamp": String(AT), "webhook-signature": SIGNATURE };
const sign = (secret, id, at, body) => `v1,${createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64")).update(`${id}.${at}.${body}`).digest("base64")}`;
const verify = (more = {}, { body = BODY, secret = SECRET, now = AT } = {}) => webhooks.verify(body, { ...HEADERS, ...more }, secret, { now });
const refused = async (promise, code = "invalid_webhook") => {
  const error = await promise.then(() => assert.fail("it was accepted"), (error) => error);
  assert.ok(error instanceof RelayError);
  assert.equal(error.code, code);
};

test("the vector of the project is accepted, in every form of headers and body", async () => {
  assert.equal(SIGNATURE, sign(SECRET, ID, AT, BODY));
  assert.deepEqual(await verify(), { id: ID, test: 2432232314 });
  assert.deepEqual(await webhooks.verify(new TextEncoder().encode(BODY), new Headers(HEADERS), SECRET, { now: AT }), { id: ID, test: 2432232314 });
  assert.deepEqual(await verify({}, { secret: SECRET.replace("whsec_", "") }), { id: ID, test: 2432232314 });
  const named = Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name.toUpperCase(), value]));
  assert.deepEqual(await webhooks.verify(BODY, named, SECRET, { now: AT }), { id: ID, test: 2432232314 });
});

test("one of several signatures and secrets is enough, for a time of rolling", async () => {
  const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const both = `v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,abc ${SIGNATURE}`;
  await verify({ "webhook-signature": both });
  await verify({}, { secret: [other, SECRET] });
  await refused(verify({}, { secret: other }));
});

test("a changed, old, future or unsigned event is refused", async () => {
  await refused(verify({}, { body: BODY.replace("2", "3") }));
  for (const name of Object.keys(HEADERS)) await refused(verify({ [name]: undefined }));
  await refused(verify({ "webhook-id": "msg_another" }));
  await refused(verify({}, { now: AT + 301 }));
  await refused(verify({}, { now: AT - 301 }));
  await verify({}, { now: AT + 300 });
  await verify({}, { now: AT - 300 });
  await refused(verify({ "webhook-timestamp": "hello" }));
  await refused(verify({ "webhook-timestamp": `${AT + 1}` }));
  for (const signature of ["v1,", "", "v1", SIGNATURE.slice(3), SIGNATURE.replace("v1", "v2"), "v1,!!!", `${SIGNATURE.slice(0, -3)}AA=`]) await refused(verify({ "webhook-signature": signature }));
  for (const secret of ["", "whsec_", "whsec_!", undefined]) await refused(webhooks.verify(BODY, HEADERS, secret ?? [""], { now: AT }), "invalid_value");
});

test("a signed body that is not JSON is refused", async () => {
  await refused(webhooks.verify("no JSON", { ...HEADERS, "webhook-signature": sign(SECRET, ID, AT, "no JSON") }, SECRET, { now: AT }));
});
