// How the system is: which alarms are raised, whether what is due happens and schedules run, which events were given up, the figures of the last days, and how fast the team answers.

import { ask, button, card, chip, el, filters, list, loaded, notify, say, shown, table, time, word } from "./parts.js";
import { isAtLeast } from "./rights.js";

const DAYS = 14;
const LETTERS = "/v1/admin/dead-letters";
/** How the state of an alarm looks. */
const TONES = { alarm: "bad", insufficient_data: "warn", ok: "good" };
const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

const dayOf = ({ day, date }) => day ?? date;
/** A table of figures by day, with a column for each figure that there is. */
function byDay(days) {
  if (days.length === 0) return el("p", { class: "empty" }, say("empty"));
  const names = [...new Set(days.flatMap((one) => Object.keys(one)))].filter((name) => !["day", "date"].includes(name));
  // The days that matter most come first.
  const newest = [...days].sort((one, other) => dayOf(other).localeCompare(dayOf(one)));
  return table(say("figures"), [[say("day"), dayOf], ...names.map((name) => [word("figure", name), (one) => shown(one[name])])], newest);
}

/** A table of alarms, each with the name under which the documentation for operators says what to do. */
function alarmTable(items) {
  const columns = [
    [say("name"), ({ name, state }) => [word("alarm", name), " ", el("code", { class: "soft", "data-alarm": `${name} ${state}` }, name)]],
    [say("state"), ({ state }) => chip(word("alarm-state", state), TONES[state])],
    [say("since"), ({ since }) => time(since)],
  ];
  return card(say("alarms"), items.length > 0 ? table(say("alarms"), columns, items) : el("p", { class: "empty" }, say("no-alarms")));
}

/** The alarms that are raised, if there are some. */
export const raised = (api) => loaded(() => api.GET("/v1/health/alarms"), ({ items }) => {
  const now = items.filter(({ state }) => state === "alarm");
  return now.length > 0 ? alarmTable(now) : "";
});

/** A table of the schedules, each with the function that runs. */
function scheduled({ items }) {
  const columns = [
    [say("by-function"), ({ function: name }) => name],
    [say("last-run"), ({ last_run_at: at }) => time(at)],
    [say("state"), ({ late }) => chip(word("run", late ? "late" : "recent"), late ? "bad" : "good")],
  ];
  return card(say("schedules"), items.length > 0 ? table(say("schedules"), columns, items) : el("p", { class: "empty" }, say("no-schedules")));
}

/**
 * The events that functions have given up, each with a button that sends it again. For superusers.
 * @param {import("./console.js").App} app
 */
export function givenUp({ stoa, api, refresh }) {
  const again = (id, event) => button(say("redrive"), async () => {
    const rows = [[event, say("given-up"), say("redriven")]];
    const sent = await ask({ title: say("redrive"), text: say("redrive-text", { event }), rows, isDangerous: false, why: true }, (_, header) => api.POST(`${LETTERS}/{letter}/redrive`, { params: { path: { letter: id }, header } }));
    if (!sent) return;
    notify(say("done"));
    refresh();
  }, { class: "quiet", "data-act": "redrive" });
  return list(stoa, {
    title: say("dead-letters"),
    path: LETTERS,
    columns: [
      [say("when"), ({ given_up_at: at }) => time(at)],
      [say("event-name"), ({ event }) => el("code", {}, event ?? "–")],
      [say("by-function"), ({ function: name }) => name],
      [say("last-error"), ({ error }) => error],
      ["", ({ id, event }) => (event ? again(id, event) : "")],
    ],
    empty: say("no-dead-letters"),
  });
}

export default function healthScreen(app, route) {
  const { api, support } = app;
  const query = { from: route.filters.from ?? day(DAYS), until: route.filters.until ?? day(0) };
  const search = filters({ ...route, filters: query }, [{ name: "from", label: say("from-day"), kind: "date" }, { name: "until", label: say("until-day"), kind: "date" }]);
  const needed = loaded(() => api.GET("/v1/health").then(({ data, problem }) => (problem?.away ? { data: problem } : { data, problem })), ({ away = [] }) => card(say("needed"), el("p", { class: "row", "data-away": away.join(" ") },
    away.length === 0 ? chip(say("all-answer"), "good") : away.map((name) => chip(say("is-away", { name: word("needed", name) }), "bad")))));
  const late = () => loaded(() => api.GET("/v1/admin/work"), ({ overdue_deletions: overdue, last_sweep: swept }) => (overdue ? card(say("deletions"), el("p", { class: "row", "data-overdue": String(overdue.count) },
    chip(overdue.count === 0 ? say("none-overdue") : say("overdue", { count: `${overdue.count}${overdue.more ? "+" : ""}` }), overdue.count === 0 ? "good" : "bad")), swept ? el("p", { class: "soft", "data-swept": swept }, say("last-sweep"), " ", time(swept)) : "") : el("span")));
  const figures = () => loaded(() => api.GET("/v1/admin/figures", { params: { query } }), (data) => el("section", { class: "card", "aria-label": say("figures") }, el("div", { class: "title" }, el("h2", {}, say("figures"))), byDay(data.days)));
  const answers = loaded(() => support.figures(), ({ days }) => el("section", { class: "card", "aria-label": say("answers") }, el("div", { class: "title" }, el("h2", {}, say("answers"))), byDay(days)));
  const alarms = () => loaded(() => api.GET("/v1/health/alarms"), ({ items }) => alarmTable(items));
  const runs = () => loaded(() => api.GET("/v1/health/schedules"), scheduled);
  const mails = () => loaded(() => api.GET("/v1/health/mail"), ({ days }) => el("section", { class: "card", "aria-label": say("mails"), "data-list": "mails" }, el("div", { class: "title" }, el("h2", {}, say("mails"))), byDay(days)));
  const system = isAtLeast("administrator") ? [alarms().place, late().place, isAtLeast("superuser") ? givenUp(app) : "", runs().place, mails().place, search, figures().place] : [];
  return { title: word("screen", "health"), content: [needed.place, ...system, answers.place] };
}
