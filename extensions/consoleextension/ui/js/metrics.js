// The section of watched series: charts first, then all others as a table.

import { $, h, svg, setText, keyed } from "./dom.js";
import { ask } from "./api.js";
import { Chart, expected, bounded, attributes, describe } from "./chart.js";
import { choose } from "./curated.js";
import { unitOf, plural } from "./format.js";

const pageSize = 40;
const charts = new Map(); // id -> Chart in the grid
const opened = new Map(); // id -> Chart in the table
let view = { charts: [], rest: [] };
let showAll = false;
let ready = false;
let now = 0;
let first = Infinity;

// shared is the time axis of all charts: at most an hour, at least two minutes.
export function shared() {
  const to = now || Date.now() / 1000;
  return [Math.max(to - 3600, Math.min(first, to - 120)), to];
}

export const noteFirst = (t) => { if (t) first = Math.min(first, t); };

// load fetches histories for charts that lack points, in one request.
export async function load(list) {
  const need = list.filter((c) => c.wants());
  for (let i = 0; i < need.length; i += 60) {
    const part = need.slice(i, i + 60);
    const since = Math.min(...part.map((c) => c.last));
    const { points } = await ask(`series/points?ids=${part.map((c) => c.series.id).join(",")}&since=${since}`);
    for (const c of part) {
      const p = points[c.series.id];
      if (!p) continue;
      noteFirst(p.t[0]);
      c.add(p);
    }
  }
  for (const c of list) c.draw();
}

export async function refresh() {
  const answer = await ask("series");
  now = Math.max(answer.time, ...answer.series.map((s) => s.time));
  view = choose(answer.series);
  $("metrics-empty").hidden = answer.series.length > 0;
  $("others").hidden = !view.rest.length && !$("series-search").value;
  note(answer);
  grid();
  table();
  await load([...charts.values(), ...opened.values()]);
}

function note({ series, total }) {
  const n = (state) => series.filter((s) => s.state === state).length;
  const learning = n("learning"), odd = n("anomalous");
  const parts = [plural(total, "series", "series")];
  if (odd) parts.push(`${odd} out of band`);
  if (learning) {
    const shares = series.filter((s) => s.state === "learning" && s.learned !== null).map((s) => s.learned);
    const known = shares.length ? `, at least ${Math.floor(Math.min(...shares) * 100)} % of the history they need` : "";
    parts.push(`${learning === total ? "all" : learning} learning${known}`);
  }
  setText($("metrics-note"), total ? parts.join(" · ") : "");
}

function grid() {
  keyed($("charts"), view.charts, (c) => c.series.id, ({ series, name }) => {
    const c = new Chart(series, name, shared);
    charts.set(series.id, c);
    c.element.dispose = () => { c.dispose(); charts.delete(series.id); };
    c.element.chart = c;
    return c.element;
  }, (e, { series, name }) => e.chart.update(series, name));
}

function table() {
  const words = $("series-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = view.rest.filter((s) => { const t = (s.metric + " " + attributes(s)).toLowerCase(); return words.every((w) => t.includes(w)); });
  const rows = showAll || words.length ? found.slice(0, 500) : found.slice(0, pageSize);
  setText($("others-note"), words.length ? `${found.length} of ${view.rest.length}` : "");
  $("series-more").hidden = rows.length >= found.length;
  setText($("series-more"), `Show all ${found.length}`);
  // A row and, when open, its chart.
  const items = rows.flatMap((s) => opened.has(s.id) ? [{ k: s.id, s }, { k: s.id + "/", s, chart: true }] : [{ k: s.id, s }]);
  keyed($("series-rows"), items, (i) => i.k, (i) => i.chart ? chartRow(i.s) : row(i.s), (e, i) => i.chart ? opened.get(i.s.id).update(i.s) : fill(e, i.s));
}

function row(s) {
  const button = h("button", { type: "button", class: "rowbtn", "aria-expanded": "false", on: { click: () => toggle(s.id) } },
    h("span", {}, ...breakable(s.metric), " ", h("span", { class: "attrs", text: attributes(s) })));
  const e = h("tr", { class: "row", title: describe(s), data: { series: s.id } }, h("td", {}, button),
    h("td", { class: "num" }), h("td", { class: "num wide" }), h("td", { class: "place" }), h("td", {}, h("span", { class: "state" })));
  e.button = button;
  return e;
}

// breakable lets a long name wrap after its dots.
const breakable = (name) => name.split(/(?<=[._])/).flatMap((part) => [part, document.createElement("wbr")]);

function fill(e, s) {
  const write = unitOf(s), [, value, band, place, state] = e.children;
  e.button.setAttribute("aria-expanded", String(opened.has(s.id)));
  setText(value, write(s.observed));
  setText(band, expected(...bounded(s, s.lower, s.upper), write, "", "–"));
  place.replaceChildren(bullet(s));
  setText(state.firstElementChild, s.state === "anomalous" ? "out of band" : s.state);
  state.firstElementChild.dataset.state = s.state;
}

// bullet places the value within its band; the rail is the band and half of it
// on either side. A band that is open on one side has no place for it.
function bullet(s) {
  if (s.observed === null || s.lower === null || s.upper === null) return "";
  const width = Math.max(s.upper - s.lower, Math.abs(s.upper) * 1e-6, 1e-12);
  const x = 60 + ((s.observed - (s.lower + s.upper) / 2) / width) * 60;
  const at = Math.min(117, Math.max(3, x)), out = s.observed < s.lower || s.observed > s.upper;
  return svg("svg", { class: "bullet", viewBox: "0 0 120 12", "aria-hidden": "true" },
    svg("rect", { class: "rail", x: 0, y: 4, width: 120, height: 4, rx: 2 }),
    svg("rect", { class: "zone", x: 30, y: 1, width: 60, height: 10, rx: 2 }),
    svg("circle", { class: out ? "at out" : "at", cx: at, cy: 6, r: 3 }));
}

function toggle(id) {
  if (opened.has(id)) { opened.get(id).dispose(); opened.delete(id); table(); return; }
  const s = view.rest.find((r) => r.id === id);
  if (!s) return;
  opened.set(id, new Chart(s, attributes(s) || s.metric, shared));
  table();
  load([opened.get(id)]).catch(() => { /* the next refresh tries again */ });
}

const chartRow = (s) => h("tr", { class: "detail" }, h("td", { colspan: "5" }, opened.get(s.id).element));

export function enter({ title, query }) {
  title("Metrics");
  if (query.q) $("series-search").value = query.q;
  if (ready) return;
  ready = true;
  $("series-search").addEventListener("input", table);
  $("series-more").addEventListener("click", () => { showAll = true; table(); });
}
