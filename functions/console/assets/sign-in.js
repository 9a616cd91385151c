// Signing in, with the second factor that staff need, and the step-up: the same steps in a dialog, over whatever is being done.

import { $, button, el, form, notify, say, told, word } from "./parts.js";

/** The steps of a flow until it is complete. `done` is called then. */
function steps(first, done) {
  const place = el("div", { class: "stack" });
  let flow = first;

  async function go(answer) {
    const { data, problem } = await answer;
    if (problem) return { problem };
    flow = data;
    if (flow.next === "signed_in") done();
    else render();
    return {};
  }

  function choice() {
    const choose = (factor) => async (node) => {
      node.disabled = true;
      const { problem } = await go(flow.choose(factor));
      node.disabled = false;
      place.querySelector(".problem").textContent = problem ? told(problem) : "";
    };
    const one = (factor) => el("li", {}, button([word("factor", factor), flow.masked[factor]].filter(Boolean).join(" "), choose(factor), { "data-factor": factor }));
    return [el("p", {}, say("choose-factor")), el("ul", { class: "rows" }, flow.allowed.map(one)), el("p", { class: "problem", role: "alert" })];
  }

  async function passkey() {
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(flow.passkey);
      const credential = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
      return go(flow.verify({ passkey: credential.toJSON() }));
    } catch (fault) {
      return { problem: { title: say("passkey-failed"), detail: fault.message } };
    }
  }

  function proof() {
    const target = flow.masked[flow.chosen];
    const field = flow.chosen === "password"
      ? { name: "password", label: say("password"), kind: "password", autocomplete: "current-password", required: true }
      : { name: "code", label: say("code"), inputmode: "numeric", autocomplete: "one-time-code", required: true, maxlength: 64 };
    const send = flow.chosen === "passkey"
      ? form({ name: "proof", fields: [], submit: say("use-passkey"), tall: true }, passkey)
      : form({ name: "proof", fields: [field], submit: say("continue"), tall: true }, ({ code, password }) => go(flow.verify(password ? { password } : code)));
    const resend = ["email", "sms"].includes(flow.chosen) ? button(say("resend"), async (node) => {
      node.disabled = true;
      const { problem } = await go(flow.resend());
      node.disabled = false;
      if (problem) notify(told(problem), true);
    }, { class: "quiet" }) : "";
    const others = flow.allowed.length > 1 ? button(say("other-factor"), () => show(choice()), { class: "quiet" }) : "";
    return [el("p", {}, say("prove-factor", { factor: word("factor", flow.chosen), target: target ?? "" })), send, resend, others];
  }

  function show(content) {
    place.replaceChildren(...content.filter(Boolean));
    place.querySelector("input, button")?.focus();
  }

  function render() {
    show(flow.next === "choose_factor" ? choice() : proof());
  }

  /** There is nothing to choose from one factor. It is only shown if it could not be chosen: who presses it meanwhile would choose it twice. */
  async function chooseOnly() {
    const { problem } = await go(flow.choose(flow.allowed[0]));
    if (!problem) return;
    show(choice());
    place.querySelector(".problem").textContent = told(problem);
  }

  if (flow.next === "choose_factor" && flow.allowed.length === 1) void chooseOnly();
  else render();
  return place;
}

/** Signing in, for who is not. */
export function signInScreen(stoa) {
  const place = el("div", { class: "card sign-in" });
  const { state, flow } = stoa.session.current;
  const password = () => form({
    name: "sign-in",
    fields: [
      { name: "login", label: say("login"), autocomplete: "username", required: true, maxlength: 254 },
      { name: "password", label: say("password"), kind: "password", autocomplete: "current-password", required: true, maxlength: 1000 },
    ],
    submit: say("sign-in"),
    tall: true,
  }, (values) => stoa.session.signIn(values));
  const content = state === "needs_factor" ? steps(flow, () => undefined) : password();
  place.append(el("div", { class: "title" }, el("h1", { tabindex: "-1" }, say("sign-in"))), el("div", { class: "body" }, content));
  return place;
}

/** Proves once more who one is. Resolves to false if it is left. */
export function stepUp(flow) {
  return new Promise((resolve) => {
    let isDone = false;
    const finish = () => {
      isDone = true;
      dialog.close();
    };
    const content = el("div", { class: "stack" });
    const dialog = el("dialog", { "aria-labelledby": "step-up" }, el("h2", { id: "step-up" }, say("step-up")), content, button(say("cancel"), () => dialog.close()));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(isDone);
    });
    $("main").after(dialog);
    dialog.showModal();
    content.append(steps(flow, finish));
    content.querySelector("input, button")?.focus();
  });
}
