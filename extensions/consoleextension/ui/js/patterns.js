// The section of log patterns.

import { $, h, setText, keyed, sparkline } from "./dom.js";
import { ask } from "./api.js";
import { count, percent, severity, ago, clock, plural, perSecond } from "./format.js";

const pageSize = 25;
const newFor = 900; // seconds for which a pattern is called new
const opened = new Map(); // id -> recent lines
let last = null;
let showAll = false;
let started = 0;

addEventListener("overview", (e) => { started = e.detail.started; });

export async function refresh() {
  last = await ask("patterns?limit=1000");
  render();
  await Promise.all([...opened.keys()].map(lines));
}

function render() {
  if (!last) return;
  const text = $("pattern-search").value.toLowerCase(), min = Number($("pattern-severity").value), order = $("pattern-order").value;
  const sum = (p) => p.per_minute.reduce((a, b) => a + b, 0);
  let list = last.patterns.filter((p) => p.severity >= min && p.template.toLowerCase().includes(text));
  if (order === "recent") list = list.map((p) => [sum(p), p]).sort((a, b) => b[0] - a[0]).map((x) => x[1]);
  if (order === "new") list = [...list].sort((a, b) => b.first_seen - a.first_seen);
  const shown = showAll || text ? list.slice(0, 1000) : list.slice(0, pageSize);
  const minute = last.patterns.reduce((a, p) => a + (p.per_minute.at(-2) ?? 0), 0);
  $("patterns-empty").hidden = last.patterns.length > 0;
  document.querySelector("table.patterns").hidden = !last.patterns.length;
  setText($("patterns-note"), last.total ? `${plural(last.lines, "line")} in ${plural(last.total, "pattern")} · ${perSecond(minute / 60)} in the last full minute` : "");
  $("pattern-more").hidden = shown.length >= list.length;
  setText($("pattern-more"), `Show all ${list.length}`);
  const items = shown.flatMap((p) => opened.has(p.id) ? [{ k: p.id, p }, { k: p.id + "/", p, detail: true }] : [{ k: p.id, p }]);
  keyed($("pattern-rows"), items, (i) => i.k, (i) => i.detail ? detailRow() : row(i.p), (e, i) => i.detail ? fillDetail(e, i.p) : fill(e, i.p));
}

function row(p) {
  const text = h("span", { class: "text" });
  const button = h("button", { type: "button", class: "rowbtn", "aria-expanded": "false", on: { click: () => toggle(p.id) } }, text);
  const e = h("tr", { class: "row", "data-testid": "pattern", data: { pattern: p.id } },
    h("td", { class: "num" }), h("td", { class: "num" }), h("td"), h("td", {}, h("span", { class: "level" })), h("td", { class: "tpl" }, button),
    h("td", { class: "wide muted" }), h("td", { class: "num wide muted ago" }), h("td", { class: "num muted ago" }));
  e.parts = { button, text };
  return e;
}

function fill(e, p) {
  const [n, share, rate, level, , service, firstSeen, lastSeen] = e.children, [name, tone] = severity(p.severity);
  setText(n, count(p.count));
  setText(share, percent(p.count / Math.max(1, last.lines)));
  const key = p.per_minute.join();
  if (rate.shown !== key) {
    rate.shown = key;
    const s = sparkline(p.per_minute);
    s.dataset.level = tone;
    rate.replaceChildren(s);
  }
  setText(level.firstElementChild, name);
  level.firstElementChild.dataset.level = tone;
  const isNew = p.first_seen - started > 120 && last.time - p.first_seen < newFor;
  if (e.shown !== p.template + isNew) {
    e.shown = p.template + isNew;
    e.parts.text.replaceChildren(...template(p.template), isNew ? h("span", { class: "badge", text: "new" }) : "");
  }
  e.parts.button.setAttribute("aria-expanded", String(opened.has(p.id)));
  setText(service, p.services.join(", ") || "–");
  setText(firstSeen, clock(p.first_seen));
  setText(lastSeen, ago(p.last_seen, last.time));
}

// template marks the variables <like this>.
function template(text) {
  if (text === "<other>") return [h("span", { class: "muted", text: "patterns too many to keep apart" })];
  return text.split(/(<[^<>\s]{1,40}>)/).filter(Boolean).map((part, i) => /^<[^<>\s]{1,40}>$/.test(part) ? h("span", { class: "var", text: part }) : part);
}

function toggle(id) {
  if (opened.delete(id)) { render(); return; }
  opened.set(id, []);
  render();
  lines(id).catch(() => { /* the next refresh tries again */ });
}

// reveal opens the row of a pattern and moves there.
export function reveal(id) {
  $("pattern-search").value = "";
  $("pattern-severity").value = "0";
  showAll = true;
  if (!opened.has(id)) toggle(id);
  else render();
  const row = $("pattern-rows").held?.get(id);
  (row ?? $("patterns")).scrollIntoView({ block: "center" });
  row?.querySelector("button").focus({ preventScroll: true });
}

async function lines(id) {
  const { logs } = await ask(`logs?limit=8&pattern=${encodeURIComponent(id)}`);
  if (opened.has(id)) { opened.set(id, logs); render(); }
}

const detailRow = () => h("tr", { class: "detail" }, h("td", { colspan: "8" }));

function fillDetail(e, p) {
  const recent = opened.get(p.id) ?? [];
  const key = recent.map((l) => l.time + l.body).join("\n") + p.examples.join("\n");
  if (e.shown === key) return;
  e.shown = key;
  const items = recent.length
    ? recent.map((l) => h("li", {}, h("time", { text: clock(l.time / 1000, true) }), l.body))
    : p.examples.map((x) => h("li", { text: x }));
  const sources = [...new Set(recent.map((l) => l.source).filter(Boolean))].slice(0, 3).join(", ");
  e.firstElementChild.replaceChildren(
    h("div", { class: "small muted", text: [recent.length ? "Most recent lines" : "Examples", sources, `pattern ${p.id}`, `first seen ${clock(p.first_seen, true)}`].filter(Boolean).join(" · ") }),
    h("ul", { class: "lines", "data-testid": "pattern-lines" }, ...items));
}

let ready = false;

export function init() {
  if (ready) return;
  ready = true;
  for (const id of ["pattern-search", "pattern-severity", "pattern-order"]) $(id).addEventListener("input", render);
  $("pattern-more").addEventListener("click", () => { showAll = true; render(); });
}
