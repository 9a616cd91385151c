// Lists of the server as stores, changes of a known version, who is told of something, and what ends when somebody else signs in.

import { createStore, someoneElse } from "./core.js";

/** Where the server stops counting what is unread. */
export const COUNTED_MAX = 99;

/** Calls `forget` when the person signs out or another one signs in: nothing of one is shown to the next. Returns what ends that. */
export function forEachPerson(session, forget) {
  let owner = session.current.user?.id;
  return session.subscribe(({ state, user }) => {
    if (state !== "signed_out" && (!user || user.id === owner || owner === undefined)) return void (owner = user?.id ?? owner);
    owner = user?.id;
    forget();
  });
}

/**
 * A list of the server as a store. It is empty until `more` reads its first page; `reload` reads that again. `merge` says what the list
 * is after a page, by default without repetitions of `keyOf`.
 */
export function createList({ pages, session }, path, { query, keyOf = ({ id }) => id, merge } = {}) {
  const [store, set] = createStore([]);
  let rest = null;
  /** Pages are read one after the other. */
  let turn = Promise.resolve();
  const asked = { more: null, reload: null };
  /** What changed while a page is read. The page may be older, so all of it is applied to the page again. */
  let meanwhile = null;
  const person = () => session.current.user?.id;

  const join = merge ?? ((current, items, isFirst) => {
    const there = new Set(isFirst ? [] : current.map(keyOf));
    return isFirst ? items : [...current, ...items.filter((item) => !there.has(keyOf(item)))];
  });

  /** Changes the list by a function of it, which must give the same if it is applied twice. */
  function change(apply) {
    meanwhile?.push(apply);
    set(apply(store.current));
  }

  async function next(isFirst) {
    const mine = person();
    const from = isFirst || !rest ? pages(path, { query }) : rest;
    const changes = (meanwhile = []);
    const { data, problem } = await from.page();
    if (meanwhile === changes) meanwhile = null;
    if (problem) return { problem };
    if (mine !== person()) return someoneElse();
    set(changes.reduce((all, apply) => apply(all), join(store.current, data.items, from !== rest)));
    rest = from;
    return { data };
  }

  /** Who asks while the same is still to be done gets the result of that. A reload that has begun may be too old for who asks now. */
  function once(what) {
    if (asked[what]) return asked[what];
    const run = () => {
      if (what === "reload" && asked.reload === mine) asked.reload = null;
      return next(what === "reload");
    };
    const mine = (asked[what] = turn.then(run).finally(() => asked[what] === mine && (asked[what] = null)));
    turn = mine.catch(() => undefined);
    return mine;
  }

  function clear() {
    rest = null;
    turn = Promise.resolve();
    asked.more = asked.reload = meanwhile = null;
    set([]);
  }

  /** Whether the first page was asked for: before that, nothing is shown that could be wrong. */
  const isFollowed = () => rest !== null || meanwhile !== null;
  return { list: Object.assign(store, { more: () => once("more"), reload: () => once("reload") }), change, clear, isFollowed };
}

/** What is changed in the version of it that was read last. `pathOf(id)` has the parameters of its path. */
export function createVersions(api, place, pathOf) {
  const versions = new Map();

  function noted(id, answer) {
    const version = answer.problem ? undefined : answer.response?.headers.get("etag");
    version ? versions.set(id, version) : versions.delete(id);
    return answer;
  }

  const get = async (id) => noted(id, await api.GET(place, { params: { path: pathOf(id) } }));

  /** Makes a request for the version that was read last, and reads it first if none was. `at` is the path, if another one changes it. */
  async function change(method, id, body, at = place) {
    if (!versions.has(id)) {
      const { problem } = await get(id);
      if (problem) return { problem };
    }
    return noted(id, await api[method](at, { params: { path: pathOf(id), header: { "If-Match": versions.get(id) } }, body }));
  }

  return { get, change, forget: () => versions.clear() };
}

/** Those who want to be told of something: `on`, which returns what ends that, and the function that tells all of them. */
export function createListeners() {
  const all = new Set();
  const on = (listener) => {
    all.add(listener);
    return () => void all.delete(listener);
  };
  return [on, (...told) => all.forEach((listener) => queueMicrotask(() => all.has(listener) && listener(...told)))];
}
