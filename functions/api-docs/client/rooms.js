// One's rooms by their last activity, with what is unread in them, and those of them that are open.

import { createStore } from "./core.js";
import { COUNTED_MAX, createList, forEachPerson } from "./lists.js";
import { createRoom } from "./room.js";

/** Milliseconds until a list is read again of which something is not known any more. */
const SOON_MS = 1000;
const ALL_READ = { messages: 0, mentions: 0, more: false };

const sorted = (all) => [...all].sort((a, b) => (a.kind !== "public") - (b.kind !== "public") || (b.active_at ?? "").localeCompare(a.active_at ?? ""));

/** A room as `GET /v1/chats` lists it. */
const entryOf = ({ room, last_message: last, read_seq, muted, unread }) => ({ ...room, active_at: last?.created_at ?? room.created_at, last, read_seq, muted, unread });

/** A count with one more message. */
function increased({ messages, mentions, more }, isMention) {
  return { messages: Math.min(messages + 1, COUNTED_MAX), mentions: mentions + isMention, more: more || messages >= COUNTED_MAX };
}

/** What a system event changes of a group or a channel. */
function changedBy({ event: { type, name, topic }, who }, club, me) {
  const role = { promoted: "admin", demoted: "member", new_owner: "owner" }[type];
  if (type === "renamed") return { ...club, name };
  if (type === "topic_changed") return { ...club, topic };
  if (type === "joined") return { ...club, members: club.members + 1 };
  if (type === "left" || type === "removed") return { ...club, members: club.members - 1 };
  if (role && who.id === me) return { ...club, role };
  // Who hands a room over stays an administrator of it.
  if (type === "new_owner" && club.role === "owner") return { ...club, role: "admin" };
  return club;
}

/**
 * `read(id, seq)` is called when all messages of a room are read. Messages of those who are `blocked` are not unread: the server does not
 * count them either.
 */
export function createRooms(core, live, read, blocked) {
  const { api, session } = core;
  const { list: rooms, change, clear, isFollowed } = createList(core, "/v1/chats", { merge });
  const invitations = createList(core, "/v1/me/room-invitations", { keyOf: ({ room }) => room });
  const [unread, setUnread] = createStore(0);
  const opened = new Map();
  /** The public room is asked for by this name, and answered with its id. */
  let publicId = null;
  /** The last known number of people in it. */
  let others;
  let again = null;

  const nameOf = (id) => (id === publicId ? "public" : id);
  const me = () => session.current.user?.id;

  /** A room as the server knows it, with the marker of this device, which the server may not have yet. */
  function marked(entry) {
    const seq = opened.get(nameOf(entry.id))?.room.readUpto.current;
    if (!(seq > entry.read_seq)) return entry;
    return { ...entry, read_seq: seq, unread: seq >= entry.last_seq && entry.unread ? ALL_READ : entry.unread };
  }

  /** The rooms of a page beside those that are known. */
  function merge(current, chats) {
    for (const { room } of chats) if (room.kind === "public") publicId = room.id;
    const fresh = new Map(chats.map((chat) => [chat.room.id, marked(entryOf(chat))]));
    return sorted([...fresh.values(), ...current.filter(({ id }) => !fresh.has(id))]);
  }

  /** Replaces what is known of a room. */
  function update(id, changed) {
    const isIt = (one) => nameOf(one.id) === nameOf(id);
    const old = rooms.current.find(isIt);
    change((all) => (all.some(isIt) ? sorted(all.map((one) => (isIt(one) ? { ...one, ...changed(one) } : one))) : all));
    return old;
  }

  /** Reads the list again if it was read, a little later: what follows may change it too. */
  function soon() {
    if (isFollowed()) again ??= setTimeout(() => ((again = null), void rooms.reload()), SOON_MS);
  }

  // After a block the server counts otherwise, and messages may have come before it was known who is blocked.
  blocked.subscribe((all) => all[0] && soon());

  rooms.subscribe((all) => {
    let sum = 0;
    for (const { id, unread, muted } of all) {
      opened.get(nameOf(id))?.setUnread(unread);
      if (unread && !muted) sum += unread.messages;
    }
    setUnread(sum);
  });

  function room(id) {
    const name = nameOf(id);
    let found = opened.get(name);
    if (!found || found.isClosed()) {
      found = createRoom(name, { ...core, live, sent: noted, edited });
      opened.set(name, found);
      const entry = rooms.current.find((one) => nameOf(one.id) === name);
      found.setReadUpto(entry?.read_seq);
      found.setUnread(entry?.unread);
      found.room.readUpto.subscribe((seq) => readTo(name, seq));
      live.start();
      if (live.current === "live") void found.resume(entry);
      if (name === "public") found.setOnline(others), void beat();
    }
    return found.room;
  }

  /** The person has read a room up to this number. */
  function readTo(id, seq) {
    if (seq === undefined) return;
    const old = rooms.current.find((one) => nameOf(one.id) === nameOf(id));
    if (!old || old.read_seq === seq) return;
    const isAll = seq >= old.last_seq;
    update(id, ({ unread }) => ({ read_seq: seq, unread: isAll && unread ? ALL_READ : unread }));
    if (isAll) read(old.id, seq);
    // How many of the rest are messages of others is only known by the server.
    else soon();
  }

  function greet({ rooms: told, more, online, online_more: moreOnline }) {
    const states = new Map();
    for (const state of told) {
      if (state.kind === "public") publicId = state.room;
      states.set(nameOf(state.room), state);
    }
    const before = new Map(rooms.current.map((one) => [one.id, one]));
    if (told.some(({ room: id, last_seq: last, read_seq: read }) => before.get(id)?.last_seq !== last || before.get(id).read_seq !== read)) soon();
    change((all) => {
      const known = new Map(all.map((one) => [one.id, one]));
      const greeted = told.map(({ room: id, ...state }) => (known.get(id)?.last_seq > state.last_seq ? known.get(id) : marked({ ...known.get(id), ...state, id })));
      return sorted([...greeted, ...(more ? all.filter(({ id }) => !states.has(nameOf(id))) : [])]);
    });
    for (const [name, one] of opened) {
      if (one.isClosed()) opened.delete(name);
      else void one.resume(states.get(name));
    }
    setOthers({ online, more: moreOnline });
  }

  function setOthers({ online, more }) {
    others = { online, more };
    opened.get("public")?.setOnline(others);
  }

  /** A new message or event of a room. */
  function noted({ type: _, ...message }) {
    const known = update(message.room, ({ last_seq: last, read_seq: read, unread, club }) => {
      if (message.seq <= last) return {};
      const counts = unread && message.kind === "text" && message.author.id !== me() && message.seq > read && !blocked.current.some((one) => one.user === message.author.id);
      return {
        last_seq: message.seq,
        last: message,
        active_at: message.created_at,
        unread: counts ? increased(unread, (message.mentions ?? []).includes(me())) : unread,
        club: club && message.event ? changedBy(message, club, me()) : club,
      };
    });
    // Somebody has opened a new room, or taken this person in.
    if (!known) void rooms.reload();
  }

  /** A message was edited or deleted. */
  function edited(message) {
    const known = update(message.room, ({ last }) => (last?.seq === message.seq && !(last.changes > message.changes) ? { last: message } : {}));
    // A deleted message is not unread any more, and an edited one may mention others.
    if (known?.unread?.messages && message.seq > known.read_seq) soon();
  }

  function push(payload) {
    const { type, room: id, seq, user } = payload;
    const one = opened.get(nameOf(id));
    if (type === "online") setOthers(payload);
    if (type === "typing") one?.types(user);
    if (type === "receipt") one?.receipt(payload);
    if (type === "read") one ? one.setReadUpto(seq) : readTo(id, seq);
    if (type === "left") {
      one?.leave();
      change((all) => all.filter((other) => other.id !== id));
    }
    // Many messages were deleted: the room is read again, by each client at another moment of the next seconds.
    if (type === "changes") {
      setTimeout(() => one && !one.isClosed() && one.resume(payload), Math.random() * 5000);
      soon();
    }
    if (type === "changed") one ? one.change(payload) : edited(payload);
    if (type === "message") {
      one?.accept(payload);
      noted(payload);
    }
  }

  /**
   * Gives a sign of life. As long as the public room is open, this asks for the people in it: nothing tells that the connection of
   * somebody was lost, and in a large room nothing tells that somebody came or left.
   */
  async function beat() {
    const one = opened.get("public");
    const { data } = await live.ask(one && !one.isClosed() ? { type: "online", room: "public" } : { type: "ping" });
    if (data) push(data);
  }

  /** Opens a room that the API has returned. */
  async function opening(call) {
    const { data, problem } = await call;
    if (problem) return { problem };
    void rooms.reload();
    return { data: room(data.id) };
  }

  const inRoom = (id) => ({ params: { path: { room: id } } });

  /** Drops an invitation that was answered. */
  async function answering(id, call) {
    const answer = await call;
    if (!answer.problem) invitations.change((all) => all.filter(({ room }) => room !== id));
    return answer;
  }

  const unsubscribe = forEachPerson(session, () => {
    for (const one of opened.values()) one.room.close();
    opened.clear();
    clearTimeout(again);
    again = null;
    clear();
    invitations.clear();
  });

  Object.assign(rooms, {
    unread,
    invitations: invitations.list,
    direct: (username) => opening(api.POST("/v1/rooms/direct", { body: { username } })),
    create: (made) => opening(api.POST("/v1/rooms", { body: made })),
    channel: (slug) => api.GET("/v1/channels/{slug}", { params: { path: { slug } } }),
    mute: async (id, muted) => {
      const answer = await api.PUT("/v1/rooms/{room}/notices", { ...inRoom(id), body: { muted } });
      if (!answer.problem) update(id, () => ({ muted }));
      return answer;
    },
    join: (id) => answering(id, opening(api.POST("/v1/rooms/{room}/members", inRoom(id)))),
    decline: (id) => answering(id, api.DELETE("/v1/rooms/{room}/invitations/{user}", { params: { path: { room: id, user: me() } } })),
  });
  function close() {
    clearTimeout(again);
    unsubscribe();
  }
  return { rooms, room, greet, push, beat, close };
}
