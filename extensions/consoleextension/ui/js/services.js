// Services: the table of all, who calls whom, and one service with its operations.

import { h, svg, setText, keyed, link, heads } from "./dom.js";
import { ask } from "./api.js";
import { remember } from "./route.js";
import { lineList } from "./lines.js";
import { expected } from "./chart.js";
import { perSecond, percent, duration, clock, count } from "./format.js";

let load = null, was = "";

export function enter({ root, args, query, title }) {
  const key = (args[0] ?? "") + JSON.stringify(query);
  if (load && key === was) return;
  was = key;
  root.replaceChildren();
  load = args[0] ? one(root, title, args[0], query) : all(root, title, query);
}

export const leave = () => { load = null; };
export const refresh = () => load();

// traceList are the traces that fit what is chosen; the choice is part of the address.
function traceList(name, query) {
  const only = h("select", { "aria-label": "Which traces", "data-testid": "trace-filter" }, ...[["", "all"], ["errors", "with errors"], ["slow", "of a second and longer"]].map(([value, text]) => h("option", { value, text })));
  only.value = query.only ?? "";
  const { from, to } = query, table = traceTable(), step = (by) => link("services", ...(name ? [name] : []), { ...query, from: Number(from) + by, to: Number(to) + by });
  const head = h("div", { class: "head sub" }, h("h3", { text: from ? `Traces from ${clock(from)} to ${to ? clock(to) : "now"}` : "Recent traces" }), only,
    ...(from && to ? [h("a", { class: "small", href: step(from - to), text: "earlier" }), h("a", { class: "small", href: step(to - from), text: "later" }), h("a", { class: "small", href: link("logs", { from, to, service: name }), "data-testid": "lines-of-time", text: "Lines of this time" }), h("a", { class: "small", href: link("services", ...(name ? [name] : [])), text: "now" })] : []));
  const fill = async () => {
    const q = new URLSearchParams({ limit: from ? 200 : 20, ...(name && { service: name }), ...(from && { from }), ...(to && { to }), ...(only.value === "errors" && { errors: 1 }), ...(only.value === "slow" && { min_duration_ms: 1000 }) });
    table.fill((await ask("traces?" + q)).traces);
  };
  only.addEventListener("input", () => {
    query.only = only.value;
    was = name + JSON.stringify(query);
    remember(query);
    fill().catch(() => { /* the next refresh tries again */ });
  });
  return { element: h("section", {}, head, table.element), fill };
}

function all(root, title, query) {
  title("Services");
  const empty = h("p", { class: "empty", text: "No span has come yet. Send traces to 127.0.0.1:4317 (gRPC) or :4318 (HTTP)." });
  const table = serviceTable("Services over the last minute", "Service");
  const graph = h("div", { class: "scroll callgraph", tabindex: "0" }), calls = callTable("Who calls whom"), traces = traceList("", query);
  root.append(...(query.from ? [traces.element] : []), empty, table.element, graph, calls.element, ...(query.from ? [] : [traces.element]));
  return async () => {
    const [{ services }, { edges }] = await Promise.all([ask("services"), ask("services/graph"), traces.fill()]);
    empty.hidden = services.length > 0;
    traces.element.hidden = !services.length && !query.from;
    table.fill(services.sort((a, b) => (b.calls ?? 0) - (a.calls ?? 0)), (s) => s.service, (s) => link("services", s.service));
    calls.fill(edges);
    const picture = JSON.stringify(edges.map((e) => [e.client, e.server, e.errors > 0.01]));
    if (graph.shown !== picture) {
      graph.shown = picture;
      graph.replaceChildren(...(edges.length ? [draw(edges, services)] : []));
    }
  };
}

function one(root, title, name, query) {
  title(name);
  const table = serviceTable("Operations over the last minute", "Operation"), calls = callTable("Its callers and what it calls"), traces = traceList(name, query), lines = lineList("No warning and no error of it is in memory.");
  root.append(h("p", { class: "small" }, h("a", { href: "#/services", text: "All services" }), " ", h("a", { href: link("logs", { service: name }), text: "Its lines" })), ...(query.from ? [traces.element] : []), table.element, calls.element, ...(query.from ? [] : [traces.element]),
    h("div", { class: "head sub" }, h("h3", { text: "Recent warnings and errors" })), lines.element);
  const q = encodeURIComponent(name);
  return async () => {
    const [{ services }, { edges }, { logs }] = await Promise.all([ask(`services?operations=1&service=${q}`), ask(`services/graph?service=${q}`), ask(`logs?service=${q}&min_severity=13&limit=20`), traces.fill()]);
    if (!services.length) throw new Error(`Nothing is known of a service ${name}; it may have been silent for long.`);
    table.fill(services.filter((s) => s.operation).sort((a, b) => (b.calls ?? 0) - (a.calls ?? 0)), (s) => s.operation + JSON.stringify(s.attributes), null, (s) => s.operation);
    calls.fill(edges);
    lines.fill(logs);
  };
}

const columns = [["calls", perSecond], ["errors", percent], ["latency_mean", duration], ["latency_p99", duration]];

function serviceTable(caption, first) {
  const body = h("tbody");
  const element = h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "services" }, h("caption", { class: "hidden", text: caption }), heads(first, "#Calls", "#Errors", "#Mean", "#p99"), body));
  const make = (href, name) => (s) => h("tr", { class: "row", data: { service: s.service } },
    h("td", {}, href ? h("a", { href: href(s), text: name(s) }) : h("span", { text: name(s) })), ...columns.map(() => h("td", { class: "num" }, h("span"), h("span", { class: "usual" }))));
  const update = (e, s) => columns.forEach(([field, write], i) => {
    const cell = e.children[i + 1], band = s.usual?.[field];
    setText(cell.firstElementChild, write(s[field]));
    setText(cell.lastElementChild, band ? expected(band.lower, band.upper, write, "usually ", "") : "");
    cell.classList.toggle("bad", band ? band.state === "anomalous" : field === "errors" && s.errors >= 0.01);
  });
  return { element, fill: (list, key, href, name = (s) => s.service) => { element.hidden = !list.length; keyed(body, list, key, make(href, name), update); } };
}

function callTable(caption) {
  const body = h("tbody");
  const element = h("div", { class: "scroll" }, h("table", { "data-testid": "calls" }, h("caption", { text: caption }), heads("Caller", "Called", "Kind", "#Calls", "#Errors", "#Mean", "#Requests", "#Failed"), body));
  const end = (name) => name === "user" ? h("td", { text: name }) : h("td", {}, h("a", { href: link("services", name), text: name }));
  const make = (e) => h("tr", { class: "row" }, end(e.client), e.connection ? h("td", { text: e.server }) : end(e.server),
    h("td", { class: "muted", text: (e.connection || "service").replaceAll("_", " ") }), ...Array.from({ length: 5 }, () => h("td", { class: "num" })));
  const update = (row, e) => {
    const [, , , calls, errors, mean, requests, failed] = row.children;
    setText(calls, perSecond(e.calls));
    setText(errors, percent(e.errors));
    errors.classList.toggle("bad", e.errors >= 0.01);
    setText(mean, duration(e.latency_mean));
    setText(requests, count(e.requests));
    setText(failed, count(e.failed));
  };
  return { element, fill: (list) => { element.hidden = !list.length; keyed(body, list, (e) => `${e.client}\n${e.server}\n${e.connection}`, make, update); } };
}

export function traceTable() {
  const body = h("tbody"), none = h("p", { class: "empty", text: "None in memory." });
  const table = h("div", { class: "scroll" }, h("table", { "data-testid": "traces" }, heads("Trace", "Begins in", "#Duration", "#Spans", "#Failed", "Services", "At"), body));
  const make = (t) => h("tr", { class: "row" }, h("td", {}, h("a", { href: link("trace", t.id), text: t.name || t.id })), h("td"), h("td", { class: "num" }), h("td", { class: "num" }), h("td", { class: "num" }), h("td", { class: "muted" }), h("td", { class: "muted" }));
  const update = (e, t) => {
    const [, service, took, spans, failed, names, at] = e.children;
    setText(service, t.service);
    setText(took, duration(Number(t.duration) / 1e9));
    setText(spans, String(t.spans));
    setText(failed, String(t.errors));
    failed.classList.toggle("bad", t.errors > 0);
    setText(names, t.services.slice(0, 6).join(", ") + (t.services.length > 6 ? ", …" : ""));
    setText(at, clock(Number(t.start) / 1e9, true));
  };
  return { element: h("div", {}, none, table), fill: (list) => { none.hidden = list.length > 0; table.hidden = !list.length; keyed(body, list, (t) => t.id, make, update); } };
}

// draw places services in columns, callers left of what they call.
function draw(edges, services) {
  const names = [...new Set(edges.flatMap((e) => [e.client, e.server]))], column = new Map(names.map((n) => [n, 0]));
  for (let round = 0; round < Math.min(names.length, 12); round++) {
    for (const e of edges) if (e.client !== e.server) column.set(e.server, Math.min(11, Math.max(column.get(e.server), column.get(e.client) + 1)));
  }
  const used = [...new Set(column.values())].sort((a, b) => a - b), columns = used.map((c) => names.filter((n) => column.get(n) === c).sort());
  const wide = 190, high = 46, place = new Map(), rows = Math.max(...columns.map((c) => c.length));
  columns.forEach((c, x) => c.forEach((n, y) => place.set(n, [20 + x * wide, 12 + (y + (rows - c.length) / 2) * high])));
  const s = svg("svg", { viewBox: `0 0 ${columns.length * wide} ${rows * high + 16}`, width: columns.length * wide, role: "group", "aria-label": `Who calls whom: ${edges.length} edges between ${names.length} services; the table below says the same` });
  for (const e of edges) {
    const [x1, y1] = place.get(e.client), [x2, y2] = place.get(e.server);
    const from = x1 + 140, mid = (from + x2) / 2;
    s.append(svg("path", { class: e.errors > 0.01 ? "edge bad" : "edge", d: `M${from} ${y1 + 14} C${mid} ${y1 + 14} ${mid} ${y2 + 14} ${x2} ${y2 + 14}` }));
  }
  const known = new Set(services.map((v) => v.service));
  for (const [n, [x, y]] of place) {
    const label = svg("text", { x: x + 8, y: y + 18 }, n.length > 19 ? n.slice(0, 18) + "…" : n);
    const node = svg("g", { class: known.has(n) ? "node" : "node other" }, svg("rect", { x, y, width: 140, height: 28, rx: 5 }), label);
    s.append(known.has(n) ? svg("a", { href: link("services", n) }, node) : node);
  }
  return s;
}
