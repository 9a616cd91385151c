import { $, chip, el, empty, figure as written, live, say, show } from "./console.js";

const figure = (n) => (n === 0 ? "–" : written(n));
const total = (calls) => Object.values(calls).reduce((sum, n) => sum + n, 0);

function breakdown(calls, times) {
  const sorted = Object.entries(calls).sort(([, a], [, b]) => b - a);
  return el("div", { class: "row" }, sorted.map(([name, n]) => chip(`${name.replace("dynamodb.", "")} × ${figure(n / times)}`)));
}

function none(columns, text) {
  return el("tr", {}, el("td", { colspan: columns }, empty(say("calls-none"), text)));
}

live(() => "/_local/calls", ({ operations, functions }) => {
  show($("operations"), operations.length === 0 ? none(6, say("calls-none-operations")) : operations.map((o) => el("tr", {},
    el("th", { scope: "row" }, o.name),
    el("td", { "data-label": say("calls-kinds") }, breakdown(o.calls, o.times)),
    el("td", { "data-label": say("calls-times"), class: "number" }, `${written(o.times)} ×`),
    el("td", { "data-label": say("calls-calls"), class: "number" }, figure(total(o.calls) / o.times)),
    el("td", { "data-label": "RCU", class: "number" }, figure(o.rcu / o.times)),
    el("td", { "data-label": "WCU", class: "number" }, figure(o.wcu / o.times)))));

  const most = Math.max(1, ...functions.map((f) => total(f.calls)));
  show($("functions"), functions.length === 0 ? none(5, say("calls-none-functions")) : functions.map((f) => {
    const filled = el("i");
    filled.style.width = `${Math.round((100 * total(f.calls)) / most)}%`;
    return el("tr", {},
      el("th", { scope: "row" }, f.name),
      el("td", { "data-label": say("calls-kinds") }, breakdown(f.calls, 1)),
      el("td", { "data-label": say("calls-calls"), class: "number" }, figure(total(f.calls)), el("span", { class: "bar", "aria-hidden": "true" }, filled)),
      el("td", { "data-label": "RCU", class: "number" }, figure(f.rcu)),
      el("td", { "data-label": "WCU", class: "number" }, figure(f.wcu)));
  }));
});
