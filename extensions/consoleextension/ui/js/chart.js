// A chart of one series: its band shaded, points out of it marked. All charts share the
// time axis and the crosshair; only those that can be seen are drawn.

import { h, setText, link, heads } from "./dom.js";
import { unitOf, isBytes, clock } from "./format.js";
import { later, appeared, shared } from "./points.js";

const SYNC = "tidewatch";
const stateText = {
  learning: (s) => s.learned === null ? "learning" : `learning, ${Math.floor(s.learned * 100)} % of its history`,
  anomalous: () => "out of band", adapting: () => "adapting", normal: () => "",
};
// Steps of axes: round numbers of ten, and of 1024 for bytes.
const tens = [], binary = [];
for (let e = -6; e < 15; e++) for (const m of [1, 2, 2.5, 5]) tens.push(m * 10 ** e);
for (let e = 0; e < 60; e++) binary.push(2 ** e);
// Narrower than this a chart has no room for numbers beside it.
const narrow = 230;
const maxRows = 60; // of the table
const probe = document.createElement("i");
probe.hidden = true;

export function colours() {
  if (!probe.isConnected) document.body.append(probe);
  const of = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  return { data: of("data"), band: of("band"), critical: of("critical"), muted: of("muted"), grid: of("grid"), week: of("week") };
}

// yRange holds all values and as much of the band as leaves them readable: a
// young band may be a hundred times wider than what it holds. It starts at zero
// where zero is near; a flat series keeps some room so that noise looks like it.
function yRange(u, lo, hi, limit) {
  if (lo === null || hi === null) return [0, 1];
  const values = [3, 5, 6].flatMap((c) => u.data[c] ?? []).filter((v) => v !== null && v !== undefined);
  const least = Math.min(...values), most = Math.max(...values);
  const reach = 2.5 * Math.max(most - least, Math.abs(most) * 0.1) || hi - lo;
  lo = Math.max(lo, least - reach);
  hi = Math.min(hi, most + reach);
  if (least >= 0 && lo < hi * 0.4) lo = 0;
  const room = Math.max((hi - lo) * 0.08, Math.abs(hi) * 0.03, 1e-9);
  return [lo === 0 ? 0 : lo - room, Math.min(hi + room, Math.max(limit, most))];
}

const sight = new IntersectionObserver((entries) => {
  for (const e of entries) e.target.chart?.seen(e.isIntersecting);
}, { rootMargin: "150px" });

// axes are those of every chart.
export function axes(c, series, write, width) {
  const axis = { stroke: c.muted, font: "10.5px system-ui, sans-serif", grid: { stroke: c.grid, width: 1 }, ticks: { show: false } };
  return [
    { ...axis, size: 22, gap: 5, space: 46, incrs: [60, 120, 300, 600, 900, 1800, 3600, 7200], values: (u, ts) => ts.map((t) => clock(t).slice(-5)), grid: { show: false } },
    { ...axis, show: width >= narrow, size: 58, gap: 4, space: 24, incrs: isBytes(series) ? binary : tens, values: (u, vs) => vs.map((v) => write(v)) },
  ];
}

export class Chart {
  // window() gives [from, to] in seconds, pick(time) is told of a click, select(from, to)
  // of a drag.
  constructor(series, name, { window = shared, kind = "plot", pick = null, select = null } = {}) {
    this.window = window;
    this.pick = pick;
    this.select = select;
    this.value = h("span", { class: "value", "data-testid": "chart-value" });
    this.expect = h("span", { class: "expected" });
    this.state = h("span", { class: "state" });
    this.plot = h("div", { class: kind });
    this.plot.append(h("div", { class: "waiting", text: "waiting for points" }));
    this.label = h("a", { class: "name", text: name, title: describe(series), href: link("metrics", { name: series.id }) });
    this.spike = h("span", { class: "spike", hidden: true });
    this.table = h("details", { class: "data" }, h("summary", { text: "Table" }), h("div", { class: "scroll" }));
    this.table.addEventListener("toggle", () => this.rows());
    this.element = h("article", { class: "chart", "data-testid": "chart", data: { series: series.id, metric: series.metric } },
      h("div", { class: "title" }, this.label, this.value),
      h("div", { class: "expect" }, this.expect, this.state), this.plot, h("div", { class: "under" }, this.spike, this.table));
    this.name = name;
    this.data = [[], [], [], [], []];
    this.ahead = null;
    this.visible = false;
    this.onTheme = () => this.rebuild();
    addEventListener("themechange", this.onTheme);
    this.resize = new ResizeObserver(() => {
      if (this.u && this.u.axes[1].show !== this.plot.clientWidth >= narrow) this.rebuild();
      else this.u?.setSize(this.size());
    });
    this.resize.observe(this.plot);
    this.plot.chart = this;
    sight.observe(this.plot);
    this.update(series);
  }

  dispose() {
    removeEventListener("themechange", this.onTheme);
    this.resize.disconnect();
    sight.unobserve(this.plot);
    this.u?.destroy();
    this.u = null;
    this.visible = false;
  }

  seen(is) {
    if (is === this.visible) return;
    this.visible = is;
    if (!is) return;
    if (this.wants()) appeared(this);
    this.draw();
  }

  get last() { const t = this.data[0]; return t.length ? t[t.length - 1] : 0; }

  // step is the usual time between two points.
  get step() { const t = this.data[0]; return t.length > 1 ? Math.max(1, (this.last - t[0]) / (t.length - 1)) : 10; }

  // wants says whether a history must be asked for.
  wants() { return !this.data[0].length || this.series.time - this.last > this.step * 1.8; }

  // update takes the last point of the series as the list has it.
  update(series, name = this.name) {
    this.series = series;
    this.name = name;
    setText(this.label, name);
    this.write = unitOf(series);
    this.element.dataset.state = series.state;
    if (this.data[0].length && !this.wants()) this.push(series);
    this.show(null);
    this.draw();
  }

  push(s) {
    const row = [s.time, s.lower, s.upper, s.observed, s.state === "anomalous" ? s.observed : null];
    if (s.time < this.last) return;
    if (s.time === this.last) for (const c of this.data) c.pop();
    row.forEach((v, i) => this.data[i].push(v));
    while (this.data[0].length > 720) for (const c of this.data) c.shift();
  }

  // add appends a history, or replaces what was there.
  add(p) {
    for (let i = 0; i < p.t.length; i++) {
      this.push({ time: p.t[i], lower: p.lower[i], upper: p.upper[i], observed: p.observed[i], state: p.state[i] === 2 ? "anomalous" : "" });
    }
    this.show(null);
    this.draw();
  }

  // foresee adds what comes: week(time) is what was a week before, t are the times of the
  // forecast's value, lower and upper.
  foresee(ahead) {
    const had = Boolean(this.ahead);
    this.ahead = ahead;
    if (had !== Boolean(ahead)) this.rebuild();
    this.draw();
  }

  // columns are the points and, where known, the week before and what comes.
  columns() {
    if (!this.ahead) return this.data;
    const { t, week, value, lower, upper } = this.ahead, none = (n) => new Array(n).fill(null);
    const rest = t.findIndex((x) => x > this.last), n = rest < 0 ? 0 : t.length - rest, tail = (c) => n ? c.slice(rest) : [];
    const past = this.data[0];
    return [[...past, ...tail(t)], ...this.data.slice(1).map((c) => [...c, ...none(n)]),
      [...past.map((x) => week(x)), ...tail(t).map((x) => week(x))],
      [...past.map(() => null), ...tail(value)], [...past.map(() => null), ...tail(lower)], [...past.map(() => null), ...tail(upper)]];
  }

  size() { return { width: Math.max(120, this.plot.clientWidth), height: this.plot.clientHeight || 104 }; }

  draw() { if (this.visible && this.data[0].length > 1) later(this); }

  paint() {
    if (!this.plot.isConnected || !this.visible) return;
    if (this.u && this.sides !== this.openSides()) this.rebuild();
    else if (!this.u) this.build();
    else {
      this.u.setData(this.columns(), false);
      const [min, max] = this.window();
      this.u.batch(() => { this.u.setScale("x", { min, max }); });
    }
    this.spiked();
    if (this.table.open) this.rows();
  }

  // openSides says on which sides the band has no edge.
  openSides() { return (this.series.lower === null ? "l" : "") + (this.series.upper === null ? "u" : ""); }

  rebuild() {
    if (!this.u) return;
    this.u.destroy();
    this.build();
  }

  build() {
    const c = colours();
    this.sides = this.openSides();
    this.plot.replaceChildren();
    // A band without one of its edges is filled to the end of the scale.
    const edge = { points: { show: false }, stroke: null, width: 0 };
    const open = (to) => ({ ...edge, fill: c.band, fillTo: (u) => u.scales.y[to] });
    const further = this.ahead ? [
      { stroke: c.week, width: 1.5, dash: [2, 3], points: { show: false } },
      { stroke: c.data, width: 1.5, dash: [6, 4], points: { show: false } }, edge, edge] : [];
    this.u = new uPlot({
      ...this.size(),
      padding: [6, 15, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC, setSeries: false, scales: ["x", null] }, y: false, drag: { x: Boolean(this.select), y: false, setScale: false }, points: { size: 6 } },
      scales: { x: { time: true, range: () => this.window() }, y: { range: (u, lo, hi) => yRange(u, lo, hi, isShare(this.series) ? 1 : Infinity) } },
      axes: axes(c, this.series, this.write, this.plot.clientWidth),
      series: [
        {},
        this.sides === "u" ? open("max") : edge,
        this.sides === "l" ? open("min") : edge,
        { stroke: c.data, width: 1.5, points: { show: false }, spanGaps: false },
        { stroke: c.critical, width: 2, points: { show: true, size: 3, fill: c.critical, stroke: c.critical, width: 0 } },
        ...further,
      ],
      bands: [...(this.sides ? [] : [{ series: [2, 1], fill: c.band }]), ...(this.ahead ? [{ series: [8, 7], fill: c.band }] : [])],
      hooks: {
        setCursor: [(u) => this.show(u.cursor.left >= 0 ? u.cursor.idx : null)],
        setSelect: [(u) => { if (u.select.width > 4) { this.dragged = true; this.select?.(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")); } }],
        drawClear: [(u) => this.mark(u, c)],
        ready: [(u) => u.over.addEventListener("click", (e) => {
          if (!this.dragged) this.pick?.(u.posToVal(e.clientX - u.over.getBoundingClientRect().left, "x"));
          this.dragged = false;
        })],
      },
    }, this.columns(), this.plot);
  }

  // mark shades the times that were chosen, and the present where more follows.
  mark(u, c) {
    const { left, top, width, height } = u.bbox, x = (t) => Math.min(left + width, Math.max(left, u.valToPos(t, "x", true)));
    u.ctx.save();
    if (this.marked) {
      u.ctx.fillStyle = c.grid;
      const a = x(this.marked[0]), b = Math.max(x(this.marked[1]), a + 3);
      u.ctx.fillRect(a, top, b - a, height);
    }
    if (this.ahead) { u.ctx.fillStyle = c.muted; u.ctx.fillRect(x(this.last), top, 1, height); }
    u.ctx.restore();
  }

  // spiked offers the lines and traces of the last time that the series left its band.
  spiked() {
    const out = this.data[4], end = out.findLastIndex((v) => v !== null);
    let at = end;
    while (at > 0 && out[at - 1] !== null) at--;
    const minute = end < 0 ? 0 : Math.floor(this.data[0][at] / 60) * 60;
    if (this.spike.minute === minute) return;
    this.spike.minute = minute;
    this.spike.hidden = !minute;
    if (minute) this.spike.replaceChildren(h("span", { text: `left its band ${clock(minute)}: ` }), ...around(minute, minute + 60));
  }

  // rows are the points as a table, one for each minute, the newest first.
  rows() {
    const box = this.table.lastElementChild;
    if (!this.table.open) { box.replaceChildren(); return; }
    const [t, lower, upper, value, out] = this.data, rows = [];
    for (let i = t.length - 1, minute = -1; i >= 0 && rows.length < maxRows; i--) {
      if (Math.floor(t[i] / 60) === minute) continue;
      minute = Math.floor(t[i] / 60);
      rows.push(h("tr", { class: "row" }, h("td", { text: clock(t[i], true) }), h("td", { class: out[i] === null ? "num" : "num bad", text: this.write(value[i]) }),
        h("td", { class: "num", text: expected(...bounded(this.series, lower[i], upper[i]), this.write, "", "–") }), h("td", {}, ...around(minute * 60, minute * 60 + 60))));
    }
    box.replaceChildren(h("table", {}, h("caption", { class: "hidden", text: `${this.name}, minute by minute` }), heads("Time", "#Value", "#Expected", "Of that minute"), h("tbody", {}, ...rows)));
  }

  // show writes the point at index i, the last one for null.
  show(i) {
    const s = this.series, past = i !== null && i !== undefined && i < this.data[0].length && this.data[0][i];
    const [lower, upper, observed] = past ? [1, 2, 3].map((c) => this.data[c][i]) : [s.lower, s.upper, s.observed];
    setText(this.value, this.write(observed));
    setText(this.expect, expected(...bounded(s, lower, upper), this.write, "expected ", "no band yet"));
    setText(this.state, past ? clock(this.data[0][i], true) : (stateText[s.state] ?? stateText.normal)(s));
    this.value.toggleAttribute("data-past", Boolean(past));
    this.state.dataset.state = past ? "" : s.state;
    if (!past) {
      this.plot.setAttribute("role", "img");
      const text = `${this.name}: now ${this.value.textContent}, ${this.expect.textContent}, ${s.state}`;
      if (this.plot.getAttribute("aria-label") !== text) this.plot.setAttribute("aria-label", text);
    }
  }
}

// around are the ways to what was logged and traced between two times.
export const around = (from, to, service) => [
  h("a", { href: link("logs", { from, to, service }), text: "Logs" }), " ", h("a", { href: link("services", ...(service ? [service] : []), { from, to }), text: "Traces" })];

const isShare = (s) => s.unit === "1" && /utilization/.test(s.metric);

// bounded cuts a band to what the metric can be: a share is 0 to 1, and what is
// not negative now has no negative expectation.
export function bounded(s, lower, upper) {
  if (lower !== null && lower < 0 && s.observed >= 0) lower = 0;
  if (upper !== null && upper > 1 && isShare(s)) upper = 1;
  return [lower, upper];
}

// expected writes a band, which may be open on one side.
export function expected(lower, upper, write, lead, none) {
  const has = (v) => v !== null && v !== undefined;
  if (has(lower) && has(upper)) return lead + span(lower, upper, write);
  if (has(upper)) return `${lead}at most ${write(upper)}`;
  if (has(lower)) return `${lead}at least ${write(lower)}`;
  return none;
}

// span writes a range with its unit once where both ends share it.
export function span(lower, upper, write) {
  const a = write(lower), b = write(upper), unit = b.slice(b.lastIndexOf(" "));
  return b.includes(" ") && a.endsWith(unit) ? `${a.slice(0, -unit.length)}–${b}` : `${a} – ${b}`;
}

// attributes are those of the series and what tells its entity from the host.
export const attributes = (s) => [...s.attributes, ...s.entity.filter((a) => a.key !== "host.name")].map((a) => `${a.key}=${a.value}`).join(" ");

export function describe(s) {
  return [s.metric, attributes(s), s.entity.filter((a) => a.key === "host.name").map((a) => `${a.key}=${a.value}`).join(" ")].filter(Boolean).join("\n");
}
