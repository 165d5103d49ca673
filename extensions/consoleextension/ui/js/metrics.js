// Metrics: every watched series, found by words, group or state, and one of them in full.

import { h, svg, setText, link, heads } from "./dom.js";
import { ask } from "./api.js";
import { remember } from "./route.js";
import { expected, bounded, attributes, describe } from "./chart.js";
import { groups, groupOf, title as nameOf } from "./curated.js";
import { load, see } from "./points.js";
import { unitOf, plural } from "./format.js";
import { virtual } from "./vlist.js";
import { Detail } from "./detail.js";

const states = [["", "any state"], ["anomalous", "out of band"], ["learning", "learning"], ["adapting", "adapting"], ["normal", "normal"]];
const called = (state) => state === "anomalous" ? "out of band" : state;
let view = null; // the elements
let query = {};
let series = [];
// What applications measure, the last group, comes before what the system does.
const first = (s) => (s.group + 1) % groups.length;

export function enter({ root, title, query: asked }, signal) {
  title("Metrics");
  query = asked;
  view ??= build(root);
  if (document.activeElement !== view.search) view.search.value = query.q ?? "";
  view.state.value = query.state ?? "";
  show(signal);
}

export function leave() { view.detail.clear(); }

export async function refresh(signal) {
  const answer = await ask("series");
  if (signal.aborted) return;
  see(answer);
  series = answer.series.map((s) => ({ ...s, group: groupOf(s), text: `${s.metric} ${attributes(s)} ${s.template ?? ""}`.toLowerCase() }));
  series.sort((a, b) => (b.state === "anomalous") - (a.state === "anomalous") || first(a) - first(b));
  show(signal);
  await view.detail.refresh(signal);
  if (view.detail.chart) await load([view.detail.chart]);
}

function build(root) {
  const search = h("input", { type: "search", id: "series-search", placeholder: "Find a metric or attribute", "aria-label": "Find a metric or attribute", "data-testid": "series-search", maxlength: "200",
    on: { input: () => set({ q: search.value }) } });
  const state = h("select", { "aria-label": "State", on: { input: () => set({ state: state.value }) } }, ...states.map(([value, text]) => h("option", { value, text })));
  const note = h("span", { class: "note", "data-testid": "metrics-note" });
  const chips = h("div", { class: "pills", role: "group", "aria-label": "Groups of metrics" });
  const empty = h("p", { class: "empty", id: "metrics-empty", text: "Collecting. The first series come within a minute or two." });
  const body = h("tbody", { id: "series-rows" });
  const box = h("div", { class: "scroll tall", tabindex: "-1" }, h("table", { class: "series", "data-testid": "series-table" }, h("caption", { class: "hidden", text: "Watched series" }), heads("Series", "#Now", "#Expected", "In its band", "State"), body));
  const detail = new Detail(set);
  root.append(detail.element, h("div", { class: "head" }, search, state, note), chips, empty, box);
  return { search, state, note, chips, empty, box, detail, fill: virtual(box, body, 5, (s) => s.id, row, fill) };
}

// set changes the address: what is typed and filtered has no step in the history, what is
// chosen has.
function set(change, step = false) {
  query = Object.fromEntries(Object.entries({ ...query, ...change }).filter(([, v]) => v));
  if (step) location.hash = link("metrics", query);
  else { remember(query); show(); }
}

function show() {
  const words = (query.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = series.filter((s) => words.every((w) => s.text.includes(w)) && (!query.state || s.state === query.state));
  const list = found.filter((s) => !query.group || groups[s.group].name === query.group);
  const n = (state) => series.filter((s) => s.state === state).length;
  setText(view.note, series.length ? [list.length < series.length ? `${list.length} of ${plural(series.length, "series", "series")}` : plural(series.length, "series", "series"),
    n("anomalous") ? `${n("anomalous")} out of band` : "", n("learning") ? `${n("learning")} learning` : ""].filter(Boolean).join(" · ") : "");
  view.empty.hidden = list.length > 0;
  if (series.length) setText(view.empty, "No series fits. Take away a word, the group or the state.");
  view.box.hidden = !list.length;
  chips(found);
  if (list.length) view.fill(list);
  view.detail.show(query, series);
}

function chips(found) {
  const counts = groups.map(() => 0);
  for (const s of found) counts[s.group]++;
  const key = counts.join() + query.group;
  if (view.chips.shown === key) return;
  view.chips.shown = key;
  const chip = (name, count) => h("button", { type: "button", class: "pill", "aria-pressed": String((query.group ?? "") === name), on: { click: () => { set({ group: name }); view.box.scrollTop = 0; } } }, name || "All", h("span", { class: "muted", text: String(count) }));
  view.chips.replaceChildren(chip("", found.length), ...groups.map((g, i) => [g.name, counts[i], first({ group: i })]).filter(([, n]) => n).sort((a, b) => a[2] - b[2]).map(([name, n]) => chip(name, n)));
}

function row(s) {
  const a = h("a", { class: "pick" });
  const e = h("tr", { class: "row", title: describe(s), data: { series: s.id } }, h("td", {}, a), h("td", { class: "num" }), h("td", { class: "num" }), h("td", { class: "place" }), h("td", {}, h("span", { class: "state" })));
  e.a = a;
  return e;
}

function fill(e, s) {
  const write = unitOf(s), [, value, band, place, state] = e.children;
  const href = link("metrics", { ...query, name: s.id, from: "", to: "" });
  if (e.a.getAttribute("href") !== href) e.a.setAttribute("href", href);
  if (e.a.shown !== s.template) {
    e.a.shown = s.template;
    e.a.replaceChildren(s.template ? nameOf(s) : s.metric, " ", h("span", { class: "attrs", text: s.template ? "" : attributes(s) }));
  } else if (!e.a.firstChild) e.a.append(s.metric, " ", h("span", { class: "attrs", text: attributes(s) }));
  e.toggleAttribute("data-chosen", s.id === query.name);
  if (s.id === query.name) e.a.setAttribute("aria-current", "true");
  else e.a.removeAttribute("aria-current");
  setText(value, write(s.observed));
  setText(band, expected(...bounded(s, s.lower, s.upper), write, "", "–"));
  bullet(place, s);
  setText(state.firstElementChild, called(s.state));
  state.firstElementChild.dataset.state = s.state;
}

// bullet places the value within its band; the rail is the band and half of it on either
// side. A band that is open on one side has no place for it.
function bullet(cell, s) {
  const none = s.observed === null || s.lower === null || s.upper === null;
  if (none) { cell.replaceChildren(); return; }
  if (!cell.firstChild) {
    cell.append(svg("svg", { class: "bullet", viewBox: "0 0 120 12", "aria-hidden": "true" }, svg("rect", { class: "rail", x: 0, y: 4, width: 120, height: 4, rx: 2 }),
      svg("rect", { class: "zone", x: 30, y: 1, width: 60, height: 10, rx: 2 }), svg("circle", { class: "at", cx: 60, cy: 6, r: 3 })));
  }
  const width = Math.max(s.upper - s.lower, Math.abs(s.upper) * 1e-6, 1e-12), x = 60 + ((s.observed - (s.lower + s.upper) / 2) / width) * 60;
  const dot = cell.firstChild.lastElementChild;
  dot.setAttribute("cx", Math.min(117, Math.max(3, x)).toFixed(1));
  dot.setAttribute("class", s.observed < s.lower || s.observed > s.upper ? "at out" : "at");
}
