// The support desk: what a customer sees of their own thread, and what the team sees of all.

import { chip, clockTime, el, show } from "./console.js";
import { button, done, foldable, form, idOf, options, submit } from "./try-parts.js";
import { joinTeam } from "./try-staff.js";
import { texts } from "./try-texts.js";

const STATES = ["open", "waiting", "snoozed", "done"];
/** How long a thread is put off, in milliseconds. */
const SNOOZE_MS = 3_600_000;

/** The messages of a thread with a field to write. `refused(message)` is what can be done with one that the server refused. */
function talk(name, thread, me, refused) {
  const lines = el("ol");
  const log = el("div", { class: "said", role: "log", tabindex: "0", "aria-label": texts.messages }, lines);
  const typing = el("p", { class: "soft small", role: "status" });
  const field = el("input", { type: "text", maxlength: 4000, autocomplete: "off", required: true, oninput: () => thread.typing() });
  const say = form(name, () => {
    const text = field.value.trim();
    field.value = "";
    if (text) void thread.send(text);
  }, el("label", {}, texts.text, field), submit(texts.send, true));

  function line(message) {
    const { seq, author, text, state, kind, problem, created_at: at } = message;
    if (kind === "deleted") return el("li", { class: "soft small", "data-seq": seq }, texts.deleted);
    return el("li", { class: author.id === me ? "own" : null, "data-seq": seq, "data-state": state },
      el("span", { class: "soft small" }, author.username, " ", el("time", { datetime: at }, clockTime(Date.parse(at)))),
      el("span", { class: "text" }, text),
      state === "sending" ? el("span", { class: "soft small" }, texts.sending) : "",
      state === "failed" ? el("span", { class: "small acts" }, el("span", { "data-problem": problem.code }, problem.title), refused(message)) : "");
  }

  function said(messages) {
    thread.read();
    show(lines, messages.length === 0 ? el("li", { class: "soft" }, texts.noMessages) : messages.map(line));
    log.scrollTop = log.scrollHeight;
  }

  const ends = [thread.messages.subscribe(said), thread.typists.subscribe((names) => (typing.textContent = names.length ? texts.typing(names.join(", ")) : ""))];
  return { content: [log, typing, say], field, end: () => (ends.forEach((stop) => stop()), thread.close()) };
}

/** What a customer sees. */
function customerPart(stoa, support) {
  const me = stoa.session.current.user.id;
  const state = el("p", { class: "row" });
  const place = el("div", { class: "stack" });
  const subject = el("input", { type: "text", maxlength: 120, autocomplete: "off", required: true });
  const ask = form("subject", () => done(support.open(subject.value)), el("label", {}, texts.subject, subject), submit(texts.open));
  const transcript = button(texts.transcript, () => done(support.transcript()));
  let open = null;

  function leave() {
    open?.end();
    open = null;
  }

  function render(thread) {
    show(state, thread ? [el("strong", {}, thread.subject), chip(texts.threadStates[thread.state])] : "");
    ask.hidden = Boolean(thread);
    transcript.hidden = !thread;
    if (!thread) leave(), place.replaceChildren();
    else if (!open && part.place.open) follow();
  }

  function follow() {
    const thread = support.mine();
    open = talk("ask", thread, me, ({ nonce }) => button(texts.again, () => thread.again(nonce)));
    place.replaceChildren(...open.content);
  }

  const part = foldable("support", texts.support, () => render(support.thread.current), state, ask, place, transcript);
  const stop = support.thread.subscribe(render);
  return { place: part.place, end: () => (stop(), leave()) };
}

/** One thread as the team sees it. */
function threadView(stoa, support, others, id) {
  const me = stoa.session.current.user.id;
  const thread = support.of(id);
  const head = el("p", { class: "row" });
  const notes = el("ul", { class: "rows", "aria-label": texts.notes, "data-notes": true });
  const note = el("input", { type: "text", maxlength: 2000, autocomplete: "off", required: true });
  const reply = el("select", { "aria-label": texts.replies });
  const to = el("select", {}, options(others.map(({ username, name }) => [username, name])));
  // Somebody else was faster: what came is shown, and one sends it all the same or leaves it.
  const view = talk("answer", thread, me, ({ nonce, problem }) => [
    button(texts.again, () => thread.again(nonce)),
    problem.code === "thread_moved_on" ? button(texts.force, () => thread.force(nonce), { "data-force": true }) : "",
    button(texts.discard, () => thread.discard(nonce)),
  ]);

  async function readNotes() {
    const page = await done(thread.notes().page());
    if (page) show(notes, page.items.map(({ author, text, created_at: at }) => el("li", {}, el("span", {}, `${author?.username ?? texts.gone}: ${text}`), el("time", { class: "soft small", datetime: at }, clockTime(Date.parse(at))))));
  }

  function info(now) {
    show(head, now ? [el("strong", {}, `${now.customer.username}: ${now.subject}`), chip(texts.threadStates[now.state]), now.assignee ? chip(now.assignee.username, "accent") : ""] : "");
  }

  const until = () => new Date(Date.now() + SNOOZE_MS).toISOString();
  const states = STATES.map((state) => button(texts.threadStates[state], () => done(thread.setState(state, state === "snoozed" ? until() : undefined)), { "data-set": state }));
  const give = form("give", async () => {
    const person = await idOf(stoa, to.value);
    if (person) await done(thread.give(person));
  }, el("label", {}, texts.give, to), submit(texts.give));
  const write = form("note", async () => {
    if (await done(thread.note(note.value))) note.value = "";
    await readNotes();
  }, el("label", {}, texts.note, note), submit(texts.save));
  reply.addEventListener("change", async () => {
    const filled = reply.value && (await done(thread.filled(reply.value)));
    if (filled) view.field.value = filled.text;
    reply.value = "";
  });
  void done(support.replies.all()).then((all) => reply.replaceChildren(...options([["", texts.replies], ...(all?.items ?? []).map(({ id: one, title }) => [one, title])])));
  void readNotes();
  const stop = thread.info.subscribe(info);
  return {
    content: [head, el("div", { class: "row" }, button(texts.take, () => done(thread.take()), { "data-take": true }), ...states), ...view.content, reply, give, el("strong", {}, texts.notes), notes, write],
    end: () => (stop(), view.end()),
  };
}

/** What the team sees. */
function deskPart(stoa, support, others, page) {
  const { username } = stoa.session.current.user;
  const join = button(texts.joinTeam, () => joinTeam(stoa, page, username), { "data-join": true });
  const state = el("select", {}, options(STATES.map((name) => [name, texts.threadStates[name]])));
  const filter = el("label", {}, texts.state, state);
  const list = el("ul", { class: "rooms", "aria-label": texts.threads });
  const place = el("div", { class: "stack", "data-thread": true });
  let open = null;
  let stopList = () => undefined;

  function leave() {
    open?.end();
    open = null;
    place.replaceChildren();
  }

  function follow(id) {
    leave();
    open = threadView(stoa, support, others, id);
    place.replaceChildren(...open.content);
  }

  function render(threads) {
    show(list, threads.length === 0 ? el("li", { class: "soft" }, texts.noThreads) : threads.map(({ room, customer, subject, unread }) =>
      el("li", {}, el("button", { type: "button", class: "quiet", "data-key": room, "data-customer": customer.username, onclick: () => follow(room) },
        `${customer.username}: ${subject}`, unread ? el("span", { class: "count", "data-unread": "1" }, texts.unread) : ""))));
  }

  function choose() {
    stopList();
    stopList = support.threads[state.value].subscribe(render);
    void done(support.threads[state.value].reload());
  }

  function team(is) {
    join.hidden = is;
    filter.hidden = list.hidden = !is;
    if (is) choose();
    else leave();
  }

  state.addEventListener("change", choose);
  const part = foldable("desk", texts.desk, () => undefined, join, filter, list, place);
  const stop = support.team.subscribe(team);
  return { place: part.place, end: () => (stop(), stopList(), leave()) };
}

/** Both parts. `page` is what makes a person a member of the team. */
export function supportParts(stoa, others, page) {
  const support = page.createSupport(stoa);
  const parts = [customerPart(stoa, support), deskPart(stoa, support, others, page)];
  return {
    content: parts.map(({ place }) => place),
    end() {
      for (const part of parts) part.end();
      support.close();
    },
  };
}
