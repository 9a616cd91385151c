// Each step is [from, to, what, kind]: "call" and "reply" are arrows, "note" is something a lane does, "or" begins an alternative.
const [P, F, S, M] = [0, 1, 2, 3];
const LANES = ["Person", "Frontend", "Stoa", "Mail, SMS"];
const call = (what) => [F, S, what, "call"], reply = (what) => [S, F, what, "reply"];
const sends = (what) => [S, M, what, "call"], arrives = (what) => [M, P, what, "reply"], types = (what) => [P, F, what, "call"];
const note = (lane, what) => [lane, lane, what, "note"], or = (what) => [0, 0, what, "or"];

const FLOWS = [
  ["registration", "Registering in six steps", "The flow’s id is a secret: keep it where a reload finds it and nobody else does. The answer of every step says which one comes next, and which may be done again.", [
    types("e-mail address"),
    call("POST /v1/registrations {email}"), reply("201 {id, step: code, progress: 33, code: {target, resend_at}}"),
    sends("code, ten minutes, three tries"), arrives("042617"), types("042617"),
    call("POST /v1/registrations/{id}/code {code}"), reply("200 {step: personal, progress: 50}"),
    call("PUT /v1/registrations/{id}/personal {first_name, …}"), reply("200 {step: username, progress: 67}"),
    call("GET /v1/usernames/{username}/availability"), reply("200 {available, message}"),
    call("PUT /v1/registrations/{id}/username {username}"), reply("200 {step: password, progress: 83}"),
    call("PUT /v1/registrations/{id}/password {password}"), reply("200 {step: summary, progress: 100}"),
    call("POST /v1/registrations/{id}/complete {token_delivery}"), reply("201 {access_token, refresh_token}"),
    or("no code came"),
    call("POST /v1/registrations/{id}/code/resend"), reply("202, or 429 resend_too_early with retry_after"),
  ]],
  ["link", "Registering by a mailed link", "Opening the link changes nothing; sending the form behind it, with the password chosen before, does.", [
    types("address, username, password"),
    call("POST /v1/registrations/link {email, username, password}"), reply("202 {id, link: {target, expires_at}}"),
    sends("link, a day, once"), arrives("…/activate#token=…"), types("the password"),
    call("POST /v1/activations {token, password}"), reply("201 {access_token, refresh_token}"),
  ]],
  ["phone", "Signing up and in by phone number", "The same calls for who has an account and who has none, and the same answers until the code is right: nobody learns which numbers are known.", [
    types("phone number"),
    call("POST /v1/phone-sign-ins {phone}"), reply("202 {id, sent: {target, resend_at, tries_left}}"),
    sends("code, two minutes, three tries"), arrives("042617"), types("042617"),
    call("POST /v1/phone-sign-ins/{id}/verify {code}"), reply("201 {access_token, …}: signed in"),
    or("the account has second factors"),
    reply("202 {id, step: choose_factor, …}: go on as below"),
    or("no code came"),
    call("POST /v1/phone-sign-ins/{id}/resend"), reply("202, or 429 resend_too_early with retry_after"),
  ]],
  ["sign-in", "Signing in", "202 instead of 201 means that a second step is needed. Nobody is signed in until it is done. A trusted device shows its token, or its cookie, and skips it.", [
    types("name and password"),
    call("POST /v1/sessions {login, password, remember_device, next}"),
    reply("201 {access_token, …, next}: signed in"),
    or("with second factors"),
    reply("202 {id, step: choose_factor, factors: [{factor, target}]}"), types("one of them"),
    call("PUT /v1/sign-ins/{id}/factor {factor: email}"), reply("200 {step: verify, code: {target, tries_left}}"),
    sends("code"), arrives("042617"), types("042617"),
    call("POST /v1/sign-ins/{id}/verify {code}"), reply("201 {access_token, …, device_token, next}"),
    or("a wrong code"),
    reply("422 code_invalid {tries_left}; after three begin anew"),
  ]],
  ["passkey", "Signing in with a passkey", "The options go to navigator.credentials as they are: PublicKeyCredential.parseRequestOptionsFromJSON reads them, and toJSON() of what it answers is what to send.", [
    call("POST /v1/passkey-sign-ins {next}"), reply("201 {id, passkey: {challenge, …}}: good for one answer"),
    note(F, "navigator.credentials.get"), types("finger, face or PIN"),
    call("POST /v1/sign-ins/{id}/verify {passkey}"), reply("201 {access_token, …, next}"),
    or("making one, signed in"),
    call("POST /v1/me/passkeys/options"), reply("201 {options}"), note(F, "navigator.credentials.create"),
    call("POST /v1/me/passkeys {name, credential}"), reply("201 {id, name}"),
  ]],
  ["step-up", "Proving it once more", "E-mail address, phone number, username, password, factors, passkeys and deletion take a proof that is no older than five minutes, by the strongest that the person has. What it allows to begin goes on with tokens of that proof, refreshed ones too; for any other it was not begun.", [
    call("PUT /v1/me/password …"), reply("401 step_up_required {methods: [app, recovery_code]}"),
    call("POST /v1/step-ups"), reply("201 {id, step: verify, chosen: app}"), types("six digits of the app"),
    call("POST /v1/sign-ins/{id}/verify {code}, with the access token"), reply("200 {access_token, refresh_token}: those from before are worth no more"),
    call("PUT /v1/me/password …, with the new access token"), reply("204"),
    or("a passkey is asked for, and is lost"),
    types("the password"),
    call("POST /v1/sign-ins/{id}/verify {password}"), reply("202 {id, step: verify, chosen: email, code: {target}}"),
    sends("code"), arrives("042617"), types("042617"),
    call("POST /v1/sign-ins/{id}/verify {code}"), reply("200 {access_token, refresh_token}"),
  ]],
  ["work", "While everybody is being guessed at", "When more than a thousand passwords and codes have failed within ten minutes, beginning to sign in takes a second of computing, except on a trusted device. The work is good for five minutes, for this client and this account.", [
    call("POST /v1/sessions {login, password}"), reply("403 proof_of_work_required {challenge, difficulty: 18}"),
    note(F, "counts n up until SHA-256(challenge + '.' + n) begins with as many zero bits"),
    call("POST /v1/sessions {login, password}, with Proof-of-Work: challenge.n"), reply("201 {access_token}"),
  ]],
  ["second-factors", "Turning second factors on", "Needs a proven address and phone number. Nothing is on until the last step, and what is being set up is forgotten after ten minutes. What the app needs is shown once: after a reload without it, begin again.", [
    types("the password"),
    call("POST /v1/me/mfa/setup {password}"), reply("201 {step: app, app: {secret, uri, qr}}"),
    note(P, "scans the picture"), types("six digits of the app"),
    call("POST /v1/me/mfa/setup/app {code}"), reply("200 {step: email, code: {target}}"),
    sends("code by mail"), arrives("042617"), types("042617"),
    call("POST /v1/me/mfa/setup/email {code}"), reply("200 {step: sms, code: {target}}"),
    sends("code by text message"), arrives("617042"), types("617042"),
    call("POST /v1/me/mfa/setup/sms {code}"), reply("201 {recovery_codes}: shown this once"),
  ]],
  ["invitation", "An invitation code", "Everybody has one, and enters one other: while registering or later, once. Who entered it is seen by its owner, with the phone number only if they say so.", [
    call("GET /v1/me/invite-code"), reply("200 {code: K7M2XP, used: 3}"),
    types("K7M2XP"),
    call("POST /v1/me/inviter {code, shows_phone}"), reply("201 {inviter}, or 422 invite_invalid, 409 invite_used"),
    or("the owner"),
    call("GET /v1/me/invitees"), reply("200 {items: [{username, phone: +44******123}], next_cursor}"),
  ]],
  ["export", "Everything that is kept about oneself", "One archive a day, made a moment after it is asked for and gone after 24 hours. Asking for it and for its link takes a fresh proof.", [
    call("POST /v1/me/exports"), reply("202 {id, status: waiting}"),
    sends("notice that it is ready"),
    call("GET /v1/me/exports/{id}"), reply("200 {status: ready, url}: good for five minutes"),
    note(F, "downloads stoa-export.zip"),
  ]],
  ["contact", "Another address or number", "The current one stays until the code comes back, and is told. A contact that somebody else has is answered like any other. Codes and links that went to the former one do nothing any more.", [
    types("the new address"),
    call("POST /v1/me/email-changes {email}"), reply("202 {target, resend_at}"),
    sends("code to the new, notice to the current one"), arrives("042617"), types("042617"),
    call("POST /v1/me/email-changes/verify {code}"), reply("200 the profile; other sign-ins have ended"),
    sends("notice to both; a new link where a deletion is scheduled"),
  ]],
  ["password", "A forgotten password", "The answer is the same whether or not the address has an account. Nobody is signed in by the link.", [
    types("address"),
    call("POST /v1/password-resets {email}"), reply("202 {target}"),
    sends("link, half an hour, once"), arrives("…/reset-password#token=…"), types("a new password"),
    call("POST /v1/password-resets/confirm {token, password}"), reply("204; every sign-in has ended"),
    call("POST /v1/sessions …"), reply("201 or 202, as ever"),
  ]],
  ["session", "Staying signed in", "An access token is good for ten minutes. A refresh token is good once; a repetition within ten seconds, after a lost reply, gets the same answer.", [
    call("GET /v1/me, with an old access token"), reply("401 token_invalid"),
    call("POST /v1/sessions/refresh {refresh_token}"), reply("200 {access_token, refresh_token}"),
    or("the cookie keeps it"),
    call("POST /v1/sessions/refresh {}, X-Stoa-Csrf: 1"), reply("200 {access_token}, Set-Cookie"),
    or("a spent one is shown later"),
    reply("401 refresh_invalid: the session has ended"), sends("notice"),
  ]],
];

const [WIDTH, LEFT, GAP, ROW, TOP] = [900, 80, 245, 40, 64];
const x = (lane) => LEFT + lane * GAP;

function element(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function diagram(title, steps) {
  const height = TOP + steps.length * ROW + 24;
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": title });
  const tip = element("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" });
  tip.append(element("path", { d: "M0 0L8 4L0 8z", fill: "#46515e" }));
  svg.append(tip);
  LANES.forEach((lane, i) => {
    svg.append(element("line", { x1: x(i), x2: x(i), y1: 40, y2: height - 8, class: "life" }));
    svg.append(element("rect", { x: x(i) - 55, y: 8, width: 110, height: 30, rx: 6, class: "head" }));
    svg.append(element("text", { x: x(i), y: 28, "text-anchor": "middle", class: "lane" }, lane));
  });
  steps.forEach(([from, to, what, kind], i) => {
    const y = TOP + i * ROW + 22;
    if (kind === "or") {
      svg.append(element("line", { x1: 16, x2: WIDTH - 16, y1: y - 6, y2: y - 6, class: "either" }));
      svg.append(element("text", { x: 20, y: y + 8, class: "label" }, `or: ${what}`));
    } else if (kind === "note") {
      svg.append(element("rect", { x: x(from) - 105, y: y - 17, width: 210, height: 24, rx: 4, class: "note" }));
      svg.append(element("text", { x: x(from), y: y, "text-anchor": "middle", class: "plain" }, what));
    } else {
      // What goes between the outer lanes passes the inner ones; its words stand where it ends.
      const near = Math.abs(to - from) === 1;
      const middle = near ? (x(from) + x(to)) / 2 : x(to) + (to < from ? 120 : -120);
      svg.append(element("line", { x1: x(from), x2: x(to) + (to > from ? -3 : 3), y1: y, y2: y, class: kind, "marker-end": "url(#tip)" }));
      const between = [from, to].every((lane) => lane === F || lane === S);
      const text = element("text", { x: middle, y: y - 6, "text-anchor": "middle", class: between ? "code" : "" }, what);
      svg.append(text);
    }
  });
  return svg;
}

const [contents, main] = [document.getElementById("contents"), document.getElementById("flows")];
for (const [id, title, about, steps] of FLOWS) {
  const link = Object.assign(document.createElement("a"), { href: `#${id}`, textContent: title });
  const heading = Object.assign(document.createElement("h2"), { id, textContent: title });
  const text = Object.assign(document.createElement("p"), { textContent: about });
  const figure = document.createElement("figure");
  figure.append(diagram(title, steps));
  contents.append(link);
  main.append(heading, text, figure);
}
