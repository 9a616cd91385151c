// Other people: how one stands to them, and what can be done about that.

import { chip, el, show } from "./console.js";
import { button, done, foldable, form, idOf, submit } from "./try-parts.js";
import { texts } from "./try-texts.js";

const LISTS = ["friends", "sent", "received", "blocked"];
/** What can be done with somebody, by how one stands to them: the name of the call, which is that of its text. */
const ACTS = {
  none: ["request", "block"],
  sent: ["cancel", "block"],
  received: ["accept", "reject", "block"],
  friends: ["remove", "block"],
  blocked: ["unblock"],
};

export function peoplePart(stoa, others) {
  const list = el("ul", { class: "rows", "aria-label": texts.people });
  const wanted = el("input", { type: "text", maxlength: 100, autocomplete: "off" });
  const lists = { friends: stoa.people, sent: stoa.people.sent, received: stoa.people.received, blocked: stoa.people.blocked };
  /** The usernames that are shown: those on this machine, or those that were found. */
  let shown = others.map(({ username }) => username);

  const relationTo = (username) => LISTS.find((name) => lists[name].current.some((one) => one.username === username)) ?? "none";

  function render() {
    show(list, shown.length === 0 ? el("li", { class: "soft" }, texts.nobody) : shown.map((username) => {
      const relation = relationTo(username);
      const run = (call) => async () => {
        const id = await idOf(stoa, username);
        if (id) await done(stoa.people[call](id));
      };
      return el("li", { "data-key": username, "data-person": username, "data-relation": relation }, el("span", {}, username, " ", relation === "none" ? "" : chip(texts.relations[relation])),
        el("span", { class: "row" }, ACTS[relation].map((call) => button(texts.friendActs[call], run(call)))));
    }));
  }

  async function search() {
    const words = wanted.value.trim();
    const data = words ? await done(stoa.people.search(words).page()) : { items: others };
    if (!data) return;
    shown = data.items.map(({ username }) => username);
    render();
  }

  const read = () => Promise.all(Object.values(lists).map((one) => done(one.reload())));
  const part = foldable("people", texts.people, read, form("search", search, el("label", {}, texts.searchPeople, wanted), submit(texts.search)), list);
  const ends = Object.values(lists).map((one) => one.subscribe(render));
  return { place: part.place, end: () => ends.forEach((stop) => stop()) };
}
