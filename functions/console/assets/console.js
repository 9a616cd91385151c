// The console: who is signed in, which screen the address names, and the frame around it.

import { createStoa } from "/client/stoa.js";
import { createSupport } from "/client/support.js";
import { $, address, button, el, notify, say, told, word } from "./parts.js";
import { admit, opens, screens, takes } from "./rights.js";
import { signInScreen, stepUp } from "./sign-in.js";

/** The module of each screen, by the first part of its address. */
const SCREENS = {
  work: () => import("./work.js"),
  people: () => import("./people.js"),
  threads: () => import("./threads.js"),
  orders: () => import("./orders.js"),
  products: () => import("./products.js"),
  tickets: () => import("./tickets.js"),
  reports: () => import("./reports.js"),
  audit: () => import("./audit.js"),
  health: () => import("./health.js"),
  roles: () => import("./roles.js"),
};
/** An operation of every member of staff, to find out whether somebody has the proof that it takes. */
const STAFF = "/v1/support/threads";

const stoa = createStoa({ url: location.origin, locale: document.documentElement.lang, tokens: "cookie", stepUp });
/**
 * What screens get.
 * @typedef {{ stoa: import("/client/stoa.js").Stoa, api: any, support: import("/client/support.js").Support, go: (path: string[], filters?: any) => void, refresh: () => void }} App
 */
/** @type {App} */
const app = { stoa, api: stoa.api, support: createSupport(stoa), go: (path, filters) => void (location.hash = address(path, filters)), refresh: () => void render() };
/** What the screen that is shown leaves running, and the number of the last one that was asked for. */
let end = () => undefined;
let turn = 0;
/** Whose right to be here was found out. */
let admitted = null;
/**
 * The profile of whose session is restored, which the client has read. It is used once, because the roles may be others later.
 * @type {Promise<any> | undefined}
 */
let restored = stoa.session.restore().then(({ user }) => user);
const isAdmitted = () => admitted !== null && stoa.session.current.user?.id === admitted;

/** A part of an address, decoded. What is not encoded properly stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The screen and the filters that the address names. */
function route() {
  const [place, query] = location.hash.replace(/^#\/?/, "").split("?");
  const path = place.split("/").filter(Boolean).map(decoded);
  return { path: path.length > 0 ? path : ["work"], filters: Object.fromEntries(new URLSearchParams(query)) };
}

function frame(current) {
  const one = (name) => el("li", {}, el("a", { href: address([name]), "aria-current": name === current ? "page" : null }, word("screen", name)));
  $("nav").firstElementChild.replaceChildren(...screens().map(one));
  $("nav").querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  const { user } = stoa.session.current;
  $("nav").hidden = !isAdmitted();
  $("me").hidden = !user;
  const leave = button(say("sign-out"), async () => {
    const { problem } = await stoa.session.signOut();
    if (problem) notify(told(problem), true);
  }, { class: "quiet" });
  if (user) $("me").replaceChildren(el("span", {}, user.username ?? ""), leave);
  for (const other of $("languages").querySelectorAll("a")) other.href = `?lang=${other.lang}${location.hash}`;
}

function show(title, content) {
  const heading = typeof title === "string" ? el("h1", { tabindex: "-1" }, title) : title;
  $("main").replaceChildren(...[heading, content].flat(2).filter(Boolean));
  $("main").dataset.screen = location.hash;
  document.title = `${$("main").querySelector("h1")?.textContent ?? ""} · Stoa`;
  // Who signs in goes on typing.
  const field = title === null ? $("main").querySelector("input") : undefined;
  (field ?? $("main").querySelector("h1"))?.focus();
}

/** Why somebody who is signed in may not be here, if so. */
async function refusal() {
  if (isAdmitted()) return undefined;
  const profile = await restored;
  restored = undefined;
  const { data, problem } = profile?.username ? { data: profile, problem: undefined } : await stoa.api.GET("/v1/me");
  if (problem) return problem;
  // Somebody else has signed in meanwhile: it is their right to be here that counts.
  if (data.id !== stoa.session.current.user?.id) return refusal();
  admit(data.roles ?? []);
  // Who has no role is asked for no proof.
  if (screens().length === 0) return { code: "forbidden" };
  const asked = await stoa.api.GET(STAFF, { params: { query: { limit: 1 } } });
  if (!asked.problem) admitted = data.id;
  frame(route().path[0]);
  return asked.problem;
}

/** Reads the roles again after a new token. If they have changed, so has what the shown screen offers: it is shown again. */
async function reread() {
  const { data } = await stoa.api.GET("/v1/me");
  if (!data || !isAdmitted() || data.id !== admitted) return;
  const isChanged = admit(data.roles ?? []);
  if (screens().length === 0) admitted = null;
  if (isChanged) return void render();
  frame(route().path[0]);
}

async function render() {
  const mine = (turn += 1);
  end();
  end = () => undefined;
  const { state } = stoa.session.current;
  const now = route();
  frame(now.path[0]);
  if (state === "unknown") return;
  if (state !== "signed_in") {
    admitted = null;
    return show(null, signInScreen(stoa));
  }
  const problem = await refusal();
  if (mine !== turn) return;
  if (problem) {
    const help = { forbidden: say("no-staff"), second_factor_required: say("needs-factor") }[problem.code];
    const { setUp } = await import("./set-up.js");
    const more = help ? setUp(stoa.api, problem, () => void render()) : button(say("again"), () => render());
    return show(say("no-entry"), [el("p", { class: "problem", role: "alert" }, help ?? told(problem)), more]);
  }
  const [name] = now.path;
  const least = takes(name);
  if (!least) return show(say("no-screen"), el("p", {}, say("no-screen-text")));
  if (!opens(name)) return show(word("screen", name), el("p", {}, say("needs-role", { role: word("role", least) })));
  const screen = await SCREENS[name]();
  if (mine !== turn) return;
  const shown = screen.default(app, now);
  end = shown.end ?? end;
  show(shown.title, shown.content);
}

/** What decides which screen is shown. A new token, or the profile of the same person, does not. */
let known;
stoa.session.subscribe(({ state, user, flow }) => {
  const next = state === "needs_factor" ? flow : `${state} ${user?.id ?? ""}`;
  if (next === known) return isAdmitted() ? void reread() : frame(route().path[0]);
  known = next;
  return void render();
});
addEventListener("hashchange", () => void render());
$("skip").addEventListener("click", (event) => {
  // The address is the screen's.
  event.preventDefault();
  $("main").focus();
});
