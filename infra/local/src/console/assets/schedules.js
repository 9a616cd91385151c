import { $, act, ago, call, chip, el, empty, live, moment, now, say, show, span } from "./console.js";

let schedules = [];

function render() {
  if (schedules.length === 0) return show($("schedules"), el("tr", {}, el("td", { colspan: 5 }, empty(say("schedules-none"), say("schedules-none-why")))));
  show($("schedules"), schedules.map((s) => el("tr", {},
    el("th", { scope: "row" }, s.function, el("div", { class: "soft small" }, s.name)),
    el("td", { "data-label": say("schedules-when") }, el("code", {}, s.expression)),
    el("td", { "data-label": say("schedules-next") }, s.enabled && s.next ? el("div", {}, moment(s.next), el("div", { class: "soft small" }, Date.parse(s.next) > now() ? say("frame-in", { span: span(Date.parse(s.next) - now()) }) : say("schedules-due"))) : chip(say("schedules-disabled"), "warn")),
    el("td", { "data-label": say("schedules-last") }, s.last ? el("div", {}, moment(s.last), el("div", { class: "soft small" }, ago(s.last))) : el("span", { class: "soft" }, say("schedules-never"))),
    el("td", { class: "action" }, el("button", { type: "button", "data-key": `run-${s.name}`, onclick: (event) => run(event.target, s) }, say("schedules-run"))))));
}

function run(button, schedule) {
  return act(button, async () => {
    await call("POST", `/_local/schedules/${encodeURIComponent(schedule.name)}/run`);
    await refresh();
  }, say("schedules-ran", { function: schedule.function }));
}

const refresh = live(() => "/_local/schedules", (value) => { schedules = value.schedules; render(); });
setInterval(render, 1000);
