// The cart of a guest or of the person in the pane, their orders, and what an order needs to know beside the cart.

import { day, el, show, toast } from "./console.js";
import { button, checked, done, foldable, form, money, options, placeFields, submit } from "./try-parts.js";
import { isPending, payView, stateChip } from "./try-payments.js";
import { phoneOf, prove, setPhone } from "./try-staff.js";
import { texts } from "./try-texts.js";

const QUANTITY_MAX = 99;
const METHODS = ["card", "cash_on_delivery"];
/** The states in which buyers can cancel an order. */
const OPEN = ["pending_payment", "placed"];
/** Milliseconds between looks at how far the orders are. */
const LOOK_MS = 3000;
/** An address that an order can go to. */
const STREET = "ul. Długa 1/2";
const CITY = "Kraków";
const POSTCODE = "30-001";

/** What is in the cart. `more` follows it. */
export function cartPart({ checkout: { cart } }, more) {
  const list = el("ul", { class: "rows", "aria-label": texts.cart, "data-cart": true });
  const total = el("p", { role: "status", "data-total": true });
  const merged = el("p", { role: "status", class: "small", "data-merged": true });

  /** A change by the person, after which what the merge has told is old. What was refused is as before. */
  async function change(input, call) {
    merged.textContent = "";
    if (!(await done(call))) input.value = input.defaultValue;
  }

  function line({ product, name, quantity, available, amount }) {
    const input = el("input", { type: "number", min: 1, max: QUANTITY_MAX, value: quantity, "aria-label": texts.quantityOf(name), "data-key": `${product}-quantity`, "data-quantity": name });
    input.addEventListener("change", () => change(input, cart.set(product, Number(input.value))));
    return el("li", {}, el("span", {}, name, available < quantity ? el("span", { class: "wrong small" }, " ", texts.onlyThere(available)) : ""),
      el("span", { class: "row" }, input, el("span", {}, money(amount)),
        button(texts.takeOut, () => change(input, cart.remove(product)), { "aria-label": texts.takeOutOne(name), "data-key": `${product}-remove`, "data-take-out": name })));
  }

  function render(now) {
    const { items, gone, saved, capped, left_out: leftOut } = now ?? { items: [], gone: [], saved: [], capped: [], left_out: [] };
    part.setCount(items.reduce((sum, { quantity }) => sum + quantity, 0));
    show(list, items.length === 0 ? el("li", { class: "soft" }, texts.emptyCart) : items.map(line),
      gone.map((product) => el("li", {}, el("span", {}, texts.notSold), button(texts.takeOut, () => done(cart.remove(product)), { "data-key": product }))));
    total.hidden = items.length === 0;
    if (!total.hidden) total.textContent = texts.total(money(now.total));
    const told = [
      capped.length > 0 && texts.capped(items.filter(({ product }) => capped.includes(product)).map(({ name }) => name).join(", ")),
      leftOut.length > 0 && texts.leftOut(leftOut.length),
      saved.length > 0 && texts.saved(saved.length),
    ].filter(Boolean);
    if (told.length > 0) merged.textContent = told.join(" ");
  }

  const part = foldable("cart", texts.cart, () => done(cart.reload()), merged, list, total, ...more);
  const end = cart.subscribe(render);
  part.place.open = cart.current?.items.length > 0;
  return { place: part.place, end };
}

/** What an account lacks for an order: a phone number, an address. `saved` is called when it has them. */
function deliveryForm(stoa, { shop }, page, number, saved) {
  const person = page.people.find(({ username }) => username === stoa.session.current.user.username);
  const ids = `delivery-${number}`;
  const inputs = {
    "/phone": [texts.phone, el("input", { type: "tel", autocomplete: "tel", required: true, value: phoneOf(page, person) })],
    "/street": [texts.street, el("input", { type: "text", autocomplete: "street-address", required: true, value: STREET })],
    "/city": [texts.city, el("input", { type: "text", autocomplete: "address-level2", required: true, value: CITY })],
  };
  const [phone, street, city] = Object.entries(inputs).map(([pointer, [text, input]]) => ({ ...checked(pointer, ids, text, input), input }));
  const country = placeFields(shop, ids, POSTCODE);
  const address = [street, city, ...country.fields];
  const place = form("delivery", save);
  place.hidden = true;
  let missing = [];

  function tell(fields, problem) {
    for (const field of fields) field.tell(problem);
    return problem?.fields.length > 0 ? undefined : done({ problem });
  }

  async function save() {
    stoa.session.onStepUp((flow) => prove(flow, person));
    if (missing.includes("phone")) {
      if (!(await setPhone(stoa, phone.input.value))) return;
      missing = missing.filter((one) => one !== "phone");
    }
    if (missing.includes("address")) {
      const { problem } = await stoa.api.POST("/v1/me/addresses", { body: { street: street.input.value, city: city.input.value, ...country.given() } });
      if (problem) return void (await tell(address, problem));
    }
    place.hidden = true;
    saved();
  }

  /** Asks for what is missing. */
  async function ask(what) {
    missing = what;
    const fields = [...(what.includes("phone") ? [phone] : []), ...(what.includes("address") ? address : [])];
    if (fields.length === 0) return;
    await country.read();
    place.replaceChildren(el("p", { class: "soft small" }, texts.delivery), ...fields.map((field) => field.place), submit(texts.save, true));
    place.hidden = false;
    fields[0].place.querySelector("input, select").focus();
  }

  return { place, ask };
}

/** Ordering what the cart has, and one's orders. */
export function ordersPart(stoa, sale, page, number) {
  const { cart, orders } = sale.checkout;
  const method = el("select", {}, options(METHODS.map((name) => [name, texts.methods[name]])));
  const order = form("order", place, el("label", {}, texts.method, method), submit(texts.order, true));
  const delivery = deliveryForm(stoa, sale, page, number, () => order.querySelector("[type=submit]").focus());
  const view = payView(orders.pay);
  const list = el("ul", { class: "rows", "aria-label": texts.orders, "data-orders": true });

  async function place() {
    const { data, problem } = await orders.place(method.value);
    if (problem) await done({ problem });
    if (problem?.code === "order_incomplete") await delivery.ask(problem.missing.split(", "));
    if (!data) return;
    toast(texts.ordered);
    part.place.open = true;
    if (isPending(data)) view.present(data);
  }

  const line = (one) => el("li", { "data-key": one.id, "data-state": one.state },
    el("span", {}, `${one.items.map(({ name, quantity }) => `${quantity} × ${name}`).join(", ")}: ${money(one.total)}, ${day(Date.parse(one.created_at))}`),
    el("span", { class: "row" }, stateChip(one.state),
      isPending(one) ? button(texts.pay, () => view.present(one), { "data-key": `${one.id}-pay` }) : "",
      OPEN.includes(one.state) ? button(texts.cancelOrder, () => done(orders.cancel(one.id)), { "data-key": `${one.id}-cancel`, "data-cancel": true }) : ""));

  const part = foldable("orders", texts.orders, () => done(orders.reload()), ...view.content, list);
  const ends = [
    cart.subscribe((now) => (order.hidden = !(now?.items.length > 0))),
    orders.subscribe((all) => show(list, all.length === 0 ? el("li", { class: "soft" }, texts.noOrders) : all.map(line))),
  ];
  // Nobody is told by the socket how far an order is.
  const looking = setInterval(() => part.place.open && !document.hidden && void orders.reload(), LOOK_MS);
  return {
    place: part.place,
    checkout: [order, delivery.place],
    end: () => (clearInterval(looking), ends.forEach((stop) => stop())),
  };
}
