// The members of a group or a channel, and what its owner, its administrators and its members can do there.

import { chip, el, show } from "./console.js";
import { button, done, foldable, form, idOf, options, submit } from "./try-parts.js";
import { texts } from "./try-texts.js";

const MAY_INVITE = ["owner", "admin"];

/** `room()` is the room that is open, and `entry()` what the list of rooms says of it. */
export function membersPart(stoa, others, room, entry) {
  const list = el("ul", { class: "rows", "aria-label": texts.members });
  const other = el("select", {}, options(others.map(({ username, name }) => [username, name])));
  const name = el("input", { type: "text", maxlength: 60, autocomplete: "off", required: true });
  const part = foldable("members", texts.members, refresh, list);
  let shownFor;
  let lastEvent;

  /** Reads the members of the open room. */
  async function refresh() {
    const mine = room();
    const data = await done(mine.members.pages().page());
    if (!data || mine !== room() || mine.gone.current) return;
    show(list, data.items.map(member));
  }

  function member({ user, role }) {
    const mine = entry()?.club?.role;
    const isMe = user.id === stoa.session.current.user?.id;
    const act = (text, run) => button(text, async () => (await done(run()), refresh()));
    const { members } = room();
    const acts = [
      mine === "owner" && !isMe && role === "member" ? act(texts.promote, () => members.setRole(user.id, "admin")) : "",
      mine === "owner" && role === "admin" ? act(texts.demote, () => members.setRole(user.id, "member")) : "",
      mine === "owner" && !isMe ? act(texts.handOver, () => members.setRole(user.id, "owner")) : "",
      MAY_INVITE.includes(mine) && !isMe && role !== "owner" ? act(texts.expel, () => members.remove(user.id)) : "",
    ];
    return el("li", { "data-key": user.id, "data-member": user.username }, el("span", {}, user.username, " ", role === "member" ? "" : chip(texts.roles[role])), el("span", { class: "row" }, ...acts));
  }

  const invite = form("invite", async () => {
    const id = await idOf(stoa, other.value);
    if (id) await done(room().members.invite(id));
  }, el("label", {}, texts.invite, other), submit(texts.invite));
  const rename = form("rename", async () => {
    if (await done(room().update({ name: name.value }))) name.value = "";
  }, el("label", {}, texts.newName, name), submit(texts.rename));
  const leave = button(texts.leave, () => done(room().leave()));
  const destroy = button(texts.destroy, () => done(room().destroy()), { class: "quiet danger" });
  part.place.lastElementChild.append(invite, rename, el("div", { class: "row" }, leave, destroy));

  return {
    place: part.place,
    /** Shows what one may do in a room, or nothing in a room without members. */
    render(current) {
      const role = current?.club?.role;
      part.place.hidden = !role;
      part.setCount(current?.club?.members ?? 0);
      invite.hidden = rename.hidden = !MAY_INVITE.includes(role);
      destroy.hidden = role !== "owner";
      leave.hidden = role === "owner";
      if (current?.id !== shownFor) part.place.open = false;
      shownFor = current?.id;
    },
    /** Members have changed if there is another event among the messages. */
    noted(messages) {
      const last = messages.findLast(({ kind }) => kind === "event")?.seq;
      if (part.place.open && last !== lastEvent) void refresh();
      lastEvent = last;
    },
  };
}
