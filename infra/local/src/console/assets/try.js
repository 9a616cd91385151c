// Several people on one page: each pane is a client of its own. The client is that of the deployment, from another origin.

import { $, act, clockTime, el, get, show, toast } from "./console.js";
import { language, texts } from "./try-texts.js";

const MOST_PANES = 6;
/** The colour of a connection's state. */
const TONES = { live: "good", waiting: "warn", connecting: "warn", refused: "bad" };
/** How each kind of room is called, and what can be shown of it. A new kind is a new line. */
const KINDS = {
  public: { title: () => texts.public, online: true },
  direct: { title: (room) => room.with?.username ?? texts.gone, online: false },
  group: { title: (room) => room.club?.name ?? texts.group, online: false },
  channel: { title: (room) => room.club?.name ?? texts.channel, online: false },
};
const kindOf = (room) => KINDS[room?.kind] ?? { title: (other) => other.kind, online: false };

const overview = await get("/_local/overview");
const api = overview.urls.find(({ name }) => name === "api").url;
const people = overview.accounts;
let panes = 0;

/** Runs a call of the client. Its problem is shown, and its data returned. */
async function done(call) {
  const { data, problem } = await call;
  if (problem) toast([problem.detail ?? problem.title, ...problem.fields.map(({ message }) => message)].join(" "), true);
  return data;
}

function addPane(createStoa) {
  const number = (panes += 1);
  const stoa = createStoa({ url: api, locale: language });
  const place = el("section", { class: "card pane", "aria-label": texts.pane(number), "data-pane": number });
  let room = null;
  let unfollow = [];
  let counted;

  const who = el("select", {}, people.map(({ username, name }) => el("option", { value: username }, name)));
  who.selectedIndex = Math.min(number, people.length - 1);
  const state = el("span", { class: "chip", role: "status" });
  const link = el("button", { type: "button", class: "quiet" });
  const main = el("div", { class: "body stack" });
  const list = el("ul", { class: "rooms", "aria-label": texts.rooms });
  const title = el("h3");
  const online = el("p", { class: "soft small", "data-online": true });
  const present = el("p", { class: "soft small", "data-here": true });
  const older = el("button", { type: "button", class: "quiet", onclick: (event) => act(event.target, () => done(room.older())) }, texts.older);
  const lines = el("ol");
  const log = el("div", { class: "said", role: "log", tabindex: "0", "aria-label": texts.messages }, lines);
  const field = el("input", { type: "text", maxlength: 4000, autocomplete: "off", required: true });
  const other = el("select");
  const typing = el("p", { class: "soft small", role: "status", "data-typing": true });
  field.addEventListener("input", () => room?.typing());

  function header(user) {
    return el("div", { class: "title" },
      el("h2", {}, user?.username ?? texts.pane(number)),
      el("div", { class: "row" }, user ? [state, link, button(texts.signOut, () => done(stoa.session.signOut()))] : "", button(texts.remove, close)));
  }

  const button = (text, run, more) => el("button", { type: "button", class: "quiet", onclick: (event) => act(event.target, run), ...more }, text);

  function close() {
    leaveRoom();
    stoa.close();
    place.remove();
    refreshAdd();
  }

  const form = (run, ...content) => el("form", { class: "fields", onsubmit: (event) => (event.preventDefault(), act(event.submitter ?? event.target.querySelector("button"), run)) }, ...content);

  function signedOut() {
    const run = () => {
      const person = people.find(({ username }) => username === who.value);
      return done(stoa.session.signIn({ login: person.username, password: person.password }));
    };
    return form(run, el("label", {}, texts.who, who), el("button", { type: "submit", class: "primary" }, texts.signIn));
  }

  /** The second step of a sign-in: the choice of a factor, then its code. */
  function secondStep(flow) {
    if (flow.next === "choose_factor") {
      const factor = el("select", {}, flow.allowed.map((name) => el("option", { value: name }, [texts.factors[name], flow.masked[name]].filter(Boolean).join(", "))));
      return form(() => done(flow.choose(factor.value)), el("label", {}, texts.factor, factor), el("button", { type: "submit", class: "primary" }, texts.choose));
    }
    const code = el("input", { autocomplete: "one-time-code", required: true });
    return form(() => done(flow.verify(code.value)), el("label", {}, texts.code, code), el("button", { type: "submit", class: "primary" }, texts.verify), el("p", { class: "soft small" }, texts.inbox));
  }

  function signedIn(user) {
    show(other, people.filter(({ username }) => username !== user.username).map(({ username, name }) => el("option", { value: username }, name)));
    const talk = form(async () => {
      const opened = await done(stoa.rooms.direct(other.value));
      if (opened) follow(opened);
    }, el("label", {}, texts.talkTo, other), el("button", { type: "submit" }, texts.open));
    const say = form(() => {
      const text = field.value.trim();
      field.value = "";
      // It is in the list at once. What becomes of it is shown there.
      if (text) void room.send(text);
    }, el("label", {}, texts.text, field), el("button", { type: "submit", class: "primary" }, texts.send));
    return [list, talk, title, online, present, el("div", {}, older, log), typing, say];
  }

  function leaveRoom() {
    for (const end of unfollow) end();
    unfollow = [];
    room?.close();
    room = null;
  }

  function follow(next) {
    if (next === room) return;
    leaveRoom();
    room = next;
    unfollow = [room.messages.subscribe(said), room.complete.subscribe((all) => (older.hidden = all)), room.online.subscribe(count),
      room.typists.subscribe((names) => (typing.textContent = names.length ? texts.typing(names.join(", ")) : ""))];
    rooms(stoa.rooms.current);
  }

  function said(messages) {
    room?.read();
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    show(lines, messages.length === 0 ? el("li", { class: "soft" }, texts.noMessages) : messages.map(line));
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  function line({ seq, nonce, kind, author, text, who: whom, event, edited_at: edited, created_at: at, state: how, problem }) {
    if (kind === "event") return el("li", { class: "soft small", "data-seq": seq }, texts.event(event.type, whom.username, event.name ?? event.topic ?? ""));
    if (kind === "deleted") return el("li", { class: "soft small", "data-seq": seq }, texts.deleted);
    const own = author.id === stoa.session.current.user?.id;
    return el("li", { class: own ? "own" : null, "data-seq": seq, "data-state": how },
      el("span", { class: "soft small" }, author.username, " ", el("time", { datetime: at }, clockTime(Date.parse(at))), edited ? ` ${texts.edited}` : ""),
      el("span", { class: "text" }, text),
      own && how === "sent" ? el("span", { class: "small" }, button(texts.discard, () => done(room.remove(seq)))) : "",
      how === "sending" ? el("span", { class: "soft small" }, texts.sending) : "",
      how === "failed" ? el("span", { class: "small" }, problem.title, " ", button(texts.again, () => room.again(nonce)), button(texts.discard, () => room.discard(nonce))) : "");
  }

  function rooms(all) {
    const current = all.find(({ id, kind }) => id === room?.name || kind === room?.name);
    title.textContent = current ? kindOf(current).title(current) : "";
    online.hidden = present.hidden = !kindOf(current).online;
    show(list, all.map((one) => el("li", {}, el("button", {
      type: "button", class: "quiet", "data-key": one.id, "aria-pressed": String(one === current),
      onclick: () => one !== current && follow(stoa.room(one.kind === "public" ? "public" : one.id)),
    }, kindOf(one).title(one)))));
  }

  /** The number of others, and which of the people on this machine are among them. */
  async function count(value) {
    if (!value) return;
    online.textContent = texts.online(value.online, value.more);
    // One after the other, and only after a change: profiles have a limit too.
    if (value.online === counted) return;
    counted = value.online;
    const names = [];
    for (const { username } of people.filter(({ username }) => username !== stoa.session.current.user?.username)) {
      const { data } = await stoa.api.GET("/v1/users/{username}", { params: { path: { username } } });
      if (data?.online) names.push(username);
    }
    present.textContent = names.length ? `${texts.here}: ${names.join(", ")}` : "";
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
    if (now !== "signed_in") leaveRoom();
    main.replaceChildren(...[now === "signed_in" ? signedIn(user) : flow ? secondStep(flow) : signedOut()].flat());
    place.replaceChildren(header(user), main);
    if (now === "signed_in") follow(stoa.room("public"));
  });
  stoa.live.subscribe(connection);
  stoa.rooms.subscribe(rooms);
  $("panes").append(place);
}

function refreshAdd() {
  $("add").disabled = document.querySelectorAll("[data-pane]").length >= MOST_PANES;
}

try {
  const { createStoa } = await import(`${api}/client/stoa.js`);
  $("add").addEventListener("click", () => (addPane(createStoa), refreshAdd()));
  addPane(createStoa);
  addPane(createStoa);
} catch (error) {
  $("unreachable").hidden = false;
  $("unreachable").append(texts.unreachable, " ", String(error));
}
$("try").dataset.ready = "true";
