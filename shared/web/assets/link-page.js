"use strict";
const $ = (id) => document.getElementById(id);
const form = $("form"), password = $("password"), button = form.querySelector("button.primary"), name = $("name");
const language = document.documentElement.lang;
// Dates as in the mails: 28 December 2026.
const dates = language === "en" ? "en-GB" : language;

// The token stays out of the address bar, the history and what is shared. It survives a reload and a change of the language.
const place = "token of " + location.pathname;
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) sessionStorage.setItem(place, given);
if (location.hash) history.replaceState(null, "", location.pathname + location.search);
const token = sessionStorage.getItem(place);

async function post(path, body) {
  const reply = await fetch(path + "?lang=" + language, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return [reply, reply.status === 204 ? {} : await reply.json()];
}

// The link is used up, or is not valid: the form is of no use any more. `next` is the advice that is given.
function end(text, next) {
  if (token) sessionStorage.removeItem(place);
  for (const id of ["lead", "checking"]) $(id).hidden = true;
  form.hidden = true;
  $("outcome").textContent = text;
  for (const advice of ["anew", "close"]) $(advice).hidden = advice !== next;
  $("end").hidden = false;
  $("end").focus();
}

function refuse(problem) {
  const wrong = (problem.errors ?? []).map((error) => error.message);
  $("error").textContent = (wrong.length ? wrong : [problem.title, problem.detail ?? ""]).join(" ").trim();
  if (!password) return;
  password.setAttribute("aria-invalid", "true");
  password.focus();
}

function owner(whose) {
  $("username").textContent = whose.username;
  $("target").textContent = whose.target;
  if (name) name.value = whose.username;
  if (whose.due_at) $("due").textContent = $("due").dataset.text.replace("{date}", new Date(whose.due_at).toLocaleString(dates, { dateStyle: "long", timeStyle: "short" }));
  $("whose").hidden = false;
}

async function open() {
  if (!token) return end(form.dataset.noToken);
  try {
    const [reply, body] = await post(form.dataset.owner, { token });
    if (reply.ok) owner(body);
    else if (reply.status === 422 || reply.status === 409) return end(body.title, "anew");
  } catch {
    // Whose it is stays unknown. The form may work all the same.
  }
  $("checking").hidden = true;
  $("lead").hidden = false;
  form.hidden = false;
  password?.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  $("error").textContent = "";
  password?.removeAttribute("aria-invalid");
  try {
    const [reply, body] = await post(form.dataset.call, password ? { token, password: password.value } : { token });
    if (reply.ok) end($("outcome").dataset.done, "close");
    else if (body.code === "link_invalid" || body.code === "deletion_begun") end(body.title, "anew");
    else refuse(body);
    // Nobody stays signed in on this page.
    if (body.access_token) await fetch("/v1/sessions/current", { method: "DELETE", headers: { authorization: "Bearer " + body.access_token } });
  } catch {
    refuse({ title: form.dataset.noConnection });
  }
  button.disabled = false;
});

$("reveal")?.addEventListener("click", (event) => {
  const shown = password.type === "text", reveal = event.currentTarget, other = reveal.dataset.hide;
  password.type = shown ? "password" : "text";
  reveal.setAttribute("aria-pressed", String(!shown));
  reveal.dataset.hide = reveal.textContent;
  reveal.textContent = other;
});

open();
