// What people wrote with the contact form, and the answers of the team by mail.

import { ask, button, card, chip, details, el, filters, form, link, list, loaded, notify, say, time, word } from "./parts.js";

const STATES = ["open", "waiting", "snoozed", "done"];
const TICKET = "/v1/admin/tickets/{ticket}";

function listScreen({ stoa }, route) {
  const state = route.filters.state ?? "open";
  const search = filters({ ...route, filters: { ...route.filters, state } }, [
    { name: "state", label: say("state"), kind: "select", choices: STATES.map((one) => [one, word("thread", one)]) },
    { name: "q", label: say("in-tickets"), kind: "search", maxlength: 100 },
    { name: "since_from", label: say("since-from"), kind: "date" },
    { name: "since_until", label: say("since-until"), kind: "date" },
  ]);
  const tickets = list(stoa, {
    title: word("screen", "tickets"),
    path: "/v1/admin/tickets",
    query: { ...route.filters, state },
    columns: [
      [say("from"), ({ id, name }) => link(name, ["tickets", id])],
      [say("account"), ({ username }) => (username ? link(username, ["people", username]) : "–")],
      [say("subject"), ({ subject_name: subject }) => subject],
      [say("state"), ({ state: now }) => chip(word("thread", now))],
      [say("assignee"), ({ assignee }) => assignee?.username],
      [say("when"), ({ created_at: at }) => time(at)],
    ],
    empty: say("no-tickets"),
  });
  return { title: word("screen", "tickets"), content: [search, tickets] };
}

function ticketScreen({ stoa, api }, id) {
  const params = { path: { ticket: id } };
  let version;
  let now;
  const read = async () => {
    const answer = await api.GET(TICKET, { params });
    if (answer.data) {
      version = answer.response.headers.get("etag");
      now = answer.data.ticket;
    }
    return answer;
  };
  const shown = loaded(read, ({ ticket, messages }) => {
    const change = (title, asked, bodyOf, rows) => button(title, async () => {
      const done = await ask({ title, rows: rows(), fields: asked, isDangerous: false, reread: async () => (await read(), rows()) }, async (values) => {
        const { problem, ...body } = await bodyOf(values);
        return problem ? { problem } : api.PATCH(TICKET, { params: { ...params, header: { "If-Match": version } }, body });
      });
      if (done) {
        notify(say("saved"));
        await shown.reload();
      }
    });
    const states = STATES.filter((state) => state !== ticket.state).map((state) => change(word("set-thread", state), state === "snoozed" ? [{ name: "until", label: say("until"), kind: "datetime-local", required: true }] : [],
      ({ until }) => (until ? { state, snoozed_until: new Date(until).toISOString() } : { state }), () => [[say("state"), word("thread", now.state), word("thread", state)]]));
    const me = stoa.session.current.user;
    const take = change(say("take"), [], () => ({ assignee: me.id }), () => [[say("assignee"), now.assignee?.username, me.username]]);
    const give = change(say("give"), [{ name: "username", label: say("username"), required: true, maxlength: 30 }], async ({ username }) => {
      const { data, problem } = await stoa.people.profile(username);
      return problem ? { problem } : { assignee: data.id };
    }, () => [[say("assignee"), now.assignee?.username, "…"]]);
    // The key is that of this text: sent twice, it is mailed once.
    let key = crypto.randomUUID();
    const answer = form({ name: "answer", fields: [{ name: "text", label: say("answer-by-mail"), kind: "textarea", required: true, maxlength: 10_000 }], submit: say("send"), tall: true, keeps: `ticket ${id}` }, async ({ text }) => {
      const sent = await api.POST(`${TICKET}/answers`, { params: { ...params, header: { "Idempotency-Key": key } }, body: { text } });
      if (sent.problem?.code === "idempotency_key_reused") key = crypto.randomUUID();
      if (sent.problem) return sent;
      notify(say("sent"));
      await shown.reload();
      return sent;
    });
    return [
      el("p", { class: "row" }, chip(word("thread", ticket.state)), ticket.assignee ? chip(say("has-it", { name: ticket.assignee.username ?? "–" }), "accent") : "", ticket.username ? link(ticket.username, ["people", ticket.username]) : ""),
      el("div", { class: "row" }, ticket.state === "done" || ticket.assignee?.id === me.id ? "" : take, ticket.state === "done" ? "" : give, states),
      card(ticket.subject_name, el("div", { class: "body" }, details({ from: ticket.name, ...ticket }, ["id", "state", "subject", "subject_name", "assignee", "messages", "preview", "name", "username", ...(ticket.username ? ["user"] : [])]))),
      card(say("messages"), el("ol", { class: "body stack said-by-mail" }, messages.map(({ author, text, at }) => el("li", {}, el("p", { class: "small soft" }, author ? author.username ?? "–" : ticket.name, " ", time(at)), el("p", { class: "text" }, text))))),
      card(say("answer-by-mail"), el("div", { class: "body" }, answer)),
    ];
  });
  return { title: say("ticket"), content: [el("p", {}, link(say("back-to-tickets"), ["tickets"])), shown.place] };
}

export default function ticketsScreen(app, route) {
  const id = route.path[1];
  return id ? ticketScreen(app, id) : listScreen(app, route);
}
