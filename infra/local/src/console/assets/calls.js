import { $, chip, el, empty, live, show } from "./console.js";

const figure = (n) => (n === 0 ? "–" : n.toLocaleString("en", { maximumFractionDigits: 1 }));

live(() => "/_local/calls", ({ functions }) => {
  if (functions.length === 0) return show($("calls"), el("tr", {}, el("td", { colspan: 5 }, empty("No calls yet", "They are counted as soon as a function runs."))));
  const most = Math.max(...functions.map((f) => f.total));
  show($("calls"), functions.map((f) => {
    const filled = el("i");
    filled.style.width = `${Math.round((100 * f.total) / most)}%`;
    const calls = Object.entries(f.calls).sort(([, a], [, b]) => b - a);
    return el("tr", {},
      el("th", { scope: "row" }, f.name),
      el("td", { "data-label": "Operations" }, el("div", { class: "row" }, calls.map(([name, n]) => chip(`${name} × ${n.toLocaleString("en")}`)))),
      el("td", { "data-label": "Calls", class: "number" }, figure(f.total), el("span", { class: "bar", "aria-hidden": "true" }, filled)),
      el("td", { "data-label": "Read units", class: "number" }, figure(f.rcu)),
      el("td", { "data-label": "Write units", class: "number" }, figure(f.wcu)));
  }));
});
