// Orders: those in a state, and one of them with its next steps, its payment and its refunds.

import { amountField, ask, button, card, chip, country, details, el, filters, link, list, loaded, money, notify, say, table, time, told, word } from "./parts.js";

const STATES = ["placed", "paid", "pending_payment", "shipped", "delivered", "refunding", "refunded", "cancelled", "expired", "returned"];
/** What staff can do next. A paid order ends by a refund. */
const STEPS = { placed: ["shipped", "cancelled"], paid: ["shipped"], refunding: ["shipped"], shipped: ["delivered", "returned"], delivered: ["returned"] };
/** Why staff look at orders, and what that is called where it is counted. */
const ALERTS = { disputed: "disputes", refund_failed: "failed_refunds", wrong_payment: "wrong_payments", late_payment: "late_payments" };
/** Why money is given back. */
const REASONS = ["requested_by_customer", "duplicate", "fraudulent"];
const LIST = "/v1/admin/orders";

const ALERT_LIST = "/v1/admin/payment-alerts";

/** Ends the alert of a refund that has failed, because the money was given back outside Stripe. */
const givenOutside = ({ stoa, api, refresh }) => (alert) => button(say("given-outside"), async () => {
  const { id, intent, amount: asked, owed = asked } = alert;
  const { currency } = owed;
  let now = alert;
  let mine;
  const amount = amountField(owed, { name: "amount", label: say("amount-in", { currency }) });
  const still = ({ owed: left }) => (left ? money(left) : say("still-owed"));
  const reread = async () => {
    const { data, problem } = await find(stoa, alert);
    if (data) now = data;
    const theirs = data ? [still(data), " ", time(data.since)] : problem ? told(problem) : say("nothing-owed");
    return [[id, theirs, money(mine)]];
  };
  const rows = [[id, still(alert), say("given-back")]];
  const question = { title: say("given-outside"), text: say("given-outside-text"), rows, fields: [amount.field], why: true, reread };
  const done = await ask(question, async ({ amount: typed }, header) => {
    mine = { amount: amount.read(typed), currency };
    // The request has no effect if somebody else has recorded all of it: who has given it back a second time has to know.
    const { data, problem } = await find(stoa, alert);
    if (!data) return { problem: problem ?? { title: say("nothing-recorded") } };
    // What names nobody is found by its payment.
    const payment = data.user ? id : intent;
    return api.POST(`${ALERT_LIST}/{payment}/resolution`, { params: { path: { payment }, header: { ...header, "If-Match": `"v${now.version}"` } }, body: { amount: mine } });
  });
  if (done) {
    notify(say("done"));
    refresh();
  }
}, { class: "quiet", "data-act": "given-outside" });

/** Reads the alert of a failed refund again, page by page. There are no data if there is no such alert any more. */
async function find(stoa, { id, intent }) {
  const pages = stoa.pages(ALERT_LIST, { query: { alert: "refund_failed", limit: 100 } });
  let answer = await pages.page();
  const found = () => answer.data?.items.find((one) => one.id === id && one.intent === intent);
  while (answer.data?.more && !found()) answer = await pages.page();
  return { data: found(), problem: answer.problem };
}

/** Payments that staff have to look at: also those of donations and plans, which they find at Stripe. */
function alertList(app, alert) {
  const { stoa } = app;
  return list(stoa, {
    title: word("work", ALERTS[alert]),
    path: ALERT_LIST,
    query: { alert },
    columns: [
      [say("payment"), ({ kind, id, user }) => (kind === "order" && user ? link(id, ["orders", user, id]) : [word("paid-for", kind), " ", el("code", {}, id)])],
      [say("username"), ({ user, username }) => (username ? link(username, ["people", username]) : (user ?? "–"))],
      [say("amount"), ({ amount }) => money(amount)],
      ...(alert === "refund_failed" ? [[say("owed"), ({ owed, not_allowed: forbidden }) => (forbidden ? [money(owed), " ", chip(say("key-not-allowed"), "bad")] : money(owed))]] : []),
      ["Stripe", ({ intent }) => (intent ? el("code", {}, intent) : "–")],
      [say("when"), ({ since }) => time(since)],
      ...(alert === "refund_failed" ? [["", givenOutside(app)]] : []),
    ],
  });
}

function listScreen({ stoa }, route) {
  const state = route.filters.state ?? "placed";
  const search = filters({ ...route, filters: { ...route.filters, state } }, [{ name: "state", label: say("state"), kind: "select", choices: STATES.map((one) => [one, word("order", one)]) }]);
  const orders = list(stoa, {
    title: word("screen", "orders"),
    path: LIST,
    query: { ...route.filters, state },
    columns: [
      [say("order"), ({ id, user }) => link(id, ["orders", user, id])],
      [say("recipient"), ({ recipient }) => `${recipient.first_name} ${recipient.last_name}, ${recipient.city}`],
      [say("total"), ({ total }) => money(total)],
      [say("payment"), ({ payment_method: method, disputed }) => [word("payment", method), disputed ? chip(say("disputed"), "bad") : ""]],
      [say("placed"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-orders"),
  });
  return { title: word("screen", "orders"), content: [search, orders] };
}

/** An order by its id. */
const read = ({ api }, order) => api.GET("/v1/admin/orders/{order}", { params: { path: { order } } });

function steps(app, order, reload) {
  return (STEPS[order.state] ?? []).map((next) => button(word("to-order", next), async () => {
    const rows = [[say("state"), word("order", order.state), word("order", next)]];
    const isDangerous = ["cancelled", "returned"].includes(next);
    const path = { user: order.user, order: order.id };
    if (await ask({ title: word("to-order", next), text: isDangerous ? say("stock-returns") : "", rows, isDangerous, why: isDangerous }, (_, header) => app.api.PUT("/v1/admin/orders/{user}/{order}/state", { params: { path, header }, body: { state: next } }))) {
      notify(say("done"));
      await reload();
    }
  }, { "data-to": next, class: ["cancelled", "returned"].includes(next) ? "danger" : "primary" }));
}

/** Gives money back, once: the key is that of this dialog, however often it is confirmed. */
function refund(app, order, reload) {
  const { total } = order;
  // If something else was paid than the total, its automatic refund tells how much.
  const automatic = order.refunds?.find(({ reason }) => reason === "order_ended");
  const paid = order.paid_at ? total.amount : automatic?.amount.amount ?? 0;
  const back = order.refunded?.amount ?? 0;
  const left = paid - back;
  if (left <= 0) return "";
  const of = (amount) => money({ ...total, amount });
  return button(say("refund"), async () => {
    const key = crypto.randomUUID();
    const amount = amountField({ ...total, amount: left }, { name: "amount", label: say("amount-in", { currency: total.currency }), max: left });
    const fields = [
      amount.field,
      { name: "reason", label: say("reason"), kind: "select", choices: REASONS.map((one) => [one, word("refund-for", one)]) },
    ];
    const rows = [[say("refunded"), of(back), say("plus-what-is-refunded")], [say("can-be-refunded"), of(left), say("what-is-left")]];
    const done = await ask({ title: say("refund"), text: say("refund-text", { total: of(total.amount) }), rows, fields }, ({ amount: typed, reason }) => app.api.POST("/v1/admin/orders/{order}/refunds", {
      params: { path: { order: order.id }, header: { "Idempotency-Key": key } },
      body: { amount: { amount: amount.read(typed), currency: total.currency }, reason },
    }));
    if (done) {
      notify(say("refund-begun"));
      await reload();
    }
  }, { class: "danger", "data-act": "refund" });
}

function orderScreen(app, id) {
  const shownOrder = loaded(() => read(app, id), (order) => {
    const reload = shownOrder.reload;
    const items = table(word("screen", "products"), [
      [say("product"), ({ name, product }) => link(name, ["products", product])],
      [say("quantity"), ({ quantity }) => String(quantity)],
      [say("price"), ({ price }) => money(price)],
      [say("amount"), ({ amount }) => money(amount)],
    ], order.items);
    const { recipient, username } = order;
    const where = [`${recipient.first_name} ${recipient.last_name}`, recipient.street, [recipient.postal_code, recipient.city].filter(Boolean).join(" "), recipient.state, country(recipient.country), recipient.phone];
    return [
      el("p", { class: "row", "data-order": order.state }, chip(word("order", order.state), "accent"), order.disputed ? chip(say("disputed"), "bad") : "", money(order.total), username ? link(username, ["people", username]) : ""),
      el("div", { class: "row" }, steps(app, order, reload), refund(app, order, reload)),
      el("section", { class: "card", "aria-label": word("screen", "products") }, items),
      card(say("recipient"), el("address", { class: "body" }, where.filter(Boolean).map((line) => el("span", {}, line, el("br"))))),
      card(say("facts"), el("div", { class: "body" }, details(order, ["items", "recipient", "refunds", "id", "state", "username", ...(username ? ["user"] : [])]))),
      order.refunds?.length ? el("section", { class: "card", "aria-label": say("refunds"), "data-list": "refunds" }, el("div", { class: "title" }, el("h2", {}, say("refunds"))), table(say("refunds"), [
        [say("when"), ({ at }) => time(at)],
        [say("amount"), ({ amount }) => money(amount)],
        [say("reason"), ({ reason }) => word("refund-for", reason)],
        [say("state"), ({ state }) => chip(word("refund", state), { done: "good", made_outside: "good", refused: "bad", failed: "bad" }[state])],
      ], order.refunds)) : "",
    ];
  });
  return { title: say("order-number", { id }), content: [el("p", {}, link(say("back-to-orders"), ["orders"])), shownOrder.place] };
}

export default function ordersScreen(app, route) {
  const [, , id] = route.path;
  const { alert } = route.filters;
  if (!id && alert in ALERTS) return { title: word("screen", "orders"), content: [alertList(app, alert)] };
  return id ? orderScreen(app, id) : listScreen(app, route);
}
