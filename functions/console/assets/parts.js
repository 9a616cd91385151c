// What screens are made of: elements, texts, times and amounts, forms, lists, dialogs. Data is only inserted as text: nothing here makes
// HTML of strings, and the policy of the page would refuse it.

import { opens } from "./rights.js";

const language = document.documentElement.lang;
const texts = await (await fetch(`/staff/texts.${language}.json`)).json();

/** A text in the language of the page, with each `{ $name }` in it replaced by `values.name`. */
export const say = (key, values = {}) => (texts[key] ?? key).replace(/\{\s*\$(\w+)\s*\}/g, (_, name) => values[name] ?? "");
/** What a word of the API is called, such as a state. Words that have no text yet are shown as they are. */
export const word = (kind, value) => (value === undefined || value === null ? "–" : texts[`${kind}-${value}`] ?? String(value));

/** All words of a kind that have a text, as pairs of the word and its text. */
const words = (kind) => Object.entries(texts).filter(([key]) => key.startsWith(`${kind}-`)).map(([key, text]) => [key.slice(kind.length + 1), text]);
/** Every language with its own name. */
export const languages = () => words("language");
/** Everything that an entry of the audit can be about, in the order of the alphabet. */
export const actions = () => words("action").sort(([, one], [, other]) => one.localeCompare(other, language));

export const $ = (id) => document.getElementById(id);

/** An element: `el("a", { href: "/" }, "text", child)`. Attributes that are null or false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

/** Makes these the children of a node. Those that stay are not touched, so that they keep the focus and are not read aloud again. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const old of [...parent.childNodes]) if (!wanted.has(old)) old.remove();
  nodes.forEach((node, n) => parent.childNodes[n] === node || parent.insertBefore(node, parent.childNodes[n] ?? null));
}

/** Makes nodes of items, and gives the same node again for an item with the same key that has not changed. */
export function remembered(keyOf, make) {
  let known = new Map();
  return (items) => {
    const next = new Map();
    for (const item of items) {
      const content = JSON.stringify(item);
      const before = known.get(keyOf(item));
      next.set(keyOf(item), before?.content === content ? before : { content, node: make(item) });
    }
    known = next;
    return [...known.values()].map(({ node }) => node);
  };
}

export const chip = (text, tone = "") => el("span", { class: `chip ${tone}` }, text);

/** How dates are written: in English with the day first and 24 hours, which is shorter and not mistaken. */
const dates = language === "en" ? "en-GB" : language;
const moments = new Intl.DateTimeFormat(dates, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
/** A moment in the time of the reader, with its zone, and with the exact one as its title. */
export function time(value) {
  const ms = Date.parse(value);
  return Number.isFinite(ms) ? el("time", { datetime: value, title: value }, moments.format(ms)) : "–";
}

const amounts = (currency) => new Intl.NumberFormat(language, { style: "currency", currency });
/** How many minor units a currency has in one, such as a hundred grosze in a zloty. */
const digits = (currency) => amounts(currency).resolvedOptions().maximumFractionDigits;
const unit = (currency) => 10 ** digits(currency);

/** What a country is called. */
export const country = (code) => new Intl.DisplayNames(language, { type: "region" }).of(code);

/** An amount in minor units. */
export const money = (value) => (value ? amounts(value.currency).format(value.amount / unit(value.currency)) : "–");

/**
 * The field of an amount, which is typed as people write it. `read` makes minor units of it.
 * @param {{ amount?: number, currency: string }} now
 * @param {{ name: string, label: string, max?: number }} shown
 */
export function amountField({ amount, currency }, { max, ...more }) {
  const one = unit(currency);
  const read = (typed) => Math.round(typed * one);
  const value = amount === undefined ? undefined : (amount / one).toFixed(digits(currency));
  return { field: { kind: "number", min: 1 / one, step: 1 / one, max: max === undefined ? null : max / one, value, required: true, ...more }, read };
}

/** The address of a screen with its filters. Those without a value are left out. */
export function address(path, filters = {}) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query && "?"}${query}`;
}

/** Leads to a screen. Who may not see it reads the text alone. */
export const link = (text, path, filters) => (opens(path[0]) ? el("a", { href: address(path, filters) }, text) : el("span", {}, text));

/** Who made an entry of the audit, by their username or the id of an account that is gone. Leads to what they have done. */
export const by = ({ actor, actor_username: name }) => (actor ? link(name ?? actor, ["audit"], { actor }) : say("the-system"));

/** What a problem says to a person. */
export const told = (problem) => [problem.detail ?? problem.title, ...(problem.fields ?? []).map(({ message }) => message)].join(" ");

/** Says something about what was done, also to who does not see the page. */
export function notify(text, isBad = false) {
  const node = el("div", { class: isBad ? "toast bad" : "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), isBad ? 10_000 : 5000);
}

/** Runs the action of a button once, however often it is clicked, and shows its problem. Returns the data of its answer. */
export async function act(button, run, done) {
  if (button.getAttribute("aria-busy")) return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = (await run()) ?? {};
    if (answer.problem) notify(told(answer.problem), true);
    else if (done) notify(done);
    return answer.problem ? undefined : answer.data ?? {};
  } finally {
    button.removeAttribute("aria-busy");
  }
}

export const button = (text, run, more = {}) => el("button", { type: "button", onclick: (event) => void run(event.currentTarget), ...more }, text);

/** Options from pairs of a value and what it is called. */
const options = (pairs, chosen) => pairs.map(([value, text]) => el("option", { value, selected: value === chosen }, text));

/** A control with its label. `kind`: `text`, `number`, `select`, `textarea`, `check`, or another type of an input. */
function control({ name, label, kind = "text", value, choices, ...more }) {
  if (kind === "check") return el("label", { class: "check" }, el("input", { type: "checkbox", name, checked: value === true, ...more }), label);
  const field =
    kind === "select" ? el("select", { name, ...more }, options(choices, value ?? ""))
    : kind === "textarea" ? el("textarea", { name, ...more }, value ?? "")
    : el("input", { type: kind, name, value: value ?? "", autocomplete: "off", ...more });
  return el("label", {}, label, field);
}

/**
 * What is typed into the controls of a form. Empty ones are absent.
 * @returns {Record<string, any>}
 */
function typed(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") values[field.name] = field.checked;
    else if (field.value !== "") values[field.name] = field.type === "number" ? Number(field.value) : field.value.trim();
  }
  return values;
}

/** Shows a problem in a form, and leads to the first field that is wrong. */
function blame(form, place, problem) {
  place.textContent = problem ? told(problem) : "";
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const wrong = (problem?.fields ?? []).map(({ pointer }) => form.elements[pointer.split("/").at(-1)]).filter((field) => field?.setAttribute);
  for (const field of wrong) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", place.id);
  }
  wrong[0]?.focus();
}

let forms = 0;
/** What was typed and not sent, by the name of what keeps it: it is there again when one comes back to it. */
const unsent = new Map();
addEventListener("beforeunload", (event) => {
  if ([...unsent.values()].some((values) => Object.values(values).some((value) => value === true || value.trim?.()))) event.preventDefault();
});
/** Keeps no longer what was typed under this name. */
export const forget = (name) => void unsent.delete(name);

/** Sends a form by the keyboard from a field of several lines, in which Enter begins another line. */
function sendByKey(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.localName === "textarea") event.currentTarget.requestSubmit();
}

/**
 * A form. `run(values)` returns an answer of the client. It is not run again while it runs, however often it is sent. With `keeps` what is
 * typed is kept under that name until it was sent.
 * @param {{ name: string, fields: any[], submit: string, done?: string, tall?: boolean, isMain?: boolean, keeps?: string }} form
 */
export function form({ name, fields, submit, done, tall = false, isMain = true, keeps }, run) {
  forms += 1;
  const place = el("p", { class: "problem", role: "alert", id: `problem-${forms}` });
  const send = el("button", { type: "submit", class: isMain ? "primary" : null }, submit);
  const node = el("form", { class: tall ? "fields tall" : "fields", "data-form": name }, fields.map(control), el("div", { class: "acts" }, send), place);
  const isCheck = (field) => field.type === "checkbox";
  for (const [key, value] of Object.entries(unsent.get(keeps) ?? {})) {
    const field = node.elements[key];
    if (field) field[isCheck(field) ? "checked" : "value"] = value;
  }
  if (keeps) node.addEventListener("input", ({ target }) => unsent.set(keeps, { ...unsent.get(keeps), [target.name]: isCheck(target) ? target.checked : target.value }));
  node.addEventListener("keydown", sendByKey);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-busy")) return;
    send.setAttribute("aria-busy", "true");
    const values = typed(node);
    const before = unsent.get(keeps);
    unsent.delete(keeps);
    try {
      const { problem } = (await run(values, node)) ?? {};
      // It was not sent. What was typed meanwhile is newer.
      if (problem && before && !unsent.has(keeps)) unsent.set(keeps, before);
      blame(node, place, problem);
      if (!problem && done) notify(done);
    } finally {
      send.removeAttribute("aria-busy");
    }
  });
  return node;
}

/** A form of filters, which are in the address of the screen. */
export function filters(route, fields, submit = say("filter")) {
  const known = fields.map((field) => ({ ...field, value: route.filters[field.name] }));
  return form({ name: "filters", fields: known, submit, isMain: false }, (values) => {
    const next = address(route.path, values);
    if (next === location.hash) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = next;
  });
}

/** A table that becomes a list of cards on a narrow screen. `columns`: pairs of a label and what a cell shows. */
export const table = (caption, columns, items) =>
  el("table", { class: "folding" },
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", {}, el("tr", {}, columns.map(([label]) => (label ? el("th", { scope: "col" }, label) : el("td"))))),
    el("tbody", {}, items.map((item) => row(columns, item))));

/** Up to this many characters a text stays on one line of a wide table, such as an amount. */
const WHOLE = 16;
/** A row of such a table. */
export const row = (columns, item) =>
  el("tr", {}, columns.map(([label, cell], n) => {
    const value = cell(item);
    const text = typeof value === "string" ? value : value?.textContent;
    const whole = text?.length <= WHOLE ? "whole" : null;
    if (n === 0) return el("th", { scope: "row", class: whole }, value ?? "–");
    if (label === "") return el("td", { class: "action" }, value);
    return el("td", { "data-label": label, class: whole }, value?.length === 0 ? "–" : value ?? "–");
  }));

const nothing = (text) => el("p", { class: "empty" }, text);

/**
 * A list of the API, page by page. It grows by "more", and says how it went.
 * @param {import("/client/stoa.js").Stoa} stoa
 * @param {{ title: string, path: any, params?: any, query?: any, columns: any[], empty?: string, also?: any[] }} list
 */
export function list(stoa, { title, path, params, query, columns, empty = say("empty"), also = [] }) {
  const pages = stoa.pages(path, { params, query });
  const body = el("div", { "aria-live": "polite", "aria-busy": "true" });
  const more = button(say("more"), (node) => act(node, next), { hidden: true });
  const place = el("section", { class: "card", "aria-label": title },
    el("div", { class: "title" }, el("h2", {}, title), also), body, el("div", { class: "more", hidden: true }, more));
  let rows;
  async function next() {
    const { data, problem } = await pages.page();
    body.removeAttribute("aria-busy");
    // What is there already stays.
    if (problem && rows) return { problem };
    if (problem) return body.replaceChildren(el("p", { class: "problem", role: "alert" }, told(problem))), {};
    const added = data.items.map((item) => row(columns, item));
    if (rows) rows.append(...added);
    else if (added.length > 0 || !data.more) {
      const first = added.length > 0 ? table(title, columns, []) : nothing(empty);
      body.replaceChildren(first);
      rows = first.tBodies?.[0];
      rows?.append(...added);
    }
    const hadFocus = document.activeElement === more;
    more.hidden = more.parentElement.hidden = !data.more;
    // The button that had the focus is gone with the last page.
    if (hadFocus && more.hidden) (added[0]?.querySelector("a, button") ?? $("main").querySelector("h1"))?.focus();
    return {};
  }
  void next();
  return place;
}

/** The columns of a list of API keys. `revoke` gets the key whose button was pressed. `withOwner`: they are of several people. */
export const keyColumns = (revoke, withOwner = false) => [
  [say("name"), ({ name }) => name],
  ...(withOwner ? [[say("owner"), ({ user, username }) => (username ? link(username, ["people", username]) : user)]] : []),
  [say("begins-with"), ({ prefix }) => el("code", {}, prefix)],
  [say("scopes"), ({ scopes }) => scopes.join(", ")],
  [say("expires"), ({ expires_at: at }) => time(at)],
  [say("last-used"), ({ last_used_at: at }) => time(at)],
  ["", (key) => button(say("revoke"), () => revoke(key), { class: "quiet" })],
];

/** The API keys of everybody, or of one person, which superusers see and revoke. `changed` is called when one was revoked. */
export function everybodysKeys({ stoa, api }, username, changed) {
  const path = "/v1/admin/api-keys";
  const revoke = async ({ id, user, name }) => {
    const gone = await ask({ title: say("revoke"), rows: [[name, say("valid"), say("revoked")]], why: true }, (_, header) => api.DELETE(`${path}/{user}/{key}`, { params: { path: { user, key: id }, header } }));
    if (!gone) return;
    notify(say("done"));
    changed();
  };
  const query = username ? { username } : {};
  return list(stoa, { title: say("api-keys"), path, query, columns: keyColumns(revoke, !username), empty: say("no-keys") });
}

/** What had the focus may be gone with what it was in: then the heading of the screen gets it. */
export function keepFocus() {
  if (document.activeElement === document.body) $("main").querySelector("h1")?.focus();
}

/** What is read before it is shown. `reload` reads it again. `isOptional`: nothing is shown if there is no such thing. */
export function loaded(load, render, isOptional = false) {
  const place = el("div", { class: "stack", "aria-busy": "true" });
  async function reload() {
    const { data, problem, response } = await load();
    place.removeAttribute("aria-busy");
    if (problem && isOptional && problem.code === "not_found") return place.replaceChildren();
    if (problem) {
      const again = problem.status === 404 ? "" : button(say("again"), () => reload());
      return place.replaceChildren(el("p", { class: "problem", role: "alert" }, told(problem)), again || "");
    }
    place.replaceChildren(...[render(data, response)].flat().filter(Boolean));
    keepFocus();
    return undefined;
  }
  void reload();
  return { place, reload };
}

export const card = (title, ...content) => el("section", { class: "card", "aria-label": title }, el("div", { class: "title" }, el("h2", {}, title)), content);

/** A list of facts: pairs of a label and a value. Those without a value are left out. */
export const facts = (pairs) =>
  el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([label, value]) => [el("dt", {}, label), el("dd", {}, value)]));

/** A table of what changes: rows of a label, what it is and what it will be. */
const compared = (heads, rows) =>
  el("table", { class: "changed" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map(([label, ...values]) => el("tr", {}, el("th", { scope: "row" }, label), values.map((value) => el("td", {}, value ?? "–"))))));

/**
 * Asks before something is done. Shows what is now and what will be, and takes `fields`, such as a reason. `run(values)` does it, once
 * however often it is confirmed, and its problem is shown in the dialog. With `why` the dialog asks for the reason, and `run(values, header)` sends it. If somebody else has changed it meanwhile, `reread()` returns
 * rows of what is now and what would be, which are shown before it is confirmed again. Resolves to the data, or to nothing.
 * @param {{ title: string, text?: string, rows?: any[], fields?: any[], submit?: string, isDangerous?: boolean, why?: boolean, reread?: () => Promise<any[]> }} question
 */
export function ask({ title, text, rows = [], fields = [], submit, isDangerous = true, why = false, reread }, run) {
  return new Promise((resolve) => {
    let outcome;
    let running = Promise.resolve();
    forms += 1;
    const place = el("p", { class: "problem", role: "alert", id: `problem-${forms}` });
    const change = el("div", { class: "stack" }, rows.length > 0 ? compared([say("what"), say("now"), say("afterwards")], rows) : "");
    const send = el("button", { type: "submit", class: isDangerous ? "danger" : "primary" }, submit ?? title);
    const asked = why ? [...fields, { name: "why", label: say("reason"), required: true, maxlength: 200 }] : fields;
    const node = el("form", { "data-form": "ask" }, el("h2", { id: `title-${forms}` }, title), text ? el("p", {}, text) : "", change, asked.map(control), place,
      el("div", { class: "row" }, send, button(say("cancel"), () => dialog.close())));
    const dialog = el("dialog", { "aria-labelledby": `title-${forms}` }, node);
    async function confirm() {
      const { why: reason, ...values } = typed(node);
      const { data, problem } = (await run(values, why ? { Reason: encodeURIComponent(reason) } : {})) ?? {};
      blame(node, place, problem);
      if (problem && !dialog.open) notify(told(problem), true);
      if (problem?.code === "version_mismatch" && reread) {
        change.replaceChildren(compared([say("what"), say("now-theirs"), say("yours")], await reread()));
        send.textContent = say("overwrite");
      }
      if (!problem) {
        outcome = data ?? {};
        dialog.close();
      }
    }
    node.addEventListener("keydown", sendByKey);
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      if (send.getAttribute("aria-busy")) return;
      send.setAttribute("aria-busy", "true");
      running = confirm().finally(() => send.removeAttribute("aria-busy"));
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      // Who leaves the dialog does not stop what is under way: whether it was done is known only then.
      void running.then(() => resolve(outcome), () => resolve(outcome));
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const isMoment = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);

/** What a value of the API shows: moments, amounts, words, people, lists. */
export function shown(value) {
  if (value === null || value === undefined || value === "") return "–";
  if (value === true || value === false) return word("boolean", value);
  if (isMoment(value)) return time(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "–" : el("ul", {}, value.map((one) => el("li", {}, shown(one))));
  if ("currency" in value && "amount" in value) return money(value);
  if (value.username) return value.username;
  return details(value);
}

/** Words of the API that are called by the kind of another member. */
const KINDS = { payment_method: "payment", locale: "language" };
const called = (key, value) => (typeof value === "string" && texts[`${KINDS[key] ?? key}-${value}`]) || shown(value);

/** Everything that an object of the API says, except what is shown elsewhere. Members without a name of their own are called as in the API. */
export const details = (data, except = []) =>
  facts(Object.entries(data).filter(([key, value]) => !except.includes(key) && value !== null && value !== undefined).map(([key, value]) => [word("field", key), called(key, value)]));
