// One series in full: its last hour, what comes, the last week, and the evidence.

import { h, setText, link } from "./dom.js";
import { ask } from "./api.js";
import { Chart, around, expected, bounded, attributes, axes, colours } from "./chart.js";
import { shared } from "./points.js";
import { title as nameOf } from "./curated.js";
import { unitOf, duration, clock, percent, short } from "./format.js";

const ranges = [["", "Last hour"], ["ahead", "Next two hours"], ["week", "Last week"]];
const week = 7 * 86400;
const enough = 7200; // seconds of history before there is a forecast

export class Detail {
  // set(change, step) changes the query of the address.
  constructor(set) {
    this.set = set;
    this.title = h("h3", { "data-testid": "series-title" });
    this.facts = h("dl", { class: "receipt", "data-testid": "series-receipt" });
    this.say = h("p", { class: "small", "data-testid": "series-week" });
    this.minute = h("p", { class: "picked", "data-testid": "series-minute", hidden: true });
    this.tabs = h("div", { class: "pills", role: "group", "aria-label": "Times" });
    this.graph = h("div", { class: "graph" });
    this.legend = h("p", { class: "legend", "aria-hidden": "true" });
    this.close = h("a", { class: "quiet", text: "Close", "aria-label": "Close this series" });
    this.element = h("section", { class: "detail-of card", hidden: true, "data-testid": "series-detail", "aria-label": "One series" },
      h("div", { class: "head" }, this.title, this.tabs, this.close), this.say, this.minute, this.graph, this.legend, this.facts);
    this.chart = null;
    this.outlook = null;
    this.id = "";
  }

  clear() {
    this.chart?.dispose();
    this.weekly?.dispose();
    this.chart = this.weekly = this.outlook = null;
    this.id = this.mode = "";
    this.graph.replaceChildren();
  }

  // show follows the address with the series that are known.
  show(query, all) {
    this.query = query;
    const s = all.find((x) => x.id === query.name);
    this.element.hidden = !query.name;
    if (!query.name || s?.id !== this.id && this.id) this.clear();
    if (!query.name) return;
    this.close.href = link("metrics", { ...query, name: "", from: "", to: "", view: "" });
    if (!s) {
      if (all.length) { setText(this.title, "This series is not watched any more."); this.say.replaceChildren(); }
      return;
    }
    this.series = s;
    this.element.dataset.severity = s.state === "anomalous" ? "critical" : "";
    setText(this.title, nameOf(s));
    if (!this.chart) {
      this.id = s.id;
      const minute = (t) => this.set({ from: String(Math.floor(t / 60) * 60), to: String(Math.floor(t / 60) * 60 + 60) }, true);
      this.chart = new Chart(s, attributes(s) || s.metric, { kind: "plot large", window: () => this.window(), pick: minute, select: (a, b) => this.set({ from: String(Math.floor(a)), to: String(Math.ceil(b)) }, true) });
      this.weekly = new Week(s);
      this.learn().catch(() => { /* the next refresh tries again */ });
    }
    this.chart.update(s);
    this.mark();
    this.arrange();
    this.receipt();
  }

  async learn() {
    const { id } = this;
    const [answer, one] = await Promise.all([ask(`series/${id}/outlook`), ask(`series/${id}?since=4294967295`)]);
    if (id !== this.id) return;
    this.outlook = answer;
    this.description = one.series.description;
    this.arrange();
    this.receipt();
  }

  async refresh(signal) {
    if (!this.id || signal.aborted || this.outlook && Date.now() / 1000 - this.outlook.time < 60) return;
    await this.learn();
  }

  window() {
    const [from, to] = shared();
    return this.chart?.ahead && this.query.view === "ahead" ? [from, Math.max(to, this.chart.ahead.t.at(-1))] : [from, to];
  }

  // mark shows which time was chosen, and the ways from it.
  mark() {
    const from = Number(this.query.from), to = Number(this.query.to) || from + 60;
    this.chart.marked = from ? [from, to] : null;
    this.minute.hidden = !from;
    if (!from) return;
    const service = this.series.entity.find((a) => a.key === "service.name")?.value;
    this.minute.replaceChildren(h("strong", { text: `${clock(from)} to ${clock(to)}` }), " ", ...around(from, to), ...(service ? [" ", h("span", { class: "muted", text: `only ${service}:` }), " ", ...around(from, to, service)] : []),
      " ", h("a", { class: "muted", href: link("metrics", { ...this.query, from: "", to: "" }), text: "forget this time" }));
  }

  // arrange puts the chart that the address asks for.
  arrange() {
    const mode = this.query.view ?? "", o = this.outlook;
    const has = { "": true, ahead: Boolean(o?.forecast.values?.length), week: Boolean(o?.week.values?.some((v) => v !== null)) };
    const key = mode + JSON.stringify(has);
    if (this.tabs.shown !== key) {
      this.tabs.shown = key;
      this.tabs.replaceChildren(...ranges.map(([value, text]) => h("button", { type: "button", class: "pill", "aria-pressed": String(mode === value), disabled: o && !has[value], on: { click: () => this.set({ view: value }, true) } }, text)));
    }
    const weekly = mode === "week" && has.week;
    if (this.mode !== String(weekly)) {
      this.mode = String(weekly);
      this.graph.replaceChildren(weekly ? this.weekly.element : this.chart.element);
    }
    if (weekly) this.weekly.show(o.week, this.series);
    else this.chart.foresee(o ? this.columns(mode === "ahead" && has.ahead) : null);
    this.legend.replaceChildren(h("i", { class: "k-line" }), "observed ", ...(weekly ? ["(mean of each hour)"] : [h("i", { class: "k-band" }), "expected ", h("i", { class: "k-out" }), "out of band ",
      ...(this.lastWeek() !== null ? [h("i", { class: "k-week" }), "this hour a week ago "] : []), ...(mode === "ahead" ? [h("i", { class: "k-ahead" }), "forecast, and where nine of ten values fall"] : [])]));
  }

  // columns are what a chart draws beside the points.
  columns(ahead) {
    const { week: w, forecast: f, forecast_lower: lower, forecast_upper: upper } = this.outlook, now = w.begin + week;
    // The table has an hour of a week ago until that hour is over.
    const at = (t) => { const i = Math.floor((t - now) / w.step); return i >= 0 && i < 3 ? w.values?.[i] ?? null : null; };
    if (!ahead) return { t: [], week: at, value: [], lower: [], upper: [] };
    return { t: f.values.map((v, i) => f.begin + i * f.step), week: at, value: f.values, lower, upper };
  }

  lastWeek() { return this.outlook?.week.values?.[0] ?? null; }

  // receipt is what a person needs in order to believe the band.
  receipt() {
    const s = this.series, o = this.outlook, write = unitOf(s), was = this.lastWeek();
    const f = o?.forecast, at = f?.values?.length - 1;
    const pairs = [["now", write(s.observed)], ["expected", expected(...bounded(s, s.lower, s.upper), write, "", "no band yet")],
      ["same hour last week", was === null ? "" : write(was)], ["score", s.score === null ? "" : `${short(s.score)} (0.5 is the edge of the band)`],
      ["history", o?.history_seconds ? duration(o.history_seconds) : ""],
      ["forecast", at > 0 ? `${write(f.values[at])} at ${clock(f.begin + at * f.step)}, ${write(o.forecast_lower[at])} to ${write(o.forecast_upper[at])}` : ""],
      ["metric", s.metric], ["what it is", this.description ?? ""], ...s.attributes.map((a) => [a.key, a.value]), ...s.entity.map((a) => [a.key, a.value])];
    const key = JSON.stringify(pairs);
    if (this.facts.shown !== key) {
      this.facts.shown = key;
      this.facts.replaceChildren(...pairs.filter(([, v]) => v).map(([k, v]) => h("div", {}, h("dt", { text: k }), h("dd", { text: v }))));
    }
    setText(this.say, this.compare(write, was));
  }

  compare(write, was) {
    const s = this.series, o = this.outlook;
    if (!o) return "";
    if (!o.known) return "Nothing is known of it beyond the last hour: its baseline is not held by this agent.";
    if (was !== null && s.observed !== null) {
      const by = was ? (s.observed - was) / Math.abs(was) : 0;
      const change = Math.abs(by) < 0.02 ? "the same" : `${percent(Math.abs(by))} ${by > 0 ? "more" : "less"}`;
      return `Now ${write(s.observed)}; in this hour a week ago the mean was ${write(was)}: ${change}.`;
    }
    const least = o.history_seconds < enough ? " A forecast comes after two hours." : "";
    return o.history_seconds < week ? `It is known for ${duration(o.history_seconds)}, not yet a week: there is nothing to compare this hour with before ${clock(o.time + week - o.history_seconds)}.${least}`
      : "This hour of last week was not observed.";
  }
}

// Week draws the mean values of the hours of the last week.
class Week {
  constructor(s) {
    this.plot = h("div", { class: "plot large", role: "img" });
    this.rows = h("tbody");
    this.element = h("article", { class: "chart", "data-testid": "week" }, this.plot, h("details", { class: "data" }, h("summary", { text: "Table" }),
      h("div", { class: "scroll" }, h("table", {}, h("caption", { class: "hidden", text: "Mean of each hour of the last week" }), this.rows))));
    this.series = s;
    this.onTheme = () => { this.key = ""; this.draw(); };
    addEventListener("themechange", this.onTheme);
    this.resize = new ResizeObserver(() => this.u?.setSize(this.size()));
    this.resize.observe(this.plot);
  }

  dispose() {
    removeEventListener("themechange", this.onTheme);
    this.resize.disconnect();
    this.u?.destroy();
  }

  size() { return { width: Math.max(120, this.plot.clientWidth), height: this.plot.clientHeight || 220 }; }

  show(values, s) { this.values = values; this.series = s; this.draw(); }

  draw() {
    const w = this.values, write = unitOf(this.series), key = w && w.begin + this.plot.clientWidth;
    if (!w || this.key === key || !this.plot.isConnected) return;
    this.key = key;
    this.u?.destroy();
    this.plot.replaceChildren();
    const c = colours(), t = w.values.map((v, i) => w.begin + i * w.step), known = w.values.filter((v) => v !== null);
    const [x, y] = axes(c, this.series, write, this.plot.clientWidth);
    this.u = new uPlot({ ...this.size(), padding: [6, 8, 0, 0], legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (u, lo, hi) => [lo >= 0 && lo < hi * 0.4 ? 0 : lo - (hi - lo) * 0.1, hi + (hi - lo) * 0.1 || 1] } },
      axes: [{ ...x, space: 70, incrs: [3600, 10800, 21600, 43200, 86400], values: (u, ts) => ts.map((s) => new Date(s * 1000).toLocaleString("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" })) }, y],
      series: [{}, { stroke: c.data, width: 1.5, points: { show: false }, fill: c.band, paths: uPlot.paths.stepped({ align: 1 }) }] }, [t, w.values], this.plot);
    this.plot.setAttribute("aria-label", `Mean of each hour of the last week: ${known.length} hours, from ${write(Math.min(...known))} to ${write(Math.max(...known))}`);
    this.rows.replaceChildren(...t.map((at, i) => [at, w.values[i]]).filter(([, v]) => v !== null).reverse().map(([at, v]) => h("tr", { class: "row" }, h("td", { text: clock(at) }), h("td", { class: "num", text: write(v) }))));
  }
}
