import { $, act, ago, call, chip, copyButton, copy, el, empty, live, moment, say, show } from "./console.js";

let messages = [];
let chosen = Number(new URLSearchParams(location.search).get("message")) || null;
let reading = chosen !== null;
let view = "html";
/** How many messages the list shows. The page grows with the list, so that no row is cut. */
const step = 25;
let shown = step;
const to = $("to");
to.value = new URLSearchParams(location.search).get("to") ?? "";

const wide = matchMedia("(min-width: 52.01rem)");

function list() {
  $("mailbox").classList.toggle("reading", reading);
  $("older").hidden = messages.length <= shown;
  if (messages.length === 0) {
    show($("messages"), to.value === "" ? empty(say("inbox-none"), say("inbox-none-why")) : empty(say("inbox-none-to"), say("inbox-none-to-why")));
    return;
  }
  show($("messages"), messages.slice(0, shown).map((m) => el("button", {
    type: "button", "data-key": `m${m.id}`, "aria-current": m.id === chosen ? "true" : null,
    onclick: () => choose(m.id),
  }, el("span", { class: "who" }, m.to), el("time", { datetime: m.at }, ago(m.at)),
  el("span", { class: "what" }, m.channel === "sms" ? say("inbox-sms", { text: m.text }) : m.subject))));
}

function choose(id) {
  chosen = id;
  reading = true;
  history.replaceState(null, "", address());
  list();
  message();
}

function address() {
  const query = new URLSearchParams();
  if (to.value) query.set("to", to.value);
  if (chosen) query.set("message", chosen);
  return query.size ? `?${query}` : location.pathname;
}

function message() {
  const m = messages.find((m) => m.id === chosen) ?? (wide.matches ? messages[0] : undefined);
  if (!m) {
    show($("message"), empty(say("inbox-unopened"), say("inbox-unopened-why")));
    return;
  }
  if (wide.matches && m.id !== chosen) { chosen = m.id; list(); }
  if (Number($("message").dataset.id) === m.id && $("message").dataset.view === view) return;
  $("message").dataset.id = m.id;
  $("message").dataset.view = view;
  const html = m.html !== null && view === "html";
  $("message").replaceChildren(
    el("button", { type: "button", class: "back", onclick: () => { reading = false; list(); } }, `‹ ${say("inbox-back")}`),
    el("div", { class: "row apart" }, el("h2", {}, m.channel === "sms" ? say("inbox-text-message") : m.subject || say("inbox-no-subject")), chip(say(m.channel === "sms" ? "inbox-is-sms" : "inbox-is-mail"), "accent")),
    el("dl", { class: "facts small" },
      el("dt", {}, say("inbox-recipient")), el("dd", {}, m.to),
      m.from ? [el("dt", {}, say("inbox-sender")), el("dd", {}, m.from)] : "",
      el("dt", {}, say("inbox-arrived")), el("dd", {}, moment(m.at))),
    m.code ? el("div", { class: "code" }, el("strong", { "aria-label": say("inbox-code", { code: [...m.code].join(" ") }) }, m.code), el("button", { type: "button", class: "primary", onclick: () => copy(m.code) }, say("inbox-copy-code"))) : "",
    m.links.length ? el("ul", { class: "links", "aria-label": say("inbox-links") }, m.links.map((link) => el("li", {}, el("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, link), copyButton(link)))) : "",
    m.html !== null ? el("div", { class: "tabs", role: "group", "aria-label": say("inbox-version") },
      ["html", "text"].map((v) => el("button", { type: "button", class: "quiet", "aria-pressed": String(view === v), onclick: () => { view = v; message(); } }, say(v === "html" ? "inbox-formatted" : "inbox-plain")))) : "",
    html ? el("iframe", { class: "letter", title: say("inbox-frame"), sandbox: "allow-popups allow-popups-to-escape-sandbox", src: `/_local/inbox/${m.id}/html`, height: "560" })
      : el("pre", { class: "plain" }, m.text || say("inbox-no-text")));
}

const refresh = live(() => `/_local/inbox?${new URLSearchParams(to.value ? { to: to.value } : {})}`, (value) => {
  messages = value.messages.toReversed();
  list();
  message();
}, 1500);

setInterval(list, 10000);
wide.addEventListener("change", () => { list(); message(); });
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("older").addEventListener("click", () => { shown += step; list(); });
to.addEventListener("input", () => { shown = step; chosen = null; reading = false; delete $("message").dataset.id; history.replaceState(null, "", address()); refresh(); });
$("clear").addEventListener("click", (event) => act(event.target, async () => {
  await call("DELETE", "/_local/inbox");
  chosen = null;
  reading = false;
  delete $("message").dataset.id;
  refresh();
}, say("inbox-cleared")));
