// A pane: who is signed in, how the connection is, and the parts of the page for that person.

import { el } from "./console.js";
import { notificationsPart } from "./try-notifications.js";
import { button, done, form, options, submit } from "./try-parts.js";
import { peoplePart } from "./try-people.js";
import { roomPart } from "./try-room.js";
import { roomsPart } from "./try-rooms.js";
import { shopParts } from "./try-shop.js";
import { supportParts } from "./try-support.js";
import { language, texts } from "./try-texts.js";

/** The colour of a connection's state. */
const TONES = { live: "good", waiting: "warn", connecting: "warn", refused: "bad" };

/** What a guest sees: the form to sign in, and the shop. */
function signedOut(stoa, sale, page, number) {
  const { people } = page;
  const who = el("select", {}, options(people.map(({ username, name }) => [username, name])));
  who.selectedIndex = Math.min(number, people.length - 1);
  const run = () => {
    const { username, password } = people.find((person) => person.username === who.value);
    return done(stoa.session.signIn({ login: username, password }));
  };
  const shop = shopParts(stoa, sale, page, number);
  return { content: [form("sign-in", run, el("label", {}, texts.who, who), submit(texts.signIn, true)), ...shop.content], end: shop.end };
}

/** The second step of a sign-in: the choice of a factor, then its code. */
function secondStep(flow) {
  if (flow.next === "choose_factor") {
    const named = flow.allowed.map((name) => [name, [texts.factors[name], flow.masked[name]].filter(Boolean).join(", ")]);
    const factor = el("select", {}, options(named));
    return [form("factor", () => done(flow.choose(factor.value)), el("label", {}, texts.factor, factor), submit(texts.choose, true))];
  }
  const code = el("input", { autocomplete: "one-time-code", required: true });
  return [form("code", () => done(flow.verify(code.value)), el("label", {}, texts.code, code), submit(texts.verify, true), el("p", { class: "soft small" }, texts.inbox))];
}

/** Why the server refuses a connection, and until when. */
function banText({ title, detail, explanation, ends_at: end }) {
  return [detail ?? title, explanation, end && texts.until(new Date(end).toLocaleString(language))].filter(Boolean).join(" ");
}

/** What a person who is signed in sees, and what ends it. */
function signedIn(stoa, sale, page, number) {
  const { user } = stoa.session.current;
  const others = page.people.filter(({ username }) => username !== user.username);
  const room = roomPart(stoa, others);
  const rooms = roomsPart(stoa, others, room);
  const notifications = notificationsPart(stoa);
  const friends = peoplePart(stoa, others);
  room.follow(stoa.room("public"));
  void done(stoa.rooms.more());
  const support = supportParts(stoa, others, page);
  const shop = shopParts(stoa, sale, page, number);
  const parts = [rooms, notifications, friends, support, shop, room];
  return {
    content: [...rooms.content, room.place, notifications.place, friends.place, ...support.content, ...shop.content],
    end: () => parts.forEach((part) => part.end()),
  };
}

export function addPane({ number, closed, ...page }) {
  const stoa = page.createStoa({ url: page.url, locale: language });
  // A guest keeps the cart when they sign in.
  const sale = { shop: page.createShop(stoa), checkout: page.createCheckout(stoa) };
  const place = el("section", { class: "card pane", "aria-label": texts.pane(number), "data-pane": number });
  const state = el("span", { class: "chip", role: "status", "data-state": true });
  const link = el("button", { type: "button", class: "quiet", "data-link": true });
  const refused = el("p", { class: "offline", role: "alert", "data-refused": true, hidden: true });
  const main = el("div", { class: "body stack" });
  let end = () => undefined;

  function close() {
    end();
    for (const part of [sale.shop, sale.checkout, stoa]) part.close();
    place.remove();
    closed();
  }

  function header(user) {
    const own = user ? [state, link, button(texts.signOut, () => done(stoa.session.signOut()))] : [];
    return el("div", { class: "title" }, el("h2", {}, user?.username ?? texts.pane(number)), el("div", { class: "row" }, ...own, button(texts.remove, close)));
  }

  function connection(now) {
    state.textContent = texts.states[now];
    state.className = `chip ${TONES[now] ?? ""}`;
    const isOn = now !== "off" && now !== "refused";
    link.textContent = isOn ? texts.cut : texts.connect;
    link.onclick = () => (isOn ? stoa.live.stop() : stoa.live.start());
  }

  let shown;
  stoa.session.subscribe(({ state: now, user, flow }) => {
    // The profile may arrive later than the id: the pane is built once for each person and step.
    const step = now === "signed_in" ? user.id : flow ?? now;
    if (step === shown) return;
    shown = step;
    end();
    end = () => undefined;
    let content;
    if (flow) content = secondStep(flow);
    else ({ content, end } = (now === "signed_in" ? signedIn : signedOut)(stoa, sale, page, number));
    main.replaceChildren(...content);
    place.replaceChildren(header(user), refused, main);
  });
  stoa.live.subscribe(connection);
  stoa.live.refusal.subscribe((problem) => {
    refused.textContent = problem ? banText(problem) : "";
    refused.hidden = !problem;
  });
  return place;
}
