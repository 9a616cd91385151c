// The audit: search by whom, by who, by action and by day; one entry with its values; and undoing it, shown before it is done.

import { ask, button, card, chip, details, el, filters, form, link, list, loaded, notify, reason, say, shown, time, told, word } from "./parts.js";

const ENTRY = "/v1/audit/{entry}";
const TONES = { clean: "good", same: "", moved_on: "warn", taken: "bad", gone: "bad", never: "bad" };
/** What can be undone, if need be by force. */
const CAN = ["clean", "moved_on"];

const person = (one) => {
  if (!one) return "–";
  return one.username ? link(one.username, ["people", one.username]) : shown(one);
};

function listScreen({ stoa }, route) {
  const { filters: given } = route;
  const isGiven = ["subject", "actor", "action", "day"].some((name) => given[name]);
  const query = isGiven ? given : { day: new Date().toISOString().slice(0, 10) };
  const search = filters({ ...route, filters: query }, [
    { name: "subject", label: say("subject-id"), maxlength: 100 },
    { name: "actor", label: say("actor-id"), maxlength: 100 },
    { name: "action", label: say("action"), maxlength: 60 },
    { name: "month", label: say("month"), kind: "month" },
    { name: "day", label: say("day"), kind: "date" },
  ], say("search"));
  const entries = list(stoa, {
    title: say("entries"),
    path: "/v1/audit",
    query,
    columns: [
      [say("when"), ({ id, at, created_at: created }) => el("a", { href: `#/audit/${encodeURIComponent(id)}` }, time(at ?? created))],
      [say("action"), ({ action }) => word("action", action)],
      [say("actor"), ({ actor }) => person(actor)],
      [say("subject"), ({ subject }) => person(subject)],
      [say("fields"), ({ fields, changes }) => (fields ?? changes ?? []).map((one) => word("field", one.name ?? one.field ?? one)).join(", ")],
    ],
    empty: say("no-entries"),
  });
  const sealed = loaded(() => stoa.api.GET("/v1/audit/verification"), (data) => card(say("verification"), el("div", { class: "body" }, details(data))), true);
  return { title: word("screen", "audit"), content: [el("p", { class: "soft" }, say("audit-text")), search, entries, sealed.place] };
}

/** The preview of undoing an entry: what each field was, became, is now and would be. */
function preview(data) {
  const heads = [say("field"), say("was"), say("became"), say("is-now"), say("would-be"), say("state")];
  const row = ({ field, name, was, became, now, is_now: isNow, would_be: next, state, outcome }) => {
    const what = state ?? outcome;
    const values = [was, became, isNow ?? now, next].map((value, n) => el("td", { "data-label": heads[n + 1] }, shown(value)));
    return el("tr", { "data-undo": what, "data-field": field ?? name }, el("th", { scope: "row" }, word("field", field ?? name)), values, el("td", { "data-label": say("state") }, chip(word("undo", what), TONES[what])));
  };
  return el("table", { class: "folding" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, data.fields.map(row)));
}

function undo({ api }, id, reload) {
  const params = { path: { entry: id } };
  const part = loaded(() => api.GET(`${ENTRY}/undo`, { params }), (data, response) => {
    const version = response?.headers.get("etag");
    const nameOf = ({ field, name }) => field ?? name;
    const stateOf = ({ state, outcome }) => state ?? outcome;
    const possible = data.fields.filter((one) => CAN.includes(stateOf(one)));
    const moved = possible.some((one) => stateOf(one) === "moved_on");
    const place = card(say("undo"), preview(data));
    if (possible.length === 0) {
      place.append(el("p", {}, say("nothing-to-undo")));
      return place;
    }
    const boxes = possible.map((one) => ({ name: `field-${nameOf(one)}`, label: word("field", nameOf(one)), kind: "check", value: stateOf(one) === "clean" }));
    place.append(el("div", { class: "body" }, form({
      name: "undo",
      fields: [...boxes, reason(), ...(moved ? [{ name: "force", label: say("undo-force"), kind: "check" }] : [])],
      submit: say("undo"),
      tall: true,
    }, async ({ reason: why, force, ...chosen }) => {
      const fields = possible.map(nameOf).filter((name) => chosen[`field-${name}`]);
      if (fields.length === 0) return { problem: { title: say("choose-fields") } };
      const rows = data.fields.filter((one) => fields.includes(nameOf(one))).map((one) => [word("field", nameOf(one)), shown(one.is_now ?? one.now), shown(one.would_be)]);
      const outcome = await ask({ title: say("undo"), text: force ? say("undo-force-text") : "", rows }, async () => {
        const answer = await api.POST(`${ENTRY}/undo`, { params: { ...params, header: { "If-Match": version } }, body: { fields, reason: why, force: force ?? false } });
        // Somebody has changed it since: what is shown behind the dialog is read again.
        if (["version_mismatch", "conflict"].includes(answer.problem?.code)) await part.reload();
        return answer;
      });
      if (outcome) {
        notify(say("undone"));
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
    const { before, after } = data.values ?? data;
    const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
    return [
      el("p", { class: "row" }, chip(word("action", data.action), "accent"), time(data.at ?? data.created_at)),
      el("p", { class: "row" }, say("actor"), ": ", person(data.actor), " · ", say("subject"), ": ", person(data.subject)),
      names.length > 0 ? card(say("changes"), el("table", { class: "folding" },
        el("thead", {}, el("tr", {}, [say("field"), say("was"), say("became")].map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, names.map((name) => el("tr", {}, el("th", { scope: "row" }, word("field", name)), el("td", { "data-label": say("was") }, shown(before?.[name])), el("td", { "data-label": say("became") }, shown(after?.[name]))))))) : "",
      card(say("facts"), el("div", { class: "body" }, details(data, ["before", "after", "values", "actor", "subject"]))),
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
