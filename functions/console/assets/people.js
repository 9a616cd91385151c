// People: the list with its filters, and everything about one person on one page, with what can be done about it.

import { ask, button, card, chip, details, el, filters, form, link, list, loaded, notify, reason, say, shown, time, told, word } from "./parts.js";

const STATES = ["active", "leaving", "deactivated", "purging"];
const ROLES = ["moderator", "administrator", "superuser"];
const PERSON = "/v1/admin/users/{username}";
const all = (kind, values) => [["", say("all")], ...values.map((value) => [value, word(kind, value)])];
const tone = (state) => ({ active: "good", leaving: "warn", deactivated: "bad", purging: "bad" })[state];

function listScreen({ stoa, go }, route) {
  const search = filters(route, [
    { name: "q", label: say("name-or-address"), kind: "search", maxlength: 254 },
    { name: "role", label: say("role"), kind: "select", choices: all("role", ROLES) },
    { name: "state", label: say("state"), kind: "select", choices: all("account", STATES) },
    { name: "joined_from", label: say("joined-from"), kind: "date" },
    { name: "joined_until", label: say("joined-until"), kind: "date" },
  ]);
  const open = form({ name: "open", fields: [{ name: "username", label: say("username"), required: true, maxlength: 30 }], submit: say("open-person"), isMain: false },
    ({ username }) => go(["people", username]));
  const people = list(stoa, {
    title: word("screen", "people"),
    path: "/v1/admin/users",
    query: route.filters,
    columns: [
      [say("username"), ({ username }) => link(username, ["people", username])],
      [say("name"), ({ name, first_name: first, last_name: last }) => name ?? ([first, last].filter(Boolean).join(" ") || "–")],
      [say("state"), ({ state }) => chip(word("account", state), tone(state))],
      [say("role"), ({ roles = [], role }) => [role ?? roles].flat().map((one) => chip(word("role", one), "accent"))],
      [say("joined"), ({ created_at: at, joined_at: joined }) => time(at ?? joined)],
    ],
    empty: say("no-people"),
  });
  return { title: word("screen", "people"), content: [search, people, card(say("open-person"), open)] };
}

/** What can be done about an account, by what it is. */
function actions(app, username, data, reload) {
  const params = { path: { username } };
  const { state, roles = [] } = data;
  /** Asks, does it, says so, and reads the person again. */
  const step = (title, more, run, done) => button(title, async () => {
    if (await ask({ title, ...more }, run)) {
      notify(done ?? say("done"));
      await reload();
    }
  }, more.attributes);
  const becomes = (next) => [[say("state"), word("account", state), word("account", next)]];
  const roleOf = (role) => {
    const has = roles.includes(role);
    const names = (some) => some.map((one) => word("role", one)).join(", ") || "–";
    const next = has ? roles.filter((one) => one !== role) : [...roles, role];
    const title = has ? say("take-role", { role: word("role", role) }) : say("give-role", { role: word("role", role) });
    const path = { username, role };
    return step(title, { rows: [[say("role"), names(roles), names(next)]], attributes: { "data-role": role }, isDangerous: has },
      () => app.api[has ? "DELETE" : "PUT"](`${PERSON}/roles/{role}`, { params: { path } }));
  };
  const end = step(say("end-sessions"), { text: say("end-sessions-text", { username }), fields: [reason()], attributes: { "data-act": "sessions", class: "danger" } },
    (body) => app.api.DELETE(`${PERSON}/sessions`, { params, body }), say("sessions-ended"));
  const account = state === "deactivated"
    ? step(say("reactivate"), { rows: becomes("active"), isDangerous: false, attributes: { "data-act": "reactivation" } }, () => app.api.POST(`${PERSON}/reactivation`, { params }))
    : step(say("deactivate"), { rows: becomes("deactivated"), fields: [reason()], attributes: { "data-act": "deactivation", class: "danger" } }, (body) => app.api.POST(`${PERSON}/deactivation`, { params, body }));
  const leaving = state === "leaving"
    ? step(say("cancel-deletion"), { rows: becomes("active"), isDangerous: false, attributes: { "data-act": "deletion" } }, () => app.api.DELETE(`${PERSON}/deletion`, { params }))
    : step(say("delete-person"), { text: say("delete-person-text", { username }), rows: becomes("leaving"), fields: [reason()], attributes: { "data-act": "deletion", class: "danger" } }, (body) => app.api.PUT(`${PERSON}/deletion`, { params, body }));
  return [end, account, leaving, ...ROLES.map(roleOf)];
}

/** What staff may change of a person, in the version that is shown. */
const EDITABLE = ["first_name", "last_name", "username", "birth_date", "bio", "language"];

function edit(app, username, data, version, reload) {
  const known = EDITABLE.filter((name) => name in data);
  if (known.length === 0 || !version) return "";
  let current = { data, version };
  const fields = known.map((name) => ({ name, label: word("field", name), value: data[name] }));
  const read = async () => {
    const { data: now, response } = await app.api.GET(PERSON, { params: { path: { username } } });
    if (now) current = { data: now, version: response.headers.get("etag") };
    return current;
  };
  return card(say("change-person"), form({ name: "edit", fields, submit: say("check-change"), isMain: false }, async (values) => {
    const changed = Object.fromEntries(known.filter((name) => (values[name] ?? "") !== String(current.data[name] ?? "")).map((name) => [name, values[name] ?? null]));
    const rows = () => Object.entries(changed).map(([name, value]) => [word("field", name), shown(current.data[name]), shown(value)]);
    if (Object.keys(changed).length === 0) return { problem: { title: say("nothing-changed") } };
    const outcome = await ask({ title: say("change-person"), rows: rows(), fields: [reason()], submit: say("save"), isDangerous: false, reread: async () => (await read(), rows()) },
      ({ reason: why }) => app.api.PATCH(PERSON, { params: { path: { username }, header: { "If-Match": current.version } }, body: { ...changed, reason: why } }));
    if (outcome) {
      notify(say("saved"));
      if (changed.username) app.go(["people", changed.username]);
      else await reload();
    }
    return {};
  }));
}

function ban(app, id, reload) {
  const reasons = ["spam", "harassment", "hate", "sexual", "violence", "fraud", "other"].map((value) => [value, word("reason", value)]);
  const fields = [
    { name: "reason", label: say("reason"), kind: "select", choices: reasons, value: "spam" },
    { name: "minutes", label: say("minutes"), kind: "number", min: 1 },
    { name: "explanation", label: say("explanation"), kind: "textarea", maxlength: 500 },
  ];
  const path = { user: id };
  return [
    button(say("ban"), async () => {
      if (await ask({ title: say("ban"), text: say("ban-text"), rows: [[say("chat"), say("allowed"), say("banned")]], fields }, (body) => app.api.PUT("/v1/moderation/bans/{user}", { params: { path }, body }))) {
        notify(say("done"));
        await reload();
      }
    }, { class: "danger", "data-act": "ban" }),
    button(say("unban"), async () => {
      if (await ask({ title: say("unban"), rows: [[say("chat"), say("banned"), say("allowed")]], isDangerous: false }, () => app.api.DELETE("/v1/moderation/bans/{user}", { params: { path } }))) {
        notify(say("done"));
        await reload();
      }
    }, { "data-act": "unban" }),
  ];
}

/** Lists that the person has, in cards of their own: those of objects in the answer. */
const LISTS = { sessions: "sessions", bans: "bans", orders: "orders", tickets: "tickets", devices: "devices", api_keys: "api-keys", addresses: "addresses" };

function own(data) {
  return Object.keys(LISTS).filter((name) => Array.isArray(data[name])).map((name) => card(word("list", name),
    el("div", { class: "body" }, data[name].length === 0 ? el("p", { class: "soft" }, say("empty")) : el("ul", { class: "stack", "data-list": name }, data[name].map((one) => el("li", {}, details(one)))))));
}

function keys({ stoa, api }, username, reload) {
  const path = { username };
  return list(stoa, {
    title: say("api-keys"),
    path: `${PERSON}/api-keys`,
    params: { path },
    columns: [
      [say("name"), ({ name }) => name],
      [say("begins-with"), ({ prefix }) => el("code", {}, prefix)],
      [say("scopes"), ({ scopes }) => scopes.join(", ")],
      [say("expires"), ({ expires_at: at }) => time(at)],
      [say("last-used"), ({ last_used_at: at }) => time(at)],
      ["", ({ id, name }) => button(say("revoke"), async () => {
        const gone = await ask({ title: say("revoke"), rows: [[name, say("valid"), say("revoked")]] }, () => api.DELETE(`${PERSON}/api-keys/{key}`, { params: { path: { username, key: id } } }));
        if (gone) await reload();
      }, { class: "quiet" })],
    ],
    empty: say("no-keys"),
    isOptional: true,
  });
}

function personScreen(app, username) {
  const { stoa, api } = app;
  const person = loaded(() => api.GET(PERSON, { params: { path: { username } } }), (data, response) => {
    const id = data.user_id ?? data.id;
    const reload = person.reload;
    return [
      card(say("account"), el("div", { class: "body stack" },
        el("p", { class: "row" }, chip(word("account", data.state), tone(data.state)), (data.roles ?? []).map((role) => chip(word("role", role), "accent"))),
        details(data, ["state", "roles", "username", "version", ...Object.keys(LISTS)]))),
      card(say("actions"), el("div", { class: "row" }, actions(app, username, data, reload), ban(app, id, reload))),
      edit(app, username, data, response?.headers.get("etag"), reload),
      ...own(data),
      list(stoa, {
        title: word("screen", "audit"),
        path: "/v1/audit",
        query: { subject: id },
        columns: [
          [say("when"), (entry) => link(entry.at ?? entry.created_at ?? entry.id, ["audit", entry.id])],
          [say("action"), ({ action }) => word("action", action)],
          [say("actor"), ({ actor }) => shown(actor)],
        ],
        isOptional: true,
      }),
      keys(app, username, reload),
    ];
  });
  return { title: username, content: [el("p", {}, link(say("back-to-people"), ["people"])), person.place] };
}

export default function peopleScreen(app, route) {
  const username = route.path[1];
  return username ? personScreen(app, username) : listScreen(app, route);
}
