import { $, ago, chip, el, empty, live, moment, say, show } from "./console.js";

const opened = new Set();
let events = [];
$("q").value = new URLSearchParams(location.search).get("q") ?? "";

function state(delivery) {
  const last = delivery.attempts.at(-1);
  const told = { function: delivery.function, n: delivery.attempts.length };
  if (!last) return chip(say("events-waiting", told));
  if (last.error !== null) return chip(say("events-failed", told), "bad");
  return told.n > 1 ? chip(say("events-delivered-late", told), "warn") : chip(say("events-delivered", told), "good");
}

function render() {
  $("summary").textContent = events.length === 0 ? "" : say("frame-shown", { n: events.length });
  if (events.length === 0) return show($("events"), el("li", {}, $("q").value.trim() ? empty(say("events-no-such"), say("frame-kept")) : empty(say("events-none"), say("events-none-why"))));
  show($("events"), events.map(row));
}

function row(e) {
  const node = el("details", { open: opened.has(e.id) },
    el("summary", { "data-key": e.id }, el("code", {}, el("b", {}, e.detail_type)),
      e.deliveries.length === 0 ? chip(say("events-no-consumer")) : e.deliveries.map(state),
      el("span", { class: "soft small end" }, el("time", { datetime: e.at }, ago(e.at)))),
    el("div", { class: "attributes stack" },
      el("dl", { class: "facts" },
        el("dt", {}, say("events-id")), el("dd", {}, el("code", {}, e.id)),
        el("dt", {}, say("events-source")), el("dd", {}, el("code", {}, e.source)),
        el("dt", {}, say("events-bus")), el("dd", {}, el("code", {}, e.bus)),
        el("dt", {}, say("events-time")), el("dd", {}, moment(e.at))),
      el("pre", { class: "plain" }, JSON.stringify(e.detail, null, 2)),
      e.deliveries.map((d) => el("div", { class: "logged" }, el("h3", {}, d.function),
        d.attempts.length === 0 ? el("p", { class: "soft" }, say("events-not-attempted")) : el("ol", {}, d.attempts.map(attempt))))));
  node.addEventListener("toggle", () => (node.open ? opened.add(e.id) : opened.delete(e.id)));
  return el("li", {}, node);
}

const attempt = (a, n) => el("li", {}, el("span", { class: "soft" }, say("events-attempt", { n: n + 1 })), a.error === null ? chip(say("events-attempt-done"), "good") : chip(say("events-attempt-failed"), "bad"),
  el("span", {}, el("span", {}, moment(a.at), `, ${a.ms} ms`), a.error === null ? "" : el("span", { class: "why" }, a.error),
    a.lines.map((line) => el("span", { class: "line" }, line.message, Object.entries(line.fields).map(([name, value]) => el("code", { class: "field" }, el("span", { class: "soft" }, `${name}=`), value))))));

const query = () => new URLSearchParams($("q").value.trim() ? { q: $("q").value.trim() } : {});
const refresh = live(() => `/_local/events?${query()}`, (value) => { events = value.events; render(); }, 1500);
setInterval(render, 10000);
const search = () => { history.replaceState(null, "", query().size ? `?${query()}` : location.pathname); refresh(); };
$("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("q").addEventListener("input", search);
