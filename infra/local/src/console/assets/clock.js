import { $, act, call, clockTime, day, lastStatus, now, say, span } from "./console.js";

function show() {
  $("time").textContent = clockTime(now());
  $("date").textContent = `${day(now())}, UTC`;
}

function offset(value) {
  const ms = value.offset_ms;
  $("offset").textContent = ms === 0 ? say("clock-real") : ms > 0 ? say("clock-ahead", { span: span(ms) }) : say("clock-behind", { span: span(ms) });
  $("reset").disabled = ms === 0;
  show();
}

const move = (button, body, done) => act(button, async () => offsetAfter(await call("POST", "/_local/clock", body)), done);

function offsetAfter(value) {
  // The sidebar gets it with its next poll. This page shows it at once.
  dispatchEvent(new CustomEvent("clock", { detail: value }));
}

addEventListener("clock", (event) => offset(event.detail));
if (lastStatus()) offset(lastStatus());
setInterval(show, 500);

$("moves").addEventListener("click", (event) => {
  const by = event.target.dataset.advance;
  if (by) move(event.target, { advance: by }, say("clock-moved", { by: event.target.textContent.trim() }));
});
$("set").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = $("when").value;
  if (value) move(event.submitter, { set: `${value.length === 16 ? `${value}:00` : value}Z` }, say("clock-is-set"));
});
$("reset").addEventListener("click", (event) => move(event.target, { reset: true }, say("clock-is-reset")));
$("when").value = new Date(Date.now()).toISOString().slice(0, 19);
