import { $, act, call, chip, el, live, moment, say, show } from "./console.js";

const modes = { well: say("stripe-well"), slow: say("stripe-slow"), down: say("stripe-down"), lost: say("stripe-reply-lost"), fails_before: say("stripe-fails-before"), fails_after: say("stripe-fails-after"), busy: say("stripe-busy"), limited: say("stripe-limited"), garbled: say("stripe-garbled") };
const sendings = { at_once: say("stripe-at-once"), twice: say("stripe-twice"), after: say("stripe-after"), held: say("stripe-held"), lost: say("stripe-lost") };
const banks = { blik: say("stripe-blik"), p24: say("stripe-p24") };
/** The most events on the page. */
const SHOWN = 30;

const change = (button, body) => act(button, async () => {
  await call("POST", "/_local/stripe", body);
  await refresh();
});

const button = (payment, label, what) => el("button", {
  type: "button", class: "quiet", "data-key": `${payment.id}-${JSON.stringify(what)}`,
  onclick: (event) => change(event.target, { payment: payment.id, act: what }),
}, label);

/** What can be done about a payment, by its status. */
function choices(payment) {
  const charge = payment.latest_charge;
  if (payment.status === "requires_action") {
    return [button(payment, say("stripe-confirm"), "confirm"), button(payment, say("stripe-fail"), "fail_to_confirm")];
  }
  if (payment.status === "processing") {
    return [button(payment, say("stripe-bank-pays"), "bank_pays"), button(payment, say("stripe-bank-refuses"), "bank_refuses")];
  }
  if (payment.status === "succeeded" && !charge.disputed && !charge.refunded) {
    return [button(payment, say("stripe-dispute"), "dispute"), button(payment, say("stripe-refund"), { refund: null })];
  }
  if (payment.status !== "requires_payment_method") return [];
  return [
    button(payment, say("stripe-pay"), { card: "4242424242424242" }),
    button(payment, say("stripe-ask"), { card: "4000002760003184" }),
    button(payment, say("stripe-decline"), { card: "4000000000000002" }),
    ...Object.entries(banks).filter(([kind]) => payment.payment_method_types.includes(kind)).map(([kind, label]) => button(payment, label, kind)),
    button(payment, say("stripe-cancel"), "cancel"),
  ];
}

function state(payment) {
  const charge = payment.latest_charge;
  if (charge?.disputed) return chip(say("stripe-disputed"), "bad");
  if (charge?.refunded) return chip(say("stripe-refunded"));
  if (payment.status === "succeeded") return chip(say("stripe-paid"), "good");
  const reason = payment.last_payment_error?.decline_code;
  return reason ? chip(reason, "bad") : chip(payment.status);
}

const amount = ({ amount, currency }) => `${(amount / 100).toFixed(2)} ${currency.toUpperCase()}`;

const refresh = live(() => "/_local/stripe", ({ real, mode, webhooks, payments, events }) => {
  for (const part of document.querySelectorAll("main > .columns, main > .card")) part.hidden = Boolean(real);
  if (real) $("about").textContent = say("stripe-real", { address: real });
  const sending = typeof webhooks === "string" ? webhooks : "after";
  show($("mode"), chip(modes[mode], mode === "well" ? "good" : "bad"));
  show($("webhooks"), chip(sendings[sending], sending === "at_once" ? "good" : "bad"));
  for (const one of $("modes").children) one.setAttribute("aria-pressed", String(one.dataset.mode === mode));
  for (const one of $("sendings").children) one.setAttribute("aria-pressed", String(one.dataset.webhooks === sending));
  show($("payments"), payments.length ? payments.map((payment) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, payment.id)),
    el("td", { class: "whole" }, amount(payment)), el("td", {}, state(payment)), el("td", {}, moment(payment.created * 1000)),
    el("td", { class: "action" }, ...choices(payment)))) : el("tr", {}, el("td", {}, say("stripe-none"))));
  show($("events"), events.slice(-SHOWN).reverse().map((event) => el("tr", {},
    el("th", { scope: "row" }, event.kind),
    el("td", {}, chip(event.delivered ? say("stripe-delivered") : say("stripe-waiting"), event.delivered ? "good" : "")),
    el("td", { class: "action" }, el("button", {
      type: "button", class: "quiet", "data-key": event.id, onclick: ({ target }) => change(target, { deliver: event.id }),
    }, say("stripe-deliver"))))));
});

$("modes").addEventListener("click", (event) => {
  const { mode } = event.target.dataset;
  if (mode) change(event.target, { mode });
});
$("sendings").addEventListener("click", (event) => {
  const { webhooks } = event.target.dataset;
  // Three days, in which a webhook is late and not lost.
  if (webhooks) change(event.target, { webhooks: webhooks === "after" ? { after: 3 * 24 * 3600 } : webhooks });
});
