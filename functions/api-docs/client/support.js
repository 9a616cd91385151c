// The support desk: one's own thread with the team, and for the team the threads of all customers. It is a part of its own, because only
// some applications show it: `createSupport(stoa)`.

import { createStore } from "./core.js";
import { createList, createRoom, forEachPerson } from "./stoa.js";

const STREAM = "support";
const STATES = ["open", "waiting", "snoozed", "done"];
/** Milliseconds until the desk is greeted again that could not answer. */
const AGAIN_MS = 2000;
/** The milliseconds in which clients read a thread again that was changed for all of them. */
const SPREAD_MS = 5000;
const idOf = ({ room }) => room;
/** Why staff delete something. Headers have no characters beyond ASCII. */
const headerOf = (reason) => (reason === undefined ? undefined : { Reason: encodeURIComponent(reason) });

/** What both sides can do in a thread. */
const talkOf = ({ messages, complete, typists, readUpto, send, again, discard, edit, remove, typing, read, at, older, close }) =>
  ({ messages, complete, typists, readUpto, send, again, discard, edit, remove, typing, read, at, older, close });

/** Threads with the last message first, snoozed ones by the end of the snooze. */
const inOrder = (threads, state) => {
  const place = (thread) => (state === "snoozed" ? thread.snoozed_until : thread.last_at) ?? "";
  return [...threads].sort((a, b) => place(b).localeCompare(place(a)));
};

export function createSupport(stoa) {
  const { api, session, live, pages } = stoa;
  const [thread, setThread] = createStore(undefined);
  const [team, setTeam] = createStore(false);
  const lists = Object.fromEntries(STATES.map((state) => [state, createList(stoa, "/v1/support/threads", { query: { state }, keyOf: idOf })]));
  /** The rooms that are followed: one's own, and those of the team by id. */
  let own = null;
  let again;
  const opened = new Map();

  const found = (id) => STATES.flatMap((state) => lists[state].list.current).find(({ room }) => room === id);

  // ── The customer ──

  /** Follows one's own thread, which there is after `open`. */
  function mine() {
    if (!own || own.isClosed()) {
      own = createRoom(undefined, { ...stoa, stream: STREAM, sent: (message) => noted({ ...message, from: "customer" }) });
      begin(own, thread.current);
    }
    return talkOf(own.room);
  }

  async function open(subject) {
    const { data, problem } = await api.PUT("/v1/support/thread", { body: { subject } });
    if (problem) return { problem };
    setThread(data);
    return { data: mine() };
  }

  // ── The team ──

  /** Follows the thread of a customer. An answer says up to where its author has read, with their own answers that follow. */
  function of(id) {
    let part = opened.get(id);
    if (!part || part.isClosed()) {
      const [info, setInfo] = createStore(found(id));
      const mine = new Set();
      const sent = (message) => {
        mine.add(message.seq);
        noted({ ...message, from: "team" });
      };
      const adding = (upto) => ({
        // It is read when the answer is sent: others that were written just before it are sent by then.
        get seen() {
          let seen = upto ?? 0;
          while (mine.has(seen + 1)) seen += 1;
          return seen;
        },
      });
      part = { ...createRoom(id, { ...stoa, stream: STREAM, sent, adding }), info, setInfo };
      part.desk = desk(id, part);
      opened.set(id, part);
      part.room.readUpto.subscribe((seq) => readTo(id, seq));
      begin(part, info.current);
      if (!info.current) void refresh(id, part);
    }
    return part.desk;
  }

  function desk(id, part) {
    const path = { thread: id };
    const call = async (method, place, body) => {
      const answer = await api[method](`/v1/support/threads/{thread}${place}`, { params: { path }, body });
      if (answer.data) settle(answer.data);
      return answer;
    };
    const last = () => part.room.messages.current.findLast(({ seq }) => seq)?.seq ?? 0;
    return {
      ...talkOf(part.room),
      info: part.info,
      force: (nonce) => part.room.again(nonce, { force: true }),
      take: () => call("POST", "/take"),
      give: (to) => call("POST", "/give", { to }),
      setState: (state, until) => call("PUT", "/state", { state, seen: last(), until }),
      notes: (options) => pages("/v1/support/threads/{thread}/notes", { params: { path }, ...options }),
      note: (text) => api.POST("/v1/support/threads/{thread}/notes", { params: { path }, body: { text } }),
      removeNote: (note, reason) => api.DELETE("/v1/support/threads/{thread}/notes/{note}", { params: { path: { ...path, note }, header: headerOf(reason) } }),
      filled: (reply, order) => api.GET("/v1/support/threads/{thread}/replies/{reply}", { params: { path: { ...path, reply }, query: { order } } }),
    };
  }

  async function refresh(id, part) {
    const { data } = await api.GET("/v1/support/threads/{thread}", { params: { path: { thread: id } } });
    if (data && opened.get(id) === part) part.setInfo(data.thread), part.setReadUpto(data.thread.read_seq);
  }

  /** A thread as it is now: it moves to the list of its state. */
  function settle(now) {
    for (const state of STATES) {
      const { change, isFollowed } = lists[state];
      change((all) => {
        const others = all.filter(({ room }) => room !== now.room);
        if (state === now.state && isFollowed()) return inOrder([now, ...others], state);
        return others.length < all.length ? others : all;
      });
    }
    opened.get(now.room)?.setInfo(now);
  }

  // ── The stream ──

  function begin(part, state) {
    if (state) part.setReadUpto(state.read_seq);
    live.start();
    if (live.current === "live") void part.resume();
  }

  async function greet() {
    const { data, problem } = await live.ask({ type: "hello" }, STREAM);
    // The next connection greets again, but nothing else does.
    if (problem?.status >= 500) again = setTimeout(() => live.current === "live" && greet(), AGAIN_MS);
    if (problem) return;
    setThread(data.thread);
    setTeam(data.team);
    if (own && data.thread) void own.resume(data.thread);
    if (data.team) for (const { list, isFollowed } of Object.values(lists)) if (isFollowed()) void list.reload();
    // Threads of the team begin anew, because edits in between are not counted for them.
    for (const [id, part] of opened) {
      if (part.isClosed()) opened.delete(id);
      else void part.resume({ ...part.info.current, changes: live.sockets.current, last_seq: Infinity });
    }
  }

  /** A message changes the state of its thread: that of a customer opens it, and after an answer it waits. */
  function noted({ room, seq, from, created_at: at }) {
    const state = from === "customer" ? "open" : "waiting";
    if (thread.current?.room === room && seq > thread.current.last_seq) setThread({ ...thread.current, last_seq: seq, state });
    const known = found(room) ?? opened.get(room)?.info.current;
    if (known && seq <= known.last_seq) return;
    if (known) settle({ ...known, last_seq: seq, last_at: at, state, snoozed_until: undefined, unread: from === "customer" });
    else if (team.current && lists.open.isFollowed()) void lists.open.list.reload();
  }

  /** Somebody of the team has read a thread up to this number. */
  function readTo(id, seq) {
    const known = found(id);
    if (known && seq > known.read_seq) settle({ ...known, read_seq: seq, unread: known.unread && seq < known.last_seq });
  }

  function push(payload) {
    if (payload.type === "thread") {
      const { type: _, ...now } = payload;
      return settle(now);
    }
    const parts = [thread.current?.room === payload.room ? own : null, opened.get(payload.room)].filter(Boolean);
    for (const part of parts) {
      if (payload.type === "message") part.accept(payload);
      if (payload.type === "changed") part.change(payload);
      if (payload.type === "typing") part.types(payload.author);
      if (payload.type === "read") part.setReadUpto(payload.seq);
      // Many messages were deleted: the thread is read again, by each client at another moment of the next seconds.
      if (payload.type === "changes") setTimeout(() => part.isClosed() || part.resume(), Math.random() * SPREAD_MS);
    }
    if (payload.type === "message") noted(payload);
    if (payload.type === "read") readTo(payload.room, payload.seq);
    return undefined;
  }

  const ends = [
    () => clearTimeout(again),
    live.on((payload, stream) => stream === STREAM && push(payload)),
    live.sockets.subscribe(() => live.current === "live" && void greet()),
    forEachPerson(session, () => {
      for (const part of [own, ...opened.values()]) part?.room.close();
      own = null;
      opened.clear();
      setThread(undefined);
      setTeam(false);
      for (const { clear } of Object.values(lists)) clear();
    }),
  ];

  const replies = {
    all: () => api.GET("/v1/support/replies"),
    create: (body) => api.POST("/v1/support/replies", { body }),
    replace: ({ id, version }, body) => api.PUT("/v1/support/replies/{reply}", { params: { path: { reply: id }, header: { "If-Match": `"v${version}"` } }, body }),
    remove: (reply, reason) => api.DELETE("/v1/support/replies/{reply}", { params: { path: { reply }, header: headerOf(reason) } }),
  };
  return {
    thread,
    team,
    open,
    mine,
    transcript: () => api.POST("/v1/support/thread/transcript"),
    threads: Object.fromEntries(STATES.map((state) => [state, lists[state].list])),
    of,
    search: (q) => pages("/v1/support/search", { query: { q } }),
    figures: (days) => api.GET("/v1/support/figures", { params: { query: { days } } }),
    replies,
    close: () => ends.forEach((end) => end()),
  };
}
