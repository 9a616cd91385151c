// How the system is: whether what is due happens, the figures of the last days, and how fast the team answers.

import { card, chip, el, filters, loaded, say, shown, table, time, word } from "./parts.js";

const DAYS = 14;
const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** A table of figures by day, with a column for each figure that there is. */
function byDay(days) {
  if (days.length === 0) return el("p", { class: "empty" }, say("empty"));
  const names = [...new Set(days.flatMap((one) => Object.keys(one)))].filter((name) => !["day", "date"].includes(name));
  return table(say("figures"), [[say("day"), (one) => one.day ?? one.date], ...names.map((name) => [word("figure", name), (one) => shown(one[name])])], days);
}

export default function healthScreen({ api, support }, route) {
  const query = { from: route.filters.from ?? day(DAYS), until: route.filters.until ?? day(0) };
  const search = filters({ ...route, filters: query }, [{ name: "from", label: say("from-day"), kind: "date" }, { name: "until", label: say("until-day"), kind: "date" }]);
  const needed = loaded(() => api.GET("/v1/health").then(({ data, problem }) => (problem?.away ? { data: problem } : { data, problem })), ({ away = [] }) => card(say("needed"), el("p", { class: "row", "data-away": away.join(" ") },
    away.length === 0 ? chip(say("all-answer"), "good") : away.map((name) => chip(say("is-away", { name: word("needed", name) }), "bad")))), true);
  const late = loaded(() => api.GET("/v1/admin/work"), ({ overdue_deletions: overdue, last_sweep: swept }) => (overdue ? card(say("deletions"), el("p", { class: "row", "data-overdue": String(overdue.count) },
    chip(overdue.count === 0 ? say("none-overdue") : say("overdue", { count: `${overdue.count}${overdue.more ? "+" : ""}` }), overdue.count === 0 ? "good" : "bad")), swept ? el("p", { class: "soft", "data-swept": swept }, say("last-sweep"), " ", time(swept)) : "") : el("span")), true);
  const figures = loaded(() => api.GET("/v1/admin/figures", { params: { query } }), (data) => el("section", { class: "card", "aria-label": say("figures") }, el("div", { class: "title" }, el("h2", {}, say("figures"))), byDay(data.days)), true);
  const answers = loaded(() => support.figures(), ({ days }) => el("section", { class: "card", "aria-label": say("answers") }, el("div", { class: "title" }, el("h2", {}, say("answers"))), byDay(days)), true);
  return { title: word("screen", "health"), content: [needed.place, late.place, search, figures.place, answers.place] };
}
