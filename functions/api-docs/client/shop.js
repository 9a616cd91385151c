// The shop: products with what people say about them, and the catalogue of models. It is a part of its own, because only some
// applications show it: `createShop(stoa)`. What is bought and paid is in `checkout.js`.

import { createVersions, forEachPerson } from "./stoa.js";

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

  return {
    products,
    comments,
    ratings,
    models,
    countries: () => api.GET("/v1/countries"),
    close: forEachPerson(session, model.forget),
  };
}
