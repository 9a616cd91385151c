// What the parts of a pane are made of.

import { act, el, toast } from "./console.js";

/** Runs a call of the client. Its problem is shown, and its data returned. */
export async function done(call) {
  const { data, problem } = await call;
  if (problem) toast([problem.detail ?? problem.title, ...problem.fields.map(({ message }) => message)].join(" "), true);
  return data;
}

export const button = (text, run, more = {}) =>
  el("button", { type: "button", class: "quiet", onclick: (event) => act(event.currentTarget, run), ...more }, text);

/** A form, by its name. `run` is called when it is sent. */
export function form(name, run, ...content) {
  const sent = (event) => {
    event.preventDefault();
    act(event.submitter ?? event.target.querySelector("[type=submit]"), run);
  };
  return el("form", { class: "fields", "data-form": name, onsubmit: sent }, ...content);
}

export const submit = (text, isMain = false) => el("button", { type: "submit", class: isMain ? "primary" : null }, text);

/** Options from pairs of a value and what it is called. */
export const options = (pairs) => pairs.map(([value, text]) => el("option", { value }, text));

/** A part of a pane that opens, with a number beside its name. `opened` is called each time it is opened. */
export function foldable(name, text, opened, ...content) {
  const count = el("span", { class: "count", hidden: true });
  const place = el("details", { class: "part", "data-part": name }, el("summary", {}, text, " ", count), el("div", { class: "stack" }, ...content));
  place.addEventListener("toggle", () => place.open && opened());
  const setCount = (number, more = false) => {
    count.textContent = `${number}${more ? "+" : ""}`;
    count.hidden = number === 0;
  };
  return { place, setCount };
}

const ids = new Map();
/** The id of a person on this machine, by which most calls name them. */
export async function idOf(stoa, username) {
  if (!ids.has(username)) {
    const data = await done(stoa.people.profile(username));
    if (data) ids.set(username, data.id);
  }
  return ids.get(username);
}
