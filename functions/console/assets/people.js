// People: the list with its filters, and everything about one person on one page, with what can be done about it.

import { address, ask, button, by, card, chip, details, el, everybodysKeys, filters, forget, form, languages, link, list, loaded, money, notify, say, shown, table, time, word } from "./parts.js";
import { isAtLeast } from "./rights.js";

const STATES = ["active", "leaving", "deactivated", "purging"];
const ROLES = ["moderator", "administrator", "superuser"];
const REASONS = ["spam", "harassment", "hate", "sexual", "violence", "fraud", "other"];
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
      [say("email"), ({ email }) => email],
      [say("state"), ({ state }) => chip(word("account", state), tone(state))],
      [say("role"), ({ roles }) => roles.map((one) => chip(word("role", one), "accent"))],
      [say("joined"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-people"),
  });
  return { title: word("screen", "people"), content: [search, people, card(say("open-person"), open)] };
}

/** What the reader may do about an account, by what it is. */
function actions(app, username, data, version, reload) {
  const params = { path: { username } };
  const { state, roles, may } = data;
  /**
   * Asks, does it, says so, and reads the person again.
   * @param {string} title
   * @param {{ attributes: any, done?: string, [more: string]: any }} shown
   */
  const step = (title, { attributes, done, ...more }, run) => button(title, async () => {
    if (await ask({ title, ...more }, run)) {
      notify(done ?? say("done"));
      await reload();
    }
  }, { class: more.isDangerous === false ? null : "danger", ...attributes });
  const becomes = (next) => [[say("state"), word("account", state), word("account", next)]];
  const roleOf = (role) => {
    const has = roles.includes(role);
    const names = (some) => some.map((one) => word("role", one)).join(", ") || "–";
    const title = has ? say("take-role", { role: word("role", role) }) : say("give-role", { role: word("role", role) });
    const rows = [[say("role"), names(roles), names(has ? roles.filter((one) => one !== role) : [...roles, role])]];
    return step(title, { rows, attributes: { "data-role": role }, isDangerous: has, why: true }, (_, header) => app.api[has ? "DELETE" : "PUT"](`${PERSON}/roles/{role}`, { params: { path: { username, role }, header } }));
  };
  const sessions = data.sessions?.length;
  const end = step(say("end-sessions"), {
    text: say("end-sessions-text", { username }),
    rows: sessions === undefined ? [] : [[word("list", "sessions"), String(sessions), "0"]],
    attributes: { "data-act": "sessions" },
    done: say("sessions-ended"),
    why: true,
  }, (_, header) => app.api.DELETE(`${PERSON}/sessions`, { params: { ...params, header } }));
  const account = state === "deactivated"
    ? step(say("reactivate"), { rows: becomes("active"), isDangerous: false, attributes: { "data-act": "reactivation" } }, () => app.api.POST(`${PERSON}/reactivation`, { params }))
    : step(say("deactivate"), { rows: becomes("deactivated"), attributes: { "data-act": "deactivation" }, why: true }, (_, header) => app.api.POST(`${PERSON}/deactivation`, { params: { ...params, header } }));
  const leaving = state === "leaving"
    ? step(say("cancel-deletion"), { rows: becomes("active"), isDangerous: false, attributes: { "data-act": "deletion" } }, () => app.api.DELETE(`${PERSON}/deletion`, { params }))
    : step(say("delete-person"), { text: say("delete-person-text", { username }), rows: becomes("leaving"), attributes: { "data-act": "deletion" }, why: true }, (_, header) => app.api.PUT(`${PERSON}/deletion`, { params: { ...params, header } }));
  const path = { user: data.user_id };
  const reasons = REASONS.map((value) => [value, word("reason", value)]);
  const ban = data.ban
    ? step(say("unban"), { rows: [[say("chat"), say("banned"), say("allowed")]], isDangerous: false, attributes: { "data-act": "unban" }, why: true }, (_, header) => app.api.DELETE("/v1/moderation/bans/{user}", { params: { path, header } }))
    : step(say("ban"), {
      text: say("ban-text"),
      rows: [[say("chat"), say("allowed"), say("banned")]],
      fields: [
        { name: "reason", label: say("reason"), kind: "select", choices: reasons, value: "spam" },
        { name: "minutes", label: say("minutes"), kind: "number", min: 1 },
        { name: "explanation", label: say("explanation"), kind: "textarea", maxlength: 500 },
      ],
      attributes: { "data-act": "ban" },
    }, (body) => app.api.PUT("/v1/moderation/bans/{user}", { params: { path }, body }));
  const change = may.includes("change");
  let current = version;
  const picture = step(say("remove-picture"), {
    rows: [[word("field", "picture"), say("there"), "–"]],
    attributes: { "data-act": "remove-picture" },
    why: true,
    reread: async () => {
      const { data: now, response } = await app.api.GET(PERSON, { params });
      if (now) current = response.headers.get("etag");
      return [[word("field", "picture"), now?.picture ? say("there") : "–", "–"]];
    },
  }, (_, header) => app.api.PATCH(PERSON, { params: { ...params, header: { "If-Match": current, ...header } }, body: { picture: null } }));
  return [
    change && end,
    (data.ban || may.includes("ban")) && ban,
    (state === "deactivated" ? may.includes("reactivate") : change) && account,
    change && leaving,
    data.picture && data.changeable.includes("picture") && picture,
    may.includes("change_roles") && ROLES.map(roleOf),
  ].filter(Boolean);
}

/** The fields of what the reader may change of a person. */
const editable = (data) => [
  { name: "username", label: word("field", "username"), required: true, maxlength: 30 },
  { name: "first_name", label: word("field", "first_name"), maxlength: 35 },
  { name: "last_name", label: word("field", "last_name"), maxlength: 35 },
  { name: "bio", label: word("field", "bio"), kind: "textarea", maxlength: 500 },
  { name: "birth_date", label: word("field", "birth_date"), kind: "date" },
  { name: "language", label: word("field", "language"), kind: "select", choices: languages() },
  { name: "private", label: word("field", "private"), kind: "check" },
].filter(({ name }) => data.changeable.includes(name)).map((field) => ({ ...field, value: data[field.name] }));

function edit(app, username, data, version, reload) {
  if (!version) return "";
  let current = { data, version };
  const read = async () => {
    const { data: now, response } = await app.api.GET(PERSON, { params: { path: { username } } });
    if (now) current = { data: now, version: response.headers.get("etag") };
  };
  const fields = editable(data);
  if (fields.length === 0) return "";
  return card(say("change-person"), el("div", { class: "body" }, form({ name: "edit", fields, submit: say("check-change"), tall: true, isMain: false, keeps: `person ${username}` }, async (values) => {
    const changed = fields.map(({ name }) => name).filter((name) => (values[name] ?? "") !== (data[name] ?? ""));
    if (changed.length === 0) return { problem: { title: say("nothing-changed") } };
    const body = Object.fromEntries(changed.map((name) => [name, values[name] ?? null]));
    const rows = () => changed.map((name) => [word("field", name), shown(current.data[name]), shown(values[name])]);
    const saved = await ask({ title: say("change-person"), rows: rows(), submit: say("save"), isDangerous: false, why: true, reread: async () => (await read(), rows()) },
      (_, header) => app.api.PATCH(PERSON, { params: { path: { username }, header: { "If-Match": current.version, ...header } }, body }));
    if (saved) {
      notify(say("saved"));
      if (body.username) app.go(["people", body.username]);
      else await reload();
    }
    // Who has left the dialog goes on typing.
    return saved ? {} : { problem: {} };
  })));
}

/** What belongs to the person, in tables of its own. */
function own(stoa, data) {
  const agent = ({ agent: client }) => (typeof client === "object" ? [client.browser, client.system].filter(Boolean).join(", ") || say("unknown-client") : client);
  const where = ({ place, address: network }) => [place, network].filter(Boolean).join(", ") || "–";
  const clients = [[say("client"), agent], [say("place"), where], [say("began"), ({ created_at: at }) => time(at)], [say("last-used"), ({ last_used_at: at }) => time(at)]];
  const part = (name, columns) => (Array.isArray(data[name])
    ? el("section", { class: "card", "aria-label": word("list", name), "data-list": name }, el("div", { class: "title" }, el("h2", {}, word("list", name))), data[name].length > 0 ? table(word("list", name), columns, data[name]) : el("p", { class: "empty" }, say("empty")))
    : "");
  return [
    part("sessions", clients),
    part("devices", clients),
    list(stoa, {
      title: word("list", "orders"),
      path: "/v1/admin/orders",
      query: { user: data.user_id, limit: 10 },
      columns: [
        [say("order"), ({ id }) => link(id, ["orders", data.user_id, id])],
        [say("state"), ({ state }) => chip(word("order", state))],
        [say("total"), ({ total }) => money(total)],
        [say("placed"), ({ created_at: at }) => time(at)],
      ],
      empty: say("no-orders"),
    }),
    list(stoa, {
      title: word("screen", "tickets"),
      path: "/v1/admin/tickets",
      query: { user: data.user_id },
      columns: [
        [say("subject"), ({ id, subject_name: subject }) => link(subject, ["tickets", id])],
        [say("state"), ({ state }) => chip(word("thread", state))],
        [say("assignee"), ({ assignee }) => assignee?.username],
        [say("when"), ({ created_at: at }) => time(at)],
      ],
      empty: say("no-tickets"),
    }),
    data.ban ? card(say("ban-from-chat"), el("div", { class: "body" }, details(data.ban))) : "",
    data.support_thread ? card(say("thread"), el("p", { class: "row" }, link(say("open-thread"), ["threads", data.support_thread.room]), chip(word("thread", data.support_thread.state)))) : "",
  ];
}

/** What is shown in a place of its own, and not among the facts. */
const ELSEWHERE = ["picture", "state", "roles", "may", "changeable", "username", "version", "sessions", "devices", "orders", "ban", "support_thread"];

function personScreen(app, username) {
  const { stoa, api } = app;
  const person = loaded(() => api.GET(PERSON, { params: { path: { username } } }), (data, response) => {
    const { reload } = person;
    const version = response?.headers.get("etag");
    const offered = actions(app, username, data, version, reload);
    return [
      card(say("account"), el("div", { class: "body stack" },
        el("p", { class: "row" }, chip(word("account", data.state), tone(data.state)), data.roles.map((role) => chip(word("role", role), "accent"))),
        data.picture ? el("img", { class: "picture", src: `/v1/pictures/${data.picture}/300`, alt: `${word("field", "picture")}: ${username}`, width: 150, height: 150 }) : "",
        details(data, ELSEWHERE))),
      card(say("actions"), el("div", { class: "row" }, offered.length > 0 ? offered : el("p", {}, say("protected")))),
      ...own(stoa, data),
      edit(app, username, data, version, reload),
      list(stoa, {
        title: word("screen", "audit"),
        path: "/v1/audit",
        query: { subject: data.user_id },
        columns: [
          [say("when"), ({ id, created_at: at }) => el("a", { href: address(["audit", id]) }, time(at))],
          [say("action"), ({ action }) => word("action", action)],
          [say("fields"), ({ fields }) => fields.map((one) => word("field", one)).join(", ")],
          [say("actor"), by],
        ],
      }),
      isAtLeast("superuser") ? everybodysKeys(app, username, reload) : "",
    ];
  });
  return { title: username, content: [el("p", {}, link(say("back-to-people"), ["people"])), person.place], end: () => forget(`person ${username}`) };
}

export default function peopleScreen(app, route) {
  const username = route.path[1];
  return username ? personScreen(app, username) : listScreen(app, route);
}
