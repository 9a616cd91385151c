// Reported messages, what was done about them, and who is banned from chat.

import { ask, button, card, chip, details, el, filters, link, list, loaded, notify, say, time, word } from "./parts.js";
import { isAtLeast } from "./rights.js";

const OUTCOMES = ["dismissed", "message_deleted", "author_warned", "author_banned"];
const REASONS = ["spam", "harassment", "hate", "sexual", "violence", "fraud", "other"];

function listScreen(app, route) {
  const { stoa, api } = app;
  const state = route.filters.state ?? "open";
  const search = filters({ ...route, filters: { state } }, [{ name: "state", label: say("state"), kind: "select", choices: ["open", "resolved"].map((one) => [one, word("report", one)]) }]);
  const reports = list(stoa, {
    title: say("reports"),
    path: "/v1/moderation/reports",
    query: { state },
    columns: [
      [say("author"), ({ room, seq, author }) => link(author.username, ["reports", room, String(seq)])],
      [say("message"), ({ text }) => text],
      [say("reasons"), ({ reasons }) => reasons.map(({ reason, count }) => chip(count > 1 ? `${word("reason", reason)} × ${count}` : word("reason", reason)))],
      [say("outcome"), ({ outcome }) => (outcome ? word("outcome", outcome) : "–")],
      [say("reported"), ({ reported_at: at }) => time(at)],
    ],
    empty: say("no-reports"),
  });
  const bans = list(stoa, {
    title: say("bans"),
    path: "/v1/moderation/bans",
    columns: [
      [say("username"), ({ user }) => link(user.username, ["people", user.username])],
      [say("reason"), ({ reason, explanation }) => [word("reason", reason), explanation].filter(Boolean).join(": ")],
      [say("ends"), ({ ends_at: at }) => (at ? time(at) : say("never"))],
      ["", ({ user }) => button(say("unban"), async () => {
        if (await ask({ title: say("unban"), rows: [[say("chat"), say("banned"), say("allowed")]], isDangerous: false, why: true }, (_, header) => api.DELETE("/v1/moderation/bans/{user}", { params: { path: { user: user.id }, header } }))) {
          notify(say("done"));
          app.refresh();
        }
      }, { class: "quiet" })],
    ],
    empty: say("no-bans"),
  });
  return { title: word("screen", "reports"), content: [search, reports, bans, isAtLeast("administrator") ? rooms(app) : ""] };
}

/** The groups and channels, which administrators can close. */
const rooms = ({ stoa, api, refresh }) => list(stoa, {
  title: say("rooms"),
  path: "/v1/admin/rooms",
  columns: [
    [say("name"), ({ name, slug }) => [name, slug].filter(Boolean).join(" · ")],
    [say("kind"), ({ kind }) => word("room", kind)],
    [say("owner"), ({ owner, owner_username: name }) => (name ? link(name, ["people", name]) : owner)],
    [say("members"), ({ member_count: count }) => String(count)],
    [say("last-message"), ({ latest_at: at }) => time(at)],
    ["", ({ id, name, member_count: count }) => button(say("close-room"), async () => {
      const rows = [[name, say("members-of", { count: String(count) }), say("deleted")]];
      if (await ask({ title: say("close-room"), text: say("close-room-text"), rows, why: true }, (_, header) => api.DELETE("/v1/admin/rooms/{room}", { params: { path: { room: id }, header } }))) {
        notify(say("done"));
        refresh();
      }
    }, { class: "quiet" })],
  ],
});

function reportScreen({ api }, room, seq) {
  const path = { room, seq };
  const shown = loaded(() => api.GET("/v1/moderation/messages/{room}/{seq}", { params: { path } }), (data) => {
    const { message, report, said, earlier } = data;
    const author = report?.author ?? message.author;
    const isGone = message.kind === "deleted";
    const resolve = (outcome) => button(word("resolve", outcome), async () => {
      const fields = outcome === "author_banned" ? [
        { name: "reason", label: say("reason"), kind: "select", choices: REASONS.map((one) => [one, word("reason", one)]), value: report.reasons[0]?.reason },
        { name: "minutes", label: say("minutes"), kind: "number", min: 1 },
        { name: "explanation", label: say("explanation"), kind: "textarea", maxlength: 500 },
      ] : [];
      const rows = [
        [say("state"), word("report", report.state), word("outcome", outcome)],
        ...(outcome === "message_deleted" ? [[say("message"), message.text, "–"]] : []),
        ...(outcome === "author_banned" ? [[author.username, say("allowed"), say("banned")]] : []),
      ];
      const deletes = outcome === "message_deleted" && !isGone;
      const run = async (values, header) => {
        const first =
          deletes ? await api.DELETE("/v1/moderation/messages/{room}/{seq}", { params: { path, header } })
          : outcome === "author_banned" ? await api.PUT("/v1/moderation/bans/{user}", { params: { path: { user: author.id } }, body: values })
          : {};
        return first.problem ? first : api.POST("/v1/moderation/reports/{room}/{seq}/resolution", { params: { path }, body: { outcome } });
      };
      if (await ask({ title: word("resolve", outcome), rows, fields, isDangerous: outcome !== "dismissed", why: deletes }, run)) {
        notify(say("resolved"));
        await shown.reload();
      }
    }, { "data-outcome": outcome, class: outcome === "dismissed" ? null : "danger" });
    return [
      report ? el("p", { class: "row", "data-report": report.state }, chip(word("report", report.state), report.state === "open" ? "warn" : "good"), report.outcome ? chip(word("outcome", report.outcome)) : "") : "",
      report ? el("div", { class: "row" }, OUTCOMES.map(resolve)) : "",
      card(say("message"), el("div", { class: "body stack" },
        el("p", {}, author?.username ? link(author.username, ["people", author.username]) : "", " ", time(message.created_at)),
        el("blockquote", {}, isGone ? say("deleted-message") : message.text))),
      earlier?.length ? card(say("earlier-texts"), el("ul", { class: "body stack" }, earlier.map((one) => el("li", {}, details(one))))) : "",
      said?.length ? card(say("reporters-said"), el("ul", { class: "body stack" }, said.map((one) => el("li", {}, word("reason", one.reason), one.text ? `: ${one.text}` : "", " ", time(one.created_at))))) : "",
    ];
  });
  return { title: say("report-title"), content: [el("p", {}, link(say("back-to-reports"), ["reports"])), shown.place] };
}

export default function reportsScreen(app, route) {
  const [, room, seq] = route.path;
  return seq ? reportScreen(app, room, seq) : listScreen(app, route);
}
