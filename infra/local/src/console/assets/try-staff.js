// Members of the team on this page: how a person becomes one, what the superuser does, and the authenticator app that each of them needs.

import { call, get } from "./console.js";
import { done } from "./try-parts.js";

/** An operation of the team, to find out whether somebody is of it. */
const DESK = "/v1/support/threads";
/** How long an app shows a code, in seconds, and the digits that it has. */
const [CODE_SECONDS, CODE_DIGITS] = [30, 6];
/** Where the secrets of the apps are, by username, so that they survive a reload. */
const SECRETS = "stoa.apps";
/** Seconds to wait for a message. */
const PATIENCE = 30;
/** Numbers that are nobody's. */
const PHONES = 447700900100;

const secrets = () => JSON.parse(localStorage.getItem(SECRETS) ?? "{}");
const secretOf = ({ username }) => secrets()[username];

/** The bytes of a text in Base32. */
function base32(text) {
  const digits = [...text.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  return Uint8Array.from(digits.join("").match(/.{8}/g), (bits) => parseInt(bits, 2));
}

/** A code of an authenticator app (RFC 6238). Each is accepted once, so the clock of the local cloud is moved to the next one. */
async function appCode(secret) {
  const { now } = await call("POST", "/_local/clock", { advance: `${CODE_SECONDS}s` });
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(Date.parse(now) / 1000 / CODE_SECONDS)));
  const key = await crypto.subtle.importKey("raw", base32(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const digest = new DataView(await crypto.subtle.sign("HMAC", key, counter));
  const number = digest.getUint32(digest.getUint8(digest.byteLength - 1) & 15) & 0x7fffffff;
  return String(number % 10 ** CODE_DIGITS).padStart(CODE_DIGITS, "0");
}

/** Runs a call that sends a code to an address or a number, and returns the code. */
async function codeTo(to, run) {
  const inbox = `/_local/inbox?to=${encodeURIComponent(to)}`;
  let after = (await get(inbox)).messages.at(-1)?.id ?? 0;
  if ((await run()).problem) return undefined;
  for (;;) {
    const { messages } = await get(`${inbox}&after=${after}&wait=${PATIENCE}`);
    if (messages.length === 0) return undefined;
    const found = messages.find(({ code }) => code);
    if (found) return found.code;
    after = messages.at(-1).id;
  }
}

/** Completes a sign-in or a step-up of a person on this machine, with the strongest factor that this page has. */
export async function prove(flow, person) {
  const secret = secretOf(person);
  const factor = flow.chosen ?? ["app", "password", "email"].find((one) => flow.allowed.includes(one) && (one !== "app" || secret));
  let code;
  if (factor === "email") {
    let next = { data: flow };
    code = await codeTo(person.email, async () => (next = await (flow.chosen ? flow.resend() : flow.choose(factor))));
    flow = next.data ?? flow;
  } else if (!flow.chosen && factor) {
    flow = (await flow.choose(factor)).data ?? flow;
  }
  const proof = factor === "password" ? { password: person.password } : factor === "app" && secret ? await appCode(secret) : code;
  return proof !== undefined && (await done(flow.verify(proof)))?.next === "signed_in";
}

/** The phone number of a person, by the place of their name among those of this page. */
export const phoneOf = ({ people }, { username }) => `+${PHONES + people.filter((one) => one.username < username).length}`;

/** Gives an account a phone number, with the code from the inbox. Returns the profile. */
export async function setPhone({ api }, phone) {
  let problem;
  const code = await codeTo(phone, async () => ({ problem } = await api.POST("/v1/me/phone-changes", { body: { phone } })));
  return done(problem ? { problem } : api.POST("/v1/me/phone-changes/verify", { body: { code } }));
}

/** Turns second factors on, as a person would, with the codes from the inbox. */
async function setUpFactors(stoa, page, person) {
  const { api } = stoa;
  const state = await done(api.GET("/v1/me/mfa"));
  if (!state || state.enabled) return;
  if (state.missing.length > 0) await setPhone(stoa, phoneOf(page, person));
  // Codes go to the contacts that the account has, which may be others by now.
  const contacts = await done(api.GET("/v1/me"));
  if (!contacts) return;
  const begun = await done(api.POST("/v1/me/mfa/setup", { body: { password: person.password } }));
  if (!begun) return;
  const { secret } = begun.app;
  const code = await appCode(secret);
  const mailed = await codeTo(contacts.email, () => api.POST("/v1/me/mfa/setup/app", { body: { code } }));
  const texted = await codeTo(contacts.phone, () => api.POST("/v1/me/mfa/setup/email", { body: { code: mailed } }));
  if (await done(api.POST("/v1/me/mfa/setup/sms", { body: { code: texted } }))) {
    localStorage.setItem(SECRETS, JSON.stringify({ ...secrets(), [person.username]: secret }));
  }
}

/** Runs `work` with a client of the superuser, who has proven a second factor. */
export async function asSuperuser(page, work) {
  const { createStoa, url, people } = page;
  const superuser = people.find(({ role }) => role === "superuser");
  const theirs = createStoa({ url });
  theirs.session.onStepUp((flow) => prove(flow, superuser));
  const flow = await done(theirs.session.signIn({ login: superuser.username, password: superuser.password }));
  if (flow && (flow.next === "signed_in" || (await prove(flow, superuser)))) {
    await setUpFactors(theirs, page, superuser);
    await work(theirs);
    await theirs.session.signOut();
  }
  theirs.close();
}

/** Why staff do something here, as the API is told. */
export const why = { Reason: encodeURIComponent("Trying it out.") };

/** The superuser gives somebody a role. */
const appoint = (page, { username }, role) => asSuperuser(page, ({ api }) =>
  done(api.PUT("/v1/admin/users/{username}/roles/{role}", { params: { path: { username, role }, header: why } })));

/** Gives a person a role, with all that this takes, unless they can use one of its operations already. */
export async function becomeStaff(stoa, page, username, role, operation) {
  const person = page.people.find((one) => one.username === username);
  stoa.session.onStepUp((flow) => prove(flow, person));
  await setUpFactors(stoa, page, person);
  if ((await stoa.api.GET(operation)).problem?.code !== "forbidden") return;
  await appoint(page, person, role);
  await done(stoa.api.GET(operation));
}

/** Makes a person a member of the team, and opens a socket that proves it. */
export async function joinTeam(stoa, page, username) {
  await becomeStaff(stoa, page, username, "moderator", DESK);
  stoa.live.stop();
  stoa.live.start();
}
