// The inbox of notifications: what is in it, how many are unread, and what comes while one is connected.

import { createStore } from "./core.js";
import { createList, createListeners, forEachPerson } from "./lists.js";

const NOTHING_NEW = { unread: 0, more: false };
const COUNTED_MAX = 99;
/** Milliseconds after which the server knows what was read. */
const MARKER_MS = 3000;
const SETTINGS = "/v1/me/notification-settings";

export function createNotifications(core) {
  const { api, session } = core;
  const { list, change, clear, isFollowed } = createList(core, "/v1/notifications");
  const [unread, setUnread] = createStore(NOTHING_NEW);
  const [on, tell] = createListeners();
  let counting = null;

  /** Asks how many are unread. */
  async function count() {
    const mine = session.current.user?.id;
    const answer = await api.GET("/v1/notifications/unread");
    if (answer.data && mine === session.current.user?.id) setUnread(answer.data);
    return answer;
  }

  function push(entry) {
    // Something that the person has done on another device has no id, because it is not in the inbox.
    if (entry.id) {
      const { replaces, ...told } = entry;
      if (isFollowed()) change((all) => [told, ...all.filter(({ id }) => id !== entry.id && id !== replaces)]);
      // An entry that takes the place of another one was counted with that.
      if (!entry.read && !replaces) increase(1);
    }
    tell(entry);
  }

  function increase(by) {
    const { unread: known, more } = unread.current;
    const now = Math.max(0, known + by);
    setUnread({ unread: Math.min(now, COUNTED_MAX), more: more || now > COUNTED_MAX });
  }

  const isUpto = (upto) => (other) => other.id <= upto;

  /** Marks entries as read. */
  function marked(which) {
    change((all) => all.map((entry) => (!entry.read && which(entry) ? { ...entry, read: true } : entry)));
  }

  async function read(id) {
    const answer = await api.POST("/v1/notifications/{notification}/read", { params: { path: { notification: id } } });
    if (answer.problem) return answer;
    marked((entry) => entry.id === id);
    void count();
    return answer;
  }

  /** Marks all as read that have been seen: those that are in the list. */
  async function readAll() {
    const { data, problem } = list.current.length > 0 ? { data: { items: list.current } } : await list.more();
    if (problem) return { problem };
    const upto = data.items[0]?.id;
    if (!upto) return {};
    const answer = await api.POST("/v1/notifications/read", { body: { upto } });
    if (answer.problem) return answer;
    marked(isUpto(upto));
    void count();
    return answer;
  }

  /** The person has read a room, and with it what the inbox tells of it. The server knows a little later. */
  function roomRead(room, seq) {
    if (unread.current.unread === 0) return;
    marked((entry) => entry.room === room && entry.seq <= seq);
    counting ??= setTimeout(() => ((counting = null), void count()), MARKER_MS);
  }

  /** After a cut, what came in between is read. */
  function greet() {
    if (isFollowed()) void list.reload();
    void count();
  }

  const unsubscribe = forEachPerson(session, () => {
    clearTimeout(counting);
    counting = null;
    clear();
    setUnread(NOTHING_NEW);
  });

  const notifications = Object.assign(list, {
    unread,
    count,
    read,
    readAll,
    settings: () => api.GET(SETTINGS),
    setSettings: (changed) => api.PATCH(SETTINGS, { body: changed }),
    on,
  });
  function close() {
    clearTimeout(counting);
    unsubscribe();
  }
  return { notifications, push, greet, roomRead, close };
}
