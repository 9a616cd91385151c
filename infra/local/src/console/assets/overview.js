import { $, act, call, chip, copyButton, el, live, show } from "./console.js";

const names = { api: "HTTP API", socket: "WebSocket", docs: "API documents", console: "This console", aws: "AWS endpoints", outside: "Other services" };

live(() => "/_local/overview", (value) => {
  show($("addresses"), value.urls.map(({ name, url }) => el("li", {},
    el("span", { class: "soft" }, names[name] ?? name),
    url.startsWith("http") && name !== "aws" && name !== "outside" ? el("a", { href: url }, el("code", {}, url)) : el("code", {}, url),
    copyButton(url))));
  $("accounts-card").hidden = value.accounts.length === 0;
  show($("accounts"), value.accounts.map((a) => el("tr", {},
    el("th", { scope: "row" }, a.name, " ", a.role === "superuser" ? chip("superuser", "accent") : ""),
    el("td", { "data-label": "Username" }, el("code", {}, a.username)),
    el("td", { "data-label": "E-mail" }, el("code", {}, a.email)),
    el("td", { class: "action" }, copyButton(a.username, "Copy username"), copyButton(a.email, "Copy e-mail")))));
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
}, "The rate limits are lifted"));
