// Shared by all pages. Data of users is only inserted as text: nothing builds HTML from strings.

/** An element: `el("a", {href: "/"}, "text", child)`. Attributes that are null or false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export const $ = (id) => document.getElementById(id);

const texts = JSON.parse($("texts").textContent);
/** The language of the page. Dates and numbers are written as it does. */
const locale = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
/** A text in the language of the page, with each `{$name}` in it replaced by `values.name`. */
export const say = (key, values = {}) => texts[key].replace(/\{\$(\w+)\}/g, (_, name) => values[name]);
export const figure = (n, digits = 1) => n.toLocaleString(locale, { maximumFractionDigits: digits });

/** Replaces the content of `place` if it differs. Keeps the focus. */
export function show(place, ...children) {
  const held = document.activeElement?.closest("[data-key]")?.dataset.key;
  const fresh = el("div", {}, ...children);
  if (fresh.innerHTML === place.innerHTML) return;
  place.replaceChildren(...fresh.childNodes);
  if (held) place.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}

/** Calls the console's API. An error of it is thrown as an Error with a readable message. */
export async function call(method, path, body) {
  const reply = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await reply.text();
  const value = text === "" ? null : JSON.parse(text);
  if (!reply.ok) throw new Error(value?.error ?? say("frame-answered", { status: reply.status }));
  return value;
}

export const get = (path) => call("GET", path);

/** Runs the action of a button, which is disabled in the meantime, and shows a toast with the result. */
export async function act(button, work, done) {
  button.disabled = true;
  try {
    const result = await work();
    if (done) toast(typeof done === "function" ? done(result) : done);
    return result;
  } catch (problem) {
    toast(problem.message, true);
  } finally {
    button.disabled = false;
  }
}

/** Tells the time of the local cloud. Nothing is shown before that, so that nothing is said to be in the future that has happened. */
const STATUS = "/_local/status";
let timeIsKnown;
const time = new Promise((then) => (timeIsKnown = then));

/** Fetches `path()` now and every `every` milliseconds while the page is visible. Returns a function that does so at once. */
export function live(path, render, every = 2000) {
  let timer = null;
  let last = null;
  let turn = 0;
  async function once() {
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    try {
      const where = path();
      const value = where === null ? null : await get(where);
      if (where !== STATUS) await time;
      if (mine !== turn) return;
      online(true);
      const seen = where + JSON.stringify(value);
      if (value !== null && seen !== last) render(value);
      last = seen;
    } catch (problem) {
      if (mine !== turn) return;
      if (problem instanceof TypeError) online(false);
      else toast(problem.message, true);
    }
    if (!document.hidden && every > 0) timer = setTimeout(once, every);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) once(); });
  once();
  return once;
}

function online(is) {
  $("offline").hidden = is;
}

export function toast(text, bad = false) {
  const node = el("div", { class: bad ? "toast bad" : "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), bad ? 8000 : 3500);
}

export function copyButton(text, label = say("frame-copy")) {
  return el("button", { type: "button", class: "quiet", "aria-label": `${label} ${text}`, onclick: () => copy(text) }, label);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Only pages on localhost or with HTTPS have a clipboard.
    const field = el("textarea", { class: "visually-hidden" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast(text.length > 60 ? say("frame-copied") : say("frame-copied-text", { text }));
}

export const chip = (text, tone = "") => el("span", { class: `chip ${tone}` }, text);

export function empty(title, text) {
  return el("p", { class: "empty" }, el("strong", {}, title), text);
}

// ── time: everything is shown in UTC, by the clock of the local cloud ──

let ahead = 0;
/** The local cloud's time in milliseconds. */
export const now = () => Date.now() + ahead;
export const clockTime = (ms) => new Date(ms).toISOString().slice(11, 19);
export const day = (ms) => new Date(ms).toLocaleDateString(locale, { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** `21 Nov, 07:12:45`, with the year if it is not the current one; the full time in the tooltip. */
export function moment(value) {
  const ms = typeof value === "number" ? value : Date.parse(value);
  if (!Number.isFinite(ms)) return el("span", { class: "soft" }, "–");
  const date = new Date(ms);
  const year = date.getUTCFullYear() === new Date(now()).getUTCFullYear() ? "" : ` ${date.getUTCFullYear()}`;
  const text = `${date.getUTCDate()} ${date.toLocaleDateString(locale, { month: "short", timeZone: "UTC" })}${year}, ${clockTime(ms)}`;
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, text);
}

/** `3 d 4 h`, `12 min`, `5 s`: the two largest units. */
export function span(ms) {
  let rest = Math.floor(Math.abs(ms) / 1000);
  const parts = [];
  for (const [unit, seconds] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const n = Math.floor(rest / seconds);
    rest -= n * seconds;
    if (n > 0) parts.push(`${n} ${unit}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

export function ago(value) {
  const ms = now() - (typeof value === "number" ? value : Date.parse(value));
  if (Math.abs(ms) < 5000) return say("frame-just-now");
  return ms > 0 ? say("frame-ago", { span: span(ms).split(" ").slice(0, 2).join(" ") }) : say("frame-in", { span: span(ms) });
}

// ── the sidebar ──

let status = null;
/** On a narrow screen the navigation scrolls horizontally. */
function reveal() {
  const here = document.querySelector(".nav [aria-current]");
  here.closest(".nav").scrollLeft = here.offsetLeft - 80;
}
function side() {
  $("side-time").textContent = clockTime(now());
  $("side-date").textContent = day(now());
}
live(() => STATUS, (value) => {
  const first = status === null;
  status = value;
  ahead = Date.parse(value.now) - Date.now();
  timeIsKnown();
  const offset = $("side-offset");
  offset.textContent = value.offset_ms === 0 ? "" : value.offset_ms > 0 ? say("frame-ahead", { span: span(value.offset_ms) }) : say("frame-behind", { span: span(value.offset_ms) });
  offset.className = value.offset_ms === 0 ? "" : "moved";
  $("lifted").hidden = !value.limits_lifted;
  for (const [name, number] of Object.entries(value.counts)) {
    const badge = $(`count-${name}`);
    if (!badge) continue;
    badge.hidden = number === 0;
    badge.textContent = number > 999 ? "999+" : String(number);
  }
  // The numbers make it wider.
  if (first) reveal();
  side();
  dispatchEvent(new CustomEvent("clock", { detail: value }));
});
setInterval(side, 1000);
$("unlift").addEventListener("click", (event) => act(event.target, async () => {
  await call("POST", "/_local/limits", { lifted: false });
  $("lifted").hidden = true;
}, say("frame-unlifted")));
// Another language of the same page, with what it shows.
for (const link of document.querySelectorAll(".languages a")) link.addEventListener("click", () => {
  const query = new URLSearchParams(location.search);
  query.set("lang", link.lang);
  link.search = query;
});
export const lastStatus = () => status;
