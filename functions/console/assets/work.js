// What needs staff: how much waits, what has waited longest, and what was given up.

import { address, el, link, list, loaded, money, say, time, word } from "./parts.js";
import { givenUp, raised } from "./health.js";
import { isAtLeast } from "./rights.js";

/** Where one finds what is counted. */
const PLACES = {
  support_threads: [["threads"], { state: "open" }],
  tickets: [["tickets"], { state: "open" }],
  reports: [["reports"], { state: "open" }],
  orders: [["orders"], { state: "placed" }],
  paid_orders: [["orders"], { state: "paid" }],
  refunds: [["orders"], { state: "refunding" }],
  disputes: [["orders"], { alert: "disputed" }],
  failed_refunds: [["orders"], { alert: "refund_failed" }],
  wrong_payments: [["orders"], { alert: "wrong_payment" }],
  late_payments: [["orders"], { alert: "late_payment" }],
  overdue_deletions: [["people"], { state: "leaving" }],
};

/** Something that is counted up to a maximum. */
function counted([name, { count, more }]) {
  const [path, query] = PLACES[name] ?? [["health"], {}];
  return el("li", { class: "card" }, el("a", { href: address(path, query), "data-work": name }, el("b", {}, `${count}${more ? "+" : ""}`), word("work", name)));
}

export default function workScreen(app) {
  const { stoa, api } = app;
  const counts = loaded(
    () => api.GET("/v1/admin/work"),
    (data) => el("ul", { class: "work" }, Object.entries(data).filter(([, value]) => value?.count !== undefined).map(counted)),
  );
  const threads = list(stoa, {
    title: say("waiting-threads"),
    path: "/v1/support/threads",
    query: { state: "open", limit: 10 },
    columns: [
      [say("customer"), ({ room, customer }) => link(customer.username, ["threads", room])],
      [say("subject"), ({ subject }) => subject],
      [say("last-message"), ({ last_at: at }) => time(at)],
    ],
    empty: say("no-threads"),
  });
  const reports = list(stoa, {
    title: say("open-reports"),
    path: "/v1/moderation/reports",
    query: { state: "open", limit: 10 },
    columns: [
      [say("author"), ({ room, seq, author }) => link(author.username, ["reports", room, String(seq)])],
      [say("message"), ({ text }) => text],
      [say("reported"), ({ reported_at: at }) => time(at)],
    ],
    empty: say("no-reports"),
  });
  const tickets = () => list(stoa, {
    title: say("open-tickets"),
    path: "/v1/admin/tickets",
    query: { state: "open", limit: 10 },
    columns: [
      [say("from"), ({ id, name }) => link(name, ["tickets", id])],
      [say("subject"), ({ subject_name: subject }) => subject],
      [say("when"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-tickets"),
  });
  const orders = () => ["paid", "placed"].map((state) => list(stoa, {
    title: `${say("orders-to-ship")}: ${word("order", state)}`,
    path: "/v1/admin/orders",
    query: { state, limit: 10 },
    columns: [
      [say("order"), ({ id, user }) => link(id, ["orders", user, id])],
      [say("total"), ({ total }) => money(total)],
      [say("placed"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-orders"),
  }));
  const forAdministrators = isAtLeast("administrator") ? [tickets(), ...orders()] : [];
  return { title: word("screen", "work"), content: [isAtLeast("administrator") ? raised(api).place : "", counts.place, threads, ...forAdministrators, reports, isAtLeast("superuser") ? givenUp(app) : ""] };
}
