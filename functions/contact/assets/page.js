"use strict";
const $ = (id) => document.getElementById(id);
const form = $("form"), sent = $("sent"), subject = $("subject"), message = $("message"), button = form.querySelector("button.primary");
const language = document.documentElement.lang;
const FIELDS = ["name", "email", "subject", "message"];
const ALL = [...FIELDS, "captcha"];

// The text that the form offered last. It is replaced by that of another subject as long as nobody has changed it.
let offered = "";
function offer() {
  const template = subject.selectedOptions[0]?.dataset.template ?? "";
  if (message.value.trim() === offered.trim()) message.value = template;
  offered = template;
}

// Sending the same message again, after a reply was lost, has the same key: it is sent once.
let keyed = "", key = "";
function keyOf(body) {
  const asked = JSON.stringify(body);
  if (asked !== keyed) [keyed, key] = [asked, crypto.randomUUID()];
  return key;
}

function clear() {
  sent.hidden = true;
  $("error").textContent = "";
  for (const name of ALL) {
    $(`${name}-error`).textContent = "";
    $(name)?.removeAttribute("aria-invalid");
  }
}

function refuse(problem) {
  const errors = problem.errors ?? [];
  for (const { pointer, message: text } of errors) {
    const name = pointer.slice(1), place = ALL.includes(name) ? $(`${name}-error`) : $("error");
    place.textContent = text;
    if (FIELDS.includes(name)) $(name).setAttribute("aria-invalid", "true");
  }
  if (!errors.length) $("error").textContent = [problem.title, problem.detail ?? ""].join(" ").trim();
  FIELDS.map($).find((field) => field.hasAttribute("aria-invalid"))?.focus();
}

// Only the address stays, for another message.
function done({ id }) {
  const email = $("email").value;
  form.reset();
  $("email").value = email;
  offered = message.value = "";
  offer();
  [keyed, key] = ["", ""];
  sent.textContent = sent.dataset.done.replace("{id}", id);
  sent.hidden = false;
  sent.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  clear();
  const body = Object.fromEntries(FIELDS.map((name) => [name, $(name).value]));
  const headers = { "content-type": "application/json", "idempotency-key": keyOf(body) };
  // The field that the widget of the captcha has added.
  const captcha = form.querySelector("[name$='-response']")?.value;
  if (captcha) body.captcha = captcha;
  try {
    const reply = await fetch(`/v1/contact-messages?lang=${language}`, { method: "POST", headers, body: JSON.stringify(body) });
    const answer = await reply.json();
    if (reply.ok) done(answer);
    else refuse(answer);
  } catch {
    $("error").textContent = form.dataset.noConnection;
  }
  // A token is good once.
  if (captcha) (window.turnstile ?? window.hcaptcha ?? window.grecaptcha)?.reset?.();
  button.disabled = false;
});

subject.addEventListener("change", offer);
form.hidden = false;
offer();
