import { $, act, call, chip, copyButton, el, live, say, show } from "./console.js";

const modes = { well: say("breached-passwords-well"), slow: say("breached-passwords-slow"), down: say("breached-passwords-down"), garbled: say("breached-passwords-garbled") };

const change = (button, body, done) => act(button, async () => {
  await call("POST", "/_local/breached-passwords", body);
  await refresh();
}, done);

const refresh = live(() => "/_local/breached-passwords", ({ passwords, mode, asked }) => {
  show($("mode"), chip(modes[mode], mode === "well" ? "good" : "bad"));
  for (const button of $("modes").children) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  const last = asked.at(-1);
  $("asked").textContent = last ? say("breached-passwords-last", { digits: last.digits }) : say("breached-passwords-unasked");
  show($("passwords"), passwords.map((p) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, p)),
    el("td", { class: "action" }, copyButton(p),
      el("button", { type: "button", class: "quiet", "data-key": `remove-${p}`, "aria-label": say("breached-passwords-remove-one", { password: p }), onclick: (event) => change(event.target, { remove: p }, say("breached-passwords-removed")) }, say("breached-passwords-remove"))))));
});

$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  await change(event.submitter, { add: $("password").value }, say("breached-passwords-added"));
  $("password").value = "";
});
$("modes").addEventListener("click", (event) => {
  const mode = event.target.dataset.mode;
  if (mode) change(event.target, { mode });
});
