// Now: whether this host is well, and what changed.

import { $, h, setText, keyed, link } from "./dom.js";
import { ask } from "./api.js";
import { Chart } from "./chart.js";
import { load, see } from "./points.js";
import { choose, golden } from "./curated.js";
import { cards, charts as findingCharts } from "./findings.js";
import { holding } from "./incidents.js";
import { Timeline } from "./timeline.js";
import { clock, duration, plural, perSecond, percent } from "./format.js";

const whats = {
  agent_started: "started", finding_opened: "began", finding_worse: "got worse", finding_resolved: "is over",
  incident_opened: "incident", incident_resolved: "incident over", pattern_new: "new in the logs", patterns_new: "new in the logs",
};
const maxChanges = 30;
let view = null;
let chosen = "";
let jump = false;

export function enter({ root, title, query }) {
  title("Now");
  view ??= build(root);
  jump = Boolean(query.finding) && query.finding !== chosen;
  chosen = query.finding ?? "";
  if (view.last) findings(view.last, view.members);
}

export function leave() { chosen = ""; }

function build(root) {
  const section = (id, name, ...children) => h("section", { id, "aria-labelledby": id + "-title", "data-testid": id }, h("div", { class: "head" }, h("h3", { id: id + "-title", text: name }), h("span", { class: "note", id: id + "-note" })), ...children);
  const v = {
    time: new Timeline(), members: new Map(), last: null, list: [],
    delivery: h("p", { id: "delivery", class: "fact", "data-testid": "delivery" }, h("span", { class: "dot", "aria-hidden": "true" }), h("span", { class: "text" }), " ", h("a", { href: "#/pipeline", text: "Pipeline" })),
    empty: h("p", { class: "empty", id: "findings-empty", hidden: true }), open: h("div", { class: "cards", id: "findings-open" }),
    past: h("details", { id: "findings-past", hidden: true }, h("summary"), h("div", { class: "cards past" })),
    services: h("p", { class: "fact", id: "red", "data-testid": "red", hidden: true }),
    wait: h("p", { class: "empty", id: "charts-empty", text: "Collecting. The first charts come within a minute or two." }),
    charts: h("div", { class: "charts", id: "charts", "data-testid": "charts" }),
    changes: h("ol", { class: "changes", id: "changes-list", role: "list" }), calm: h("p", { class: "empty good", text: "Nothing changed in the last hour.", hidden: true }),
  };
  v.past.addEventListener("toggle", () => { if (v.last) findings(v.last, v.members); });
  const incidents = section("incidents", "Incidents", h("div", { class: "cards", id: "incidents-open" }));
  incidents.hidden = true;
  root.append(h("div", { class: "facts" }, v.delivery), section("hour", "The last hour", v.time.element),
    h("div", { class: "columns" }, h("div", {}, incidents, section("findings", "Findings", v.empty, v.open, v.past)),
    section("changes", "What changed in the last hour", v.calm, v.changes)),
    section("signals", "This host", v.services, v.wait, v.charts, h("p", { class: "legend", "aria-hidden": "true" }, h("i", { class: "k-line" }), "observed ", h("i", { class: "k-band" }), "expected ", h("i", { class: "k-out" }), "out of band")));
  return v;
}

addEventListener("overview", ({ detail: o }) => {
  if (!view) return;
  const d = o.delivery;
  view.delivery.dataset.level = d.level;
  setText(view.delivery.querySelector(".text"), d.sentence + (d.since ? ` Since ${clock(d.since)}, for ${duration(Math.max(1, o.time - d.since))}.` : ""));
  view.empty.classList.toggle("good", ["ok", "info"].includes(o.status.level));
});

export async function refresh(signal) {
  const [found, held, changed, series, services] = await Promise.all([ask("findings?limit=200"), holding(), ask(`changes?limit=${maxChanges}`), ask("series?metrics=" + golden.join()), ask("services?limit=100")]);
  if (signal.aborted) return;
  const members = new Map(held.flatMap((i) => (i.findings ?? []).map((f) => [f.id, i])));
  view.last = found;
  view.members = members;
  findings(found, members);
  changes(changed);
  red(services.services);
  signals(series);
  await Promise.all([load(view.list), findingCharts(view.open, found.findings.filter((f) => f.state !== "resolved"))]);
}

function findings(answer, members) {
  const open = answer.findings.filter((f) => f.state !== "resolved"), past = answer.findings.filter((f) => f.state === "resolved");
  const one = past.find((f) => f.id === chosen);
  setText($("findings-note"), open.length ? plural(open.length, "open finding") : "");
  view.empty.hidden = open.length > 0;
  setText(view.empty, past.length ? `Nothing open. ${plural(past.length, "finding")} resolved.`
    : "Nothing found. A metric that leaves its learned band, a new log pattern or a flood of lines appears here.");
  const memberOf = (id) => members.get(id);
  cards(view.open, one ? [one, ...open] : open, answer.time, chosen, memberOf);
  view.past.hidden = !past.length;
  setText(view.past.querySelector("summary"), `Resolved (${past.length})`);
  cards(view.past.querySelector(".cards"), view.past.open ? past.filter((f) => f !== one) : [], answer.time, chosen, memberOf);
  view.time.show(answer.findings, answer.time, chosen);
  if (!jump) return;
  jump = false;
  const e = view.open.held.get(chosen);
  e?.scrollIntoView({ block: "nearest" });
  e?.focus({ preventScroll: true });
}

function changes({ changes: list, total }) {
  view.calm.hidden = list.length > 0;
  setText($("changes-note"), total > list.length ? `the last ${list.length} of ${total}` : "");
  keyed(view.changes, list, (c) => [c.time, c.what, c.finding ?? c.incident ?? c.pattern].join(), (c) => h("li", { data: { severity: c.what.endsWith("resolved") ? "" : c.severity ?? "", what: c.what } }, h("time", { text: clock(c.time) }), h("span", { class: "what", text: whats[c.what] ?? c.what }),
    c.finding || c.incident || c.pattern ? h("a", { href: c.finding ? link("now", { finding: c.finding }) : c.incident ? link("incidents", c.incident) : link("logs", { pattern: c.pattern }), text: c.text }) : h("span", { text: c.text })), () => { /* a change does not change */ });
}

// red is the rate, errors and duration of all services in one line, the worst by name.
function red(services) {
  view.services.hidden = !services.length;
  if (!services.length) return;
  const calls = services.reduce((a, s) => a + (s.calls ?? 0), 0), errors = services.reduce((a, s) => a + (s.calls ?? 0) * (s.errors ?? 0), 0);
  const worst = (key) => services.reduce((a, s) => (s[key] ?? 0) > (a?.[key] ?? 0) ? s : a, null);
  const failing = worst("errors"), slow = worst("latency_p99");
  const name = (s) => h("a", { href: link("services", s.service), text: s.service });
  const key = JSON.stringify([services.length, perSecond(calls), failing?.service, percent(failing?.errors), slow?.service, duration(slow?.latency_p99)]);
  if (view.services.shown === key) return;
  view.services.shown = key;
  view.services.replaceChildren(h("strong", { text: plural(services.length, "service") }), ` take ${perSecond(calls)} calls, ${percent(calls ? errors / calls : 0)} of them fail`,
    ...(failing ? [", most in ", name(failing), ` (${percent(failing.errors)})`] : []), ...(slow ? ["; slowest is ", name(slow), `, 99 of 100 within ${duration(slow.latency_p99)}`] : []), ".");
}

function signals(answer) {
  see(answer);
  const list = choose(answer.series);
  view.wait.hidden = list.length > 0;
  keyed(view.charts, list, (c) => c.series.id, ({ series, name }) => {
    const c = new Chart(series, name, { pick: (t) => { location.hash = link("metrics", { name: series.id, from: Math.floor(t / 60) * 60, to: Math.floor(t / 60) * 60 + 60 }); } });
    c.element.dispose = () => c.dispose();
    c.element.chart = c;
    return c.element;
  }, (e, { series, name }) => e.chart.update(series, name));
  view.list = [...view.charts.children].map((e) => e.chart);
}
