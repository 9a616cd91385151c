import { $, act, ago, call, el, empty, live, say, show } from "./console.js";

let connections = [];

function render() {
  if (connections.length === 0) return show($("connections"), el("tr", {}, el("td", { colspan: 5 }, empty(say("connections-none"), say("connections-none-why")))));
  show($("connections"), connections.map((c) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, c.id)),
    el("td", { "data-label": say("connections-from") }, c.source_ip, c.user_agent ? el("div", { class: "soft small" }, c.user_agent) : ""),
    el("td", { "data-label": say("connections-opened") }, ago(c.connected_at)),
    el("td", { "data-label": say("connections-last") }, ago(c.last_active_at)),
    el("td", { class: "action" }, el("button", { type: "button", "data-key": `close-${c.id}`, onclick: (event) => cut(event.target, c) }, say("connections-close"))))));
}

function cut(button, connection) {
  return act(button, async () => {
    await call("DELETE", `/_local/connections/${encodeURIComponent(connection.id)}`);
    await refresh();
  }, say("connections-closed"));
}

const refresh = live(() => "/_local/connections", (value) => { connections = value.connections; render(); }, 1500);
setInterval(render, 5000);
