import { $, act, call, chip, el, empty, live, moment, show } from "./console.js";

const refresh = live(() => "/_local/dead-letters", ({ dead_letters: letters }) => {
  if (letters.length === 0) return show($("letters"), el("div", { class: "card" }, empty("No dead letters", "Every event was handled.")));
  show($("letters"), letters.map((d) => el("section", { class: "card" },
    el("div", { class: "title" }, el("div", { class: "row" }, el("h2", {}, d.function), chip(d.queue ?? "no queue", "bad"), el("span", { class: "soft small" }, moment(d.at))),
      el("button", { type: "button", "data-key": `redrive-${d.id}`, onclick: (event) => redrive(event.target, d) }, "Redrive")),
    el("div", { class: "body stack" }, el("p", {}, d.error),
      el("details", {}, el("summary", {}, "The event"), el("pre", { class: "plain" }, JSON.stringify(d.event, null, 2)))))));
});

function redrive(button, letter) {
  return act(button, async () => {
    await call("POST", `/_local/dead-letters/${encodeURIComponent(letter.id)}/redrive`);
    await refresh();
  }, "Redriven");
}
