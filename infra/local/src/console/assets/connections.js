import { $, act, ago, call, el, empty, live, show } from "./console.js";

let connections = [];

function render() {
  if (connections.length === 0) return show($("connections"), el("tr", {}, el("td", { colspan: 5 }, empty("Nobody is connected", "Open a socket with a ticket from POST /v1/realtime/tickets."))));
  show($("connections"), connections.map((c) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, c.id)),
    el("td", { "data-label": "From" }, c.source_ip, c.user_agent ? el("div", { class: "soft small" }, c.user_agent) : ""),
    el("td", { "data-label": "Opened" }, ago(c.connected_at)),
    el("td", { "data-label": "Last frame" }, ago(c.last_active_at)),
    el("td", { class: "action" }, el("button", { type: "button", "data-key": `close-${c.id}`, onclick: (event) => cut(event.target, c) }, "Close")))));
}

function cut(button, connection) {
  return act(button, async () => {
    await call("DELETE", `/_local/connections/${encodeURIComponent(connection.id)}`);
    await refresh();
  }, "The connection was closed");
}

const refresh = live(() => "/_local/connections", (value) => { connections = value.connections; render(); }, 1500);
setInterval(render, 5000);
