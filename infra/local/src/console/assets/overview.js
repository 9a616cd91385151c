import { $, act, call, chip, copyButton, el, live, say, show } from "./console.js";

const names = { api: say("overview-api"), socket: say("overview-socket"), docs: say("overview-docs"), staff: say("overview-staff"), console: say("overview-console"), aws: say("overview-aws"), outside: say("overview-outside") };

live(() => "/_local/overview", (value) => {
  show($("addresses"), value.urls.map(({ name, url }) => el("li", {},
    el("span", { class: "soft" }, names[name] ?? name),
    url.startsWith("http") && name !== "aws" && name !== "outside" ? el("a", { href: url }, el("code", {}, url)) : el("code", {}, url),
    copyButton(url))));
  $("accounts-card").hidden = value.accounts.length === 0;
  show($("accounts"), value.accounts.map((a) => el("tr", {},
    el("th", { scope: "row" }, a.name, " ", a.role === "superuser" ? chip(say("overview-superuser"), "accent") : ""),
    el("td", { "data-label": say("overview-username") }, el("code", {}, a.username)),
    el("td", { "data-label": say("overview-email") }, el("code", {}, a.email)),
    el("td", { class: "action" }, copyButton(a.username, say("overview-copy-username")), copyButton(a.email, say("overview-copy-email"))))));
  const password = value.accounts[0]?.password ?? "";
  show($("password"), password);
  if (!$("password-copy").hasChildNodes()) $("password-copy").append(copyButton(password));
  $("hosting").textContent = `${value.functions.length}`;
  show($("functions"), value.functions.map((f) => el("tr", {},
    el("th", { scope: "row" }, f.name),
    el("td", {}, el("ul", { class: "triggers" }, f.triggers.map((t) => el("li", {}, el("code", {}, t))))))));
}, 5000);

$("lift").addEventListener("click", (event) => act(event.target, async () => {
  await call("POST", "/_local/limits", { lifted: true });
  $("lifted").hidden = false;
}, say("overview-lifted")));
