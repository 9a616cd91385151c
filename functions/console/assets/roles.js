// Who is of the team, and one's own keys for programs.

import { ask, card, el, everybodysKeys, form, keyColumns, link, list, notify, say, time, word } from "./parts.js";
import { isAtLeast } from "./rights.js";

const ROLES = ["superuser", "administrator", "moderator"];
const KEYS = "/v1/me/api-keys";

export default function rolesScreen(app) {
  const { stoa, api, go } = app;
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
  const keys = list(stoa, {
    title: say("own-keys"),
    path: KEYS,
    columns: keyColumns(async ({ id, name }) => {
      if (await ask({ title: say("revoke"), rows: [[name, say("valid"), say("revoked")]] }, () => api.DELETE(`${KEYS}/{key}`, { params: { path: { key: id } } }))) {
        notify(say("done"));
        app.refresh();
      }
    }),
    empty: say("no-keys"),
  });
  return { title: word("screen", "roles"), content: [isSuperuser ? card(say("change-roles"), el("p", {}, say("change-roles-text")), change) : "", ...team, keys, isSuperuser ? everybodysKeys(app, undefined, app.refresh) : ""] };
}
