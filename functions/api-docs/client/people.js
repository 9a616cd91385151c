// Other people: searching them, who is nearby, friends, requests and blocks; and one's own profile.

import { createList, createVersions, forEachPerson } from "./lists.js";

export function createPeople(core) {
  const { api, session, pages } = core;
  /** Those who stand to the person in this way. */
  const listOf = (relation) => createList(core, "/v1/friends", { query: { relation }, keyOf: ({ user }) => user });
  const [friends, sent, received, blocked] = ["friends", "sent", "received", "blocked"].map(listOf);
  const lists = { friends, sent, received, blocked };

  /** Somebody stands in this way to the person now. Lists that were read before follow. */
  function settle(user, relation) {
    for (const { change } of Object.values(lists)) change((all) => (all.some((one) => one.user === user) ? all.filter((one) => one.user !== user) : all));
    if (lists[relation]?.isFollowed()) void lists[relation].list.reload();
  }

  const act = (method, place, relation) => async (user) => {
    const answer = await api[method](`/v1/friends/{user}${place}`, { params: { path: { user } } });
    if (!answer.problem) settle(user, answer.data?.relation ?? relation);
    return answer;
  };

  function push({ type, user, relation }) {
    if (type === "UPDATE_INTEREST" && user) settle(user, relation);
  }

  /** After a cut: lists that were read before may have changed. Messages of those who are blocked are not counted, from the first one on. */
  function greet() {
    for (const { list, isFollowed } of Object.values(lists)) if (isFollowed() || list === people.blocked) void list.reload();
  }

  const close = forEachPerson(session, () => {
    for (const { clear } of Object.values(lists)) clear();
  });

  const people = Object.assign(friends.list, {
    sent: sent.list,
    received: received.list,
    blocked: blocked.list,
    search: (q, query) => pages("/v1/people", { query: { ...query, q } }),
    profile: (username) => api.GET("/v1/users/{username}", { params: { path: { username } } }),
    nearby: (withinKm) => api.GET("/v1/people/nearby", { params: { query: { within_km: withinKm } } }),
    share: ({ latitude, longitude }) => api.PUT("/v1/me/location", { body: { latitude, longitude } }),
    hide: () => api.DELETE("/v1/me/location"),
    relation: (user) => api.GET("/v1/friends/{user}", { params: { path: { user } } }),
    request: act("POST", "/request"),
    cancel: act("DELETE", "/request", "none"),
    accept: act("POST", "/accept"),
    reject: act("POST", "/reject", "none"),
    remove: act("DELETE", "", "none"),
    block: act("PUT", "/block"),
    unblock: act("DELETE", "/block", "none"),
  });
  return { people, push, greet, close };
}

/** One's own profile. A change names the version that it was made for, which is the last one that was read. */
export function createMe({ api, session, upload }) {
  const { get, change, forget } = createVersions(api, "/v1/me", () => undefined);
  const me = {
    get: () => get(),
    update: (changed) => change("PATCH", undefined, changed),
    setUsername: (username) => change("PUT", undefined, { username }, "/v1/me/username"),
    // A picture makes another version.
    setPicture: (file, options) => upload(file, { ...options, for: "picture" }).finally(forget),
    removePicture: () => api.DELETE("/v1/me/picture").finally(forget),
  };
  return { me, close: forEachPerson(session, forget) };
}
