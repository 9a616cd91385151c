// Orders: those in a state, and one of them with its next steps, its payment and its refunds.

import { ask, button, card, chip, details, el, filters, link, list, loaded, money, notify, reason, say, time, word } from "./parts.js";

const STATES = ["placed", "pending_payment", "shipped", "delivered", "cancelled", "returned"];
/** What can come next. */
const STEPS = { placed: ["shipped", "cancelled"], pending_payment: ["cancelled"], shipped: ["delivered", "returned"], delivered: ["returned"] };
const LIST = "/v1/admin/orders";

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

/** An order by its id. Where orders cannot be read one by one, it is looked for in the lists. */
async function read({ stoa, api }, id, user) {
  const one = await api.GET("/v1/admin/orders/{order}", { params: { path: { order: id }, query: { user } } });
  if (one.data || (one.problem.status !== 404 && one.problem.status !== 405)) return one;
  for (const state of STATES) {
    const pages = stoa.pages(LIST, { query: { state, limit: 100 } });
    for (let next = await pages.page(); next.data; next = await pages.page()) {
      const found = next.data.items.find((order) => order.id === id);
      if (found) return { data: found };
      if (!next.data.more) break;
    }
  }
  return one;
}

function steps(app, order, reload) {
  return (STEPS[order.state] ?? []).map((next) => button(word("to-order", next), async () => {
    const rows = [[say("state"), word("order", order.state), word("order", next)]];
    const isDangerous = ["cancelled", "returned"].includes(next);
    const path = { user: order.user, order: order.id };
    if (await ask({ title: word("to-order", next), text: isDangerous ? say("stock-returns") : "", rows, isDangerous }, () => app.api.PUT("/v1/admin/orders/{user}/{order}/state", { params: { path }, body: { state: next } }))) {
      notify(say("done"));
      await reload();
    }
  }, { "data-to": next, class: ["cancelled", "returned"].includes(next) ? "danger" : "primary" }));
}

/** Gives money back, once: the key is that of this dialog, however often it is confirmed. */
function refund(app, order, reload) {
  const { total, refunded } = order;
  const back = refunded?.amount ?? (typeof refunded === "number" ? refunded : 0);
  const left = total.amount - back;
  if (order.payment_method === "cash_on_delivery" || left <= 0 || order.state === "pending_payment") return "";
  const of = (amount) => money({ ...total, amount });
  return button(say("refund"), async () => {
    const key = crypto.randomUUID();
    const fields = [{ name: "amount", label: say("amount-minor", { currency: total.currency }), kind: "number", min: 1, max: left, step: 1, value: left, required: true }, reason()];
    const rows = [[say("refunded"), of(back), say("plus-what-is-refunded")], [say("can-be-refunded"), of(left), say("what-is-left")]];
    const done = await ask({ title: say("refund"), text: say("refund-text", { total: of(total.amount) }), rows, fields }, ({ amount, reason: why }) => app.api.POST("/v1/admin/orders/{order}/refunds", {
      params: { path: { order: order.id }, header: { "Idempotency-Key": key } },
      body: { amount: { amount, currency: total.currency }, reason: why },
    }));
    if (done) {
      notify(say("refund-begun"));
      await reload();
    }
  }, { class: "danger", "data-act": "refund" });
}

function orderScreen(app, user, id) {
  const shownOrder = loaded(() => read(app, id, user), (order) => {
    const reload = shownOrder.reload;
    const items = el("table", { class: "folding" },
      el("thead", {}, el("tr", {}, [say("product"), say("quantity"), say("price"), say("amount")].map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, order.items.map((item) => el("tr", {}, el("th", { scope: "row" }, link(item.name, ["products", item.product])),
        el("td", { "data-label": say("quantity") }, String(item.quantity)), el("td", { "data-label": say("price") }, money(item.price)), el("td", { "data-label": say("amount") }, money(item.amount))))));
    const { recipient } = order;
    const where = [`${recipient.first_name} ${recipient.last_name}`, recipient.street, [recipient.postal_code, recipient.city].filter(Boolean).join(" "), recipient.state, recipient.country, recipient.phone];
    return [
      el("p", { class: "row", "data-order": order.state }, chip(word("order", order.state), "accent"), order.disputed ? chip(say("disputed"), "bad") : "", money(order.total)),
      el("div", { class: "row" }, steps(app, order, reload), refund(app, order, reload)),
      el("section", { class: "card", "aria-label": word("screen", "products") }, items),
      card(say("recipient"), el("address", { class: "body" }, where.filter(Boolean).map((line) => el("span", {}, line, el("br"))))),
      card(say("facts"), el("div", { class: "body" }, details(order, ["items", "recipient", "refunds", "id", "state"]))),
      order.refunds?.length ? card(say("refunds"), el("ul", { class: "body stack", "data-list": "refunds" }, order.refunds.map((one) => el("li", {}, details(one))))) : "",
    ];
  });
  return { title: say("order-number", { id }), content: [el("p", {}, link(say("back-to-orders"), ["orders"])), shownOrder.place] };
}

export default function ordersScreen(app, route) {
  const [, user, id] = route.path;
  return id ? orderScreen(app, user, id) : listScreen(app, route);
}
