// The inbox of notifications: what is in it, how many are unread, and what comes while one is connected.

import { createStore } from "./core.js";
import { createList, forEachPerson } from "./lists.js";

const NOTHING_NEW = { unread: 0, more: false };
const COUNTED_MOST = 99;
const SETTINGS = "/v1/me/notification-settings";

export function createNotifications(core) {
  const { api, session } = core;
  const { list, set, clear, isRead } = createList(core, "/v1/notifications");
  const [unread, setUnread] = createStore(NOTHING_NEW);
  const listeners = new Set();

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
      const old = list.current.find(({ id }) => id === entry.id);
      if (isRead()) set([entry, ...list.current.filter((other) => other !== old)]);
      if (!entry.read && (!old || old.read)) increase(1);
    }
    for (const listener of listeners) queueMicrotask(() => listeners.has(listener) && listener(entry));
  }

  function increase(by) {
    const { unread: known, more } = unread.current;
    const now = Math.max(0, known + by);
    setUnread({ unread: Math.min(now, COUNTED_MOST), more: more || now > COUNTED_MOST });
  }

  const isUpto = (upto) => (other) => other.id <= upto;

  /** Marks entries as read. */
  function marked(which) {
    set(list.current.map((entry) => (!entry.read && which(entry) ? { ...entry, read: true } : entry)));
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
    const { data, problem } = isRead() ? { data: { items: list.current } } : await list.more();
    if (problem) return { problem };
    const upto = data.items[0]?.id;
    if (!upto) return {};
    const answer = await api.POST("/v1/notifications/read", { body: { upto } });
    if (answer.problem) return answer;
    marked(isUpto(upto));
    void count();
    return answer;
  }

  /** After a cut, what came in between is read. */
  function greet() {
    if (isRead()) void list.reload();
    void count();
  }

  const close = forEachPerson(session, () => {
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
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  return { notifications, push, greet, close };
}
