import { $, act, call, chip, copyButton, el, live, show } from "./console.js";

const change = (button, body, done) => act(button, async () => {
  await call("POST", "/_local/breached-passwords", body);
  await refresh();
}, done);

const refresh = live(() => "/_local/breached-passwords", ({ passwords, mood, asked }) => {
  show($("mood"), chip(mood, mood === "well" ? "good" : "bad"));
  for (const button of $("moods").children) button.setAttribute("aria-pressed", String(button.dataset.mood === mood));
  const last = asked.at(-1);
  $("asked").textContent = last ? `The last request had ${last.digits}.` : "No requests yet.";
  show($("passwords"), passwords.map((p) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, p)),
    el("td", { class: "action" }, copyButton(p),
      el("button", { type: "button", class: "quiet", "data-key": `remove-${p}`, "aria-label": `Remove ${p}`, onclick: (event) => change(event.target, { remove: p }, "Removed") }, "Remove")))));
});

$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  await change(event.submitter, { add: $("password").value }, "Added");
  $("password").value = "";
});
$("moods").addEventListener("click", (event) => {
  const mood = event.target.dataset.mood;
  if (mood) change(event.target, { mood });
});
