import { $, act, call, chip, el, empty, live, show } from "./console.js";

/** The services, with what a developer has to know about faults of each. */
const services = {
  http_api: ["HTTP API", "The gateway in front of the functions. Failing is a 500, throttling a 429, unavailable a 503; the function is not invoked. If the reply is lost, the request has been executed. The operation is a route such as POST /v1/sessions."],
  lambda: ["Lambda", "Invocations of functions, by requests, by events and by schedules. A request whose function fails gets a 500. Events are tried again, then they are dead letters. The function is the invoked one."],
  dynamo_db: ["DynamoDB", "Functions try a failing call three times: with three failing calls in a row a request gets a 503."],
  s3: ["S3", "Calls of functions, and uploads and downloads of browsers with links that functions made. Functions try a failing call three times."],
  ses: ["SES", "Mails. They are sent in the background: the request succeeds, and the mail is late or never comes."],
  sns: ["SNS", "Text messages. They are sent in the background: the request succeeds, and the message is late or never comes."],
  event_bridge: ["EventBridge", "Events on the bus. They are published in the background, and again until the bus takes them."],
  secrets_manager: ["Secrets Manager", "Functions read secrets when they start, and have started already: a fault shows only if one starts again."],
  connections: ["WebSocket management", "Frames that functions send to sockets, and sockets that they close."],
};
/** What a call shall do, and what it then does. */
const mishaps = {
  fail: ["fail", "fails"],
  throttle: ["be throttled", "is throttled"],
  unavailable: ["find no service", "finds no service"],
  slow: ["be late", "is late"],
  lose_reply: ["lose the reply", "loses its reply"],
};
const tones = { slow: "warn", throttle: "warn" };
const examples = {
  429: { service: "http_api", mishap: "throttle", calls: 1 },
  503: { service: "http_api", mishap: "unavailable", calls: 1 },
  late: { service: "http_api", mishap: "slow", calls: 1, delay_ms: 5000 },
  lost: { service: "http_api", mishap: "lose_reply", calls: 1 },
  mail: { service: "ses", mishap: "fail", calls: 9 },
};

$("service").append(...Object.entries(services).map(([value, [name]]) => el("option", { value }, name)));
$("mishap").append(...Object.entries(mishaps).map(([value, [name]]) => el("option", { value }, name)));

function hint() {
  $("hint").textContent = services[$("service").value][1];
  $("delay-label").hidden = $("mishap").value !== "slow";
}

const calls = (f) => (f.calls === 0 ? "all calls" : f.calls === 1 ? "one call" : `${f.calls} calls`);

const refresh = live(() => "/_local/faults", ({ faults, functions }) => {
  if ($("function").childElementCount !== functions.length + 1) {
    $("function").replaceChildren(el("option", { value: "" }, "every function"), ...functions.map((f) => el("option", { value: f }, f)));
  }
  $("clear").hidden = faults.length === 0;
  if (faults.length === 0) return show($("faults"), el("tr", {}, el("td", { colspan: 5 }, empty("No faults", "Everything works as it does on AWS."))));
  show($("faults"), faults.map((f) => el("tr", {},
    el("th", { scope: "row" }, services[f.service]?.[0] ?? "every service"),
    el("td", { "data-label": "Calls" }, calls(f), f.function ? ` of ${f.function}` : "", f.operation ? el("div", {}, el("code", { class: "small" }, f.operation)) : ""),
    el("td", { "data-label": "What happens" }, chip(f.mishap === null ? "fails in a test" : mishaps[f.mishap][1], tones[f.mishap] ?? "bad"), f.delay_ms === null ? "" : ` by ${f.delay_ms / 1000} s`),
    el("td", { "data-label": "So far" }, f.over ? chip(`over, ${f.hits} of ${f.calls}`, "good") : f.calls === 0 ? String(f.hits) : `${f.hits} of ${f.calls}`),
    el("td", { class: "action" }, el("button", { type: "button", "data-key": `end-${f.id}`, onclick: (event) => end(event.target, f) }, f.over ? "Remove" : "End")))));
}, 1500);

const begin = (button, fault) => act(button, async () => { await call("POST", "/_local/faults", fault); await refresh(); }, "The fault has begun");
const end = (button, fault) => act(button, async () => { await call("DELETE", `/_local/faults/${fault.id}`); await refresh(); });

$("new").addEventListener("submit", (event) => {
  event.preventDefault();
  const fault = { service: $("service").value, mishap: $("mishap").value, calls: Number($("calls").value) };
  if (fault.mishap === "slow") fault.delay_ms = Math.round(Number($("delay").value) * 1000);
  if ($("function").value) fault.function = $("function").value;
  if ($("operation").value.trim()) fault.operation = $("operation").value.trim();
  begin(event.submitter, fault);
});
$("examples").addEventListener("click", (event) => {
  const fault = examples[event.target.dataset.example];
  if (fault) begin(event.target, fault);
});
$("clear").addEventListener("click", (event) => act(event.target, async () => { await call("DELETE", "/_local/faults"); await refresh(); }, "All faults have ended"));
$("service").addEventListener("change", hint);
$("mishap").addEventListener("change", hint);
hint();
