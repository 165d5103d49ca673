// Pipeline: the ways through the agent, what flows and what waits on them, where every
// record is, and what each component runs with.

import { h, setText, heads } from "./dom.js";
import { ask } from "./api.js";
import { remember } from "./route.js";
import { count, perSecond, bytes, percent, duration, plural } from "./format.js";

let view = null;
let chosen = ""; // the component whose configuration is shown, as section/id
let config = null;

export function enter({ root, title, query }) {
  title("Pipeline");
  view ??= build(root);
  chosen = query.component ?? "";
}

function build(root) {
  const v = {
    note: h("p", { class: "note", "data-testid": "pipeline-note" }), empty: h("p", { class: "empty", text: "The agent reads its own metrics every 10 seconds; the first numbers come soon." }),
    state: h("p", { class: "verdict", "data-testid": "pipeline-state", role: "status" }), ways: h("div", { class: "ways-in", "data-testid": "pipeline-graph" }),
    settings: h("section", { class: "card", hidden: true, "aria-label": "What the component runs with", "data-testid": "component-config" }),
    ledger: h("div", {}), flows: h("div", { class: "flow" }), processors: h("details", { hidden: true }, h("summary", { text: "Processors" }), h("div", { class: "scroll", tabindex: "0" })),
    counters: h("details", { hidden: true }, h("summary", { text: "Counters of components" }), h("div", { class: "scroll", tabindex: "0" })),
  };
  root.replaceChildren(v.empty, v.state, v.note, v.ways, v.settings, v.ledger, v.flows, v.processors, v.counters);
  return v;
}

export async function refresh() {
  const p = await ask("pipeline");
  config ??= (await ask("pipeline/config")).components;
  ways(p);
  settings();
  view.empty.hidden = p.available;
  if (!p.available) { if (p.error) setText(view.empty, `Rates and queues can't be shown: ${p.error}.`); return; }
  const parts = [];
  if (p.process.cpu !== null) parts.push(`CPU ${percent(p.process.cpu)} of one core`);
  if (p.process.memory_rss !== null) parts.push(`memory ${bytes(p.process.memory_rss)}`);
  if (p.process.uptime_seconds !== null) parts.push(`up ${duration(p.process.uptime_seconds)}`);
  if (p.error) parts.push(`these numbers are old: ${p.error}`);
  setText(view.note, parts.join(" · "));
  verdict(p);
  replace(view.ledger, p.ledger, () => [sources(p.ledger.sources), exporterLedger(p.ledger, p.edges, p.time)]);
  replace(view.flows, [p.receivers, p.exporters], () => [receivers(p.receivers), h("div", { class: "arrow", "aria-hidden": "true", text: "→" }), exporters(p.exporters)]);
  details(view.processors, p.processors, () => processors(p.processors));
  details(view.counters, p.counters, () => counters(p.counters));
}

// replace makes the children of e anew if what they show has changed.
function replace(e, shows, make) {
  const key = JSON.stringify(shows);
  if (e.shown === key) return;
  e.shown = key;
  e.replaceChildren(...make());
}

function details(e, list, make) {
  e.hidden = !list.length;
  replace(e.lastElementChild, list, () => list.length ? [make()] : []);
}

const age = (at, now) => duration(Math.max(1, now - Date.parse(at) / 1000));

// verdict says in a sentence or two whether all that is read is delivered.
function verdict(p) {
  const bad = [], now = p.time;
  for (const e of p.edges) {
    const l = p.ledger.exporters.find((x) => x.id === e.exporter);
    if (e.pressure === "saturated") bad.push(`${e.exporter} takes no more since ${age(e.since, now)}: its queue is full, so what comes in has to wait.`);
    else if (e.pressure === "waiting") bad.push(`${e.exporter} has delivered nothing for ${age(e.since, now)}; ${plural(l?.queued ?? 0, "record")} wait${l?.durable ? " on disk" : " in memory"}.`);
  }
  for (const e of p.ledger.exporters) {
    const n = sum(e.dropped);
    if (n) bad.push(`${e.id} has given up ${plural(n, "record")} (${reasons(e.dropped)}).`);
  }
  for (const s of p.ledger.sources) if (sum(s.dropped)) bad.push(`${s.id} has dropped ${plural(sum(s.dropped), "record")} (${reasons(s.dropped)}).`);
  setText(view.state, bad.length ? bad.join(" ") : "Everything that was read is delivered or on its way.");
  view.state.dataset.level = bad.length ? "bad" : "ok";
}

const sum = (by) => Object.values(by ?? {}).reduce((a, b) => a + b, 0);
const reasons = (by) => Object.entries(by ?? {}).filter(([, n]) => n).map(([why, n]) => `${count(n)} ${why.replaceAll("_", " ")}`).join(", ");

// ways draws a lane for each pipeline; a connector is at the end of one and at the
// beginning of another.
function ways(p) {
  replace(view.ways, [p.pipelines, p.receivers, p.processors, p.exporters, p.edges, p.ledger.exporters, chosen], () => {
    if (!p.pipelines.length) return [h("p", { class: "empty", text: "The pipelines are not known yet." })];
    const connectors = new Set(Object.keys(config.connectors ?? {}));
    const edges = new Map(p.edges.map((e) => [e.exporter, e])), circuits = new Map(p.ledger.exporters.map((e) => [e.id, e.circuits ?? []]));
    const find = (list, id, signal) => list.find((f) => f.id === id && f.signal === signal);
    const often = (id, signal) => p.pipelines.filter((l) => l.signal === signal && [...l.receivers, ...l.processors, ...l.exporters].includes(id)).length > 1; // then its rate is that of all of them
    const chip = (section, id, signal, flow, edge) => {
      const real = connectors.has(id) ? "connectors" : section, name = `${real}/${id}`, pressure = edge && (circuits.get(id)?.length ? "waiting" : edge.pressure);
      const words = [flow && flow.rate !== null ? perSecond(flow.rate) + (often(id, signal) ? " in all" : "") : "", flow?.failed_rate > 0 ? `${perSecond(flow.failed_rate)} refused or failed` : "", pressure && pressure !== "healthy" ? `${pressure} for ${age(edge.since, p.time)}` : ""].filter(Boolean);
      return h("button", { type: "button", class: "chipbox", "aria-pressed": String(chosen === name), title: `${real.slice(0, -1)} ${id}: show what it runs with`, data: { component: id, kind: real, pressure: pressure || undefined }, on: { click: () => choose(chosen === name ? "" : name) } },
        h("span", { class: "cname" }, real === "connectors" ? (section === "exporters" ? "↪ " : "↩ ") : "", id), words.length ? h("span", { class: "cnote", text: words.join(" · ") }) : "", flow?.queue_capacity ? meter(flow) : "");
    };
    const group = (label, list, make) => h("div", { class: "group", role: "group", "aria-label": label }, ...list.map(make));
    const arrow = () => h("span", { class: "to", "aria-hidden": "true", text: "→" });
    return [h("p", { class: "small muted", text: "Data goes from left to right. ↪ hands on to the pipelines that begin with the same name and ↩. Press a box to see what it runs with." }),
      ...p.pipelines.map((l) => h("div", { class: "pipe", data: { pipeline: l.id, signal: l.signal } }, h("h3", {}, l.id),
        group(`Receivers of ${l.id}`, l.receivers, (id) => chip("receivers", id, l.signal, find(p.receivers, id, l.signal))), arrow(),
        ...(l.processors.length ? [group(`Processors of ${l.id}`, l.processors, (id) => chip("processors", id, l.signal, find(p.processors, id, l.signal))), arrow()] : []),
        group(`Exporters of ${l.id}`, l.exporters, (id) => chip("exporters", id, l.signal, connectors.has(id) ? undefined : find(p.exporters, id, l.signal), edges.get(id)))))];
  });
}

function choose(name) {
  chosen = name;
  remember({ component: name });
  refresh().catch((err) => setText(view.note, err.message));
}

// settings shows what one component runs with; secrets never reach this page.
function settings() {
  const at = chosen.indexOf("/"), section = chosen.slice(0, at), id = chosen.slice(at + 1), found = config[section]?.[id];
  view.settings.hidden = !chosen;
  replace(view.settings, [chosen], () => [h("h3", { text: `${section.slice(0, -1)} ${id}` }), h("p", { class: "small muted", text: "With all defaults. (hidden) stands where a secret could be: passwords, tokens, headers and the like stay in the agent." }),
    h("pre", { class: "mono", tabindex: "0", text: found === undefined ? "This component is not part of the running configuration." : yaml(found, 0) || "It has no settings." }),
    h("button", { type: "button", class: "quiet", text: "Close", on: { click: () => choose("") } })]);
}

// yaml writes a value for people to read.
function yaml(v, depth) {
  const pad = "  ".repeat(depth), nested = (x) => x !== null && typeof x === "object" && Object.keys(x).length > 0;
  const flat = (x) => x === null ? "null" : typeof x === "object" ? (Array.isArray(x) ? "[]" : "{}") : String(x) === "" ? '""' : String(x);
  if (!nested(v)) return v === null || typeof v === "object" ? "" : pad + flat(v);
  if (Array.isArray(v)) return v.map((x) => nested(x) ? `${pad}-\n${yaml(x, depth + 1)}` : `${pad}- ${flat(x)}`).join("\n");
  return Object.entries(v).map(([k, x]) => nested(x) ? `${pad}${k}:\n${yaml(x, depth + 1)}` : `${pad}${k}: ${flat(x)}`).join("\n");
}

const cell = (text, kind = "num") => h("td", { class: kind, text });
const bad = (n) => cell(n ? count(n) : "0", n ? "num bad" : "num muted");

// rows writes the component's name on its first row only.
function rows(list, make) {
  return h("tbody", {}, ...list.map((f, i) => {
    const same = i > 0 && list[i - 1].id === f.id;
    return h("tr", { class: "row", data: { component: f.id, signal: f.signal } }, cell(f.id, same ? "same" : ""), cell(f.signal, "signal"), ...make(f));
  }));
}

function receivers(list) {
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "receivers" }, h("caption", { text: "Receivers" }), heads("Receiver", "Signal", "#Rate", "#Accepted", "#Refused", "#Failed"),
    list.length ? rows(list, (f) => [cell(perSecond(f.rate)), cell(count(f.items)), bad(f.refused), bad(f.failed)]) : none(6, "Nothing received yet.")));
}

function exporters(list) {
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "exporters" }, h("caption", { text: "Exporters" }), heads("Exporter", "Signal", "#Rate", "#Sent", "#Failed", "#Not queued", "Queue"),
    list.length ? rows(list, (f) => [cell(perSecond(f.rate)), cell(count(f.items)), bad(f.failed), bad(f.refused), queue(f)]) : none(7, "Nothing sent yet.")));
}

// sources: what each receiver read, and what of it is not in the pipelines.
function sources(list) {
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "sources" }, h("caption", { text: "Where records come from, since the start" }), heads("Source", "#Read", "#Refused for now", "#Dropped", "Why"),
    list.length ? h("tbody", {}, ...list.map((s) => h("tr", { class: "row", data: { component: s.id } }, cell(s.id, ""), cell(count(s.read)), cell(count(s.refused), s.refused ? "num" : "num muted"), bad(sum(s.dropped)), cell(reasons(s.dropped) || "–", "muted")))) : none(5, "Nothing was read yet.")));
}

// exporterLedger: for every exporter, accepted + carried over = exported + queued + dropped.
function exporterLedger(l, edges, now) {
  const edge = Object.fromEntries(edges.map((e) => [e.exporter, e]));
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "ledger" }, h("caption", { text: "Where they are now: accepted + carried over = exported + queued + dropped" }),
    heads("Exporter", "State", "#Accepted", "#Carried over", "#Exported", "#Queued", "#Dropped", "Why", "#Unaccounted"),
    l.exporters.length ? h("tbody", {}, ...l.exporters.map((e) => h("tr", { class: "row", data: { component: e.id } }, cell(e.id, ""), state(edge[e.id], e.circuits ?? [], now), cell(count(e.accepted)), cell(count(e.carried)),
      cell(count(e.exported)), cell(count(e.queued) + (e.queued && e.durable ? " on disk" : "")), bad(sum(e.dropped)), cell(reasons(e.dropped) || "–", "muted"), bad(e.unaccounted)))) : none(9, "Nothing was sent yet.")));
}

// state of the way to an exporter. Circuits are the endpoints that are left alone for now.
function state(e, circuits, now) {
  if (!e) return cell("", "");
  if (circuits.length) {
    const td = cell(`${plural(circuits.length, "endpoint")} left alone for ${age(circuits[0].since, now)} (${circuits[0].reason})`, "bad");
    td.title = circuits.map((c) => `${c.endpoint} failed again and again (${c.reason}): one request at a time tries it, the circuit is ${c.state}`).join("; ");
    return td;
  }
  return cell(e.pressure === "healthy" ? "healthy" : `${e.pressure} for ${age(e.since, now)}`, e.pressure === "healthy" ? "muted" : "bad");
}

function meter(f) {
  const part = Math.min(1, f.queue_size / f.queue_capacity), fill = h("i");
  fill.style.width = `${Math.max(part ? 3 : 0, part * 100)}%`;
  return h("span", { class: "queue", role: "meter", "aria-label": `queue of ${f.id}`, "aria-valuenow": f.queue_size ?? 0, "aria-valuemin": 0, "aria-valuemax": f.queue_capacity, data: { full: part > 0.8 ? "high" : part > 0.5 ? "half" : "" } }, fill);
}

function queue(f) {
  if (f.queue_capacity === null || !f.queue_capacity) return cell("none", "muted");
  const part = f.queue_size / f.queue_capacity;
  return h("td", { title: `${count(f.queue_size)} of ${count(f.queue_capacity)}` }, meter(f), h("span", { class: "small muted", text: part > 0 && part < 0.005 ? "<1 %" : `${Math.round(part * 100)} %` }));
}

function processors(list) {
  return h("table", {}, heads("Processor", "Signal", "#Rate", "#In", "#Out", "#Refused"),
    rows(list, (f) => [cell(perSecond(f.rate)), cell(count(f.in ?? 0)), cell(count(f.items)), bad(f.refused)]));
}

function counters(list) {
  return h("table", {}, heads("Name", "Labels", "#Value", "#Rate"),
    h("tbody", {}, ...list.map((c) => h("tr", { class: "row" }, cell(c.name, "mono"),
      cell(Object.entries(c.labels).filter(([k]) => !k.startsWith("otel_scope")).map(([k, v]) => `${k}=${v}`).join(" "), "muted"), cell(count(c.value)), cell(perSecond(c.rate))))));
}

const none = (n, text) => h("tbody", {}, h("tr", {}, h("td", { colspan: String(n), class: "muted", text })));
