// The open room of a pane: its messages, who types, what one writes, and its members.

import { clockTime, el, show, toast } from "./console.js";
import { membersPart } from "./try-members.js";
import { button, done, form, submit } from "./try-parts.js";
import { titleOf } from "./try-rooms.js";
import { texts } from "./try-texts.js";

/** Pixels from the end of the list within which new messages scroll it. */
const NEAR = 40;

export function roomPart(stoa, others) {
  let room = null;
  let unfollow = [];
  /** What the next text is: a new message, an answer, or another text of a message. */
  let purpose = {};
  /** The texts of messages that others answer, by number. */
  let excerpts = new Map();
  const watchers = new Set();
  const me = () => stoa.session.current.user?.id;
  const entry = () => stoa.rooms.current.find(({ id, kind }) => room && (id === room.name || kind === room.name));

  const title = el("h3");
  const mute = button("", () => done(stoa.rooms.mute(entry().id, !entry().muted)), { "data-mute": true });
  const online = el("p", { class: "soft small", "data-online": true });
  const here = el("p", { class: "soft small", "data-here": true });
  const older = button(texts.older, () => done(room.older()));
  const lines = el("ol");
  const log = el("div", { class: "said", role: "log", tabindex: "0", "aria-label": texts.messages }, lines);
  const typing = el("p", { class: "soft small", role: "status", "data-typing": true });
  const gone = el("p", { class: "offline", role: "status", "data-gone": true, hidden: true }, texts.notIn);
  const about = el("p", { class: "row small", "data-about": true, hidden: true });
  const field = el("input", { type: "text", maxlength: 4000, autocomplete: "off" });
  const files = el("input", { type: "file", multiple: true });
  const say = form("say", write, el("label", {}, texts.text, field), el("label", {}, texts.files, files), submit(texts.send, true));
  const members = membersPart(stoa, others, () => room, entry);
  field.addEventListener("input", () => room.typing());

  /** Sends what is written. A new message is in the list at once, and what becomes of it is shown there. */
  async function write() {
    const text = field.value.trim();
    const { edit, replyTo } = purpose;
    const chosen = edit ? [] : [...files.files];
    if (!text && chosen.length === 0) return;
    field.value = files.value = "";
    intend({});
    if (edit) return void (await done(room.edit(edit, text)));
    const to = room;
    const attachments = chosen.length ? await attached(to, chosen) : undefined;
    if (text || attachments?.length) void to.send(text, { replyTo, attachments });
  }

  /** Uploads files for a room, and returns those that were accepted. */
  async function attached(to, chosen) {
    const uploaded = await Promise.all(chosen.map((file) => done(to.attach(file))));
    for (const file of uploaded) if (file?.state === "refused") toast(texts.refusedFile(file.reason ?? ""), true);
    return uploaded.map((file) => file?.attachment).filter(Boolean);
  }

  /** Opens a file of a message. The link to it is made for this moment. */
  async function download({ id }) {
    const links = await done(room.file(id));
    if (links) el("a", { href: links.url, target: "_blank", rel: "noopener" }).click();
  }

  function intend(next) {
    purpose = next;
    const what = next.edit ? texts.editing : next.replyTo ? texts.answering : "";
    about.hidden = !what;
    show(about, what ? [el("span", {}, `${what}: ${next.text}`), button(texts.cancel, () => (intend({}), (field.value = "")))] : "");
  }

  /** The beginning of a message that another one answers. */
  function excerpt(seq) {
    if (!excerpts.has(seq)) {
      excerpts.set(seq, "…");
      const mine = excerpts;
      void room.at(seq).then(({ data }) => (mine.set(seq, data?.text ?? texts.deleted), mine === excerpts && said(room.messages.current)));
    }
    return excerpts.get(seq);
  }

  /** Who has read up to this message of one's own, and not up to a later one. */
  function readBy(seq) {
    const messages = room.messages.current;
    const ownUpto = (upto) => messages.findLast((one) => one.seq <= upto && one.author?.id === me())?.seq;
    const nameOf = (user) => messages.find(({ author }) => author?.id === user)?.author.username ?? entry()?.with?.username ?? user;
    const names = room.receipts.current.filter((receipt) => ownUpto(receipt.seq) === seq).map(({ user }) => nameOf(user));
    return names.length ? el("span", { class: "soft small", "data-receipt": true }, texts.readBy(names.join(", "))) : "";
  }

  function line(message) {
    const { seq, nonce, kind, author, text, who, event, edited_at: edited, created_at: at, state, problem, reply_to: answered } = message;
    if (kind === "event") return el("li", { class: "soft small", "data-seq": seq }, texts.event(event.type, who.username, event.name ?? event.topic ?? ""));
    if (kind === "deleted") return el("li", { class: "soft small", "data-seq": seq }, texts.deleted);
    const own = author.id === me();
    const about = (next) => () => (intend({ ...next, text }), field.focus());
    const changed = () => (field.value = text);
    return el("li", { class: own ? "own" : null, "data-seq": seq, "data-state": state },
      el("span", { class: "soft small" }, author.username, " ", el("time", { datetime: at }, clockTime(Date.parse(at))), edited ? ` ${texts.edited}` : ""),
      answered ? el("span", { class: "soft small quote" }, excerpt(answered)) : "",
      text ? el("span", { class: "text" }, text) : "",
      (message.attachments ?? []).map((file) => button(file.name, () => download(file), { "data-file": file.name })),
      state === "sent" ? el("span", { class: "small acts" }, button(texts.answer, about({ replyTo: seq })),
        own ? button(texts.edit, () => (about({ edit: seq })(), changed())) : "",
        own ? "" : button(texts.report, () => report(seq)),
        own || canRemove() ? button(texts.discard, () => done(room.remove(seq))) : "") : "",
      own && state === "sent" ? readBy(seq) : "",
      state === "sending" ? el("span", { class: "soft small" }, texts.sending) : "",
      state === "failed" ? el("span", { class: "small" }, problem.title, " ", button(texts.again, () => room.again(nonce)), button(texts.discard, () => room.discard(nonce))) : "");
  }

  async function report(seq) {
    const { problem } = await room.report(seq, "other");
    toast(problem ? problem.detail ?? problem.title : texts.reported, Boolean(problem));
  }

  const canRemove = () => ["owner", "admin"].includes(entry()?.club?.role);

  function said(messages) {
    if (room.gone.current) return show(lines, "");
    room.read();
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    show(lines, messages.length === 0 ? el("li", { class: "soft" }, texts.noMessages) : messages.map(line));
    if (atEnd) log.scrollTop = log.scrollHeight;
    members.noted(messages);
    return undefined;
  }

  /** Whether one may write here: not in a room that one has left, and in a channel only its administrators. */
  function render() {
    const current = entry();
    const isGone = room?.gone.current ?? false;
    if (current) title.textContent = titleOf(current);
    mute.textContent = current?.muted ? texts.unmute : texts.mute;
    mute.hidden = !current;
    gone.hidden = !isGone;
    say.hidden = isGone || (current?.kind === "channel" && current.club?.role === "member");
    online.hidden = here.hidden = current?.kind !== "public";
    members.render(isGone ? undefined : current);
    for (const watcher of watchers) watcher();
  }

  let counted;
  /** The number of others, and which of the people on this machine are among them. */
  async function count(value) {
    if (!value) return;
    online.textContent = texts.online(value.online, value.more);
    // One after the other, and only after a change: profiles have a limit too.
    if (value.online === counted) return;
    counted = value.online;
    const names = [];
    for (const { username } of others) {
      const { data } = await stoa.people.profile(username);
      if (data?.online) names.push(username);
    }
    here.textContent = names.length ? `${texts.here}: ${names.join(", ")}` : "";
  }

  function leave() {
    for (const stop of unfollow) stop();
    unfollow = [];
    room?.close();
    room = null;
  }

  function follow(next) {
    if (next === room) return;
    leave();
    room = next;
    excerpts = new Map();
    title.textContent = "";
    intend({});
    if (room.name !== "public") void room.readBy();
    unfollow = [
      room.gone.subscribe(render),
      room.messages.subscribe(said),
      room.receipts.subscribe(() => said(room.messages.current)),
      room.complete.subscribe((all) => (older.hidden = all)),
      room.online.subscribe(count),
      room.typists.subscribe((names) => (typing.textContent = names.length ? texts.typing(names.join(", ")) : "")),
    ];
  }

  const stop = stoa.rooms.subscribe(render);
  return {
    place: el("div", { class: "stack", "data-room": true }, el("div", { class: "row apart" }, title, mute), online, here, members.place, el("div", {}, older, log), typing, gone, about, say),
    follow,
    entry,
    /** Calls `watcher` when another room is shown. */
    changed(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    end() {
      stop();
      leave();
    },
  };
}
