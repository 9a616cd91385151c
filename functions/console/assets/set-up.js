// What somebody of the team needs before they get in: second factors, and after a deployment the first superuser.

import { button, card, el, form, loaded, say, word } from "./parts.js";

/** Where the steps of the set-up are proven. */
const STEPS = { app: "/v1/me/mfa/setup/app", email: "/v1/me/mfa/setup/email", sms: "/v1/me/mfa/setup/sms" };
/** Where contacts are proven that second factors need. */
const CONTACTS = { phone: ["/v1/me/phone-changes", "tel"], email: ["/v1/me/email-changes", "email"] };

const code = () => ({ name: "code", label: say("code"), inputmode: "numeric", autocomplete: "one-time-code", required: true, maxlength: 64 });

/** The QR code of the app's secret. The policy takes pictures of this page, and no `data:` addresses. */
function picture(qr) {
  const [head, body] = [qr.slice(0, qr.indexOf(",")), qr.slice(qr.indexOf(",") + 1)];
  const svg = head.endsWith(";base64") ? atob(body) : decodeURIComponent(body);
  return el("img", { src: URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })), alt: say("qr"), width: 240, height: 240 });
}

/** The steps that turn second factors on. `done` is called when they are. */
function factors(api, done) {
  const place = el("div", { class: "body stack" });
  const show = (...content) => {
    place.replaceChildren(...content);
    place.querySelector("input")?.focus();
  };

  function contact(kind) {
    const [path, type] = CONTACTS[kind];
    const prove = () => form({ name: "contact-code", fields: [code()], submit: say("continue"), tall: true }, async (body) => {
      const answer = await api.POST(`${path}/verify`, { body });
      if (!answer.problem) await begin();
      return answer;
    });
    show(el("p", {}, say("contact-first", { contact: word("field", kind) })), form({ name: "contact", fields: [{ name: kind, label: word("field", kind), kind: type, required: true, maxlength: 254 }], submit: say("continue"), tall: true }, async (body) => {
      const answer = await api.POST(path, { body });
      if (!answer.problem) show(el("p", {}, say("code-was-sent", { target: answer.data.target })), prove());
      return answer;
    }));
  }

  function step({ step: name, app, code: sent }) {
    const about = app ? [el("p", {}, say("scan")), picture(app.qr), el("p", {}, el("code", {}, app.secret))] : [el("p", {}, say("code-was-sent", { target: sent?.target ?? "" }))];
    show(...about, form({ name: "factor-code", fields: [code()], submit: say("continue"), tall: true }, async (body) => {
      const answer = await api.POST(STEPS[name], { body });
      if (answer.data?.recovery_codes) kept(answer.data.recovery_codes);
      else if (answer.data) step(answer.data);
      return answer;
    }));
  }

  const kept = (codes) => show(el("p", {}, say("recovery-codes")), el("ul", { "data-list": "recovery-codes" }, codes.map((one) => el("li", {}, el("code", {}, one)))), button(say("codes-kept"), done, { class: "primary" }));

  async function begin() {
    const { data } = await api.GET("/v1/me/mfa");
    if (data?.missing.length) return contact(data.missing[0]);
    return show(form({ name: "factors", fields: [{ name: "password", label: say("password"), kind: "password", autocomplete: "current-password", required: true }], submit: say("continue"), tall: true }, async (body) => {
      const answer = await api.POST("/v1/me/mfa/setup", { body });
      if (answer.data) step(answer.data);
      return answer;
    }));
  }

  void begin();
  return card(say("set-up-factors"), place);
}

/** What can be done about it that somebody may not be here. `done` is called when it may have changed. */
export function setUp(api, problem, done) {
  const missing = loaded(() => api.GET("/v1/me/mfa"), ({ enabled, passkeys }) => (enabled || passkeys > 0 ? el("span") : factors(api, done)));
  if (problem.code !== "forbidden") return [missing.place];
  const first = form({ name: "first", fields: [{ name: "secret", label: say("operator-secret"), required: true, maxlength: 100 }], submit: say("become-first"), isMain: false }, async (body) => {
    const answer = await api.POST("/v1/admin/first", { body });
    if (!answer.problem) done();
    return answer;
  });
  return [card(say("first-superuser"), el("p", { class: "soft" }, say("first-superuser-text")), first), missing.place];
}
