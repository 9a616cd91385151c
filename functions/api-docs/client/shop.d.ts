// The types of `shop.js`: products with what people say about them, and the catalogue of models.

import type { CommentInfo, CreateModel, ModelInfo, Operations, ProductInfo, UpdateModel } from "./api.js";
import type { Pages, Result } from "./core.js";
import type { Of, Stoa } from "./stoa.js";

/** What products are looked for, and in which order. */
export type ProductQuery = NonNullable<Operations["/v1/products"]["GET"]["query"]>;

/** The products, for everybody. */
export interface Products {
  /** With `availability` a page can be empty although there is a next one. */
  search(query?: Omit<ProductQuery, "cursor">): Pages<ProductInfo>;
  get(product: string): Of<"GET", "/v1/products/{product}">;
  /** The product with this name in addresses. */
  bySlug(slug: string): Of<"GET", "/v1/product-slugs/{slug}">;
  categories(): Of<"GET", "/v1/categories">;
}

/** What people say about products. */
export interface Comments {
  /** The comments on a product, the newest first. */
  of(product: string, query?: { limit?: number }): Pages<CommentInfo>;
  write(product: string, text: string): Of<"POST", "/v1/products/{product}/comments">;
  /** Changes one's own comment. */
  edit(product: string, comment: string, text: string): Of<"PUT", "/v1/products/{product}/comments/{comment}">;
  remove(product: string, comment: string): Of<"DELETE", "/v1/products/{product}/comments/{comment}">;
}

/** One's own ratings of products. All of them together are in the product. */
export interface OwnRatings {
  own(product: string): Of<"GET", "/v1/products/{product}/rating">;
  /** Gives 1 to 5 stars, in place of one's former rating. */
  give(product: string, stars: number): Of<"PUT", "/v1/products/{product}/rating">;
  withdraw(product: string): Of<"DELETE", "/v1/products/{product}/rating">;
}

/** A batch of models: either all of them are looked for, or none. */
export interface ModelBatch {
  items: ModelInfo[];
  more: boolean;
  /** Whether they are looked for. */
  relevant: boolean;
  /** Whether they are the first ones that are not looked for. */
  divider: boolean;
}

/** The catalogue of models. */
export interface Models {
  /** What is looked for, and then the rest, in batches of five. The creator can be given by a part of the username or by the id. */
  search(query?: { search?: string; creator?: string; creator_id?: string; country?: string }): AsyncIterable<ModelInfo> & { page(): Promise<Result<ModelBatch>> };
  get(model: string): Of<"GET", "/v1/models/{model}">;
  create(model: CreateModel): Of<"POST", "/v1/models">;
  /** Changes one's model, in the version that was read last. `version_mismatch`: it has changed in the meantime; `get` reads it again. */
  update(model: string, changed: UpdateModel): Of<"PATCH", "/v1/models/{model}">;
  remove(model: string): Of<"DELETE", "/v1/models/{model}">;
}

export interface Shop {
  readonly products: Products;
  readonly comments: Comments;
  readonly ratings: OwnRatings;
  readonly models: Models;
  /** The countries, with their flags and whether they have postal codes, in the language of the client. */
  countries(): Of<"GET", "/v1/countries">;
  close(): void;
}

export declare function createShop(stoa: Stoa): Shop;
