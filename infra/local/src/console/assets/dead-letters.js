import { $, act, call, chip, el, empty, live, moment, say, show } from "./console.js";

const refresh = live(() => "/_local/dead-letters", ({ dead_letters: letters }) => {
  if (letters.length === 0) return show($("letters"), el("div", { class: "card" }, empty(say("dead-letters-none"), say("dead-letters-none-why"))));
  show($("letters"), letters.map((d) => el("section", { class: "card" },
    el("div", { class: "title" }, el("div", { class: "row" }, el("h2", {}, d.function), chip(d.queue ?? say("dead-letters-no-queue"), "bad"), el("span", { class: "soft small" }, moment(d.at))),
      el("button", { type: "button", "data-key": `redrive-${d.id}`, onclick: (event) => redrive(event.target, d) }, say("dead-letters-redrive"))),
    el("div", { class: "body stack" }, el("p", {}, d.error),
      el("details", {}, el("summary", {}, say("dead-letters-event")), el("pre", { class: "plain" }, JSON.stringify(d.event, null, 2)))))));
});

function redrive(button, letter) {
  return act(button, async () => {
    await call("POST", `/_local/dead-letters/${encodeURIComponent(letter.id)}/redrive`);
    await refresh();
  }, say("dead-letters-redriven"));
}
