// The inbox of notifications.

import { clockTime, el, show } from "./console.js";
import { button, done, foldable } from "./try-parts.js";
import { titleOf } from "./try-rooms.js";
import { texts } from "./try-texts.js";

/** What a notification says. Types that are not known are shown by their name. */
function textOf({ type, notice, relation, username, room, messages, category }, rooms) {
  const about = rooms.find(({ id }) => id === room);
  // The thread with the support desk is no room of the list.
  const title = about ? titleOf(about) : category === "support" ? texts.support : texts.gone;
  if (type === "UPDATE_CHAT") return [texts.waiting(messages, title)];
  if (type === "UPDATE_INTEREST") return [username ?? texts.gone, ": ", texts.relations[relation] ?? relation];
  if (type === "NOTICE") return [texts.notice(notice)];
  return [el("code", {}, type)];
}

export function notificationsPart(stoa) {
  const list = el("ul", { class: "rows", "aria-label": texts.notifications });
  const inbox = stoa.notifications;
  const all = button(texts.readAll, () => done(inbox.readAll()));
  const more = button(texts.older, async () => (more.hidden = (await done(inbox.more()))?.more === false));
  const part = foldable("notifications", texts.notifications, async () => {
    const page = await done(inbox.reload());
    more.hidden = page?.more !== true;
  }, list, el("div", { class: "row" }, all, more));

  function render(entries) {
    all.hidden = entries.length === 0;
    show(list, entries.length === 0 ? el("li", { class: "soft" }, texts.noNotifications) : entries.map((entry) =>
      el("li", { "data-key": entry.id, "data-read": String(entry.read) },
        el("span", {}, el("time", { class: "soft small", datetime: entry.created_at }, clockTime(Date.parse(entry.created_at))), " ", ...textOf(entry, stoa.rooms.current)),
        entry.read ? "" : button(texts.markRead, () => done(inbox.read(entry.id))))));
  }

  const ends = [inbox.subscribe(render), inbox.unread.subscribe(({ unread, more: isMore }) => part.setCount(unread, isMore))];
  return { place: part.place, end: () => ends.forEach((stop) => stop()) };
}
