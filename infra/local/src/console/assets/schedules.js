import { $, act, ago, call, chip, el, empty, live, moment, now, show, span } from "./console.js";

let schedules = [];

function render() {
  if (schedules.length === 0) return show($("schedules"), el("tr", {}, el("td", { colspan: 5 }, empty("No schedules", "The template has none."))));
  show($("schedules"), schedules.map((s) => el("tr", {},
    el("th", { scope: "row" }, s.function, el("div", { class: "soft small" }, s.name)),
    el("td", { "data-label": "When" }, el("code", {}, s.expression)),
    el("td", { "data-label": "Next run" }, s.enabled && s.next ? el("div", {}, moment(s.next), el("div", { class: "soft small" }, Date.parse(s.next) > now() ? `in ${span(Date.parse(s.next) - now())}` : "due")) : chip("disabled", "warn")),
    el("td", { "data-label": "Last run" }, s.last ? el("div", {}, moment(s.last), el("div", { class: "soft small" }, ago(s.last))) : el("span", { class: "soft" }, "not yet")),
    el("td", { class: "action" }, el("button", { type: "button", "data-key": `run-${s.name}`, onclick: (event) => run(event.target, s) }, "Run now")))));
}

function run(button, schedule) {
  return act(button, async () => {
    await call("POST", `/_local/schedules/${encodeURIComponent(schedule.name)}/run`);
    await refresh();
  }, `${schedule.function} ran`);
}

const refresh = live(() => "/_local/schedules", (value) => { schedules = value.schedules; render(); });
setInterval(render, 1000);
