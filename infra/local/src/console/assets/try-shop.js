// The shop as a guest or a customer sees it: products with what people say about them, and the parts for what is bought.

import { chip, el, figure, show } from "./console.js";
import { cartPart, ordersPart } from "./try-cart.js";
import { staffOrdersPart } from "./try-orders.js";
import { button, done, foldable, form, money, options, submit } from "./try-parts.js";
import { donationPart, plansPart } from "./try-payments.js";
import { asSuperuser } from "./try-staff.js";
import { texts } from "./try-texts.js";

const STARS = [5, 4, 3, 2, 1];
/** Products and comments on a page. */
const PAGE = 20;
/** What a new shop has: a category, and names with prices in minor units. */
const GOODS = { [texts.goods.category]: [[texts.goods.lamp, 4900], [texts.goods.turtle, 1999], [texts.goods.column, 12900]] };

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

/** One product: what it is, its ratings and comments, and one's own unless one is a guest. */
function productView({ shop }, me, changed) {
  const place = el("div", { class: "stack", "data-product-view": true, hidden: true });
  const comments = el("ul", { class: "rows", "aria-label": texts.comments, "data-comments": true });
  const about = el("div", { class: "stack" });
  const stars = el("select", {}, options(STARS.map((number) => [number, String(number)])));
  const field = el("input", { type: "text", maxlength: 500, autocomplete: "off", required: true });
  let id;

  async function open(product) {
    id = product;
    const [now, own, page] = await Promise.all([done(shop.products.get(id)), me && shop.ratings.own(id), done(shop.comments.of(id, { limit: PAGE }).page())]);
    if (!now || !page || id !== product) return;
    show(about, el("strong", {}, now.name), el("span", {}, now.description), el("span", { class: "row" }, chip(money(now.price)), chip(starsOf(now.ratings)), now.is_available ? "" : chip(texts.soldOut, "bad")));
    if (own?.data) stars.value = String(own.data.stars);
    show(comments, page.items.length === 0 ? el("li", { class: "soft" }, texts.noComments) : page.items.map((comment) => el("li", { "data-key": comment.id },
      el("span", {}, el("span", { class: "soft small" }, comment.author.username ?? texts.gone, " "), comment.text),
      me && comment.author.id === me ? button(texts.discard, () => done(shop.comments.remove(id, comment.id)).then(again)) : "")));
    place.hidden = false;
  }

  const again = () => Promise.all([open(id), changed()]);
  const rate = form("rate", () => done(shop.ratings.give(id, Number(stars.value))).then(again), el("label", {}, texts.yourStars, stars), submit(texts.rate));
  const write = form("comment", async () => {
    if (await done(shop.comments.write(id, field.value))) field.value = "";
    await again();
  }, el("label", {}, texts.comment, field), submit(texts.send));
  place.append(about, ...(me ? [rate, comments, write] : [comments]));
  return { place, open };
}

function shopPart(stoa, sale, page) {
  const { shop, checkout: { cart } } = sale;
  const category = el("select", { onchange: () => search() });
  const wanted = el("input", { type: "search", maxlength: 100, autocomplete: "off" });
  const list = el("ul", { class: "rows", "aria-label": texts.products });
  const fill = button(texts.fillShop, () => fillShop(page).then(read), { "data-fill": true, hidden: true });
  const view = productView(sale, stoa.session.current.user?.id, search);

  /** The last search: a later answer to an earlier one is not shown. */
  let asked = 0;
  async function search() {
    const mine = (asked += 1);
    const query = { q: wanted.value.trim() || undefined, category: category.value || undefined, limit: PAGE };
    const data = await done(shop.products.search(query).page());
    if (!data || mine !== asked) return;
    show(list, data.items.length === 0 ? el("li", { class: "soft" }, texts.noProducts) : data.items.map(({ id, name, price, ratings }) => el("li", {},
      el("button", { type: "button", class: "quiet", "data-key": id, "data-product": name, onclick: () => view.open(id) }, name),
      el("span", { class: "row" }, el("span", { class: "soft small" }, starsOf(ratings)), chip(money(price)),
        button(texts.add, () => done(cart.add(id)), { "aria-label": texts.addOne(name), "data-key": `${id}-add`, "data-add": name })))));
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

/** The parts of the shop for whoever is in the pane, who is a guest as long as nobody is signed in. `sale` is theirs for the whole pane. */
export function shopParts(stoa, sale, page, number) {
  const parts = [shopPart(stoa, sale, page)];
  if (stoa.session.current.user) {
    const orders = ordersPart(stoa, sale, page, number);
    parts.push(cartPart(sale, orders.checkout), orders, donationPart(sale, number), plansPart(sale), staffOrdersPart(stoa, page, number));
  } else {
    parts.push(cartPart(sale, [el("p", { class: "soft small" }, texts.guest)]));
  }
  return { content: parts.map(({ place }) => place), end: () => parts.forEach((part) => part.end?.()) };
}
