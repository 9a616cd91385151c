// The shop's products with their stock, and the categories. Moderators see the products and what is said about them.

import { amountField, ask, button, card, chip, details, el, filters, forget, form, link, list, loaded, money, notify, say, time, word } from "./parts.js";
import { isAtLeast } from "./rights.js";

const PRODUCT = "/v1/products/{product}";
/** The types of files that can be pictures. */
const PICTURES = "image/jpeg,image/png,image/webp";
const SORTS = ["newest", "name_asc", "name_desc", "price_asc", "price_desc"];

/** The categories, as pairs of an id and a name. */
async function categories(api) {
  const { data } = await api.GET("/v1/categories");
  return (data?.items ?? []).map(({ id, name }) => [id, name]);
}

function listScreen(app, route) {
  const { stoa, api } = app;
  const search = el("div");
  void categories(api).then((known) => search.replaceChildren(filters(route, [
    { name: "q", label: say("name-or-description"), kind: "search", maxlength: 100 },
    { name: "category", label: say("category"), kind: "select", choices: [["", say("all")], ...known] },
    { name: "availability", label: say("availability"), kind: "select", choices: [["", say("all")], ["available", word("availability", "available")], ["unavailable", word("availability", "unavailable")]] },
    { name: "sort", label: say("sort"), kind: "select", choices: SORTS.map((sort) => [sort, word("sort", sort)]), value: "newest" },
  ])));
  const products = list(stoa, {
    title: word("screen", "products"),
    path: "/v1/products",
    query: route.filters,
    columns: [
      [say("name"), ({ id, name }) => link(name, ["products", id])],
      [say("price"), ({ price }) => price.text ?? money(price)],
      [say("in-stock"), ({ available }) => String(available)],
      [say("state"), ({ for_sale: sold, discount }) => [chip(word("sold", sold), sold ? "good" : "warn"), discount ? chip(say("discounted"), "accent") : ""]],
      [say("changed"), ({ updated_at: at }) => time(at)],
    ],
    empty: say("no-products"),
  });
  const add = button(say("new-product"), async () => {
    const made = await ask({ title: say("new-product"), fields: fields({ price: {} }, await categories(api)), submit: say("save"), isDangerous: false },
      ({ amount, ...body }) => api.POST("/v1/products", { body: { ...body, price: { amount: price({ price: {} }).read(amount), currency: CURRENCY } } }));
    if (made) app.go(["products", made.id]);
  });
  return { title: word("screen", "products"), content: [isAtLeast("administrator") ? el("div", { class: "row" }, add, link(say("categories"), ["products", "categories"])) : "", search, products] };
}

/** Products cost this currency, unless they have another price. */
const CURRENCY = "PLN";
/** @param {{ price: { amount?: number, currency?: string } }} product */
const price = ({ price: { amount, currency = CURRENCY } }) => amountField({ amount, currency }, { name: "amount", label: say("price-in", { currency }) });

/** The fields of a product, as it is. */
const fields = (product, known) => [
  { name: "name", label: say("name"), value: product.name, required: true, maxlength: 100 },
  { name: "category", label: say("category"), kind: "select", choices: known, value: product.category },
  price(product).field,
  { name: "available", label: say("in-stock"), kind: "number", min: 0, max: 1_000_000, step: 1, required: product.available !== undefined, value: product.available },
  { name: "description", label: say("description"), kind: "textarea", required: true, value: product.description, maxlength: 4000 },
  { name: "for_sale", label: say("for-sale"), kind: "check", value: product.for_sale ?? true },
];

/** The picture of a product, and what replaces and removes it. */
function pictureOf({ stoa, api }, { id, name, picture }, reload) {
  const asked = [{ name: "file", label: say("picture-file"), kind: "file", accept: PICTURES, required: true }];
  const send = form({ name: "picture", fields: asked, submit: say("upload"), isMain: false }, async (_, node) => {
    const { data, problem } = await stoa.upload(node.elements.file.files[0], { for: "product", product: id });
    if (problem) return { problem };
    if (data.state !== "published") return { problem: { title: word("upload", data.reason ?? data.state) } };
    notify(say("saved"));
    await reload();
    return {};
  });
  const remove = () => button(say("remove-picture"), async () => {
    const gone = await ask({ title: say("remove-picture"), rows: [[word("field", "picture"), say("there"), "–"]], why: true }, (_, header) => api.DELETE(`${PRODUCT}/picture`, { params: { path: { product: id }, header } }));
    if (gone) await reload();
  }, { class: "danger", "data-act": "remove-picture" });
  const shown = picture ? [el("img", { class: "picture", src: picture.medium, alt: name, width: 300, height: 300 }), el("div", { class: "row" }, remove())] : el("p", {}, say("no-picture"));
  return card(word("field", "picture"), el("div", { class: "body stack" }, shown, send));
}

function productScreen(app, id) {
  const { stoa, api } = app;
  const params = { path: { product: id } };
  let current;
  const read = async () => {
    const [answer, known] = await Promise.all([api.GET(PRODUCT, { params }), categories(api)]);
    if (answer.data) current = { product: answer.data, version: answer.response.headers.get("etag"), known };
    return answer;
  };
  const header = (more = {}) => ({ path: { product: id }, header: { "If-Match": current.version, ...more } });
  const valueOf = (product) => ({ ...product, amount: product.price.amount });
  const named = (name, value) => (name === "category" ? current.known.find(([one]) => one === value)?.[1] : name === "for_sale" ? word("boolean", value) : name === "amount" ? money({ ...current.product.price, amount: value }) : String(value ?? "–"));

  /** What administrators change of it. */
  function changes(product) {
    const asked = [...fields(product, current.known), { name: "discount_percent", label: say("discount"), kind: "number", min: 1, max: 90, step: 1, value: product.discount?.percent }];
    const edit = form({ name: "edit", fields: asked, submit: say("check-change"), tall: true, keeps: `product ${id}` }, async (typed) => {
      const values = { ...typed, amount: price(product).read(typed.amount) };
      const was = { ...valueOf(product), discount_percent: product.discount?.percent };
      const changed = asked.map(({ name }) => name).filter((name) => (values[name] ?? "") !== (was[name] ?? ""));
      if (changed.length === 0) return { problem: { title: say("nothing-changed") } };
      const now = () => ({ ...valueOf(current.product), discount_percent: current.product.discount?.percent });
      const rows = () => changed.map((name) => [word("field", name), named(name, now()[name]), named(name, values[name])]);
      const body = Object.fromEntries(changed.map((name) => (name === "amount" ? ["price", { amount: values.amount, currency: product.price.currency }] : [name, values[name] ?? null])));
      const saved = await ask({ title: say("change-product"), rows: rows(), submit: say("save"), isDangerous: false, reread: async () => (await read(), rows()) }, () => api.PATCH(PRODUCT, { params: header(), body }));
      if (saved) {
        notify(say("saved"));
        await shown.reload();
      }
      // Who has left the dialog goes on typing.
      return saved ? {} : { problem: {} };
    });
    const stock = loaded(() => api.GET(`${PRODUCT}/stock`, { params }), (data) => details(data), true);
    return [
      card(say("change-product"), el("div", { class: "body" }, edit)),
      pictureOf(app, product, () => shown.reload()),
      card(say("stock"), el("div", { class: "body" }, stock.place)),
    ];
  }

  const shown = loaded(read, (product) => {
    const remove = () => button(say("delete-product"), async () => {
      if (await ask({ title: say("delete-product"), rows: [[product.name, say("for-sale"), say("deleted")]], why: true, reread: async () => (await read(), [[current.product.name, time(current.product.updated_at), say("deleted")]]) }, (_, why) => api.DELETE(PRODUCT, { params: header(why) }))) app.go(["products"]);
    }, { class: "danger", "data-act": "delete" });
    const isEditor = isAtLeast("administrator");
    return [
      ...(isEditor ? changes(product) : [card(product.name, el("div", { class: "body" }, details({ price: product.price, description: product.description })))]),
      list(stoa, {
        title: say("comments"),
        path: `${PRODUCT}/comments`,
        params,
        columns: [
          [say("author"), ({ author }) => (author?.username ? link(author.username, ["people", author.username]) : "–")],
          [say("message"), ({ text }) => text],
          [say("when"), ({ created_at: at }) => time(at)],
          ["", ({ id: comment, text }) => button(say("delete"), async () => {
            const path = { product: id, comment };
            if (await ask({ title: say("delete-comment"), rows: [[say("message"), text, "–"]], why: true }, (_, why) => api.DELETE("/v1/moderation/comments/{product}/{comment}", { params: { path, header: why } }))) await shown.reload();
          }, { class: "quiet" })],
        ],
        empty: say("no-comments"),
      }),
      isEditor ? el("div", { class: "row" }, remove()) : "",
    ];
  });
  return { title: say("product"), content: [el("p", {}, link(say("back-to-products"), ["products"])), shown.place], end: () => forget(`product ${id}`) };
}

function categoriesScreen({ api }) {
  const path = "/v1/categories/{category}";
  const shown = loaded(() => api.GET("/v1/categories"), ({ items }) => {
    const rename = (one) => button(say("change"), async () => {
      let now = one;
      let mine;
      const reread = async () => {
        const { data } = await api.GET("/v1/categories");
        now = data?.items.find(({ id }) => id === one.id) ?? now;
        return [[say("name"), now.name, mine.name]];
      };
      const saved = await ask({ title: say("change-category"), fields: [{ name: "name", label: say("name"), value: one.name, required: true, maxlength: 50 }], submit: say("save"), isDangerous: false, reread },
        (body) => api.PUT(path, { params: { path: { category: one.id }, header: { "If-Match": `"v${now.version}"` } }, body: (mine = body) }));
      if (saved) await shown.reload();
    }, { class: "quiet" });
    const remove = ({ id, name }) => button(say("delete"), async () => {
      if (await ask({ title: say("delete"), rows: [[name, say("there"), say("deleted")]], why: true }, (_, header) => api.DELETE(path, { params: { path: { category: id }, header } }))) await shown.reload();
    }, { class: "quiet" });
    return el("ul", { class: "rows" }, items.map((one) => el("li", {}, el("span", {}, one.name, " ", chip(String(one.products))), el("span", { class: "row" }, rename(one), remove(one)))));
  });
  const add = form({ name: "category", fields: [{ name: "name", label: say("name"), required: true, maxlength: 50 }], submit: say("new-category"), isMain: false }, async (body, node) => {
    const answer = await api.POST("/v1/categories", { body });
    if (!answer.problem) node.reset();
    await shown.reload();
    return answer;
  });
  return { title: say("categories"), content: [el("p", {}, link(say("back-to-products"), ["products"])), card(say("categories"), el("div", { class: "body stack" }, shown.place, add))] };
}

export default function productsScreen(app, route) {
  const id = route.path[1];
  if (id === "categories" && !isAtLeast("administrator")) return { title: say("categories"), content: [el("p", {}, say("needs-role", { role: word("role", "administrator") }))] };
  if (id === "categories") return categoriesScreen(app);
  return id ? productScreen(app, id) : listScreen(app, route);
}
