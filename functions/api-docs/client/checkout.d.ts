// The types of `checkout.js`: the cart of a guest or a member, orders, donations and plans.

import type { CartInfo, DonationInfo, NewDonation, OrderInfo, PaymentMethod, PlanPaymentInfo } from "./api.js";
import type { Result, Store, TokenStore } from "./core.js";
import type { List, Of, Stoa } from "./stoa.js";

/**
 * What a cart has, at the prices of the moment. `capped` and `left_out` are told once, by the answer with which a guest's cart became a
 * part of the member's.
 */
export type CartContent = Omit<CartInfo, "token">;

/**
 * The cart of whoever is there: a guest, or the person who is signed in. It is `undefined` until it is read or changed for the first time.
 * After a sign-in it is read again, and the guest's cart becomes a part of the member's. After a sign-out nothing of it is left.
 */
export interface Cart extends Store<CartContent | undefined> {
  reload(): Promise<Result<CartContent>>;
  /** Reads it for somebody who is about to order: a guest who signs in orders what the guest's cart has, and their former one is saved. */
  checkout(): Promise<Result<CartContent>>;
  /** So many of a product, 1 to 99, in place of those in the cart. */
  set(product: string, quantity: number): Promise<Result<CartContent>>;
  /** So many more of a product, one if nothing is said. */
  add(product: string, quantity?: number): Promise<Result<CartContent>>;
  remove(product: string): Promise<Result<CartContent>>;
}

/**
 * Pays with Stripe's script, such as `(secret) => stripe.confirmCardPayment(secret, …)`. After an `error` the payment is looked at once,
 * otherwise until it is settled, for a quarter of a minute at most.
 */
export type Confirm = (clientSecret: string) => { error?: unknown } | void | Promise<{ error?: unknown } | void>;

/** One's orders, the newest first. They are kept up to date with what this client does once their first page was read. */
export interface Orders extends List<OrderInfo> {
  /**
   * Orders what the cart has, for the total that it was shown with. Meanwhile, and after an answer that was lost, the same again asks for
   * the same order, whatever the cart has by then. `prices_changed`: the cart has the new prices. `captcha` is the token that is
   * needed after `captcha_required`.
   */
  place(paymentMethod: PaymentMethod, captcha?: string): Of<"POST", "/v1/orders">;
  /** How far it is. As long as it is not paid the server asks Stripe, so it is right also before Stripe's webhook has come. */
  get(order: string): Of<"GET", "/v1/orders/{order}">;
  /**
   * Pays it by card, also once more after a card was declined. What is returned says in `state` whether it is paid, and in `payment` why
   * a card was declined. The secret is that of the order, as `place` has returned it, or is asked for, with `captcha` after
   * `captcha_required`.
   */
  pay(order: OrderInfo, confirm: Confirm, captcha?: string): Of<"GET", "/v1/orders/{order}">;
  cancel(order: string): Of<"POST", "/v1/orders/{order}/cancellation">;
}

/** One's donations, the newest first, also those that were not paid. */
export interface Donations extends List<DonationInfo> {
  /** How much can be donated, and the key for Stripe's script. */
  settings(): Of<"GET", "/v1/donation-settings">;
  /** Begins a donation. Meanwhile, and after an answer that was lost, the same again gets the same donation. */
  begin(donation: NewDonation): Of<"POST", "/v1/donations">;
  /** Pays what was begun by card. */
  pay(begun: { id: string; client_secret: string }, confirm: Confirm): Of<"GET", "/v1/donations/{donation}">;
  /** What was really paid. The server asks Stripe, so it is right also before Stripe's webhook has come. */
  confirm(donation: string): Of<"GET", "/v1/donations/{donation}">;
}

/** One's payments for plans, the newest first, also those that were not paid. */
export interface Plans extends List<PlanPaymentInfo> {
  /** What can be bought, and the key for Stripe's script. */
  all(): Of<"GET", "/v1/plans">;
  /** The plan that one has paid for. */
  mine(): Of<"GET", "/v1/me/plan">;
  /**
   * Begins to pay for a plan, by its id. Meanwhile, and after an answer that was lost, the same again begins nothing twice. `captcha` is
   * the token that is needed after `captcha_required`.
   */
  begin(plan: string, captcha?: string): Of<"POST", "/v1/plan-payments">;
  /** Pays what was begun by card. */
  pay(begun: { id: string; client_secret: string }, confirm: Confirm): Of<"GET", "/v1/plan-payments/{payment}">;
  /** What was really paid. */
  confirm(payment: string): Of<"GET", "/v1/plan-payments/{payment}">;
}

export interface Checkout {
  readonly cart: Cart;
  readonly orders: Orders;
  readonly donations: Donations;
  readonly plans: Plans;
  close(): void;
}

/** `guest`: where the token of a guest's cart is kept, which is until the page is closed if nothing is said. */
export declare function createCheckout(stoa: Stoa, options?: { guest?: TokenStore }): Checkout;
