// What is paid by card: donations and plans, and the payment of orders. The person on this page is also who holds the card, and their bank:
// what Stripe's script does in a frontend is done with the stand-in for Stripe.

import { call, chip, day, el, get, show } from "./console.js";
import { button, checked, done, foldable, form, money, options, placeFields, submit } from "./try-parts.js";
import { texts } from "./try-texts.js";

/** Test cards of Stripe: one that pays, one that has to be confirmed at the bank, one that is declined. */
const CARDS = { pays: "4242424242424242", asks: "4000002760003184", declined: "4000000000000002" };
const PENDING = "pending_payment";
const TONES = { paid: "good", cancelled: "bad", expired: "bad", [PENDING]: "warn", delivered: "good" };

export const isPending = ({ state }) => state === PENDING;
export const stateChip = (state) => chip(texts.paymentStates[state] ?? state, TONES[state] ?? "");

/** Where something is paid by card. `pay(begun, confirm)` is that of the client. */
export function payView(pay) {
  const state = el("p", { role: "status", "data-paid": true });
  const card = el("select", {}, options(Object.keys(CARDS).map((name) => [name, texts.cards[name]])));
  const use = form("pay", run, el("label", {}, texts.card, card), submit(texts.pay, true));
  const yes = el("button", { type: "button", class: "primary", "data-confirm": true, onclick: () => answer("confirm") }, texts.confirm);
  const no = el("button", { type: "button", class: "quiet", onclick: () => answer("fail_to_confirm") }, texts.refuse);
  const bank = el("div", { class: "row", role: "group", "aria-label": texts.bank, "data-bank": true, hidden: true }, el("span", {}, texts.bank), yes, no);
  /** What is being paid, and what takes the answer to the bank. */
  let begun;
  let answer;

  /** What the person answers when their bank asks. */
  const asked = () => new Promise((then) => {
    answer = then;
    use.hidden = true;
    bank.hidden = false;
    yes.focus();
  });

  /** In place of Stripe's script. */
  async function confirm(secret) {
    const payment = secret.split("_secret")[0];
    const act = async (what) => {
      // A card is refused with an error, and the payment says why.
      const { payments } = await call("POST", "/_local/stripe", { payment, act: what }).catch(() => get("/_local/stripe"));
      return payments.find(({ id }) => id === payment)?.status;
    };
    let status = await act({ card: CARDS[card.value] });
    if (status === "requires_action") status = await act(await asked());
    return { error: status === "succeeded" ? undefined : status };
  }

  async function run() {
    const now = await done(pay(begun, confirm));
    // The secret of an order is told once.
    present(now ? { ...begun, ...now, payment: { ...begun.payment, ...now.payment } } : begun);
  }

  function present(now) {
    begun = now;
    bank.hidden = true;
    use.hidden = !isPending(now);
    if (isPending(now)) use.querySelector("select").focus();
    const decline = isPending(now) && (now.payment?.decline ?? now.decline);
    show(state, money(now.amount ?? now.total), " ", stateChip(now.state), " ", decline ? chip(decline, "bad") : "");
  }

  use.hidden = true;
  return { content: [state, use, bank], present };
}

/** A list of what was paid, or was not. `about` says what one of them is for. */
function history(list, name, none, about) {
  const place = el("ul", { class: "rows", "aria-label": name, "data-history": true });
  const end = list.subscribe((all) => show(place, all.length === 0 ? el("li", { class: "soft" }, none) : all.map((one) =>
    el("li", { "data-key": one.id, "data-state": one.state }, el("span", {}, `${about(one)}, ${day(Date.parse(one.created_at))}`), stateChip(one.state)))));
  return { place, end };
}

export function donationPart({ shop, checkout: { donations } }, number) {
  const amount = el("input", { type: "number", step: "0.01", min: 0, inputmode: "decimal", required: true });
  const limits = el("p", { class: "soft small" });
  const place = placeFields(shop, number);
  const fields = [checked("/amount/amount", number, texts.amount, amount), ...place.fields];
  const view = payView(donations.pay);
  const past = history(donations, texts.donations, texts.noDonations, ({ amount: given, country }) => `${money(given)}, ${country}`);
  let currency;

  async function read() {
    void done(donations.reload());
    const settings = await done(donations.settings());
    if (!settings) return;
    ({ currency } = settings.min);
    limits.textContent = texts.between(money(settings.min), money(settings.max));
    await place.read();
  }

  async function donate() {
    const { data, problem } = await donations.begin({ amount: { amount: Math.round(Number(amount.value) * 100), currency }, ...place.given() });
    for (const { tell } of fields) tell(problem);
    if (problem && problem.fields.length === 0) await done({ problem });
    if (data) view.present(data);
  }

  const give = form("donate", donate, ...fields.map((field) => field.place), submit(texts.donate, true));
  return { place: foldable("donations", texts.donations, read, limits, give, ...view.content, past.place).place, end: past.end };
}

export function plansPart({ checkout: { plans } }) {
  const list = el("ul", { class: "rows", "aria-label": texts.plans, "data-plans": true });
  const view = payView(plans.pay);
  const past = history(plans, texts.planPayments, texts.noPlanPayments, ({ name, amount }) => `${name}, ${money(amount)}`);

  async function buy(plan) {
    const begun = await done(plans.begin(plan));
    if (begun) view.present(begun);
  }

  async function read() {
    void done(plans.reload());
    const all = await done(plans.all());
    if (!all) return;
    show(list, all.items.map(({ id, name, price }) => el("li", {}, el("span", {}, name),
      el("span", { class: "row" }, chip(money(price)), button(texts.buy, () => buy(id), { "data-plan": id, "aria-label": texts.buyOne(name) })))));
  }

  return { place: foldable("plans", texts.plans, read, list, ...view.content, past.place).place, end: past.end };
}
