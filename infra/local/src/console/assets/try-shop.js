// The shop as a customer sees it: products with what people say about them, and donations. The person on this page is also who holds the
// card, and their bank: what Stripe's script does in a frontend is done with the stand-in for Stripe.

import { call, chip, day, el, figure, show } from "./console.js";
import { button, done, foldable, form, options, submit } from "./try-parts.js";
import { asSuperuser } from "./try-staff.js";
import { language, texts } from "./try-texts.js";

const STARS = [5, 4, 3, 2, 1];
/** Products and comments on a page. */
const PAGE = 20;
/** Test cards of Stripe: one that pays, one that has to be confirmed at the bank, one that is declined. */
const CARDS = { pays: "4242424242424242", asks: "4000002760003184", declined: "4000000000000002" };
/** What a new shop has: a category, and names with prices in minor units. */
const GOODS = { [texts.goods.category]: [[texts.goods.lamp, 4900], [texts.goods.turtle, 1999], [texts.goods.column, 12900]] };
/** The country that is chosen first. */
const HOME = "PL";
const TONES = { paid: "good", refunded: "", cancelled: "bad", pending_payment: "warn" };

const money = ({ amount, currency }) => new Intl.NumberFormat(language, { style: "currency", currency }).format(amount / 100);
const starsOf = ({ mean, count }) => (count ? texts.stars(figure(Number(mean), 2), count) : texts.noStars);

/** Products are made by administrators, which the superuser can do too. */
const fillShop = (page) => asSuperuser(page, async ({ api }) => {
  for (const [name, goods] of Object.entries(GOODS)) {
    const made = await done(api.POST("/v1/categories", { body: { name } }));
    for (const [product, amount] of made ? goods : []) {
      const body = { name: product, description: texts.goods.about, category: made.id, price: { amount, currency: "PLN" }, for_sale: true, available: 10 };
      await done(api.POST("/v1/products", { body }));
    }
  }
});

/** One product: what it is, its ratings and comments, and one's own. */
function productView(shop, me, changed) {
  const place = el("div", { class: "stack", "data-product-view": true, hidden: true });
  const comments = el("ul", { class: "rows", "aria-label": texts.comments, "data-comments": true });
  const about = el("div", { class: "stack" });
  const stars = el("select", {}, options(STARS.map((number) => [number, String(number)])));
  const field = el("input", { type: "text", maxlength: 500, autocomplete: "off", required: true });
  let id;

  async function open(product) {
    id = product;
    const [now, own, page] = await Promise.all([done(shop.products.get(id)), shop.ratings.own(id), done(shop.comments.of(id, { limit: PAGE }).page())]);
    if (!now || !page || id !== product) return;
    show(about, el("strong", {}, now.name), el("span", {}, now.description), el("span", { class: "row" }, chip(money(now.price)), chip(starsOf(now.ratings)), now.is_available ? "" : chip(texts.soldOut, "bad")));
    if (own.data) stars.value = String(own.data.stars);
    show(comments, page.items.length === 0 ? el("li", { class: "soft" }, texts.noComments) : page.items.map((comment) => el("li", { "data-key": comment.id },
      el("span", {}, el("span", { class: "soft small" }, comment.author.username ?? texts.gone, " "), comment.text),
      comment.author.id === me ? button(texts.discard, () => done(shop.comments.remove(id, comment.id)).then(again)) : "")));
    place.hidden = false;
  }

  const again = () => Promise.all([open(id), changed()]);
  const rate = form("rate", () => done(shop.ratings.give(id, Number(stars.value))).then(again), el("label", {}, texts.yourStars, stars), submit(texts.rate));
  const write = form("comment", async () => {
    if (await done(shop.comments.write(id, field.value))) field.value = "";
    await again();
  }, el("label", {}, texts.comment, field), submit(texts.send));
  place.append(about, rate, comments, write);
  return { place, open };
}

function shopPart(stoa, shop, page) {
  const category = el("select", { onchange: () => search() });
  const wanted = el("input", { type: "search", maxlength: 100, autocomplete: "off" });
  const list = el("ul", { class: "rows", "aria-label": texts.products });
  const fill = button(texts.fillShop, () => fillShop(page).then(read), { "data-fill": true, hidden: true });
  const view = productView(shop, stoa.session.current.user.id, search);

  async function search() {
    const query = { q: wanted.value.trim() || undefined, category: category.value || undefined, limit: PAGE };
    const data = await done(shop.products.search(query).page());
    if (!data) return;
    show(list, data.items.length === 0 ? el("li", { class: "soft" }, texts.noProducts) : data.items.map(({ id, name, price, ratings }) => el("li", {},
      el("button", { type: "button", class: "quiet", "data-key": id, "data-product": name, onclick: () => view.open(id) }, name),
      el("span", { class: "row" }, el("span", { class: "soft small" }, starsOf(ratings)), chip(money(price))))));
  }

  async function read() {
    const data = await done(shop.products.categories());
    if (!data) return;
    const chosen = category.value;
    category.replaceChildren(...options([["", texts.allProducts], ...data.items.map(({ id, name, products }) => [id, `${name} (${products})`])]));
    category.value = data.items.some(({ id }) => id === chosen) ? chosen : "";
    fill.hidden = data.items.length > 0;
    await search();
  }

  return foldable("shop", texts.shop, read, fill, form("products", search, el("label", {}, texts.category, category), el("label", {}, texts.searchProducts, wanted), submit(texts.search)), list, view.place);
}

/** A field with its error, which a problem of the API names by its pointer. */
function checked(pointer, number, text, input) {
  const wrong = el("p", { class: "wrong small", id: `wrong${pointer.replaceAll("/", "-")}-${number}`, role: "alert", "data-wrong": pointer });
  input.setAttribute("aria-describedby", wrong.id);
  const tell = (problem) => {
    wrong.textContent = problem?.fields.filter((field) => field.pointer === pointer).map(({ message }) => message).join(" ") ?? "";
    input.setAttribute("aria-invalid", String(wrong.textContent !== ""));
  };
  return { place: el("div", { class: "field" }, el("label", {}, text, input), wrong), tell };
}

/** The fields of a donation. `begun` gets the one that they begin. */
function donationForm(shop, number, begun) {
  const amount = el("input", { type: "number", step: "0.01", min: 0, inputmode: "decimal", required: true });
  const country = el("select", { autocomplete: "country", onchange: () => hint() });
  const postcode = el("input", { type: "text", maxlength: 64, autocomplete: "postal-code" });
  const limits = el("p", { class: "soft small" });
  const fields = [checked("/amount/amount", number, texts.amount, amount), checked("/country", number, texts.country, country), checked("/postal_code", number, texts.postcode, postcode)];
  let countries = [];
  let currency;

  /** What a postal code of the country looks like. */
  function hint() {
    const chosen = countries.find(({ code }) => code === country.value);
    postcode.placeholder = chosen?.postal_code_example ?? "";
    postcode.required = chosen?.postal_code_required ?? false;
  }

  async function read() {
    if (countries.length > 0) return;
    const [settings, all] = await Promise.all([done(shop.donations.settings()), done(shop.countries())]);
    if (!settings || !all) return;
    ({ currency } = settings.min);
    limits.textContent = texts.between(money(settings.min), money(settings.max));
    countries = all.items;
    country.replaceChildren(...options(countries.map(({ code, flag, name }) => [code, `${flag} ${name}`])));
    country.value = HOME;
    hint();
  }

  async function donate() {
    const minor = Math.round(Number(amount.value) * 100);
    const { data, problem } = await shop.donations.begin({ amount: { amount: minor, currency }, country: country.value, postal_code: postcode.value || undefined });
    for (const { tell } of fields) tell(problem);
    if (problem && problem.fields.length === 0) await done({ problem });
    if (data) begun(data);
  }

  return { place: form("donate", donate, ...fields.map(({ place }) => place), submit(texts.donate, true)), limits, read };
}

function donationPart(shop, number) {
  const history = el("ul", { class: "rows", "aria-label": texts.donations, "data-donations": true });
  const state = el("p", { role: "status", "data-donation": true });
  const card = el("select", {}, options(Object.keys(CARDS).map((name) => [name, texts.cards[name]])));
  const pay = form("pay", () => act({ card: CARDS[card.value] }), el("label", {}, texts.card, card), submit(texts.pay, true));
  const bank = el("div", { class: "row", "data-bank": true, hidden: true }, el("span", {}, texts.bank), button(texts.confirm, () => act("confirm"), { "data-confirm": true }), button(texts.refuse, () => act("fail_to_confirm")));
  /** What is being paid. */
  let donation;

  /** Does something as the card's holder, and shows what has become of the donation. */
  async function act(what) {
    const payment = donation.client_secret.split("_secret")[0];
    const body = { payment, act: what };
    // A refused card is told by the donation.
    const stripe = await call("POST", "/_local/stripe", body).catch(() => undefined);
    const now = await done(shop.donations.confirm(donation.id));
    bank.hidden = stripe?.payments.find(({ id }) => id === payment)?.status !== "requires_action";
    pay.hidden = !bank.hidden || now?.state !== "pending_payment";
    if (now) show(state, money(now.amount), " ", chip(texts.donationStates[now.state], TONES[now.state]), " ", now.decline && !pay.hidden ? chip(now.decline, "bad") : "");
  }

  function begun(data) {
    donation = data;
    pay.hidden = false;
    bank.hidden = true;
    show(state, money(data.amount), " ", chip(texts.donationStates[data.state], TONES[data.state]));
  }

  const { place, limits, read } = donationForm(shop, number, begun);
  pay.hidden = true;
  const opened = () => Promise.all([read(), done(shop.donations.reload())]);
  const part = foldable("donations", texts.donations, opened, limits, place, state, pay, bank, history);
  const end = shop.donations.subscribe((all) => show(history, all.length === 0 ? el("li", { class: "soft" }, texts.noDonations) : all.map(({ id, amount, state: now, created_at: at, country }) =>
    el("li", { "data-key": id, "data-state": now }, el("span", {}, `${money(amount)}, ${country}, ${day(Date.parse(at))}`), chip(texts.donationStates[now], TONES[now])))));
  return { place: part.place, end };
}

export function shopParts(stoa, page, number) {
  const shop = page.createShop(stoa);
  const donations = donationPart(shop, number);
  return {
    content: [shopPart(stoa, shop, page).place, donations.place],
    end() {
      donations.end();
      shop.close();
    },
  };
}
