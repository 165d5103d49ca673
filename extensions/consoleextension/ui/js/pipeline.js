// The section of the pipeline: what comes in, what goes out, what waits.

import { $, h, setText, heads } from "./dom.js";
import { ask } from "./api.js";
import { count, perSecond, bytes, percent, duration } from "./format.js";

export const enter = ({ title }) => title("Pipeline");

export async function refresh() {
  const p = await ask("pipeline");
  $("pipeline-empty").hidden = p.available;
  if (!p.available) { if (p.error) setText($("pipeline-empty"), `The pipeline can't be shown: ${p.error}.`); return; }
  const parts = [];
  if (p.process.cpu !== null) parts.push(`CPU ${percent(p.process.cpu)} of one core`);
  if (p.process.memory_rss !== null) parts.push(`memory ${bytes(p.process.memory_rss)}`);
  if (p.process.uptime_seconds !== null) parts.push(`up ${duration(p.process.uptime_seconds)}`);
  if (p.error) parts.push(p.error);
  setText($("pipeline-note"), parts.join(" · "));
  $("pipeline-body").hidden = false;
  $("pipeline-body").replaceChildren(receivers(p.receivers), h("div", { class: "arrow", "aria-hidden": "true", text: "→" }), exporters(p.exporters));
  $("pipeline-ledger").hidden = !p.ledger.exporters.length;
  $("pipeline-ledger").replaceChildren(ledger(p.ledger, p.edges, p.time));
  details("pipeline-processors", p.processors.length && processors(p.processors));
  details("pipeline-counters", p.counters.length && counters(p.counters));
}

function details(id, table) {
  $(id).hidden = !table;
  if (table) $(id).querySelector("div").replaceChildren(table);
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
  return h("div", { class: "scroll" }, h("table", { "data-testid": "receivers" }, h("caption", { text: "Receivers" }), heads("", "Signal", "#Rate", "#Accepted", "#Refused", "#Failed"),
    list.length ? rows(list, (f) => [cell(perSecond(f.rate)), cell(count(f.items)), bad(f.refused), bad(f.failed)]) : none(6, "Nothing received yet.")));
}

function exporters(list) {
  return h("div", { class: "scroll" }, h("table", { "data-testid": "exporters" }, h("caption", { text: "Exporters" }), heads("", "Signal", "#Rate", "#Sent", "#Failed", "#Not queued", "Queue"),
    list.length ? rows(list, (f) => [cell(perSecond(f.rate)), cell(count(f.items)), bad(f.failed), bad(f.refused), queue(f)]) : none(7, "Nothing sent yet.")));
}

// ledger: for every exporter, accepted + carried over = exported + queued + dropped.
function ledger(l, edges, now) {
  const edge = Object.fromEntries(edges.map((e) => [e.exporter, e]));
  return h("table", { "data-testid": "ledger" }, h("caption", { text: "Delivery ledger: every record since the start" }),
    heads("", "State", "#Accepted", "#Carried over", "#Exported", "#Queued", "#Dropped", "#Unaccounted"),
    h("tbody", {}, ...l.exporters.map((e) => {
      const reasons = Object.entries(e.dropped ?? {});
      const dropped = bad(reasons.reduce((sum, [, n]) => sum + n, 0));
      if (reasons.length) dropped.title = reasons.map(([why, n]) => `${count(n)} ${why}`).join(", ");
      return h("tr", { class: "row", data: { component: e.id } }, cell(e.id, ""), state(edge[e.id], e.circuits ?? [], now), cell(count(e.accepted)), cell(count(e.carried)),
        cell(count(e.exported)), cell(count(e.queued)), dropped, bad(e.unaccounted));
    })));
}

// state of the way to an exporter. Circuits are the endpoints that are left alone for now.
function state(e, circuits, now) {
  if (!e) return cell("", "");
  const age = (at) => duration(Math.max(0, now - Date.parse(at) / 1000));
  if (circuits.length) {
    const td = cell(`${circuits.length} endpoint${circuits.length > 1 ? "s" : ""} left alone for ${age(circuits[0].since)} (${circuits[0].reason})`, "bad");
    td.title = circuits.map((c) => `${c.endpoint} failed again and again (${c.reason}): one request at a time tries it, the circuit is ${c.state}`).join("; ");
    return td;
  }
  return cell(e.pressure === "healthy" ? "healthy" : `${e.pressure} for ${age(e.since)}`, e.pressure === "healthy" ? "muted" : "bad");
}

function queue(f) {
  if (f.queue_capacity === null || !f.queue_capacity) return cell("none", "muted");
  const part = Math.min(1, f.queue_size / f.queue_capacity);
  const fill = h("i");
  fill.style.width = `${Math.max(part ? 3 : 0, part * 100)}%`;
  const bar = h("span", { class: "queue", role: "meter", "aria-label": `queue of ${f.id}`, "aria-valuenow": f.queue_size ?? 0, "aria-valuemin": 0, "aria-valuemax": f.queue_capacity, data: { full: part > 0.8 ? "high" : part > 0.5 ? "half" : "" } }, fill);
  return h("td", { title: `${count(f.queue_size)} of ${count(f.queue_capacity)}` }, bar, h("span", { class: "small muted", text: part > 0 && part < 0.005 ? "<1 %" : `${Math.round(part * 100)} %` }));
}

function processors(list) {
  return h("table", {}, heads("", "Signal", "#Rate", "#In", "#Out", "#Refused"),
    rows(list, (f) => [cell(perSecond(f.rate)), cell(count(f.in ?? 0)), cell(count(f.items)), bad(f.refused)]));
}

function counters(list) {
  return h("table", {}, heads("Name", "Labels", "#Value", "#Rate"),
    h("tbody", {}, ...list.map((c) => h("tr", { class: "row" }, cell(c.name, "mono"),
      cell(Object.entries(c.labels).filter(([k]) => !k.startsWith("otel_scope")).map(([k, v]) => `${k}=${v}`).join(" "), "muted"), cell(count(c.value)), cell(perSecond(c.rate))))));
}

const none = (n, text) => h("tbody", {}, h("tr", {}, h("td", { colspan: String(n), class: "muted", text })));
