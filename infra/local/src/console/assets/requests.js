import { $, ago, chip, copyButton, el, empty, get, live, moment, say, show, toast } from "./console.js";

const asked = new URLSearchParams(location.search);
const details = new Map();
let requests = [];
$("q").value = asked.get("q") ?? "";
$("failed").checked = asked.has("failed");

const tone = (status) => (status < 300 ? "good" : status < 400 ? "" : status < 500 ? "warn" : "bad");
const levels = { ERROR: "bad", WARN: "warn" };

function render() {
  $("summary").textContent = requests.length === 0 ? "" : say("frame-shown", { n: requests.length });
  if (requests.length === 0) return show($("requests"), el("li", {}, searching() ? empty(say("requests-no-such"), say("frame-kept")) : empty(say("requests-none"), say("requests-none-why"))));
  show($("requests"), requests.map(row));
}

function row(r) {
  const node = el("details", { open: details.has(r.id) },
    el("summary", { "data-key": r.id },
      chip(String(r.status), tone(r.status)), el("code", {}, el("b", {}, r.method), ` ${r.method === "SOCKET" ? r.route : r.path}`),
      el("span", { class: "soft small end" }, `${r.ms} ms · `, el("time", { datetime: r.at }, ago(r.at)))),
    details.has(r.id) ? detail(r, details.get(r.id)) : "");
  node.addEventListener("toggle", () => (node.open ? open(r.id) : details.delete(r.id)));
  return el("li", {}, node);
}

async function open(id) {
  if (details.has(id)) return;
  details.set(id, null);
  try {
    details.set(id, await get(`/_local/requests/${encodeURIComponent(id)}`));
    render();
  } catch (problem) {
    details.delete(id);
    toast(problem.message, true);
  }
}

function detail(r, full) {
  // Not read yet at first.
  const calls = Object.entries(full?.tally.calls ?? {});
  return el("div", { class: "attributes stack" },
    el("dl", { class: "facts" },
      el("dt", {}, say("requests-id")), el("dd", {}, el("code", {}, r.id), " ", copyButton(r.id)),
      r.method === "SOCKET" ? [el("dt", {}, say("requests-connection")), el("dd", {}, el("code", {}, r.path))] : "",
      el("dt", {}, say("requests-route")), el("dd", {}, r.route ? el("code", {}, r.route) : say("requests-no-route")),
      el("dt", {}, say("requests-function")), el("dd", {}, r.function ?? say("requests-no-function")),
      el("dt", {}, say("requests-time")), el("dd", {}, moment(r.at), say("requests-after", { ms: r.ms })),
      el("dt", {}, say("requests-calls")), el("dd", {}, full === null ? "…" : calls.length === 0 ? say("requests-no-calls") : el("span", { class: "row" }, calls.map(([name, n]) => chip(`${name} × ${n}`)),
        el("span", { class: "soft small" }, `${full.tally.rcu} RCU, ${full.tally.wcu} WCU`)))),
    full === null ? "" : logLines(full));
}

function logLines(full) {
  if (full.lines.length === 0) return el("p", { class: "soft" }, full.logs_elsewhere ? say("requests-elsewhere") : say("requests-no-lines"));
  return el("div", { class: "logged" }, el("h3", {}, say("requests-lines")), el("ol", {}, full.lines.map(logLine)),
    full.lines_left_out > 0 ? el("p", { class: "soft small" }, say("requests-left-out", { n: full.lines_left_out })) : "");
}

const logLine = (line) => el("li", {},
  el("span", { class: "soft" }, `+${line.after_ms} ms`), chip(line.level, levels[line.level] ?? ""), el("span", {}, line.message,
    Object.entries(line.fields).map(([name, value]) => el("code", { class: "field" }, el("span", { class: "soft" }, `${name}=`), value))));

const searching = () => $("q").value.trim() !== "" || $("failed").checked;

function query() {
  const query = new URLSearchParams();
  if ($("q").value.trim()) query.set("q", $("q").value.trim());
  if ($("failed").checked) query.set("failed", "true");
  return query;
}

const refresh = live(() => `/_local/requests?${query()}`, (value) => {
  requests = value.requests;
  // Who comes with an id wants to read that request.
  if (requests.length === 1 && requests[0].id === $("q").value.trim()) open(requests[0].id);
  render();
}, 1500);

setInterval(render, 10000);
const search = () => { history.replaceState(null, "", query().size ? `?${query()}` : location.pathname); refresh(); };
$("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("q").addEventListener("input", search);
$("failed").addEventListener("change", search);
