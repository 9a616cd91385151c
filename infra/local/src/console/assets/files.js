import { $, el, empty, figure, live, moment, say, show } from "./console.js";

const asked = new URLSearchParams(location.search);
let bucket = asked.get("bucket") ?? "";
let after = "";
let next = null;
$("prefix").value = asked.get("prefix") ?? "";

const size = (bytes) => (bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${figure(bytes / 1e3)} kB` : `${figure(bytes / 1e6)} MB`);
const place = (key) => `/_local/files/${encodeURIComponent(bucket)}/${key.split("/").map(encodeURIComponent).join("/")}`;

function render(value) {
  bucket = value.bucket ?? "";
  next = value.next;
  show($("bucket"), value.buckets.map((b) => el("option", { value: b, selected: b === bucket }, b)));
  $("bucket").value = bucket;
  $("next").hidden = next === null;
  $("first").hidden = after === "";
  $("summary").textContent = value.files.length === 0 ? "" : say(next === null ? "frame-on-page" : "frame-on-page-more", { n: value.files.length });
  if (value.files.length === 0) return show($("files"), el("tr", {}, el("td", { colspan: 5 }, empty(say("files-none"), $("prefix").value ? say("files-none-prefix") : say("files-none-why")))));
  show($("files"), value.files.map((f) => el("tr", {},
    el("th", { scope: "row" }, el("div", { class: "file" }, f.shown && f.content_type?.startsWith("image/") ? el("img", { src: place(f.key), alt: "", loading: "lazy" }) : "", el("code", {}, f.key))),
    el("td", { "data-label": say("files-type") }, f.content_type ?? el("span", { class: "soft" }, say("files-no-type"))),
    el("td", { "data-label": say("files-size"), class: "number" }, el("span", { class: "whole" }, size(f.size))),
    el("td", { "data-label": say("files-stored") }, f.at ? moment(f.at) : ""),
    el("td", { class: "action" }, el("a", { class: "button", href: place(f.key), target: "_blank", "data-key": f.key, "aria-label": say(f.shown ? "files-view-file" : "files-save-file", { key: f.key }) }, say(f.shown ? "files-view" : "files-save"))))));
}

function query() {
  const query = new URLSearchParams();
  if (bucket) query.set("bucket", bucket);
  if ($("prefix").value) query.set("prefix", $("prefix").value);
  return query;
}

const refresh = live(() => `/_local/files?${query()}&after=${encodeURIComponent(after)}`, render, 3000);
const search = () => { after = ""; history.replaceState(null, "", query().size ? `?${query()}` : location.pathname); refresh(); };
$("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("prefix").addEventListener("input", search);
$("bucket").addEventListener("change", () => { bucket = $("bucket").value; search(); });
$("next").addEventListener("click", () => { after = next; refresh(); });
$("first").addEventListener("click", search);
