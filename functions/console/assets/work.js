// What needs staff: how much waits, and what has waited longest.

import { address, el, link, list, loaded, money, say, time, word } from "./parts.js";

/** Where one finds what is counted. */
const PLACES = {
  threads: [["threads"], { state: "open" }],
  tickets: [["tickets"], { state: "open" }],
  reports: [["reports"], { state: "open" }],
  disputes: [["orders"], { state: "disputed" }],
  refunds: [["orders"], { state: "refund_failed" }],
  dead_letters: [["health"], {}],
};

/** A number, or one that is not counted any further. */
const figure = (value) => (typeof value === "object" && value ? `${value.count ?? value.number ?? 0}${value.more ? "+" : ""}` : String(value));

function counted([name, value]) {
  const [path, query] = PLACES[name.replace(/^(open|waiting|failed|unanswered)_|_(open|failed|waiting)$/g, "")] ?? [["work"], {}];
  return el("li", { class: "card" }, el("a", { href: address(path, query), "data-work": name }, el("b", {}, figure(value)), word("work", name)));
}

export default function workScreen({ stoa, api }) {
  const counts = loaded(
    () => api.GET("/v1/admin/work"),
    (data) => el("ul", { class: "work" }, Object.entries(data).filter(([, value]) => typeof value === "number" || value?.more !== undefined).map(counted)),
    true,
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
    isOptional: true,
  });
  const orders = list(stoa, {
    title: say("orders-to-ship"),
    path: "/v1/admin/orders",
    query: { state: "placed", limit: 10 },
    columns: [
      [say("order"), ({ id, user }) => link(id, ["orders", user, id])],
      [say("total"), ({ total }) => money(total)],
      [say("placed"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-orders"),
    isOptional: true,
  });
  return { title: word("screen", "work"), content: [counts.place, threads, reports, orders] };
}
