import { $, act, ago, call, chip, el, live, moment, say, show } from "./console.js";

const TONES = { ALARM: "bad", INSUFFICIENT_DATA: "warn", OK: "good" };

function render(alarms) {
  show($("alarms"), alarms.map((a) => el("tr", {},
    el("th", { scope: "row" }, a.name, el("div", { class: "soft small" }, a.about)),
    el("td", { "data-label": say("alarms-state") }, chip(a.state, TONES[a.state])),
    el("td", { "data-label": say("alarms-since") }, a.since ? el("div", {}, moment(a.since), el("div", { class: "soft small" }, ago(a.since))) : el("span", { class: "soft" }, "–")),
    el("td", { class: "action" }, change(a, "ALARM", say("alarms-raise")), change(a, "OK", say("alarms-end"))))));
}

const change = (alarm, state, text) => el("button", {
  type: "button",
  "data-key": `${state}-${alarm.name}`,
  onclick: (event) => act(event.target, async () => {
    await call("POST", `/_local/alarms/${encodeURIComponent(alarm.name)}`, { state });
    await refresh();
  }, say("alarms-sent", { name: alarm.name })),
}, text);

const refresh = live(() => "/_local/alarms", (value) => render(value.alarms));
