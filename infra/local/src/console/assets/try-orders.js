// What staff do with the orders of everybody: shipping them, delivering them, and giving money back.

import { chip, el, show } from "./console.js";
import { button, checked, done, foldable, form, money, options, submit } from "./try-parts.js";
import { stateChip } from "./try-payments.js";
import { becomeStaff, why } from "./try-staff.js";
import { texts } from "./try-texts.js";

/** An operation of administrators, to find out whether somebody is one. */
const ORDERS = "/v1/admin/orders";
const STATES = ["paid", "placed", "shipped", "delivered", "returned", "refunding", "refunded", "cancelled", "pending_payment", "expired"];
/** What can be done with an order, by its state. */
const STEPS = { placed: ["shipped", "cancelled"], paid: ["shipped"], refunding: ["shipped"], shipped: ["delivered", "returned"], delivered: ["returned"] };
/** The states in which money can be given back. */
const REFUNDABLE = ["paid", "refunding", "shipped", "delivered", "returned"];
const REASONS = ["requested_by_customer", "duplicate", "fraudulent"];

/** Giving back a part of what was paid, or all of it. `changed` is called afterwards. */
function refundForm({ api }, number, changed) {
  const amount = el("input", { type: "number", step: "0.01", min: 0, inputmode: "decimal", required: true });
  const reason = el("select", {}, options(REASONS.map((name) => [name, texts.reasons[name]])));
  const fields = [checked("/amount/amount", `refund-${number}`, texts.amount, amount), checked("/reason", `refund-${number}`, texts.reason, reason)];
  const place = form("refund", refund, ...fields.map((field) => field.place), submit(texts.refund, true));
  place.hidden = true;
  let order;
  /** Names one refund, so that the same again after an answer that was lost gives nothing back twice. */
  let key;

  async function refund() {
    const body = { amount: { ...order.total, amount: Math.round(Number(amount.value) * 100) }, reason: reason.value };
    const params = { path: { order: order.id }, header: { "Idempotency-Key": key } };
    const { data, problem } = await api.POST(`${ORDERS}/{order}/refunds`, { params, body });
    for (const { tell } of fields) tell(problem);
    if (problem && problem.fields.length === 0) await done({ problem });
    if (!data) return;
    place.hidden = true;
    await changed();
  }

  function open(one) {
    order = one;
    key = crypto.randomUUID();
    amount.value = String((one.total.amount - (one.refunded?.amount ?? 0)) / 100);
    place.hidden = false;
    amount.focus();
  }

  return { place, open };
}

export function staffOrdersPart(stoa, page, number) {
  const { username } = stoa.session.current.user;
  const join = button(texts.becomeAdministrator, () => becomeStaff(stoa, page, username, "administrator", ORDERS).then(begin), { "data-administer": true });
  const state = el("select", { onchange: () => read() }, options(STATES.map((name) => [name, texts.paymentStates[name]])));
  const filter = el("label", { hidden: true }, texts.state, state);
  const list = el("ul", { class: "rows", "aria-label": texts.allOrders, "data-all-orders": true, hidden: true });
  const refund = refundForm(stoa, number, read);

  async function step({ id, user }, next) {
    await done(stoa.api.PUT(`${ORDERS}/{user}/{order}/state`, { params: { path: { user, order: id }, header: why }, body: { state: next } }));
    await read();
  }

  function line(order) {
    const paid = order.payment_method === "card" && REFUNDABLE.includes(order.state);
    return el("li", { "data-key": order.id, "data-state": order.state },
      el("span", {}, `${order.recipient.first_name} ${order.recipient.last_name}: ${order.items.map(({ name, quantity }) => `${quantity} × ${name}`).join(", ")}, ${money(order.total)}`),
      el("span", { class: "row" }, stateChip(order.state), order.refunded ? chip(texts.givenBack(money(order.refunded))) : "", order.disputed ? chip(texts.disputed, "bad") : "",
        (STEPS[order.state] ?? []).map((next) => button(texts.steps[next], () => step(order, next), { "data-key": `${order.id}-${next}`, "data-step": next })),
        paid ? button(texts.refund, () => refund.open(order), { "data-key": `${order.id}-refund`, "data-refund": true }) : ""));
  }

  async function read() {
    const shown = state.value;
    const data = await done(stoa.api.GET(ORDERS, { params: { query: { state: shown } } }));
    if (data && shown === state.value) show(list, data.items.length === 0 ? el("li", { class: "soft" }, texts.noOrders) : data.items.map(line));
  }

  async function begin() {
    join.hidden = true;
    filter.hidden = list.hidden = false;
    await read();
  }

  return { place: foldable("all-orders", texts.allOrders, () => list.hidden || read(), join, filter, list, refund.place).place };
}
