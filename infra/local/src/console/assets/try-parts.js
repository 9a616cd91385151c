// What the parts of a pane are made of.

import { act, el, toast } from "./console.js";
import { language, texts } from "./try-texts.js";

/** The country that is chosen first. */
const HOME = "PL";

/** An amount as people write it. */
export const money = ({ amount, currency }) => new Intl.NumberFormat(language, { style: "currency", currency }).format(amount / 100);

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

/** A field with its error, which a problem of the API names by its pointer. */
export function checked(pointer, number, text, input) {
  const wrong = el("p", { class: "wrong small", id: `wrong${pointer.replaceAll("/", "-")}-${number}`, role: "alert", "data-wrong": pointer });
  input.setAttribute("aria-describedby", wrong.id);
  const tell = (problem) => {
    wrong.textContent = problem?.fields.filter((field) => field.pointer === pointer).map(({ message }) => message).join(" ") ?? "";
    input.setAttribute("aria-invalid", String(wrong.textContent !== ""));
  };
  return { place: el("div", { class: "field" }, el("label", {}, text, input), wrong), tell };
}

/** The fields of a country and a postal code, which looks differently in each country. `read` gets the countries. */
export function placeFields(shop, number, code = "") {
  const country = el("select", { autocomplete: "country", onchange: () => hint() });
  const postcode = el("input", { type: "text", maxlength: 64, autocomplete: "postal-code", value: code });
  let countries = [];

  function hint() {
    const chosen = countries.find((one) => one.code === country.value);
    postcode.placeholder = chosen?.postal_code_example ?? "";
    postcode.required = chosen?.postal_code_required ?? false;
  }

  async function read() {
    if (countries.length > 0) return;
    const all = await done(shop.countries());
    if (!all) return;
    countries = all.items;
    country.replaceChildren(...options(countries.map((one) => [one.code, `${one.flag} ${one.name}`])));
    country.value = HOME;
    hint();
  }

  const fields = [checked("/country", number, texts.country, country), checked("/postal_code", number, texts.postcode, postcode)];
  return { fields, read, given: () => ({ country: country.value, postal_code: postcode.value || undefined }) };
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
