// The audit: search by whom, by who, by action and by time; one entry with its values; and undoing it, shown before it is done.

import { actions, address, ask, button, by, card, chip, details, el, facts, filters, form, link, list, loaded, money, notify, say, table, time, told, word } from "./parts.js";

const ENTRY = "/v1/audit/{entry}";
const TONES = { clean: "good", same: "", moved_on: "warn", taken: "bad", gone: "bad", never: "bad" };
/** The id of an account, or what `actor` is for the system itself. Usernames are in lower case and ids are not. */
const IS_ID = /^(usr_[0-9A-Z]{26}|operator)$/;
/** What can be undone, if need be by force. */
const CAN = ["clean", "moved_on"];
/** What only its owner gives back: the undo sends a link. */
const CONTACTS = ["email", "phone"];

/** What the words of a field are called. A state is that of an order or of a ticket. */
const WORDS = {
  status: (value) => word("account", value),
  roles: (value) => word("role", value),
  state: (value) => [word("order", value), word("thread", value)].find((text) => text !== value) ?? value,
  factors: (value) => word("factor", value),
  methods: (value) => word("proven-by", value),
  outcome: (value) => word("outcome", value),
  reason: (value) => word("reason", value),
};
/** A value of a field. */
const one = (field) => ({ kind, value }) => {
  if (kind === "time") return time(value);
  if (kind === "flag") return word("boolean", value);
  if (kind === "word") return WORDS[field]?.(value) ?? value;
  const [amount, currency] = value.split(" ");
  return kind === "amount" ? money({ amount: Number(amount), currency }) : value;
};
/** The values of a field, which are a list: empty for none. */
const values = (field, all) => (all.length === 0 ? "–" : all.map(one(field)).flatMap((shown, n) => (n === 0 ? [shown] : [", ", shown])));
/** Whom an entry is about, as `by` shows who acted. */
const about = ({ subject, subject_username: name }) => link(name ?? subject, ["audit"], { subject });
/** Beside somebody the way to their account, if it is still there. */
const withAccount = (shown, username) => (username ? [shown, " · ", link(say("account"), ["people", username])] : shown);

function listScreen({ stoa, api }, route) {
  const { filters: given } = route;
  const asked = Object.fromEntries(["subject", "actor", "action", "day", "month"].filter((name) => given[name]).map((name) => [name, given[name]]));
  const query = Object.keys(asked).length > 0 ? asked : { day: new Date().toISOString().slice(0, 10) };
  const search = filters(route, [
    { name: "subject", label: say("search-subject"), maxlength: 100 },
    { name: "actor", label: say("search-actor"), maxlength: 100 },
    { name: "action", label: say("action"), kind: "select", choices: [["", say("all")], ...actions()] },
    { name: "day", label: say("day"), kind: "date" },
    { name: "month", label: say("month"), kind: "month" },
  ], say("search"));
  const found = (ids) => list(stoa, {
    title: say("entries"),
    path: "/v1/audit",
    query: { ...query, ...ids },
    columns: [
      [say("when"), ({ id, created_at: at }) => el("a", { href: address(["audit", id]) }, time(at))],
      [say("action"), ({ action }) => word("action", action)],
      [say("fields"), ({ fields }) => fields.map((one) => word("field", one)).join(", ")],
      [say("actor"), by],
      [say("about"), about],
    ],
    empty: say("no-entries"),
  });
  // The API looks for people by their ids.
  const named = ["subject", "actor"].filter((name) => query[name] && !IS_ID.test(query[name]));
  const ids = async () => {
    const people = await Promise.all(named.map((name) => api.GET("/v1/admin/users/{username}", { params: { path: { username: query[name] } } })));
    const missing = people.find(({ problem }) => problem);
    if (missing?.problem.status === 404) return { problem: { title: say("no-people") } };
    return missing ?? { data: Object.fromEntries(named.map((name, n) => [name, people[n].data.user_id])) };
  };
  const entries = named.length > 0 ? loaded(ids, found).place : found({});
  return { title: word("screen", "audit"), content: [el("p", { class: "soft" }, say("audit-text")), search, entries, verification(stoa.api)] };
}

/** Verifies all seals, some at a time, and says how far it is. */
function verification(api) {
  const outcome = el("div", { class: "body", role: "status" });
  const run = button(say("verify"), async (node) => {
    node.disabled = true;
    let cursor;
    let [seals, entries] = [0, 0];
    do {
      const { data, problem } = await api.GET("/v1/audit/verification", { params: { query: { cursor } } });
      if (problem) {
        outcome.replaceChildren(el("p", { class: "problem", role: "alert" }, told(problem)));
        break;
      }
      seals += data.seals;
      entries += data.entries;
      cursor = data.next_cursor;
      const verified = say("verified", { seals: String(seals), entries: String(entries) });
      outcome.replaceChildren(data.broken ? el("div", { class: "problem", role: "alert" }, say("broken"), details(data.broken)) : el("p", {}, verified, " ", cursor ? "…" : say("all-hold")));
    } while (cursor);
    node.disabled = false;
  });
  return card(say("verification"), el("p", { class: "soft" }, say("verification-text")), el("div", { class: "row" }, run), outcome);
}

const isContact = ({ field }) => CONTACTS.includes(field);
/** What staff have to know before they undo these fields. */
const warnings = (fields) => [
  ...(fields.some(isContact) ? [say("undo-contact")] : []),
  ...(fields.some(({ field }) => field === "phone") ? [say("undo-phone")] : []),
];

/** The preview of undoing an entry: what each field was, became, is now and would be. */
const preview = (fields) => table(say("undo"), [
  [say("field"), ({ field }) => word("field", field)],
  [say("was"), ({ field, was }) => values(field, was)],
  [say("became"), ({ field, became }) => values(field, became)],
  [say("is-now"), ({ field, is_now: now }) => values(field, now)],
  [say("would-be"), ({ field, would_be: next }) => values(field, next)],
  [say("state"), ({ field, outcome }) => el("span", { "data-undo": outcome, "data-field": field }, chip(word("undo", outcome), TONES[outcome]))],
], fields);

function undo({ api }, id, reload) {
  const params = { path: { entry: id } };
  // The reason that was typed stays when the preview is read again.
  let said;
  const part = loaded(() => api.GET(`${ENTRY}/undo`, { params }), (data, response) => {
    const version = response?.headers.get("etag");
    const possible = data.fields.filter(({ outcome }) => CAN.includes(outcome));
    const moved = possible.some(({ outcome }) => outcome === "moved_on");
    const place = card(say("undo"), preview(data.fields));
    if (data.undone_by) place.append(el("p", {}, say("undone-already"), " ", link(say("its-entry"), ["audit", data.undone_by])));
    else if (possible.length === 0) place.append(el("p", {}, say("nothing-to-undo")));
    if (data.undone_by || possible.length === 0) return place;
    place.append(...warnings(possible).map((text) => el("p", {}, text)));
    const boxes = possible.map(({ field, outcome }) => ({ name: `field-${field}`, label: word("field", field), kind: "check", value: outcome === "clean" }));
    place.append(el("div", { class: "body" }, form({
      name: "undo",
      fields: [...boxes, { name: "reason", label: say("reason"), kind: "textarea", required: true, maxlength: 500, value: said }, ...(moved ? [{ name: "force", label: say("undo-force"), kind: "check" }] : [])],
      submit: say("undo"),
      tall: true,
    }, async ({ reason, force, ...chosen }) => {
      said = reason;
      const picked = possible.filter(({ field }) => chosen[`field-${field}`]);
      const fields = picked.map(({ field }) => field);
      if (fields.length === 0) return { problem: { title: say("choose-fields") } };
      const rows = picked.map(({ field, is_now: now, would_be: next }) => [word("field", field), values(field, now), values(field, next)]);
      const text = [...warnings(picked), ...(force ? [say("undo-force-text")] : [])].join(" ");
      const outcome = await ask({ title: say("undo"), text, rows }, async () => {
        const answer = await api.POST(`${ENTRY}/undo`, { params: { ...params, header: { "If-Match": version } }, body: { fields, reason, force: force ?? false } });
        // Somebody has changed it since: what is shown behind the dialog is read again.
        if (["version_mismatch", "conflict", "undone_already"].includes(answer.problem?.code)) await part.reload();
        return answer;
      });
      if (outcome) {
        notify(picked.some(isContact) ? say("undo-contact-sent") : say("undone"));
        await reload();
        await part.reload();
      }
      return {};
    })));
    return place;
  }, true);
  return part.place;
}

function entryScreen(app, id) {
  const params = { path: { entry: id } };
  const entry = loaded(() => app.api.GET(ENTRY, { params }), (data) => {
    const fields = data.values?.changes ?? [];
    // What it was made on is named by a field that is the same before and after.
    const isSame = ({ before, after }) => before.every(({ kind }) => kind === "id") && JSON.stringify(before) === JSON.stringify(after);
    const changes = fields.filter((change) => !isSame(change));
    const same = fields.filter(isSame).map(({ field, after }) => [word("field", field), values(field, after)]);
    return [
      el("p", { class: "row", "data-intact": String(data.intact) }, chip(word("action", data.action), "accent"), time(data.created_at), data.intact ? chip(say("intact"), "good") : chip(say("not-intact"), "bad")),
      changes.length > 0 ? el("section", { class: "card", "aria-label": say("changes") }, el("div", { class: "title" }, el("h2", {}, say("changes"))), table(say("changes"), [
        [say("field"), ({ field }) => word("field", field)],
        [say("was"), ({ field, before }) => values(field, before)],
        [say("became"), ({ field, after }) => values(field, after)],
      ], changes)) : "",
      card(say("facts"), el("div", { class: "body stack" },
        facts([[say("actor"), withAccount(by(data), data.actor_username)], [say("about"), withAccount(about(data), data.subject_username)], ...same, [say("reason"), data.values?.reason], [word("field", "place"), data.place], [word("field", "device"), data.device], [word("field", "network"), data.values?.network], [word("field", "request_id"), data.request_id]]))),
    ];
  });
  const proof = button(say("show-proof"), async (node) => {
    const { data, problem } = await app.api.GET(`${ENTRY}/proof`, { params });
    if (problem) notify(told(problem), true);
    else node.replaceWith(el("pre", { class: "raw", tabindex: "0" }, JSON.stringify(data, null, 2)));
  });
  return { title: say("entry"), content: [el("p", {}, link(say("back-to-audit"), ["audit"])), entry.place, undo(app, id, entry.reload), el("div", { class: "row" }, proof)] };
}

export default function auditScreen(app, route) {
  const id = route.path[1];
  return id ? entryScreen(app, id) : listScreen(app, route);
}
