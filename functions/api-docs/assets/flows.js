// Each step is [from, to, what, kind]: "call" and "reply" are arrows, "note" is something a lane does, "or" begins an alternative.
const [P, F, S, M] = [0, 1, 2, 3];
const LANES = ["Person", "Frontend", "Stoa", "Mail, SMS"];
const call = (what) => [F, S, what, "call"], reply = (what) => [S, F, what, "reply"];
const sends = (what) => [S, M, what, "call"], arrives = (what) => [M, P, what, "reply"], types = (what) => [P, F, what, "call"];
// Frames of the socket.
const frame = (what) => [F, S, what, "call"], pushed = (what) => [S, F, what, "reply"];
const note = (lane, what) => [lane, lane, what, "note"], or = (what) => [0, 0, what, "or"];

const FLOWS = [
  ["registration", "Registering in six steps", "The id of the flow is a secret: store it so that it survives a reload and nobody else can read it. The answer of every step names the next step, and the steps that can be repeated.", [
    types("e-mail address"),
    call("POST /v1/registrations {email}"), reply("201 {id, step: code, progress: 33, code: {target, resend_at}}"),
    sends("code, ten minutes, three tries"), arrives("042617"), types("042617"),
    call("POST /v1/registrations/{id}/code {code}"), reply("200 {step: personal, progress: 50}"),
    call("PUT /v1/registrations/{id}/personal {first_name, …}"), reply("200 {step: username, progress: 67}"),
    call("GET /v1/usernames/{username}/availability"), reply("200 {available, message}"),
    call("PUT /v1/registrations/{id}/username {username}"), reply("200 {step: password, progress: 83}"),
    call("PUT /v1/registrations/{id}/password {password}"), reply("200 {step: summary, progress: 100}"),
    call("POST /v1/registrations/{id}/complete {token_delivery, terms}"), reply("201 {access_token, refresh_token}"),
    or("no code came"),
    call("POST /v1/registrations/{id}/code/resend"), reply("202, or 429 resend_too_early with retry_after"),
  ]],
  ["link", "Registering by a mailed link", "Opening the link changes nothing. Sending the form of its page, with the password chosen before, activates the account.", [
    types("address, username, password"),
    call("POST /v1/registrations/link {email, username, password}"), reply("202 {id, link: {target, expires_at}}"),
    sends("link, a day, once"), arrives("…/activate#token=…"), types("the password"),
    call("POST /v1/activations/link {token}"), reply("200 {username, target}: whose account it is"),
    call("POST /v1/activations {token, password}"), reply("201 {access_token, refresh_token}"),
  ]],
  ["phone", "Registering and signing in by phone number", "The calls are the same with and without an account, and so are the answers until the code is right: nobody learns which numbers have an account.", [
    types("phone number"),
    call("POST /v1/phone-sign-ins {phone}"), reply("202 {id, sent: {target, resend_at, tries_left}}"),
    sends("code, two minutes, three tries"), arrives("042617"), types("042617"),
    call("POST /v1/phone-sign-ins/{id}/verify {code}"), reply("201 {access_token, …}: signed in"),
    or("the account has second factors"),
    reply("202 {id, step: choose_factor, …}: go on as below"),
    or("no code came"),
    call("POST /v1/phone-sign-ins/{id}/resend"), reply("202, or 429 resend_too_early with retry_after"),
  ]],
  ["sign-in", "Signing in", "202 instead of 201 means that a second step is needed. Nobody is signed in until it is done. A trusted device sends its token, or its cookie, and needs no second step.", [
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
  ["passkey", "Signing in with a passkey", "Pass the options to navigator.credentials unchanged: PublicKeyCredential.parseRequestOptionsFromJSON parses them. Send toJSON() of the resulting credential.", [
    call("POST /v1/passkey-sign-ins {next}"), reply("201 {id, passkey: {challenge, …}}: valid for one answer"),
    note(F, "navigator.credentials.get"), types("finger, face or PIN"),
    call("POST /v1/sign-ins/{id}/verify {passkey}"), reply("201 {access_token, …, next}"),
    or("making one, signed in"),
    call("POST /v1/me/passkeys/options"), reply("201 {options}"), note(F, "navigator.credentials.create"),
    call("POST /v1/me/passkeys {name, credential}"), reply("201 {id, name}"),
  ]],
  ["step-up", "Stepping up", "Changes of e-mail address, phone number, username, password, factors and passkeys, account deletion, and whatever staff change outside of support threads need a proof of at most five minutes ago, by the person’s strongest method. A flow that was started with it continues only with tokens of that proof, including refreshed ones.", [
    call("PUT /v1/me/password …"), reply("401 step_up_required {methods: [app, recovery_code]}"),
    call("POST /v1/step-ups"), reply("201 {id, step: verify, chosen: app}"), types("six digits of the app"),
    call("POST /v1/sign-ins/{id}/verify {code}, with the access token"), reply("200 {access_token, refresh_token}: the former ones are no longer valid"),
    call("PUT /v1/me/password …, with the new access token"), reply("204"),
    or("a passkey is asked for, and is lost"),
    types("the password"),
    call("POST /v1/sign-ins/{id}/verify {password}"), reply("202 {id, step: verify, chosen: email, code: {target}}"),
    sends("code"), arrives("042617"), types("042617"),
    call("POST /v1/sign-ins/{id}/verify {code}"), reply("200 {access_token, refresh_token}"),
  ]],
  ["work", "During an attack on many accounts", "When more than a thousand passwords and codes have failed within ten minutes, every sign-in needs proof of work, about a second of computing, except on a trusted device. The challenge is valid for five minutes, for this client and this account.", [
    call("POST /v1/sessions {login, password}"), reply("403 proof_of_work_required {challenge, difficulty: 18}"),
    note(F, "counts n up until SHA-256(challenge + '.' + n) begins with as many zero bits"),
    call("POST /v1/sessions {login, password}, with Proof-of-Work: challenge.n"), reply("201 {access_token}"),
  ]],
  ["second-factors", "Turning second factors on", "Needs a verified address and phone number. Nothing is turned on before the last step, and the set-up expires after ten minutes. The secret of the app is shown once: if it is lost by a reload, start again.", [
    types("the password"),
    call("POST /v1/me/mfa/setup {password}"), reply("201 {step: app, app: {secret, uri, qr}}"),
    note(P, "scans the picture"), types("six digits of the app"),
    call("POST /v1/me/mfa/setup/app {code}"), reply("200 {step: email, code: {target}}"),
    sends("code by mail"), arrives("042617"), types("042617"),
    call("POST /v1/me/mfa/setup/email {code}"), reply("200 {step: sms, code: {target}}"),
    sends("code by text message"), arrives("617042"), types("617042"),
    call("POST /v1/me/mfa/setup/sms {code}"), reply("201 {recovery_codes}: shown this once"),
  ]],
  ["invitation", "An invitation code", "Everybody has one, and can enter one of another person once, during the registration or later. Its owner sees who entered it, with the phone number only if that person agrees.", [
    call("GET /v1/me/invite-code"), reply("200 {code: K7M2XP, used: 3}"),
    types("K7M2XP"),
    call("POST /v1/me/inviter {code, shows_phone}"), reply("201 {inviter}, or 422 invite_invalid, 409 invite_used"),
    or("the owner"),
    call("GET /v1/me/invitees"), reply("200 {items: [{username, phone: +44******123}], next_cursor}"),
  ]],
  ["export", "Export of all personal data", "One archive a day. It is made soon after the request and deleted after 24 hours. The request and the link need a fresh proof.", [
    call("POST /v1/me/exports"), reply("202 {id, status: waiting}"),
    sends("notice that it is ready"),
    call("GET /v1/me/exports/{id}"), reply("200 {status: ready, url}: valid for five minutes"),
    note(F, "downloads stoa-export.zip"),
  ]],
  ["contact", "Changing address or number", "The current one stays until the code of the new one is entered, and gets a notice. For a contact of another account the answer is the same. Codes and links that were sent to the former one are no longer valid.", [
    types("the new address"),
    call("POST /v1/me/email-changes {email}"), reply("202 {target, resend_at}"),
    sends("code to the new, notice to the current one"), arrives("042617"), types("042617"),
    call("POST /v1/me/email-changes/verify {code}"), reply("200 the profile; other sign-ins have ended"),
    sends("notice to both; a new link where a deletion is scheduled"),
    or("somebody else has changed it, and staff undo that"),
    sends("link to the former one, a day, once; notice to the current one"), arrives("…/restore-contact#token=…"),
    call("POST /v1/contact-restorations {token}"), reply("204; every sign-in and the password have ended"),
  ]],
  ["password", "A forgotten password", "The answer is the same whether or not the address has an account. Nobody is signed in by the link.", [
    types("address"),
    call("POST /v1/password-resets {email}"), reply("202 {target}"),
    sends("link, half an hour, once"), arrives("…/reset-password#token=…"), types("a new password"),
    call("POST /v1/password-resets/confirm {token, password}"), reply("204; every sign-in has ended"),
    call("POST /v1/sessions …"), reply("201 or 202, as usual"),
  ]],
  ["session", "Staying signed in", "An access token is valid for ten minutes. A refresh token can be used once. A repetition within ten seconds, after a lost reply, gets the same answer.", [
    call("GET /v1/me, with an old access token"), reply("401 token_invalid"),
    call("POST /v1/sessions/refresh {refresh_token}"), reply("200 {access_token, refresh_token}"),
    or("the cookie keeps it"),
    call("POST /v1/sessions/refresh {}, X-Stoa-Csrf: 1"), reply("200 {access_token}, Set-Cookie"),
    or("a spent one is shown later"),
    reply("401 refresh_invalid: the session has ended"), sends("notice"),
  ]],
  ["chat", "Chat", "One socket for each client, with a ticket that is valid for 30 seconds. Frames are described in /asyncapi.json. Numbers show what is missing: keep the highest of each room, and ask with sync where last_seq or a message has a higher one.", [
    call("POST /v1/realtime/tickets"), reply("201 {url, ticket, subprotocols}"),
    note(F, "connects with subprotocols"),
    frame("{type: hello}"), pushed("{type: hello, rooms, limits}"),
    frame("{type: sync, room, since}"), pushed("{type: sync, messages, upto, more}"),
    types("Good morning!"),
    frame("{type: send, room: public, text, nonce}"), pushed("{type: ack, seq, id, nonce}"),
    pushed("{type: message, …}, without an id"),
    or("no answer came"),
    frame("the same send with the same nonce"), pushed("{type: ack, …}: committed once"),
    or("nothing to send for nine minutes"),
    frame("{type: ping}"), pushed("{type: pong}"),
    or("the session ended elsewhere"),
    pushed("{type: closing, code: 4401}"), note(F, "signs in again"),
  ]],
  ["direct", "Writing to one person", "A direct room is made by its first opening, and both find it in their lists. Whether somebody may be written to is their choice.", [
    call("GET /v1/users/{username}"), reply("200 {id, username, picture}"),
    call("POST /v1/rooms/direct {user}"), reply("201 {id, with}, or 403 chat_not_allowed"),
    frame("{type: send, room: id, text, nonce}"), pushed("{type: ack, seq, id, nonce}"),
    or("reading back"),
    call("GET /v1/rooms/{room}/messages"), reply("200 {items, next_cursor}"),
  ]],
  ["picture", "A picture", "The file goes to the bucket, not through the API. What is declared is signed: no other file is accepted there. The picture is scaled and made anew, so nothing else of the file is published.", [
    note(F, "SHA-256 of the file"),
    call("POST /v1/me/picture/uploads {sha256, …}"), reply("201 {id, url, headers}: five minutes"),
    note(F, "PUT url, with the headers"),
    call("GET /v1/me/picture/uploads/{id}, once a second"), reply("200 {state: waiting}"),
    reply("200 {state: published, picture}"),
    or("it is no picture"),
    reply("200 {state: refused, reason: not_a_picture}"),
    or("the picture is removed"),
    call("DELETE /v1/me/picture"), reply("204"),
  ]],
  ["file", "A file in a message", "A file is uploaded for one room and sent once. Pictures are made anew without metadata, videos and documents are checked. Links to it are made for members, and end with the message.", [
    note(F, "SHA-256 of the file"),
    call("POST /v1/rooms/{room}/uploads {name, content_type, bytes, sha256}"), reply("201 {id, url, headers}: five minutes"),
    note(F, "PUT url, with the headers"),
    call("GET /v1/rooms/{room}/uploads/{id}, once a second"), reply("200 {state: ready, attachment}"),
    frame("{type: send, room, text, nonce, attachments: [id]}"), pushed("{type: ack, seq, id, nonce}"),
    or("it is not what it was declared to be"),
    reply("200 {state: refused, reason: other_type}"),
    or("a member looks at it"),
    call("GET /v1/rooms/{room}/attachments/{id}"), reply("200 {url, preview_url}: five minutes, or 404"),
  ]],
  ["cart", "A cart, before and after the sign-in", "A guest’s cart has a token, which is told once. Whoever signs in sends it once more: then the carts are one, with at most 99 of each product, and the token names nothing any more. Forget it after that, and at a sign-out, so that it never reaches somebody else.", [
    types("a product"),
    call("PUT /v1/cart/items/{product} {quantity}"), reply("200 {items, total, token}"),
    call("PUT /v1/cart/items/{product} {quantity}, with Cart-Token"), reply("200 {items, total}: at the prices of this moment"),
    types("name and password"),
    call("GET /v1/cart, with Cart-Token and the access token"), reply("200 {items, capped, left_out}"),
    or("the guest is about to order"),
    call("GET /v1/cart, with checkout=true too"), reply("200 {items, saved}: the member’s own cart comes back after the order"),
  ]],
  ["order", "An order by card", "It is ordered for the total that the cart was shown with, and goes to the main address of the account. Its products are reserved for fifteen minutes. Stripe’s script pays it, and only what Stripe says counts. Keep the Idempotency-Key until there is an answer.", [
    types("the order"),
    call("POST /v1/orders {payment_method: card, total}, with Idempotency-Key"), reply("201 {id, state: pending_payment, payment: {client_secret, expires_at}}"),
    note(F, "stripe.confirmCardPayment(client_secret)"), types("the card, and what the bank asks"),
    call("GET /v1/orders/{order}, until it is settled"), reply("200 {state: paid}"),
    sends("notice that it is paid"),
    or("the answer was lost"),
    call("POST /v1/orders, with the same Idempotency-Key"), reply("201: the same order"),
    or("something is missing"),
    reply("409 order_incomplete {missing}, out_of_stock {products}, or prices_changed {total}"),
    or("the card was declined"),
    reply("200 {state: pending_payment, payment: {decline}}: the same secret takes another card"),
    or("the page was loaded again"),
    call("POST /v1/orders/{order}/payment"), reply("200 {payment: {client_secret}}"),
    or("three cards were refused"),
    reply("403 captcha_required: the same again with captcha"),
    or("nobody has paid in time"),
    reply("200 {state: expired}: what is paid all the same is given back"),
    or("a change of mind, before it is paid"),
    call("POST /v1/orders/{order}/cancellation"), reply("200 {state: cancelled}"),
  ]],
  ["payment", "A donation or a plan", "Both are paid like an order, and have no stock and no end. The payment is begun when the form is sent, and not when its page is looked at.", [
    call("GET /v1/donation-settings"), reply("200 {min, max, publishable_key}"),
    types("amount, country, postal code"),
    call("POST /v1/donations {amount, country, postal_code}, with Idempotency-Key"), reply("201 {id, state: pending_payment, client_secret}"),
    note(F, "stripe.confirmCardPayment(client_secret)"), types("the card, and what the bank asks"),
    call("GET /v1/donations/{donation}, until it is settled"), reply("200 {state: paid}"),
    sends("receipt"),
    or("a plan"),
    call("GET /v1/plans"), reply("200 {items: [{id, name, price}], publishable_key}"), types("one of them"),
    call("POST /v1/plan-payments {plan}, with Idempotency-Key"), reply("201 {id, state: pending_payment, client_secret}"),
    or("three cards were refused"),
    reply("403 captcha_required: the same again with captcha"),
  ]],
  ["leaving", "Leaving", "Everything is deleted 30 days after the request, unless it is cancelled until then. During that time the account works as before.", [
    types("the password"),
    call("POST /v1/me/deletion {password}, after a step-up"), reply("200 {status: scheduled, due_at, countdown}"),
    sends("notice with a link to cancel"),
    or("a change of mind, signed in"),
    call("DELETE /v1/me/deletion"), reply("200 {status: not_scheduled}"),
    or("a change of mind, by the link"),
    arrives("…/cancel-deletion#token=…"),
    call("POST /v1/deletion-cancellations {token}"), reply("204"),
    or("30 days later"),
    sends("receipt: everything is deleted"),
    or("only a pause"),
    call("POST /v1/me/deactivation {password}"), reply("204; staff can reactivate it"),
  ]],
];

// Another language brings its words.
const say = (text) => (typeof WORDS === "undefined" ? text : (WORDS[text] ?? text));

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// One step: who to whom, what, and the arrow between the two lanes. On a narrow screen the words stand alone.
function step([from, to, what, kind]) {
  if (kind === "or") return element("li", { class: "or" }, `${say("or")}: ${say(what)}`);
  if (kind === "note") return element("li", { class: `note at-${from}` }, element("span", { class: "who" }, say(LANES[from])), element("span", { class: "what" }, say(what)));
  const between = [from, to].every((lane) => lane === F || lane === S);
  return element("li", { class: `${kind} from-${from} to-${to}` },
    element("span", { class: "who" }, `${say(LANES[from])} → ${say(LANES[to])}`),
    element(between ? "code" : "span", { class: "what" }, say(what)),
    element("span", { class: "arrow", "aria-hidden": "true" }));
}

function diagram(steps) {
  const lanes = element("div", { class: "lanes", "aria-hidden": "true" }, ...LANES.map((lane) => element("span", {}, element("b", {}, say(lane)))));
  return element("figure", { class: "card" }, lanes, element("ol", {}, ...steps.map(step)));
}

const [contents, main] = [document.getElementById("contents"), document.getElementById("flows")];
for (const [id, title, about, steps] of FLOWS) {
  contents.append(element("li", {}, element("a", { class: "chip", href: `#${id}` }, say(title))));
  main.append(element("section", { "aria-labelledby": id }, element("h2", { id }, say(title)), element("p", {}, say(about)), diagram(steps)));
}
// The address may name a flow, which was not there yet when the page was opened.
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
