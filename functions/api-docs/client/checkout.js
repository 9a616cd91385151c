// What is paid for: the cart of a guest or a member, orders, donations and plans. It is a part of its own, because only some applications
// show it: `createCheckout(stoa)`.

import { createStore, single, someoneElse, wait } from "./core.js";
import { createList, forEachPerson } from "./stoa.js";

const CART = "/v1/cart";
const PENDING = "pending_payment";
/** How often a change of the cart is made while the server says that others were faster. */
const ROUNDS = 3;
/** Milliseconds between looks at what is being paid, and the maximum number of them. */
const LOOK_MS = 1000;
const LOOKS = 15;

/** Whether the server may have done what it was asked, although it did not say so: also if it was still busy with the same. */
const isOpen = (problem) => problem && (problem.status === 0 || problem.status >= 500 || problem.code === "conflict");

/** Where the token of a guest's cart is until the page is closed. */
function inMemory() {
  let kept = null;
  return { get: () => kept, set: (token) => void (kept = token) };
}

/** The cart: a guest's, which their token names, or the member's, of which the guest's becomes a part when it is read after a sign-in. */
function createCart({ api, session }, guest) {
  const [cart, set] = createStore(undefined);
  const person = () => session.current.user?.id;
  let owner = person();
  let isFollowed = false;
  let isOrdering = false;
  let reading = null;
  /** The version of the cart that was read last. */
  let version;
  /** The token of a guest who has signed in. It is sent until they sign out, in case the carts could not be merged yet. */
  let merging;
  /** Requests are made one after the other. */
  let turn = Promise.resolve();

  /** Runs `work` in turn, unless somebody other than `who` has signed in by then. A guest may have become a member. */
  function queued(work, who) {
    const mine = turn.then(() => session.restore()).then(() => (who && who !== person() ? someoneElse() : work()));
    turn = mine.catch(() => undefined);
    return mine;
  }

  /** One request. Its answer is shown, unless it is about the cart of somebody else by then. */
  async function ask(method, path, { params, ...given }) {
    const who = person();
    const token = (await guest.get()) || merging;
    if (who !== person()) return someoneElse();
    const header = { ...params.header, ...(token && { "Cart-Token": token }) };
    const answer = await api[method](path, { ...given, params: { ...params, header } });
    if (answer.problem) return answer;
    version = answer.response?.headers.get("etag");
    const { token: drawn, ...data } = answer.data;
    if (drawn) await guest.set(drawn);
    if (who && token && method === "GET") {
      merging = token;
      await guest.set(null);
    }
    if (who !== person()) return who ? someoneElse() : { data };
    set(data);
    return { data };
  }

  const read = () => ask("GET", CART, { params: { query: { checkout: isOrdering || undefined } } });

  /** Reads the cart, for whoever is there then. Who asks before it is read gets the same answer, which alone tells what was capped. */
  function reload() {
    isFollowed = true;
    return (reading ??= queued(() => ((reading = null), read())));
  }

  /** Makes a quantity of the one that there is. The cart is read before if that counts, and if a guest's is to become a part of it. */
  async function change(product, next, counts) {
    for (let round = 1; ; round += 1) {
      let now;
      let header;
      if (counts || round > 1 || (person() && (await guest.get()))) {
        const { data, problem } = await read();
        if (problem) return { problem };
        now = data.items.find((item) => item.product === product)?.quantity;
        // What another device has put into it since is not undone.
        header = counts && version ? { "If-Match": version } : undefined;
      }
      const params = { path: { product }, header };
      const answer = await ask("PUT", `${CART}/items/{product}`, { params, body: { quantity: next(now ?? 0) } });
      if (round === ROUNDS || !["conflict", "version_mismatch"].includes(answer.problem?.code)) return answer;
    }
  }

  const put = (product, next, counts) => {
    isFollowed = true;
    return queued(() => change(product, next, counts), person());
  };

  const close = session.subscribe(({ user }) => {
    if (user?.id === owner) return;
    if (owner) {
      isOrdering = false;
      merging = undefined;
      turn = turn.then(() => guest.set(null)).catch(() => undefined);
      set(undefined);
    }
    owner = user?.id;
    if (isFollowed) void reload();
  });

  /** The cart after all changes that were made. */
  async function settled() {
    await turn;
    return cart.current ? { data: cart.current } : reload();
  }

  function ordered() {
    isOrdering = false;
    if (isFollowed) void reload();
  }

  Object.assign(cart, {
    reload,
    checkout: () => ((isOrdering = true), reload()),
    set: (product, quantity) => put(product, () => quantity),
    add: (product, quantity = 1) => put(product, (now) => now + quantity, true),
    remove: (product) => put(product, () => 0),
  });
  return { cart, settled, ordered, close };
}

/** What one pays by card, as a list. Each is begun once, and looked at until it is settled. `name` is that of its id in paths. */
function createPaid(stoa, path, name) {
  const { api, session } = stoa;
  const { list, change, clear, isFollowed } = createList(stoa, path);
  const of = (id) => ({ params: { path: { [name]: id } } });
  const paying = new Map();
  /** What was asked for and not answered. */
  let asked;

  /** The list shows what a call has answered, once its first page was read. Secrets are for their payment only. */
  async function noted(call) {
    const person = session.current.user?.id;
    const answer = await call;
    if (answer.data && isFollowed() && person === session.current.user?.id) {
      const { client_secret: _, payment, ...rest } = answer.data;
      const now = payment ? { ...rest, payment: { ...payment, client_secret: undefined } } : rest;
      const isIt = ({ id }) => id === now.id;
      change((all) => (all.some(isIt) ? all.map((one) => (isIt(one) ? now : one)) : [now, ...all]));
    }
    return answer;
  }

  const look = (id) => noted(api.GET(`${path}/{${name}}`, of(id)));
  const act = (id, place, body) => noted(api.POST(`${path}/{${name}}${place}`, { ...of(id), body }));

  /** The same again, meanwhile or after an answer that was lost, begins nothing twice. `text` says what is the same. */
  function begin(body, text = JSON.stringify(body)) {
    if (asked?.text !== text) {
      const header = { "Idempotency-Key": crypto.randomUUID() };
      const run = single(async () => {
        const answer = await noted(api.POST(path, { body, params: { header } }));
        if (asked === mine && !isOpen(answer.problem)) asked = undefined;
        return answer;
      });
      const mine = (asked = { text, run });
    }
    return asked.run();
  }

  /** Pays with what the application does with the secret, and looks at the payment until it is settled. */
  async function payNow(id, secret, confirm) {
    const told = await confirm(secret);
    for (let looks = 1; ; looks += 1) {
      const answer = await look(id);
      const isUnsettled = answer.problem ? isOpen(answer.problem) : answer.data.state === PENDING && !told?.error;
      if (!isUnsettled || looks === LOOKS) return answer;
      await wait(LOOK_MS);
    }
  }

  /** A doubled click pays once. `secretOf` asks for the secret, which there is none of any more if it is settled. */
  function pay(id, secretOf, confirm) {
    const run = async () => {
      const { data, problem } = await secretOf();
      if (problem) return { problem };
      return data ? payNow(id, data, confirm) : look(id);
    };
    if (!paying.has(id)) paying.set(id, run().finally(() => paying.delete(id)));
    return paying.get(id);
  }

  const close = forEachPerson(session, () => {
    asked = undefined;
    clear();
  });
  return { list, look, act, begin, pay, close };
}

/** What is begun with its secret: donations and plans. */
const withSecret = ({ list, begin, look, pay }, more) => Object.assign(list, {
  begin,
  confirm: look,
  pay: ({ id, client_secret: data }, confirm) => pay(id, async () => ({ data }), confirm),
}, more);

export function createCheckout(stoa, { guest = inMemory() } = {}) {
  const { api } = stoa;
  const { cart, settled, ordered, close } = createCart(stoa, guest);
  const orders = createPaid(stoa, "/v1/orders", "order");
  const donations = createPaid(stoa, "/v1/donations", "donation");
  const plans = createPaid(stoa, "/v1/plan-payments", "payment");

  /** Orders what is in the cart, at the prices that it was shown with. An order that was not answered is asked for again as it was. */
  async function place(paymentMethod, captcha) {
    const { data, problem } = await settled();
    if (problem) return { problem };
    const answer = await orders.begin({ payment_method: paymentMethod, total: data.total, captcha }, paymentMethod);
    if (!isOpen(answer.problem)) ordered();
    return answer;
  }

  async function secretOf({ id, payment }, captcha) {
    const known = payment?.client_secret;
    const { data, problem } = known ? {} : await orders.act(id, "/payment", captcha && { captcha });
    return problem ? { problem } : { data: known ?? data.payment?.client_secret };
  }

  return {
    cart,
    orders: Object.assign(orders.list, {
      place,
      get: orders.look,
      cancel: (order) => orders.act(order, "/cancellation"),
      pay: (order, confirm, captcha) => orders.pay(order.id, () => secretOf(order, captcha), confirm),
    }),
    donations: withSecret(donations, { settings: () => api.GET("/v1/donation-settings") }),
    plans: withSecret(plans, {
      all: () => api.GET("/v1/plans"),
      mine: () => api.GET("/v1/me/plan"),
      begin: (plan, captcha) => plans.begin({ plan, captcha }),
    }),
    close: () => [{ close }, orders, donations, plans].forEach((part) => part.close()),
  };
}
