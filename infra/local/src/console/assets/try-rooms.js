// The rooms of a person, with what is unread in them; invitations; and how new rooms are made.

import { el, show } from "./console.js";
import { button, done, foldable, form, options, submit } from "./try-parts.js";
import { texts } from "./try-texts.js";

/** How each kind of room is called. A new kind is a new line. */
const TITLES = {
  public: () => texts.public,
  direct: (room) => room.with?.username ?? texts.gone,
  group: (room) => room.club?.name ?? texts.group,
  channel: (room) => room.club?.name ?? texts.channel,
};
export const titleOf = (room) => TITLES[room.kind]?.(room) ?? room.kind;

/** The number of unread messages, with a sign for those that mention the person. */
function unreadOf({ unread }) {
  if (!unread?.messages) return "";
  const number = `${unread.mentions ? "@ " : ""}${unread.messages}${unread.more ? "+" : ""}`;
  return el("span", { class: "count", "data-unread": unread.messages }, number, el("span", { class: "visually-hidden" }, ` ${texts.unread}`));
}

/** `room` is the part that shows one of them. */
export function roomsPart(stoa, others, room) {
  const list = el("ul", { class: "rooms", "aria-label": texts.rooms });
  const invitations = el("ul", { class: "rows", "aria-label": texts.invitations, "data-invitations": true });

  const open = async (opening) => {
    const opened = await done(opening);
    if (opened) room.follow(opened);
    return opened;
  };

  function render() {
    const all = stoa.rooms.current;
    const current = room.entry();
    show(list, all.map((one) => el("li", {}, el("button", {
      type: "button", class: "quiet", "data-key": one.id, "data-title": titleOf(one), "aria-pressed": String(one.id === current?.id),
      onclick: () => room.follow(stoa.room(one.kind === "public" ? "public" : one.id)),
    }, titleOf(one), one.muted ? el("span", { class: "soft small" }, texts.muted) : "", unreadOf(one)))));
  }

  function invited(all) {
    show(invitations, all.map(({ room: id, name }) => el("li", { "data-key": id }, el("span", {}, texts.invitedTo(name)),
      el("span", { class: "row" }, button(texts.accept, () => open(stoa.rooms.join(id))), button(texts.decline, () => done(stoa.rooms.decline(id)))))));
    invitations.hidden = all.length === 0;
    fresh.setCount(all.length);
  }

  const other = el("select", {}, options(others.map(({ username, name }) => [username, name])));
  const kind = el("select", {}, options([["group", texts.group], ["channel", texts.channel]]));
  const name = el("input", { type: "text", maxlength: 60, autocomplete: "off", required: true });
  const slug = el("input", { type: "text", maxlength: 40, autocomplete: "off" });
  const slugField = el("label", { hidden: true }, texts.slug, slug);
  kind.addEventListener("change", () => (slugField.hidden = kind.value !== "channel"));
  const wanted = el("input", { type: "text", maxlength: 40, autocomplete: "off", required: true });

  const create = async () => {
    const address = kind.value === "channel" ? slug.value.trim() : "";
    const made = { kind: kind.value, name: name.value, ...(address && { slug: address }) };
    if (await open(stoa.rooms.create(made))) name.value = slug.value = "";
  };
  const join = async () => {
    const channel = await done(stoa.rooms.channel(wanted.value.trim()));
    if (channel) await open(stoa.rooms.join(channel.id));
  };
  const fresh = foldable("new", texts.newRoom, () => void done(stoa.rooms.invitations.reload()), invitations,
    form("talk", () => open(stoa.rooms.direct(other.value)), el("label", {}, texts.talkTo, other), submit(texts.open)),
    form("create", create, el("label", {}, texts.kind, kind), el("label", {}, texts.name, name), slugField, submit(texts.create)),
    form("join", join, el("label", {}, texts.channelAddress, wanted), submit(texts.join)));

  const ends = [stoa.rooms.subscribe(render), room.changed(render), stoa.rooms.invitations.subscribe(invited),
    // An invitation comes as a notification.
    stoa.notifications.on(() => void stoa.rooms.invitations.reload())];
  void stoa.rooms.invitations.reload();
  return { content: [list, fresh.place], end: () => ends.forEach((stop) => stop()) };
}
