// Support: the threads of customers, and one of them with its messages, notes, prepared replies, and who else of the team is in it.

import { act, arrange, ask, button, card, chip, el, filters, form, keepFocus, link, list, loaded, notify, remembered, row, say, table, time, told, word } from "./parts.js";
import { isAtLeast, opens } from "./rights.js";

/** @type {import("/client/stoa.js").ThreadState[]} */
const STATES = ["open", "waiting", "snoozed", "done"];
/** How long who has typed counts as here, in milliseconds. */
const HERE_MS = 60_000;

const columns = [
  [say("customer"), ({ room, customer }) => link(customer.username, ["threads", room])],
  [say("subject"), ({ subject }) => subject],
  [say("state"), ({ state, unread }) => [chip(word("thread", state)), unread ? chip(say("unread"), "accent") : ""]],
  [say("assignee"), ({ assignee }) => assignee?.username],
  [say("last-message"), ({ last_at: at }) => time(at)],
];

/**
 * The threads in a state, which follow what happens, or those that were found.
 * @param {import("./console.js").App} app
 */
function listScreen(app, route) {
  const { support } = app;
  const state = STATES.includes(route.filters.state) ? route.filters.state : "open";
  const { q } = route.filters;
  const search = filters(route, [
    { name: "state", label: say("state"), kind: "select", choices: STATES.map((one) => [one, word("thread", one)]) },
    { name: "q", label: say("customer-or-subject"), kind: "search", maxlength: 254 },
  ]);
  const prepared = card(say("replies"), replies(app));
  if (q) {
    const found = list(app.stoa, { title: say("found"), path: "/v1/support/search", query: { q }, columns, empty: say("no-threads") });
    return { title: word("screen", "threads"), content: [search, found, prepared] };
  }
  const place = el("div", { "aria-live": "polite" });
  const threads = support.threads[state];
  const more = button(say("more"), (node) => act(node, async () => {
    const answer = await threads.more();
    node.parentElement.hidden = !answer.data?.more;
    return answer;
  }));
  // Who is at a row when another thread moves stays there.
  const rows = remembered(({ room }) => room, (thread) => row(columns, thread));
  const none = el("p", { class: "empty" }, say("no-threads"));
  let grid;
  const stop = threads.subscribe((items) => {
    grid = items.length > 0 ? grid ?? table(word("screen", "threads"), columns, []) : undefined;
    arrange(place, [grid ?? none]);
    if (grid) arrange(grid.tBodies[0], rows(items));
  });
  void threads.reload().then(({ data, problem }) => {
    more.parentElement.hidden = !data?.more;
    if (problem) notify(told(problem), true);
  });
  const content = el("section", { class: "card", "aria-label": word("screen", "threads") }, place, el("div", { class: "more", hidden: true }, more));
  return { title: word("screen", "threads"), content: [search, content, prepared], end: stop };
}

/** The replies that the team has prepared. */
function replies({ api, support }) {
  const fields = (one = {}) => [
    { name: "title", label: say("title"), value: one.title, required: true, maxlength: 60 },
    { name: "text", label: say("text"), kind: "textarea", value: one.text, required: true, maxlength: 4000 },
  ];
  const prepared = loaded(() => support.replies.all(), ({ items }) => {
    const change = (one) => button(say("change"), async () => {
      let now = one;
      let mine;
      const reread = async () => {
        const { data } = await support.replies.all();
        now = data?.items.find(({ id }) => id === one.id) ?? now;
        return ["title", "text"].map((name) => [say(name), now[name], mine[name]]);
      };
      const saved = await ask({ title: say("change-reply"), fields: fields(one), submit: say("save"), isDangerous: false, reread }, (body) => support.replies.replace(now, (mine = body)));
      if (saved) await prepared.reload();
    }, { class: "quiet" });
    const remove = (one) => button(say("delete"), async () => {
      if (await ask({ title: say("delete"), rows: [[one.title, one.text, "–"]], why: true }, (_, header) => api.DELETE("/v1/support/replies/{reply}", { params: { path: { reply: one.id }, header } }))) await prepared.reload();
    }, { class: "quiet" });
    const add = button(say("new-reply"), async () => {
      if (await ask({ title: say("new-reply"), text: say("reply-variables"), fields: fields(), submit: say("save"), isDangerous: false }, (body) => support.replies.create(body))) await prepared.reload();
    });
    return [el("ul", { class: "rows" }, items.map((one) => el("li", {}, el("span", {}, one.title), el("span", { class: "row" }, change(one), remove(one))))), add];
  });
  return el("div", { class: "body" }, prepared.place);
}

/**
 * The messages with a field to write.
 * @param {import("/client/support.js").TeamThread} thread
 */
function conversation(thread, me, room) {
  const lines = el("ol");
  const log = el("div", { class: "said", role: "log", tabindex: "0", "aria-label": say("messages") }, lines);
  const older = button(say("older"), (node) => act(node, () => thread.older()), { class: "quiet" });
  const typing = el("p", { class: "soft small", role: "status" });
  const answer = form({ name: "answer", fields: [{ name: "text", label: say("answer"), kind: "textarea", required: true, maxlength: 4000 }], submit: say("send"), tall: true, keeps: `thread ${room}` }, ({ text }, node) => {
    node.elements.text.value = "";
    // What became of it is shown in its line.
    void thread.send(text);
    node.elements.text.focus();
  });
  answer.elements.text.addEventListener("input", () => thread.typing());

  // Somebody else was faster: what came is shown, and one sends it all the same or leaves it.
  const refused = ({ nonce, problem }) => el("span", { class: "small acts" }, el("span", { "data-problem": problem.code }, told(problem)), " ",
    button(say("send-again"), () => thread.again(nonce), { class: "quiet" }),
    problem.code === "thread_moved_on" ? button(say("send-anyway"), () => thread.force(nonce), { class: "quiet", "data-force": true }) : "",
    button(say("discard"), () => thread.discard(nonce), { class: "quiet" }));

  function line(message) {
    const { seq, author, from, text, state, kind, created_at: at } = message;
    if (kind === "deleted") return el("li", { class: "soft small", "data-seq": seq }, say("deleted-message"));
    return el("li", { class: from === "team" || author?.id === me ? "own" : null, "data-seq": seq, "data-state": state },
      el("span", { class: "soft small" }, author?.username ?? "", " ", at ? time(at) : ""),
      el("span", { class: "text" }, text),
      state === "sending" ? el("span", { class: "soft small" }, say("sending")) : "",
      state === "failed" ? refused(message) : "");
  }

  const silence = el("li", { class: "soft" }, say("no-messages"));
  const nodes = remembered(({ seq, nonce }) => seq ?? nonce, line);
  function said(messages) {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    // Only what is new is read aloud.
    arrange(lines, messages.length === 0 ? [silence] : nodes(messages));
    if (atEnd) log.scrollTop = log.scrollHeight;
    thread.read();
  }

  const ends = [
    thread.messages.subscribe(said),
    thread.complete.subscribe((is) => (older.hidden = is)),
    thread.typists.subscribe((names) => (typing.textContent = names.length > 0 ? say("types", { names: names.join(", ") }) : "")),
  ];
  return { content: [older, log, typing, answer], field: answer.elements.text, end: () => ends.forEach((stop) => stop()) };
}

/** Who else of the team is here: who has the thread, writes in it, or types. */
function others(thread, me) {
  const place = el("p", { class: "row small", role: "status", "data-others": true });
  const seen = new Map();
  let [timer, shown] = [undefined, undefined];
  function render() {
    const now = Date.now();
    const names = new Set([...seen].filter(([, at]) => now - at < HERE_MS).map(([name]) => name));
    const assignee = thread.info.current?.assignee;
    if (assignee && assignee.id !== me.id) names.add(assignee.username);
    names.delete(me.username);
    names.delete(thread.info.current?.customer?.username);
    // Nobody is told again who is here.
    const all = [...names].join();
    if (all !== shown) place.replaceChildren(...(names.size > 0 ? [say("also-here"), ...[...names].map((name) => chip(name, "accent"))] : [el("span", { class: "soft" }, say("nobody-else"))]));
    shown = all;
    clearTimeout(timer);
    if (names.size > 0) timer = setTimeout(render, HERE_MS);
  }
  const note = (names, at = Date.now()) => {
    for (const name of names) if (name) seen.set(name, at);
    render();
  };
  const wrote = (messages) => {
    for (const { author, from, created_at: at } of messages) if (from === "team" && author?.username && at) seen.set(author.username, Date.parse(at));
    render();
  };
  const ends = [thread.typists.subscribe((names) => note(names)), thread.messages.subscribe(wrote), thread.info.subscribe(() => render())];
  return { place, end: () => (clearTimeout(timer), ends.forEach((stop) => stop())) };
}

/** What the team notes about a thread. The customer does not see it. */
function notes({ stoa }, thread, room, me) {
  const place = el("div", { "data-notes": true });
  // Superusers delete those of others, and say why.
  const remove = ({ id, author, text }) => (author?.id === me || isAtLeast("superuser") ? button(say("delete"), async () => {
    const why = author?.id !== me;
    if (!(await ask({ title: say("delete"), rows: [[say("note"), text, "–"]], why }, (_, header) => stoa.api.DELETE("/v1/support/threads/{thread}/notes/{note}", { params: { path: { thread: room, note: id }, header } })))) return;
    show();
    keepFocus();
  }, { class: "quiet" }) : "");
  const show = () => place.replaceChildren(list(stoa, {
    title: say("notes"),
    path: "/v1/support/threads/{thread}/notes",
    params: { path: { thread: room } },
    columns: [[say("author"), ({ author }) => author?.username], [say("note"), ({ text }) => text], [say("when"), ({ created_at: at }) => time(at)], ["", remove]],
    empty: say("no-notes"),
  }));
  const write = form({ name: "note", fields: [{ name: "text", label: say("note"), required: true, maxlength: 2000 }], submit: say("save"), isMain: false, keeps: `note ${room}` }, async ({ text }, node) => {
    const answer = await thread.note(text);
    if (!answer.problem) {
      node.reset();
      show();
    }
    return answer;
  });
  show();
  return [place, card(say("note"), el("div", { class: "body stack" }, el("p", { class: "soft small" }, say("notes-text")), write))];
}

/** Puts a text where the cursor is in a field, and leaves what is typed there. */
function insert(field, text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * One thread.
 * @param {import("./console.js").App} app
 */
function threadScreen(app, id) {
  const { stoa, support } = app;
  const { user } = stoa.session.current;
  const thread = support.of(id);
  const title = el("h1", { tabindex: "-1" }, say("thread"));
  const head = el("p", { class: "row" });
  const talk = conversation(thread, user.id, id);
  const here = others(thread, user);
  const reply = el("select", {});
  const replyField = el("label", {}, say("prepared-reply"), reply);
  const desk = el("p", { class: "problem", role: "alert" });

  void support.replies.all().then(({ data }) => {
    reply.append(el("option", { value: "" }, say("choose")), ...(data?.items ?? []).map((one) => el("option", { value: one.id }, one.title)));
    replyField.hidden = !data?.items.length;
  });
  reply.addEventListener("change", async () => {
    if (!reply.value) return;
    const { data, problem } = await thread.filled(reply.value);
    if (problem) notify(told(problem), true);
    else insert(talk.field, data.text);
    reply.value = "";
    talk.field.focus();
  });

  const snooze = () => ask({ title: say("snooze"), fields: [{ name: "until", label: say("until"), kind: "datetime-local", required: true }], isDangerous: false },
    ({ until }) => thread.setState("snoozed", new Date(until).toISOString()));
  const states = STATES.map((state) => button(word("set-thread", state), (node) => (state === "snoozed" ? snooze() : act(node, () => thread.setState(state))), { "data-set": state }));
  const take = button(say("take"), (node) => act(node, () => thread.take(), say("taken")), { "data-take": true });
  const give = button(say("give"), () => ask({ title: say("give"), fields: [{ name: "username", label: say("username"), required: true, maxlength: 30 }], isDangerous: false }, async ({ username }) => {
    const person = await stoa.people.profile(username);
    return person.problem ? person : thread.give(person.data.id);
  }));

  function info(now) {
    if (!now) return;
    title.textContent = `${now.customer.username}: ${now.subject}`;
    document.title = `${title.textContent} · Stoa`;
    head.replaceChildren(chip(word("thread", now.state)), now.assignee ? chip(say("has-it", { name: now.assignee.username }), "accent") : "", opens("people") ? link(say("to-person"), ["people", now.customer.username]) : "");
    take.hidden = now.state === "done" || now.assignee?.id === user.id;
    for (const one of states) one.hidden = one.dataset.set === now.state;
    // Who has pressed a button that is not there any more is at the next one.
    if (/** @type {HTMLElement} */ (document.activeElement)?.hidden) states.find((one) => !one.hidden)?.focus();
  }

  const ends = [
    thread.info.subscribe(info),
    // Live messages need a socket that was opened after the proof.
    support.team.subscribe((is) => {
      desk.textContent = "";
      if (is || stoa.live.current !== "live") return;
      stoa.live.stop();
      stoa.live.start();
    }),
    stoa.live.subscribe((state) => (desk.textContent = state === "refused" ? say("no-socket") : "")),
  ];
  const end = () => {
    for (const stop of ends) stop();
    talk.end();
    here.end();
    thread.close();
  };
  return {
    title,
    content: [
      el("p", {}, link(say("back-to-threads"), ["threads"])),
      head, here.place, desk,
      el("div", { class: "row" }, take, give, states),
      el("div", { class: "stack" }, talk.content, replyField),
      notes(app, thread, id, user.id),
    ],
    end,
  };
}

export default function threadsScreen(app, route) {
  const id = route.path[1];
  return id ? threadScreen(app, id) : listScreen(app, route);
}
