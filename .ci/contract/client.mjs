// The client without a browser: in Node, and in a worker. Importing it changes nothing global, and a person signs in and out.

import assert from "node:assert/strict";
import { Worker, isMainThread } from "node:worker_threads";

const PARTS = ["stoa-client", ...["core", "support", "shop", "checkout", "account"].map((part) => `stoa-client/${part}`)];

const globals = () => Reflect.ownKeys(globalThis).map((key) => [String(key), Object.getOwnPropertyDescriptor(globalThis, key).value]);
const before = globals();
const [{ createStoa }] = await Promise.all(PARTS.map((part) => import(part)));
assert.deepEqual(globals().map(([name]) => name), before.map(([name]) => name), "an import adds or removes something global");
assert.ok(globals().every(([, value], n) => Object.is(value, before[n][1])), "an import replaces something global");

const TOKENS = { step: "signed_in", access_token: "a", expires_in: 600, user_id: "u", refresh_token: "r", user: { username: "ana" } };
const asked = [];
const fetch = async (url, { method, headers }) => {
  asked.push(`${method} ${new URL(url).pathname} ${headers.authorization ?? ""}`.trim());
  return method === "DELETE" ? new Response(null, { status: 204 }) : Response.json(method === "POST" ? TOKENS : { username: "ana" });
};
const stoa = createStoa({ url: "https://api.example.test", tokens: "memory", fetch });
assert.equal((await stoa.session.signIn({ login: "ana", password: "" })).data.next, "signed_in");
assert.equal((await stoa.api.GET("/v1/me")).data.username, "ana");
assert.deepEqual(await stoa.session.signOut(), {});
assert.equal(stoa.session.current.state, "signed_out");
assert.deepEqual(asked, ["POST /v1/sessions", "GET /v1/me Bearer a", "DELETE /v1/sessions/current Bearer a"]);
stoa.close();

// An error in it ends this process too.
if (isMainThread) new Worker(new URL(import.meta.url));
