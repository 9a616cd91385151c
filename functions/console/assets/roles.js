// Who is of the team, and one's own keys for programs.

import { ask, button, card, el, everybodysKeys, form, keepFocus, keyColumns, link, list, notify, say, time, word } from "./parts.js";
import { isAtLeast } from "./rights.js";

const ROLES = ["superuser", "administrator", "moderator"];
const KEYS = "/v1/me/api-keys";
/** What keys open. */
const SCOPES = { "products:write": say("scope-products"), "statistics:read": say("scope-statistics") };

/** One's own keys for programs, and making another one. */
function ownKeys({ stoa, api }) {
  const [place, made] = [el("div"), el("div", { role: "status" })];
  const revoke = async ({ id, name }) => {
    const gone = await ask({ title: say("revoke"), rows: [[name, say("valid"), say("revoked")]] }, () => api.DELETE(`${KEYS}/{key}`, { params: { path: { key: id } } }));
    if (!gone) return;
    notify(say("done"));
    // It may be the one that was made before.
    made.replaceChildren();
    show();
    keepFocus();
  };
  const show = () => place.replaceChildren(list(stoa, { title: say("own-keys"), path: KEYS, columns: keyColumns(revoke), empty: say("no-keys") }));
  const scopes = Object.entries(SCOPES).map(([name, label]) => ({ name, label, kind: "check" }));
  const add = button(say("new-key"), async () => {
    const fields = [{ name: "name", label: say("name"), required: true, maxlength: 50 }, ...scopes];
    const key = await ask({ title: say("new-key"), text: say("new-key-text"), fields, submit: say("save"), isDangerous: false }, ({ name, ...chosen }) => api.POST(KEYS, { body: { name, scopes: Object.keys(SCOPES).filter((scope) => chosen[scope]) } }));
    if (!key) return;
    made.replaceChildren(card(key.name, el("p", {}, say("new-key-once")), el("p", { class: "text" }, el("code", {}, key.key))));
    show();
  }, { "data-act": "new-key" });
  show();
  return [el("div", { class: "row" }, add), made, place];
}

export default function rolesScreen(app) {
  const { stoa, go } = app;
  const isSuperuser = isAtLeast("superuser");
  const team = ROLES.map((role) => list(stoa, {
    title: word("team", role),
    path: "/v1/admin/users",
    query: { role },
    columns: [
      [say("username"), ({ username }) => link(username, ["people", username])],
      [say("joined"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-people"),
  }));
  const change = form({ name: "open", fields: [{ name: "username", label: say("username"), required: true, maxlength: 30 }], submit: say("open-person"), isMain: false }, ({ username }) => go(["people", username]));
  return { title: word("screen", "roles"), content: [isSuperuser ? card(say("change-roles"), el("p", {}, say("change-roles-text")), change) : "", ...team, ...ownKeys(app), isSuperuser ? everybodysKeys(app, undefined, app.refresh) : ""] };
}
