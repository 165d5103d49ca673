// Findings as cards: what is wrong, since when, on what evidence, and the ways from there.

import { h, setText, keyed, link } from "./dom.js";
import { ask, tell } from "./api.js";
import { Chart, expected, around } from "./chart.js";
import { load } from "./points.js";
import { unitOf, duration, clock, ago, short } from "./format.js";

export const kinds = {
  metric_anomaly: "metric out of its band", pattern_new: "new log pattern", pattern_flood: "log flood", pattern_spike: "log spike",
  pattern_silence: "log silence", pattern_severity_flip: "severity changed", pattern_parameter_shift: "parameter shifted",
  pattern_deploy: "deploy", pattern_storm: "more changes than one can read", root_cause: "root cause", alert: "alert",
};
const maxCharts = 6;
const value = (list, key) => list.find((a) => a.key === key)?.value;

// cards fills box with findings. memberOf is the incident that a finding is part of.
export function cards(box, findings, now, chosen, memberOf) {
  keyed(box, findings, (f) => f.id, card, (e, f) => fill(e, f, now, f.id === chosen, memberOf(f.id)));
}

function card() {
  const e = h("article", { class: "card", "data-testid": "finding", tabindex: "-1" },
    h("div", { class: "line1" }, h("span", { class: "sev" }), h("span", { class: "kind" }), h("span", { class: "who" }), h("span", { class: "since" })),
    h("h3", { "data-testid": "finding-summary" }), h("dl", { class: "receipt", "data-testid": "finding-receipt" }),
    h("div", { class: "graph" }), h("code", { class: "example mono", hidden: true }),
    h("div", { class: "foot" }, h("span", { class: "trail" }), h("span", { class: "links" })), h("div", { class: "noise" }));
  e.q = (c) => e.querySelector("." + c);
  e.dispose = () => e.chart?.dispose();
  return e;
}

function fill(e, f, now, chosen, incident) {
  const open = f.state !== "resolved", receipt = f.receipt ?? {};
  e.toggleAttribute("data-chosen", chosen);
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
  links(e.q("links"), f, incident);
  noise(e.q("noise"), f, open && incident);
}

function evidence(list, f, r) {
  const write = r.unit === undefined || r.unit === f.unit || f.unit ? unitOf({ metric: f.metric, unit: f.unit ?? r.unit ?? "", rate: f.rate }) : unitOf({ metric: f.metric, unit: r.unit ?? "" });
  const facts = [];
  const fact = (label, text, kind = "") => facts.push(h("div", { class: kind }, h("dt", { text: label }), h("dd", { text })));
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

// links lead to what else is known of the minute in which it began.
function links(e, f, incident) {
  const pattern = value(f.attributes, "log.pattern.id"), service = value(f.entity, "service.name");
  const urls = (f.links ?? []).filter((l) => /^https?:\/\//.test(l));
  const key = [pattern, incident?.id, f.series_id, f.start, ...urls].join(" ");
  if (e.shown === key) return;
  e.shown = key;
  const from = f.start - 30, to = f.start + 90;
  const all = [pattern && h("a", { href: link("logs", { pattern }), text: "Show its lines" }), f.series_id && h("a", { href: link("metrics", { name: f.series_id, from, to }), text: "Chart" }),
    ...around(from, to, service).filter((x) => x !== " "), incident && h("a", { href: link("incidents", incident.id), text: "Incident" }),
    ...urls.map((l) => h("a", { href: l, rel: "noopener noreferrer", target: "_blank", text: new URL(l).hostname }))];
  e.replaceChildren(...all.filter(Boolean));
}

// noise lets a person say that a finding is none: it makes no incident for a while.
function noise(e, f, incident) {
  const key = incident ? incident.id : "";
  if (e.shown === key) return;
  e.shown = key;
  if (!incident) { e.replaceChildren(); return; }
  const by = h("input", { type: "text", placeholder: "Your name", "aria-label": "Your name", maxlength: "80" }), text = h("input", { type: "text", placeholder: "Why, in a few words", "aria-label": "Why, in a few words", maxlength: "200" });
  const said = h("span", { class: "small", role: "status" });
  const send = h("button", { type: "button", class: "quiet", text: "This is noise", title: "It makes no incident for 30 days; your name and reason are kept for review", on: { click: async () => {
    try {
      setText(said, (await tell(`incidents/${encodeURIComponent(incident.id)}/noise`, { finding: f.id, by: by.value, text: text.value })).message);
    } catch (err) { setText(said, err.message); }
  } } });
  e.replaceChildren(h("details", {}, h("summary", { text: "This is noise…" }), h("div", { class: "head" }, by, text, send)), said);
}

// charts gives the first open findings about a watched series its chart.
export async function charts(box, open) {
  const list = [];
  for (const f of open.filter((f) => f.series_id).slice(0, maxCharts)) {
    const e = box.held.get(f.id);
    if (!e) continue;
    if (!e.chart) {
      const { series } = await ask(`series/${f.series_id}?since=4294967295`);
      e.chart = new Chart(series, "", { kind: "mini", pick: (t) => { location.hash = link("metrics", { name: f.series_id, from: Math.floor(t / 60) * 60, to: Math.floor(t / 60) * 60 + 60 }); } });
      e.q("graph").replaceChildren(e.chart.plot);
    }
    e.chart.series.time = Math.max(e.chart.series.time, f.updated);
    list.push(e.chart);
  }
  await load(list);
}
