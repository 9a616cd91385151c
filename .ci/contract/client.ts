// A page of calls that must compile with the types of the JavaScript client. Nothing here is run.

import { createStoa, StoaError, type Flow, type Store } from "stoa-client";
import { createAccount } from "stoa-client/account";
import { createCore } from "stoa-client/core";
import { createCheckout } from "stoa-client/checkout";
import { createShop } from "stoa-client/shop";
import { createSupport } from "stoa-client/support";

const stoa = createStoa({ url: "http://127.0.0.1:8000", tokens: "cookie", locale: "pl" });

/** Signing in, with a second factor if there is one. */
export async function signIn(login: string, password: string): Promise<string | undefined> {
  const { data: flow, problem } = await stoa.session.signIn({ login, password, rememberDevice: true });
  if (problem) return problem.code === "credentials_invalid" ? undefined : problem.requestId;
  return flow.next === "signed_in" ? flow.path : secondStep(flow);
}

async function secondStep(flow: Flow): Promise<string | undefined> {
  const factor = flow.allowed.find((allowed) => allowed !== "passkey") ?? "email";
  const target: string | null | undefined = flow.masked[factor];
  const { data: chosen } = await flow.choose(factor);
  if (!chosen) return target ?? undefined;
  const { data: done, problem } = await chosen.verify("042617");
  if (problem?.code === "code_invalid") return `${problem.tries_left ?? 0} tries are left`;
  return done?.user?.username;
}

/** Paths, parameters, bodies, answers and codes are those of the operation. */
export async function calls(): Promise<number> {
  const { data, problem, response } = await stoa.api.GET("/v1/users/{username}", { params: { path: { username: "ana" } } });
  if (problem?.code === "not_found" || problem?.code === "unreachable") return problem.retryAfter ?? 0;
  // @ts-expect-error not one of this operation's codes
  if (problem?.code === "invite_used") return 0;
  // @ts-expect-error there is no such path
  await stoa.api.GET("/v1/nobody");
  // @ts-expect-error the path has a parameter
  await stoa.api.GET("/v1/users/{username}");
  // @ts-expect-error the body lacks its member
  await stoa.api.POST("/v1/me/inviter", { body: {} });
  // @ts-expect-error there is no such method
  await stoa.api.PUT("/v1/me");
  const changed = await stoa.api.PATCH("/v1/me", { params: { header: { "If-Match": response?.headers.get("etag") ?? "*" } }, body: { bio: data?.username ?? null } });
  const rooms = await stoa.api.GET("/v1/rooms", { params: { query: { limit: 10 } } });
  return (rooms.data?.items ?? []).reduce((sum, room) => sum + room.last_seq, changed.problem?.fields.length ?? 0);
}

/** Lists, page by page or item by item. */
export async function lists(): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const room of stoa.pages("/v1/rooms", { query: { limit: 5 } })) names.push(room.with?.username ?? room.kind);
  } catch (error) {
    if (error instanceof StoaError) names.push(error.problem.title);
  }
  const { data } = await stoa.pages("/v1/me/invitees").page();
  // @ts-expect-error no list
  stoa.pages("/v1/me");
  return data?.more ? names : [];
}

/** Uploading. */
export async function upload(file: File): Promise<string | undefined> {
  const { data } = await stoa.upload(file, { for: "picture", onProgress: (part) => part.toFixed(), signal: AbortSignal.timeout(60_000) });
  return data?.state === "published" ? data.picture?.small : undefined;
}

/** Rooms, frames and stores. */
export async function talk(): Promise<void> {
  const { data: room } = await stoa.rooms.direct("ben");
  const stop = room?.messages.subscribe((messages) => messages.map(({ seq, text, state }) => `${seq ?? "…"} ${text} ${state}`));
  await room?.send("Good morning!");
  stop?.();
  const { data: hello } = await stoa.live.ask({ type: "hello" });
  const most: number | undefined = hello?.limits.message_chars;
  // @ts-expect-error there is no such frame
  await stoa.live.ask({ type: "shout" });
  stoa.live.on((payload) => payload.type === "message" && payload.text?.length === most);
  const { data: desk } = await stoa.live.ask({ type: "hello" }, "support");
  const team: boolean | undefined = desk?.team;
  // @ts-expect-error the support desk has no such frame
  await stoa.live.ask({ type: "online", room: "public" }, "support");
  // @ts-expect-error there is no such stream
  await stoa.live.ask({ type: "hello" }, "stage");
  stoa.live.on((payload, stream) => {
    if (stream === "notification") return payload.category;
    return stream === "support" && payload.type === "thread" ? payload.state : team;
  });
  const names: Store<{ id: string }[]> = stoa.rooms;
  names.subscribe((all) => all.length)();
}

/** Groups, what is unread, people and notifications. */
export async function together(ben: string): Promise<number> {
  const { data: group, problem } = await stoa.rooms.create({ kind: "group", name: "The porch" });
  if (!group) return problem.fields.length;
  const invited = await group.members.invite(ben);
  if (invited.problem?.code === "chat_not_allowed") return 0;
  // @ts-expect-error there is no such role
  await group.members.setRole(ben, "king");
  for await (const { user, role } of group.members.pages()) if (role === "owner") await stoa.people.block(user.id);
  stoa.rooms.subscribe((all) => all.map(({ unread, muted, club }) => [club?.name, unread?.mentions ?? 0, muted]));
  stoa.rooms.unread.subscribe((sum) => sum.toFixed());
  const { data: page } = await stoa.rooms.more();
  const chats: number = page?.items.filter((chat) => !chat.muted).length ?? 0;
  const asked = await stoa.people.request(ben);
  if (asked.problem?.code === "friend_paused") return chats;
  stoa.people.received.subscribe((all) => all.map(({ username }) => username));
  for await (const { relation } of stoa.people.search("be")) if (relation === "friends") break;
  const { data: near } = await stoa.people.nearby(5);
  stoa.notifications.on(({ type, category }) => `${category} ${type}`);
  const { problem: unread } = await stoa.notifications.readAll();
  const changed = await stoa.me.update({ bio: null });
  return changed.problem?.code === "version_mismatch" ? 0 : (near?.items.length ?? unread?.status ?? stoa.notifications.unread.current.unread);
}

/** The support desk, of which a socket can be once the team's proof is there. */
export async function help(): Promise<string | undefined> {
  const support = createSupport(stoa);
  const { data: own } = await support.open("My order");
  await own?.send("Where is it?");
  // @ts-expect-error only the team takes threads
  void own?.take;
  support.threads.open.subscribe((threads) => threads.map(({ customer, unread, last_seq }) => [customer.username, unread, last_seq]));
  const [first] = support.threads.open.current;
  if (!first) return undefined;
  const thread = support.of(first.room);
  const { problem } = await thread.send("It is on its way.");
  if (problem?.code === "thread_moved_on") await thread.force(thread.messages.current.at(-1)?.nonce ?? "");
  await thread.setState("snoozed", new Date().toISOString());
  const { data: note } = await thread.note("Call back on Monday.");
  if (note) await thread.removeNote(note.id);
  if (note) await thread.removeNote(note.id, "It is about somebody else.");
  await support.replies.remove("reply", "Nobody uses it.");
  for await (const note of thread.notes()) return note.text;
  return thread.info.current?.assignee?.username;
}

/** The part without rooms and sockets, with a store of one's own. */
export const core = createCore({ url: "http://127.0.0.1:8000", tokens: { get: () => null, set: (_token) => undefined } });

/** The shop is a part of its own: products with what people say about them, and models. */
export async function shop(): Promise<string | undefined> {
  const shop = createShop(stoa);
  for await (const { id, price, ratings } of shop.products.search({ q: "lamp", sort: "price_asc" })) {
    if (price.amount > 1000) return ratings.mean;
    const { problem } = await shop.ratings.give(id, 5);
    if (problem?.code === "not_found") break;
    const { data: comment } = await shop.comments.write(id, "Warm light.");
    if (comment) await shop.comments.edit(id, comment.id, "Very warm light.");
  }
  // @ts-expect-error not one of the orders
  shop.products.search({ sort: "oldest" });
  const { data: categories } = await shop.products.categories();
  const batch = await shop.models.search({ search: "arch" }).page();
  if (batch.data?.divider) await shop.models.update("1", { title: "Arch" });
  return categories?.items[0]?.name;
}

/** What is paid for is another part: the cart, orders, donations and plans. */
export async function checkout(): Promise<string | undefined> {
  const { cart, orders, donations, plans } = createCheckout(stoa, { guest: { get: () => localStorage.getItem("cart"), set: (token) => localStorage.setItem("cart", token ?? "") } });
  const { data: added, problem: full } = await cart.add("1", 2);
  if (full) return full.code;
  const capped: string[] = added.capped;
  await cart.set("1", 3);
  cart.subscribe((now) => now?.items.map(({ name, quantity }) => [name, quantity]));
  const confirm = async (secret: string): Promise<{ error?: { message: string } }> => (secret ? {} : { error: { message: "declined" } });
  const { data: placed, problem: refused } = await orders.place("card");
  if (refused) return refused.code === "prices_changed" ? cart.current?.items[0]?.name : capped[0];
  const { data: order } = await orders.pay(placed, confirm);
  if (order?.state === "pending_payment") await orders.cancel(order.id);
  // @ts-expect-error not a payment method
  await orders.place("barter");
  const { data: begun, problem } = await donations.begin({ amount: { amount: 1500, currency: "PLN" }, country: "PL", postal_code: "00-001" });
  if (problem) return problem.fields.map(({ message }) => message).join();
  const { data: donation } = await donations.pay(begun, confirm);
  donations.subscribe((all) => all.map(({ state, paid_at }) => [state, paid_at]));
  const { data: offered } = await plans.all();
  const plan = offered?.items[0];
  const bought = plan && (await plans.begin(plan.id));
  if (bought?.data) await plans.pay(bought.data, () => undefined);
  return donation?.state === "paid" ? begun.client_secret : order?.id;
}

/** Accounts are another part: how one comes, and what one settles. */
export async function account(token: string): Promise<string | undefined> {
  const account = createAccount(stoa);
  const { data: registration, problem } = await account.registration.start("ana@stoa.example");
  if (problem) return problem.fields.map(({ message }) => message).join();
  account.registration.subscribe((now) => [now?.step, now?.code?.resend_at, registration.progress]);
  await account.registration.setPersonal({ first_name: "Ana", last_name: "Nowak", birth_date: "1990-01-01" });
  // @ts-expect-error no date of birth
  await account.registration.setPersonal({ first_name: "Ana", last_name: "Nowak" });
  await account.registration.complete({ terms: "2" });
  const { data: phone } = await account.byPhone({ phone: "+447700900000" });
  const signedIn = await phone?.verify("042617", { first_name: "Ana" });
  if (signedIn?.data?.next === "verify") await signedIn.data.verify({ password: "" });
  const { data: codes } = await account.factors.prove("sms", "042617");
  await account.passkeys.add("Phone");
  await account.passkeys.signIn({ next: "/rooms" });
  account.sessions.subscribe((all) => all.filter(({ current }) => !current).map(({ id }) => account.sessions.remove(id)));
  const { data: address } = await account.addresses.add({ street: "Long 1", city: "Warsaw", country: "PL", postal_code: "00-001" });
  if (address) await account.addresses.setMain(address.id);
  const { data: key } = await account.keys.create("Import", ["products:write"]);
  const archive = await account.archive();
  for await (const { action } of account.events()) if (action) break;
  await account.password.reset(token, "a long one");
  const { problem: refused } = await account.contact.send({ name: "Ana", email: "ana@stoa.example", subject: "other", message: "…" });
  return refused?.code ?? (archive.data?.status === "ready" ? archive.data.url : (key?.key ?? codes?.recovery_codes.join()));
}
