// The section of findings: what is wrong, since when, and on what evidence.

import { $, h, setText, keyed, link } from "./dom.js";
import { ask } from "./api.js";
import { Chart, expected } from "./chart.js";
import { shared } from "./metrics.js";
import { unitOf, duration, clock, ago, plural, short } from "./format.js";

const kinds = {
  metric_anomaly: "metric out of its band", pattern_new: "new log pattern", pattern_flood: "log flood", pattern_spike: "log spike",
  pattern_silence: "log silence", pattern_severity_flip: "severity changed", pattern_parameter_shift: "parameter shifted",
  pattern_deploy: "deploy", pattern_storm: "more changes than one can read", root_cause: "root cause", alert: "alert",
};
const maxCharts = 6;

export async function refresh() {
  init();
  const answer = await ask("findings?limit=200");
  const open = answer.findings.filter((f) => f.state !== "resolved"), past = answer.findings.filter((f) => f.state === "resolved");
  setText($("findings-note"), open.length ? `${plural(open.length, "open finding")}` : "");
  $("findings-empty").hidden = open.length > 0;
  $("findings-empty").classList.toggle("good", ["ok", "info"].includes($("status").dataset.level));
  setText($("findings-empty"), past.length ? `Nothing open. ${plural(past.length, "finding")} resolved.`
    : "Nothing found. A metric that leaves its learned band, a new log pattern or a flood of lines appears here.");
  keyed($("findings-open"), open, (f) => f.id, card, (e, f) => fill(e, f, answer.time));
  const details = $("findings-past");
  details.hidden = !past.length;
  setText(details.querySelector("summary"), `Resolved (${past.length})`);
  keyed(details.querySelector(".cards"), details.open ? past : [], (f) => f.id, card, (e, f) => fill(e, f, answer.time));
  await charts(open);
}

function card() {
  const e = h("article", { class: "card", "data-testid": "finding" },
    h("div", { class: "line1" }, h("span", { class: "sev" }), h("span", { class: "kind" }), h("span", { class: "who" }), h("span", { class: "since" })),
    h("h3", { "data-testid": "finding-summary" }), h("dl", { class: "receipt", "data-testid": "finding-receipt" }),
    h("div", { class: "graph" }), h("code", { class: "example mono", hidden: true }),
    h("div", { class: "foot" }, h("span", { class: "trail" }), h("span", { class: "links" })));
  e.q = (c) => e.querySelector("." + c);
  e.dispose = () => e.chart?.dispose();
  return e;
}

function fill(e, f, now) {
  const open = f.state !== "resolved", receipt = f.receipt ?? {};
  e.dataset.severity = f.severity;
  e.dataset.state = f.state;
  e.dataset.finding = f.id;
  e.dataset.kind = f.kind;
  setText(e.q("sev"), open ? f.severity : "resolved");
  setText(e.q("kind"), kinds[f.kind] ?? f.kind);
  setText(e.q("who"), f.entity.filter((a) => /service.name|host.name|pod.name/.test(a.key)).map((a) => a.value).join(" on "));
  setText(e.q("since"), open ? `for ${duration(Math.max(1, now - f.start))} · since ${clock(f.start, true)}`
    : `${clock(f.start)} to ${clock(f.resolved)} · lasted ${duration(Math.max(1, f.resolved - f.start))}`);
  setText(e.querySelector("h3"), f.summary);
  evidence(e.q("receipt"), f, receipt);
  const example = e.q("example");
  example.hidden = !receipt.example;
  setText(example, receipt.example ?? "");
  trail(e.q("trail"), f, now);
  links(e.q("links"), f);
}

function evidence(list, f, r) {
  const write = r.unit === undefined || r.unit === f.unit || f.unit ? unitOf({ metric: f.metric, unit: f.unit ?? r.unit ?? "", rate: f.rate }) : unitOf({ metric: f.metric, unit: r.unit ?? "" });
  const facts = [];
  const fact = (label, value, kind = "") => facts.push(h("div", { class: kind }, h("dt", { text: label }), h("dd", { text: value })));
  if (typeof r.observed === "number") fact("observed", write(r.observed), "observed");
  if (typeof r.lower === "number" && typeof r.upper === "number" || typeof r.expected !== "number") {
    const band = expected(r.lower, r.upper, write, "", "");
    if (band) fact("expected", band);
  } else fact("expected", write(r.expected) + expected(r.lower, r.upper, write, ", ", ""));
  if (typeof r.same_hour_last_week === "number") fact("same hour last week", write(r.same_hour_last_week));
  if (r.history_seconds > 0) fact("history", duration(r.history_seconds));
  if (f.score) fact("score", short(f.score));
  const text = facts.map((e) => e.textContent).join("|");
  if (list.shown !== text) { list.shown = text; list.replaceChildren(...facts); }
}

function trail(e, f, now) {
  const steps = f.history.slice(-5).map((s) => `${s.state} ${clock(s.time)}` + (s.severity !== f.severity ? ` (${s.severity})` : ""));
  const times = f.updates > f.history.length ? `seen ${f.updates} times, ` : "";
  setText(e, `${steps.join(" → ")} · ${times}last ${ago(f.updated, now)}`);
}

function links(e, f) {
  const pattern = f.attributes.find((a) => a.key === "log.pattern.id")?.value;
  const urls = (f.links ?? []).filter((l) => /^https?:\/\//.test(l));
  const key = [pattern, ...urls].join(" ");
  if (e.shown === key) return;
  e.shown = key;
  e.replaceChildren(...(pattern ? [h("a", { class: "lines-link", href: link("logs", { pattern }), text: "Show its lines" })] : []),
    ...urls.map((l) => h("a", { href: l, rel: "noopener noreferrer", target: "_blank", text: new URL(l).hostname })));
}

// charts gives the first open findings about a watched series its chart.
async function charts(open) {
  const list = [];
  for (const f of open.filter((f) => f.series_id).slice(0, maxCharts)) {
    const e = $("findings-open").held.get(f.id);
    if (!e) continue;
    const { series, points } = e.chart ? { series: null } : await ask(`series/${f.series_id}`);
    if (series) {
      e.chart = new Chart(series, "", shared, { compact: true });
      e.q("graph").replaceChildren(e.chart.plot);
      e.chart.add(points);
    } else {
      e.chart.add(await history(f.series_id, e.chart.last));
    }
    list.push(e.chart);
  }
}

async function history(id, since) {
  const { points } = await ask(`series/points?ids=${id}&since=${since}`);
  return points[id] ?? { t: [] };
}

let ready = false;

function init() {
  if (ready) return;
  ready = true;
  $("findings-past").addEventListener("toggle", () => refresh().catch(() => { /* the next refresh tries again */ }));
}
