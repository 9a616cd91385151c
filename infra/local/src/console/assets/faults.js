import { $, act, call, chip, el, empty, figure, live, say, show } from "./console.js";

/** The services, with what a developer has to know about faults of each. */
const services = {
  http_api: ["HTTP API", say("faults-http-api")],
  lambda: ["Lambda", say("faults-lambda")],
  dynamo_db: ["DynamoDB", say("faults-dynamodb")],
  s3: ["S3", say("faults-s3")],
  ses: ["SES", say("faults-ses")],
  sns: ["SNS", say("faults-sns")],
  event_bridge: ["EventBridge", say("faults-eventbridge")],
  secrets_manager: ["Secrets Manager", say("faults-secrets")],
  connections: [say("faults-connections-name"), say("faults-connections")],
};
/** What happens to a call. */
const mishaps = {
  fail: say("faults-fail"),
  throttle: say("faults-throttle"),
  unavailable: say("faults-unavailable"),
  slow: say("faults-slow"),
  lose_reply: say("faults-lose-reply"),
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
$("mishap").append(...Object.entries(mishaps).map(([value, name]) => el("option", { value }, name)));

function hint() {
  $("hint").textContent = services[$("service").value][1];
  $("delay-label").hidden = $("mishap").value !== "slow";
}

const calls = (f) => (f.calls === 0 ? say("faults-all-calls") : f.calls === 1 ? say("faults-one-call") : say("faults-n-calls", { n: f.calls }));

const refresh = live(() => "/_local/faults", ({ faults, functions }) => {
  if ($("function").childElementCount !== functions.length + 1) {
    $("function").replaceChildren(el("option", { value: "" }, say("faults-every-function")), ...functions.map((f) => el("option", { value: f }, f)));
  }
  $("clear").hidden = faults.length === 0;
  if (faults.length === 0) return show($("faults"), el("tr", {}, el("td", { colspan: 5 }, empty(say("faults-none"), say("faults-none-why")))));
  show($("faults"), faults.map((f) => el("tr", {},
    el("th", { scope: "row" }, services[f.service]?.[0] ?? say("faults-every-service")),
    el("td", { "data-label": say("faults-how-many") }, calls(f), f.function ? ` ${say("faults-of", { function: f.function })}` : "", f.operation ? el("div", {}, el("code", { class: "small" }, f.operation)) : ""),
    el("td", { "data-label": say("faults-mishap") }, chip(f.mishap === null ? say("faults-in-test") : mishaps[f.mishap], tones[f.mishap] ?? "bad"), f.delay_ms === null ? "" : ` ${say("faults-delay", { seconds: figure(f.delay_ms / 1000) })}`),
    el("td", { "data-label": say("faults-so-far") }, f.over ? chip(say("faults-over", f), "good") : f.calls === 0 ? String(f.hits) : say("faults-hits", f)),
    el("td", { class: "action" }, el("button", { type: "button", "data-key": `end-${f.id}`, onclick: (event) => end(event.target, f) }, say(f.over ? "faults-remove" : "faults-end"))))));
}, 1500);

const begin = (button, fault) => act(button, async () => { await call("POST", "/_local/faults", fault); await refresh(); }, say("faults-begun"));
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
$("clear").addEventListener("click", (event) => act(event.target, async () => { await call("DELETE", "/_local/faults"); await refresh(); }, say("faults-cleared")));
$("service").addEventListener("change", hint);
$("mishap").addEventListener("change", hint);
hint();
