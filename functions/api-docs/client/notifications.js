// The inbox of notifications: what is in it, how many are unread, and what comes while one is connected.

import { createStore } from "./core.js";
import { COUNTED_MAX, createList, createListeners, forEachPerson } from "./lists.js";

const NOTHING_NEW = { unread: 0, more: false };
/** Milliseconds after which the server knows what was read. */
const MARKER_MS = 3000;
const SETTINGS = "/v1/me/notification-settings";

export function createNotifications(core) {
  const { api, session } = core;
  const { list, change, clear, isFollowed } = createList(core, "/v1/notifications");
  const [unread, setUnread] = createStore(NOTHING_NEW);
  const [on, tell] = createListeners();
  let counting = null;
  let pushed = 0;

  /** Asks how many are unread. */
  async function count() {
    const mine = session.current.user?.id;
    const before = pushed;
    const answer = await api.GET("/v1/notifications/unread");
    if (!answer.data || mine !== session.current.user?.id) return answer;
    // What has come in the meantime may be counted or not.
    if (before !== pushed) return count();
    setUnread(answer.data);
    return answer;
  }

  function push(entry) {
    // Something that the person has done on another device has no id, because it is not in the inbox.
    if (entry.id) {
      pushed += 1;
      const { replaces, ...told } = entry;
      if (isFollowed()) change((all) => [told, ...all.filter(({ id }) => id !== entry.id && id !== replaces)]);
      // An entry that takes the place of another one was counted with that.
      if (!entry.read && !replaces) {
        const { unread: before, more } = unread.current;
        setUnread({ unread: Math.min(before + 1, COUNTED_MAX), more: more || before >= COUNTED_MAX });
      }
    }
    tell(entry);
  }

  /** Marks entries as read. */
  function marked(which) {
    change((all) => all.map((entry) => (!entry.read && which(entry) ? { ...entry, read: true } : entry)));
  }

  /** Marks entries once the server has. */
  async function reading(call, which) {
    const answer = await call;
    if (answer.problem) return answer;
    marked(which);
    void count();
    return answer;
  }

  const read = (id) => reading(api.POST("/v1/notifications/{notification}/read", { params: { path: { notification: id } } }), (entry) => entry.id === id);

  /** Marks all as read that have been seen: those that are in the list. */
  async function readAll() {
    const { problem } = list.current[0] ? {} : await list.more();
    const upto = list.current[0]?.id;
    if (!upto) return { problem };
    return reading(api.POST("/v1/notifications/read", { body: { upto } }), ({ id }) => id <= upto);
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
