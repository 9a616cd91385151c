import { $, chip, el, empty, live, moment, now, say, show } from "./console.js";

const asked = new URLSearchParams(location.search);
let table = asked.get("table") ?? "";
let kind = asked.get("kind") ?? "";
let cursor = null;
let next = null;
let open = new Set();
let pk = asked.get("pk") ?? "";
$("q").value = asked.get("q") ?? "";

live(() => "/_local/tables", (value) => {
  if (!value.tables.some((t) => t.name === table)) table = value.tables[0]?.name ?? "";
  show($("table"), value.tables.map((t) => el("option", { value: t.name, selected: t.name === table }, `${t.name} (${t.items})`)));
  $("table").value = table;
  const kinds = value.tables.find((t) => t.name === table)?.kinds ?? {};
  show($("kind"), el("option", { value: "" }, say("tables-every-kind")), Object.entries(kinds).map(([k, n]) => el("option", { value: k }, `${k} (${n})`)));
  $("kind").value = kind in kinds ? kind : "";
  refresh();
}, 3000);

/** What is searched for, as parameters of the page and of the API. */
function query() {
  const query = new URLSearchParams();
  if (kind) query.set("kind", kind);
  if (pk) query.set("pk", pk);
  if ($("q").value.trim()) query.set("q", $("q").value.trim());
  return query;
}

const refresh = live(() => {
  if (table === "") return null;
  const asked = query();
  if (cursor) asked.set("cursor", cursor);
  return `/_local/tables/${encodeURIComponent(table)}?${asked}`;
}, render, 3000);

function render(page) {
  next = page.next;
  $("next").hidden = next === null;
  $("first").hidden = cursor === null;
  $("partition").hidden = pk === "";
  $("pk").textContent = pk;
  $("summary").textContent = say(page.next ? "frame-on-page-more" : "frame-on-page", { n: page.items.length });
  if (page.items.length === 0) return show($("items"), el("li", {}, empty(say("tables-none"), say("tables-none-why"))));
  show($("items"), page.items.map(item));
}

function item(attributes) {
  const pk = text(attributes.pk);
  const sk = text(attributes.sk);
  const key = `${pk} ${sk}`;
  const name = text(attributes.username) || text(attributes.email);
  const rest = Object.entries(attributes).filter(([name]) => !["pk", "sk", "kind"].includes(name)).sort(([a], [b]) => a.localeCompare(b));
  const details = el("details", { open: open.has(key) },
    el("summary", { "data-key": key }, chip(text(attributes.kind) || "?", "accent"), el("code", {}, pk), sk === text(attributes.kind).toUpperCase() ? "" : el("code", { class: "soft" }, sk),
      pk.includes(name) ? "" : el("span", { class: "soft small" }, name), expiry(attributes.ttl)),
    el("div", { class: "attributes" },
      el("table", {}, el("tbody", {}, [["pk", attributes.pk], ["sk", attributes.sk], ...rest].map(([name, value]) => el("tr", {},
        el("th", { scope: "row" }, name), el("td", { class: "type" }, type(value)), el("td", {}, readable(name, value))))))));
  details.addEventListener("toggle", () => (details.open ? open.add(key) : open.delete(key)));
  return el("li", {}, details);
}

const text = (value) => value?.S ?? value?.N ?? "";
const types = {
  S: say("tables-text"), N: say("tables-number"), BOOL: say("tables-boolean"), NULL: say("tables-null"), M: say("tables-map"), L: say("tables-list"), B: say("tables-bytes"),
  SS: say("tables-texts"), NS: say("tables-numbers"), BS: say("tables-byte-strings"),
};
const type = (value) => types[Object.keys(value ?? {})[0]] ?? "?";

/** A typed value for people: times as times, maps and lists indented, keys of partitions as links. */
function readable(name, value) {
  const [[kind, inner]] = Object.entries(value);
  switch (kind) {
    case "S": return inner === "" ? el("span", { class: "soft" }, say("tables-empty-text")) : partition(name, inner) ?? el("code", {}, inner);
    case "N": return el("span", {}, el("code", {}, inner), time(name, Number(inner)));
    case "BOOL": return el("code", {}, inner ? "true" : "false");
    case "NULL": return el("span", { class: "soft" }, "null");
    case "B": return el("span", {}, el("code", {}, `${inner.slice(0, 48)}${inner.length > 48 ? "…" : ""}`), el("span", { class: "hint" }, say("tables-base64", { n: Math.floor((inner.replaceAll("=", "").length * 3) / 4) })));
    case "M": return el("ul", {}, Object.entries(inner).map(([k, v]) => el("li", {}, el("span", { class: "soft" }, `${k}: `), readable(k, v))));
    case "L": return inner.length === 0 ? el("span", { class: "soft" }, say("tables-empty-list")) : el("ul", {}, inner.map((v) => el("li", {}, readable("", v))));
    default: return el("code", {}, Array.isArray(inner) ? inner.join(", ") : JSON.stringify(inner));
  }
}

/** The partition of this table that a value names: its key, or the id of a person or room. */
function partition(name, value) {
  if (name === "sk" || name.startsWith("gsi")) return null;
  const id = /^(usr|rom)_[0-9A-Z]{26}$/.exec(value);
  const pk = id ? `${{ usr: "USER", rom: "ROOM" }[id[1]]}#${value}` : /^[A-Z]+#\S+$/.test(value) ? value : null;
  return pk && el("a", { href: `?${new URLSearchParams({ table, pk })}` }, el("code", {}, value));
}

/** Milliseconds since 1970 between 2001 and 2100, and the seconds of `ttl`, are times. */
function time(name, n) {
  const ms = name === "ttl" ? n * 1000 : n;
  return Number.isInteger(n) && ms > 1e12 && ms < 4.2e12 ? el("span", { class: "hint" }, moment(ms)) : "";
}

function expiry(ttl) {
  if (!ttl?.N) return "";
  const over = Number(ttl.N) * 1000 < now();
  return over ? chip(say("tables-expired"), "warn") : "";
}

function restart() {
  cursor = null;
  open = new Set();
  history.replaceState(null, "", `?${new URLSearchParams([["table", table], ...query()])}`);
  refresh();
}

$("table").addEventListener("change", () => { table = $("table").value; kind = ""; restart(); });
$("kind").addEventListener("change", () => { kind = $("kind").value; restart(); });
$("search").addEventListener("submit", (event) => { event.preventDefault(); restart(); });
$("q").addEventListener("input", restart);
$("everywhere").addEventListener("click", () => { pk = ""; restart(); });
$("next").addEventListener("click", () => { cursor = next; refresh(); });
$("first").addEventListener("click", restart);
