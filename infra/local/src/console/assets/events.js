import { $, ago, chip, el, empty, live, moment, show } from "./console.js";

const opened = new Set();
let events = [];
$("q").value = new URLSearchParams(location.search).get("q") ?? "";

function state(delivery) {
  const last = delivery.attempts.at(-1);
  if (!last) return ["waiting", ""];
  if (last.error !== null) return ["failed", "bad"];
  return delivery.attempts.length > 1 ? [`delivered at attempt ${delivery.attempts.length}`, "warn"] : ["delivered", "good"];
}

function render() {
  $("summary").textContent = events.length === 0 ? "" : `${events.length} shown, newest first`;
  if (events.length === 0) return show($("events"), el("li", {}, $("q").value.trim() ? empty("No such event", "The last 500 are kept.") : empty("No events yet", "Functions publish what others have to know.")));
  show($("events"), events.map(row));
}

function row(e) {
  const node = el("details", { open: opened.has(e.id) },
    el("summary", { "data-key": e.id }, el("code", {}, el("b", {}, e.detail_type)),
      e.deliveries.length === 0 ? chip("no consumer") : e.deliveries.map((d) => chip(`${d.function}: ${state(d)[0]}`, state(d)[1])),
      el("span", { class: "soft small end" }, el("time", { datetime: e.at }, ago(e.at)))),
    el("div", { class: "attributes stack" },
      el("dl", { class: "facts" },
        el("dt", {}, "Id"), el("dd", {}, el("code", {}, e.id)),
        el("dt", {}, "Source"), el("dd", {}, el("code", {}, e.source)),
        el("dt", {}, "Bus"), el("dd", {}, el("code", {}, e.bus)),
        el("dt", {}, "Time"), el("dd", {}, moment(e.at))),
      el("pre", { class: "plain" }, JSON.stringify(e.detail, null, 2)),
      e.deliveries.map((d) => el("div", { class: "logged" }, el("h3", {}, d.function),
        d.attempts.length === 0 ? el("p", { class: "soft" }, "Not attempted yet.") : el("ol", {}, d.attempts.map(attempt))))));
  node.addEventListener("toggle", () => (node.open ? opened.add(e.id) : opened.delete(e.id)));
  return el("li", {}, node);
}

const attempt = (a, n) => el("li", {}, el("span", { class: "soft" }, `attempt ${n + 1}`), a.error === null ? chip("done", "good") : chip("failed", "bad"),
  el("span", {}, el("span", {}, moment(a.at), `, ${a.ms} ms`), a.error === null ? "" : el("span", { class: "why" }, a.error),
    a.lines.map((line) => el("span", { class: "line" }, line.message, Object.entries(line.fields).map(([name, value]) => el("code", { class: "field" }, el("span", { class: "soft" }, `${name}=`), value))))));

const query = () => new URLSearchParams($("q").value.trim() ? { q: $("q").value.trim() } : {});
const refresh = live(() => `/_local/events?${query()}`, (value) => { events = value.events; render(); }, 1500);
setInterval(render, 10000);
const search = () => { history.replaceState(null, "", query().size ? `?${query()}` : location.pathname); refresh(); };
$("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("q").addEventListener("input", search);
