// The shop: products with what people say about them, the catalogue of models, and donations. It is a part of its own, because only some
// applications show it: `createShop(stoa)`.

import { createList, createVersions, forEachPerson } from "./stoa.js";

/** Whether the server may have done what it was asked, although it did not say so. */
const isOpen = ({ status }) => status === 0 || status >= 500;

export function createShop(stoa) {
  const { api, pages, session } = stoa;
  const of = (product, more) => ({ params: { path: { product, ...more } } });

  const products = {
    search: (query) => pages("/v1/products", { query }),
    get: (product) => api.GET("/v1/products/{product}", of(product)),
    bySlug: (slug) => api.GET("/v1/product-slugs/{slug}", { params: { path: { slug } } }),
    categories: () => api.GET("/v1/categories"),
  };
  const comments = {
    of: (product, query) => pages("/v1/products/{product}/comments", { ...of(product), query }),
    write: (product, text) => api.POST("/v1/products/{product}/comments", { ...of(product), body: { text } }),
    edit: (product, comment, text) => api.PUT("/v1/products/{product}/comments/{comment}", { ...of(product, { comment }), body: { text } }),
    remove: (product, comment) => api.DELETE("/v1/products/{product}/comments/{comment}", of(product, { comment })),
  };
  const ratings = {
    own: (product) => api.GET("/v1/products/{product}/rating", of(product)),
    give: (product, stars) => api.PUT("/v1/products/{product}/rating", { ...of(product), body: { stars } }),
    withdraw: (product) => api.DELETE("/v1/products/{product}/rating", of(product)),
  };
  const model = createVersions(api, "/v1/models/{model}", (id) => ({ model: id }));
  const models = {
    /** The pages say with `relevant` and `divider` where the rest begins. */
    search: (query) => pages("/v1/models", { query }),
    get: model.get,
    create: (body) => api.POST("/v1/models", { body }),
    update: (id, body) => model.change("PATCH", id, body),
    remove: (id) => model.change("DELETE", id),
  };

  const { list, change, clear, isFollowed } = createList(stoa, "/v1/donations");
  /** The donation whose beginning was not answered, and the key that names it. */
  let asked;

  /** The history shows a donation as it is now, once its first page was read. */
  function settle({ client_secret: _, ...now }) {
    const isIt = ({ id }) => id === now.id;
    if (isFollowed()) change((all) => (all.some(isIt) ? all.map((one) => (isIt(one) ? now : one)) : [now, ...all]));
  }

  /** The same again, after an answer that was lost, begins no second donation. */
  async function begin(body) {
    const text = JSON.stringify(body);
    if (asked?.text !== text) asked = { text, key: crypto.randomUUID() };
    const mine = asked;
    const answer = await api.POST("/v1/donations", { body, params: { header: { "Idempotency-Key": mine.key } } });
    if (asked === mine && !(answer.problem && isOpen(answer.problem))) asked = undefined;
    if (answer.data) settle(answer.data);
    return answer;
  }

  /** What was really paid: the server asks Stripe. */
  async function confirm(donation) {
    const answer = await api.GET("/v1/donations/{donation}", { params: { path: { donation } } });
    if (answer.data) settle(answer.data);
    return answer;
  }

  const end = forEachPerson(session, () => {
    asked = undefined;
    model.forget();
    clear();
  });

  return {
    products,
    comments,
    ratings,
    models,
    countries: () => api.GET("/v1/countries"),
    donations: Object.assign(list, { settings: () => api.GET("/v1/donation-settings"), begin, confirm }),
    close: end,
  };
}
