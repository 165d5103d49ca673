// A chart of one series: its band shaded, points out of it marked. All charts
// share the time axis and the crosshair.

import { h, setText } from "./dom.js";
import { unitOf, isBytes, clock } from "./format.js";

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
const probe = document.createElement("i");
probe.hidden = true;

function colours() {
  if (!probe.isConnected) document.body.append(probe);
  const of = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  return { data: of("data"), band: of("band"), critical: of("critical"), muted: of("muted"), grid: of("grid") };
}

// yRange holds all values and as much of the band as leaves them readable: a
// young band may be a hundred times wider than what it holds. It starts at zero
// where zero is near; a flat series keeps some room so that noise looks like it.
function yRange(u, lo, hi, limit) {
  if (lo === null || hi === null) return [0, 1];
  const values = u.data[3].filter((v) => v !== null);
  const least = Math.min(...values), most = Math.max(...values);
  const reach = 2.5 * Math.max(most - least, Math.abs(most) * 0.1) || hi - lo;
  lo = Math.max(lo, least - reach);
  hi = Math.min(hi, most + reach);
  if (least >= 0 && lo < hi * 0.4) lo = 0;
  const room = Math.max((hi - lo) * 0.08, Math.abs(hi) * 0.03, 1e-9);
  return [lo === 0 ? 0 : lo - room, Math.min(hi + room, Math.max(limit, most))];
}

export class Chart {
  // parent gets the element; window() gives the shared [from, to] in seconds.
  constructor(series, name, window, { compact = false } = {}) {
    this.window = window;
    this.value = h("span", { class: "value", "data-testid": "chart-value" });
    this.expect = h("span", { class: "expected" });
    this.state = h("span", { class: "state" });
    this.plot = h("div", { class: compact ? "mini" : "plot" });
    this.plot.append(h("div", { class: "waiting", text: "waiting for points" }));
    this.label = h("span", { class: "name", text: name, title: describe(series) });
    this.element = h("article", { class: "chart", "data-testid": "chart", data: { series: series.id, metric: series.metric } },
      h("div", { class: "title" }, this.label, this.value),
      h("div", { class: "expect" }, this.expect, this.state), this.plot);
    this.name = name;
    this.data = [[], [], [], [], []];
    this.onTheme = () => this.rebuild();
    addEventListener("themechange", this.onTheme);
    this.resize = new ResizeObserver(() => {
      if (this.u && this.u.axes[1].show !== this.plot.clientWidth >= narrow) this.rebuild();
      else this.u?.setSize(this.size());
    });
    this.resize.observe(this.plot);
    this.update(series);
  }

  dispose() {
    removeEventListener("themechange", this.onTheme);
    this.resize.disconnect();
    this.u?.destroy();
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

  size() { return { width: Math.max(120, this.plot.clientWidth), height: this.plot.clientHeight || 104 }; }

  draw() {
    if (this.data[0].length < 2) return;
    if (this.u && this.sides !== this.openSides()) this.rebuild();
    if (!this.u) this.build();
    else { this.u.setData(this.data, false); this.scale(); }
  }

  // openSides says on which sides the band has no edge.
  openSides() { return (this.series.lower === null ? "l" : "") + (this.series.upper === null ? "u" : ""); }

  scale() {
    const [min, max] = this.window();
    this.u.batch(() => { this.u.setScale("x", { min, max }); });
  }

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
    const font = "10.5px system-ui, sans-serif";
    const axis = { stroke: c.muted, font, grid: { stroke: c.grid, width: 1 }, ticks: { show: false } };
    this.u = new uPlot({
      ...this.size(),
      padding: [6, 8, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC, setSeries: false, scales: ["x", null] }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true, range: () => this.window() }, y: { range: (u, lo, hi) => yRange(u, lo, hi, isShare(this.series) ? 1 : Infinity) } },
      axes: [
        { ...axis, size: 22, gap: 5, space: 46, values: (u, ts) => ts.map((t) => clock(t).slice(-5)), grid: { show: false } },
        { ...axis, show: this.plot.clientWidth >= narrow, size: 58, gap: 4, space: 24, incrs: isBytes(this.series) ? binary : tens, values: (u, vs) => vs.map((v) => this.write(v)) },
      ],
      series: [
        {},
        this.sides === "u" ? open("max") : edge,
        this.sides === "l" ? open("min") : edge,
        { stroke: c.data, width: 1.5, points: { show: false }, spanGaps: false },
        { stroke: c.critical, width: 2, points: { show: true, size: 3, fill: c.critical, stroke: c.critical, width: 0 } },
      ],
      bands: this.sides ? [] : [{ series: [2, 1], fill: c.band }],
      hooks: { setCursor: [(u) => this.show(u.cursor.left >= 0 ? u.cursor.idx : null)] },
    }, this.data, this.plot);
  }

  // show writes the point at index i, the last one for null.
  show(i) {
    const s = this.series, past = i !== null && i !== undefined && this.data[0][i];
    const [lower, upper, observed] = past ? [1, 2, 3].map((c) => this.data[c][i]) : [s.lower, s.upper, s.observed];
    setText(this.value, this.write(observed));
    setText(this.expect, expected(...bounded(s, lower, upper), this.write, "expected ", "no band yet"));
    setText(this.state, past ? clock(this.data[0][i], true) : (stateText[s.state] ?? stateText.normal)(s));
    this.value.toggleAttribute("data-past", Boolean(past));
    this.state.dataset.state = past ? "" : s.state;
    if (!past) {
      this.plot.setAttribute("role", "img");
      this.plot.setAttribute("aria-label", `${this.name}: now ${this.value.textContent}, ${this.expect.textContent}, ${s.state}`);
    }
  }
}

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
