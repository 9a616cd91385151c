// A room that resumes. It is known completely up to one number. What comes later waits until the numbers before it are known:
// after a cut, and where a number is missing, the client asks for what it missed.

import { createStore, ownProblem, single, wait } from "./core.js";

/** Messages that are asked for at once. */
const PAGE = 50;
const SYNC_PAGE = 100;
/**
 * A room that is further behind than this starts again with its newest messages, and one that has grown by more while it was open forgets
 * its first ones: `older` reads them again.
 */
const MOST_NEW = 1000;
/** Milliseconds until a missing number is asked for: it may only be late. Not the same for all clients. */
const [HOLE_MIN_MS, HOLE_MAX_MS] = [200, 800];
/** Milliseconds between attempts while the server cannot answer. */
const AGAIN_MS = 2000;
/** Milliseconds between two notes that one types, how long such a note is shown, and between two read markers. */
const [TYPING_EVERY_MS, TYPING_SHOWN_MS, READ_EVERY_MS] = [5000, 6000, 2000];

/** What becomes of a message, or of a change of one, whose room was closed before it was sent. */
const left = () => ({ problem: ownProblem("aborted", "The room is closed") });
/** Whether the same may be accepted later. The end of a ban is not waited for. */
const isTemporary = ({ code, status, retryAfter }) => status === 0 || status >= 500 || (retryAfter !== undefined && code !== "chat_banned");

/**
 * One room, by its id or `public`. `sent(message)` is called with each message of one's own that the server has, and `edited(message)` with
 * each message that was edited or deleted, unless something newer is known of it. A room of another `stream` may send more with each
 * message: what `adding(upto)` returns when the text is written, with the last number that the person has.
 */
export function createRoom(name, { api, pages, upload, session, live, sent, edited, stream, adding = () => undefined }) {
  const ask = (payload) => live.ask({ room: name, ...payload }, stream);
  const [messages, setMessages] = createStore([]);
  const [complete, setComplete] = createStore(false);
  const [online, setOnline] = createStore(undefined);
  const [typists, setTypists] = createStore([]);
  /** The number up to which the person has read, on any device. */
  const [readUpto, setReadUpto] = createStore(undefined);
  const [unread, setUnread] = createStore(undefined);
  /** Up to which number the others have read, as far as that is shown to the person. It is asked for by `readBy`. */
  const [receipts, setReceipts] = createStore([]);
  let showsReceipts = false;
  /** Whether the person is no member any more. */
  const [gone, setGone] = createStore(false);
  /** Ascending, without gaps up to the number `upto`, which is `null` until the first page. */
  let known = [];
  let upto = null;
  /** Where the page before the first message ends. */
  let before;
  /** How many messages are kept: more after `older`. */
  let kept = MOST_NEW;
  /** How many pages are being read, and what was changed in the meantime, because a page may be older. */
  let reading = 0;
  const altered = new Map();
  /** Messages with a number after `upto + 1`, by number. */
  let later = new Map();
  /** One's own messages that are not yet in `known`, in their order. `after` is the last known number when one was first sent. */
  let unsent = [];
  /** What tells the caller of `send` how it ended, by nonce. */
  const settled = new Map();
  /** How often messages were changed, by the last greeting. */
  let changes;
  /** When one has last told that one types. */
  let typed = 0;
  /** The marker that the server does not have yet, what will send it, and the last one that was sent. */
  let unmarked;
  let marking = null;
  let marker = Promise.resolve();
  /** The last change of a message that was asked for. */
  let altering = Promise.resolve();
  let flushing = null;
  /** What goes on with sending when the server can answer again. */
  let paused = null;
  /** What ends it that somebody is shown as typing, by name. */
  const fading = new Map();
  let holeTimer = null;
  let closed = false;

  /**
   * Whether a message is to be shown: not while it waits for its answer, which may be lost, and has come already as one of the room, with
   * `*` in place of letters if the room masks words. Those that were answered have a nonce.
   */
  const isShown = ({ state, text, author, after }) => state !== "sending" || !known.some((one) => one.seq > after && !one.nonce && one.author?.id === author.id && one.text === text.trim().replace(/./gs, (letter, at) => (one.text?.[at] === "*" ? "*" : letter)));

  function show() {
    if (closed) return;
    setMessages([...known, ...unsent.filter(isShown)]);
    setComplete(upto !== null && before === undefined);
  }

  /** Takes what fits behind the known messages, and asks if something is missing. */
  function drain() {
    for (let next; (next = later.get(upto + 1)); upto += 1) known.push(next);
    for (const seq of later.keys()) if (seq <= upto) later.delete(seq);
    if (known.length > kept) {
      known = known.slice(-kept);
      before = known[0].seq;
    }
    unsent = unsent.filter(({ seq }) => !(seq <= upto));
    show();
    if (later.size === 0) return;
    const patience = HOLE_MIN_MS + Math.random() * (HOLE_MAX_MS - HOLE_MIN_MS);
    holeTimer ??= setTimeout(() => ((holeTimer = null), later.size > 0 && catchUp()), patience);
  }

  /** A message of the room, from a push or an acknowledgement. */
  function accept({ type: _, ...message }) {
    pauses(message.author?.username);
    later.set(message.seq, { ...message, state: "sent" });
    if (upto !== null) drain();
  }

  /**
   * A message that was edited or deleted. The answer to one's own change may come after the push of a later one, and the clocks of servers
   * differ.
   */
  function change({ type: _, ...message }) {
    const before = known.find(({ seq }) => seq === message.seq);
    if (before?.kind === "deleted" || before?.changes > message.changes) return;
    const changed = { ...message, state: "sent" };
    if (later.has(message.seq)) later.set(message.seq, changed);
    if (reading) altered.set(message.seq, changed);
    known = known.map((other) => (other === before ? changed : other));
    edited?.(changed);
    show();
  }

  const pauses = (username) => setTypists(typists.current.filter((name) => name !== username));

  function types({ username }) {
    pauses(username);
    setTypists([...typists.current, username]);
    clearTimeout(fading.get(username));
    fading.set(username, setTimeout(pauses, TYPING_SHOWN_MS, username));
  }

  /** Messages of the server, as they are now. */
  async function page(payload) {
    reading += 1;
    const { data, problem } = await ask(payload);
    reading -= 1;
    const messages = data?.messages.map((message) => altered.get(message.seq) ?? { ...message, state: "sent" });
    if (!reading) altered.clear();
    return { data, problem, messages };
  }

  /** Starts with the newest messages. */
  async function begin() {
    const { data, problem, messages } = await page({ type: "history", limit: PAGE });
    if (problem) return problem;
    known = messages;
    kept = MOST_NEW;
    upto = data.upto;
    before = data.before;
  }

  /** Asks for one page after the last known number. */
  async function missed() {
    const { data, problem, messages } = await page({ type: "sync", since: upto, limit: SYNC_PAGE });
    if (problem) return { problem };
    // A greeting has told meanwhile that known messages were changed.
    if (upto === null) return { more: true };
    if (data.last_seq - upto > MOST_NEW) return { problem: await begin(), more: true };
    // What came in between is not for this person: the room begins anew, with this page.
    if (data.complete === false) (known = []), (before = undefined);
    known.push(...messages.filter(({ seq }) => seq > upto));
    upto = Math.max(upto, data.upto);
    return { more: data.more };
  }

  /** Asks until nothing is missing. Gives up when the connection is lost: the next greeting begins again. */
  const catchUp = single(async () => {
    while (!closed && live.current !== "off") {
      const { problem, more } = upto === null ? { problem: await begin() } : await missed();
      if (problem && (problem.status === 0 || !isTemporary(problem))) return void (problem.status === 404 && leave());
      if (upto !== null) drain();
      if (!problem && !more) return;
      if (problem) await wait(problem.retryAfter * 1000 || AGAIN_MS);
    }
  });

  /** Sends what is waiting, one after the other, each until the server has answered. */
  function flush() {
    return (flushing ??= sendAll());
  }

  async function sendAll() {
    // So that `flushing` is set before it is unset.
    await null;
    for (let next; !closed && !paused && (next = unsent.find(({ state }) => state === "sending")); ) {
      next.after ??= upto ?? NaN;
      const { text, nonce, reply_to, attachments, added, more } = next;
      const { data, problem } = await ask({ type: "send", text, nonce, reply_to, attachments: attachments?.map(({ id }) => id), ...added, ...more });
      if (problem && isTemporary(problem)) {
        // The greeting of the next connection goes on, which does not wait for this.
        if (problem.status !== 0) paused = setTimeout(() => ((paused = null), flush()), problem.retryAfter * 1000 || AGAIN_MS);
        break;
      }
      // The answer is the message as everybody sees it.
      const done = { ...(data ?? next), type: undefined, after: undefined, state: data ? "sent" : "failed", problem };
      unsent = unsent.map((message) => (message === next ? done : message));
      if (data) accept(done), sent(done);
      show();
      settled.get(nonce)?.(problem ? { problem } : { data: done });
      settled.delete(nonce);
    }
    flushing = null;
    if (closed) abandon();
  }

  /** Tells who waits for messages that they will not be sent. */
  function abandon() {
    for (const end of settled.values()) end(left());
    settled.clear();
  }

  /** Sends a text. It is shown at once; the promise is kept when the server has it, or has refused it. */
  function send(text, { replyTo, attachments } = {}) {
    if (closed) return Promise.resolve(left());
    const { id, username } = session.current.user ?? {};
    const message = { nonce: crypto.randomUUID(), kind: "text", text, reply_to: replyTo, attachments, author: { id, username }, created_at: new Date().toISOString(), state: "sending", added: adding(upto) };
    unsent = [...unsent, message];
    show();
    const answer = new Promise((then) => settled.set(message.nonce, then));
    void flush();
    return answer;
  }

  /** Sends a message again that was refused, with what `more` adds to it. */
  function again(nonce, more) {
    unsent = unsent.map((message) => (message.nonce === nonce && message.state === "failed" ? { ...message, state: "sending", problem: undefined, added: adding(upto), more } : message));
    show();
    return flush();
  }

  /** Removes a message that was refused. */
  function discard(nonce) {
    unsent = unsent.filter((message) => !(message.nonce === nonce && message.state === "failed"));
    show();
  }

  /** Changes one's own message, after what was asked before: a frame that has to wait is not overtaken by the next one. */
  async function alter(payload) {
    const { data, problem } = await (altering = altering.then(() => (closed ? left() : ask(payload))));
    if (problem) return { problem };
    change(data);
    return {};
  }

  const edit = (seq, text) => alter({ type: "edit", seq, text });
  const remove = (seq) => alter({ type: "delete", seq });

  /** Tells the others that one types. May be called at every key. */
  function typing() {
    if (Date.now() - typed < TYPING_EVERY_MS) return;
    typed = Date.now();
    void ask({ type: "typing" });
  }

  /** Marks the messages up to this number as read, by default all. May be called often. */
  function read(seq = upto) {
    if (!(seq > (readUpto.current ?? 0))) return;
    setReadUpto(seq);
    unmarked = seq;
    marking ??= setTimeout(mark, READ_EVERY_MS);
  }

  /** Sends the marker: again later if the server cannot take it now, and with the next greeting if the connection is lost. */
  async function mark() {
    clearTimeout(marking);
    marking = null;
    const seq = unmarked;
    if (seq === undefined) return;
    const { problem } = await (marker = ask({ type: "read", seq }));
    if (unmarked !== seq) return;
    if (!problem || !isTemporary(problem)) unmarked = undefined;
    else if (problem.status !== 0 && !closed) marking ??= setTimeout(mark, problem.retryAfter * 1000 || AGAIN_MS);
  }

  /** Marks this message and those after it as unread. */
  async function markUnread(seq) {
    unmarked = undefined;
    // Frames may overtake each other at the server.
    await marker;
    const { data, problem } = await ask({ type: "read", seq: seq - 1, unread: true });
    if (problem) return { problem };
    setReadUpto(data.seq);
    return {};
  }

  /** Asks up to where the others have read, and is told of changes from then on. */
  const readBy = single(async () => {
    const { data, problem } = await api.GET("/v1/rooms/{room}/receipts", { params: { path } });
    if (problem) return { problem };
    showsReceipts = true;
    if (!closed) setReceipts(data.items);
    return { data };
  });

  /** Somebody has read the room up to this number. */
  function receipt({ user, seq }) {
    if (showsReceipts) setReceipts([...receipts.current.filter((other) => other.user !== user), { user, seq }]);
  }

  /** One message, such as the one that another one answers. */
  async function at(seq) {
    const data = known.find((message) => message.seq === seq);
    if (data) return { data };
    const { problem, messages } = await page({ type: "history", before: seq + 1, limit: 1 });
    return problem ? { problem } : { data: messages.at(-1) };
  }

  /** Reads the page before the first message. */
  const older = single(async () => {
    if (upto === null || before === undefined) return { data: { more: upto === null } };
    const { data, problem, messages } = await page({ type: "history", before, limit: PAGE });
    if (problem) return { problem };
    known = [...messages, ...known];
    kept += messages.length;
    before = data.before;
    show();
    return { data: { more: before !== undefined } };
  });

  /**
   * After a greeting, or when many messages were deleted, which is told without a marker: first the message whose fate is unknown, so that it
   * is not shown twice, then what was missed.
   */
  async function resume(state) {
    await flush();
    if (unmarked !== undefined) void mark();
    else setReadUpto(state?.read_seq ?? readUpto.current);
    // Shown messages were changed in the meantime, or may have been: a greeting does not tell of every room of who has very many.
    if (!state || state.changes !== changes) upto = null;
    changes = state?.changes ?? changes;
    if (showsReceipts) void readBy();
    if (upto === null || state.last_seq > upto || later.size > 0) await catchUp();
  }

  function close() {
    if (closed) return;
    closed = true;
    clearTimeout(holeTimer);
    void mark();
    // A message that is on its way gets its answer first.
    if (!flushing) abandon();
    known = [];
    setMessages([]);
  }

  /** The person is no member any more: whatever is known of the room is dropped. */
  function leave() {
    unmarked = undefined;
    setGone(true);
    close();
  }

  const path = { room: name };
  const call = (method, body) => api[method]("/v1/rooms/{room}", { params: { path }, body });
  const about = (method, place, user, body) => api[method](`/v1/rooms/{room}/${place}/{user}`, { params: { path: { ...path, user } }, body });
  const members = {
    pages: (options) => pages("/v1/rooms/{room}/members", { params: { path }, ...options }),
    invite: (user) => about("PUT", "invitations", user),
    withdraw: (user) => about("DELETE", "invitations", user),
    setRole: (user, role) => about("PUT", "members", user, { role }),
    remove: (user) => about("DELETE", "members", user),
    bans: (options) => pages("/v1/rooms/{room}/bans", { params: { path }, ...options }),
    ban: (user, ban = {}) => about("PUT", "bans", user, ban),
    unban: (user) => about("DELETE", "bans", user),
  };

  return {
    room: {
      name, messages, complete, online, typists, readUpto, unread, receipts, gone,
      send, again, discard, edit, remove, typing, read, markUnread, readBy, at, older, close,
      members,
      update: (changed) => call("PATCH", changed),
      attach: (file, options) => upload(file, { ...options, for: "room", room: name }),
      file: (id) => api.GET("/v1/rooms/{room}/attachments/{attachment}", { params: { path: { ...path, attachment: id } } }),
      report: (seq, reason, text) => api.POST("/v1/rooms/{room}/messages/{seq}/reports", { params: { path: { ...path, seq } }, body: { reason, text } }),
      leave: () => members.remove(session.current.user?.id),
      destroy: () => call("DELETE"),
    },
    accept,
    change,
    types,
    receipt,
    resume,
    leave,
    setOnline,
    setReadUpto,
    setUnread,
    isClosed: () => closed,
  };
}
