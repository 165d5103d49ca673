// One trace: where its time went, span by span, and its lines.

import { h, setText, link } from "./dom.js";
import { ask } from "./api.js";
import { anew } from "./route.js";
import { duration, clock, plural, percent } from "./format.js";
import { lineList, around } from "./lines.js";

export const { enter, leave, refresh } = anew(mount);

function mount(root, title, id) {
  title("Trace " + id);
  const facts = h("p", { class: "small muted", "data-testid": "trace-facts" }), why = h("p", { "data-testid": "trace-why" }), ways = h("p", { class: "ways" }), table = h("div", { class: "scroll" }), lines = lineList("No line in memory carries the id of this trace.", false);
  root.append(facts, why, ways, table, h("div", { class: "head sub" }, h("h3", { text: "Lines of this trace" })), lines.element);
  let shown = "";
  return async () => {
    const answer = await ask("traces/" + encodeURIComponent(id));
    lines.fill(answer.logs);
    const key = JSON.stringify([answer.spans, answer.story]);
    if (key === shown) return;
    shown = key;
    const { trace, story } = answer, spans = arrange(answer.spans), at = Number(trace.start) / 1e6;
    // What is usual is known of hops of the critical path.
    const hop = (x) => [x.service, x.operation ?? x.name, x.duration_ns ?? Number(x.duration)].join("\n"), hops = new Map((story?.path ?? []).filter((x) => x.known).map((x) => [hop(x), x]));
    for (const s of spans) s.usual = s.critical ? hops.get(hop(s)) : undefined;
    setText(why, story ? story.why[0].toUpperCase() + story.why.slice(1) + "." + (story.repeats ?? []).map((r) => ` ${r}.`).join("") : "");
    ways.replaceChildren(h("a", { href: link("logs", around(at)), "data-testid": "trace-lines", text: "Lines of that minute" }), h("a", { href: link("services", around(at)), text: "Traces of that minute" }));
    title(`${trace.service}: ${trace.name}`);
    setText(facts, [`trace ${trace.id}`, duration(Number(trace.duration) / 1e9), plural(trace.spans, "span"), plural(trace.errors, "failed span"), `at ${clock(Number(trace.start) / 1e9, true)}`, culprit(spans)].filter(Boolean).join(" · "));
    table.replaceChildren(waterfall(spans));
  };
}

// arrange puts spans in order of their tree and gives each its depth, the time spent in
// itself, and whether the trace would have been shorter without it (the critical path).
export function arrange(list) {
  const origin = list.reduce((a, s) => s.start.length < a.length || s.start.length === a.length && s.start < a ? s.start : a, list[0]?.start ?? "0");
  // Seconds since the first span: nanoseconds since 1970 have more digits than a number.
  const spans = list.map((s) => { const begin = Number(BigInt(s.start) - BigInt(origin)) / 1e9; return { ...s, begin, end: begin + Number(s.duration) / 1e9, children: [] }; });
  const byID = new Map(spans.map((s) => [s.span_id, s])), roots = [], ordered = [];
  for (const s of spans) {
    const parent = byID.get(s.parent_id);
    if (parent && parent !== s) parent.children.push(s);
    else roots.push(s);
  }
  const visit = (s, depth) => {
    if (s.depth !== undefined) return;
    s.depth = depth;
    ordered.push(s);
    s.children.sort((a, b) => a.begin - b.begin);
    s.self = own(s);
    for (const c of s.children) visit(c, depth + 1);
  };
  roots.sort((a, b) => a.begin - b.begin).forEach((s) => visit(s, 0));
  spans.forEach((s) => visit(s, 0)); // what hangs in a circle
  const last = roots.reduce((a, s) => !a || s.end - s.begin > a.end - a.begin ? s : a, null);
  if (last) critical(last, last.end, new Set());
  return ordered;
}

// own is what no child covers.
function own(s) {
  let at = s.begin, sum = 0;
  for (const c of s.children) {
    const begin = Math.min(Math.max(c.begin, s.begin), s.end);
    if (begin > at) sum += begin - at;
    at = Math.max(at, Math.min(c.end, s.end));
  }
  return sum + Math.max(0, s.end - at);
}

// critical marks, from the end backwards, the child that was waited for last.
function critical(s, until, seen) {
  if (seen.has(s)) return;
  seen.add(s);
  s.critical = true;
  let at = Math.min(until, s.end);
  for (const c of [...s.children].sort((a, b) => b.end - a.end)) {
    if (c.begin >= at || c.end <= s.begin) continue;
    critical(c, at, seen);
    at = c.begin;
  }
}

function culprit(spans) {
  const total = Math.max(...spans.map((s) => s.end)) || 1, most = spans.filter((s) => s.critical).reduce((a, s) => !a || s.self > a.self ? s : a, null);
  return most && spans.length > 1 ? `most time on the critical path: ${most.service} ${most.name}, ${duration(most.self)} of its own (${percent(most.self / total)})` : "";
}

function waterfall(spans) {
  const total = Math.max(1e-9, ...spans.map((s) => s.end));
  const rows = spans.flatMap((s) => {
    const detail = h("tr", { class: "detail", hidden: true }, h("td", { colspan: "4" }, h("p", {}, h("a", { href: link("services", s.service), text: `${s.service} now` })), facts(s)));
    const button = h("button", { type: "button", class: "rowbtn", "aria-expanded": "false", on: { click: () => { detail.hidden = !detail.hidden; button.setAttribute("aria-expanded", String(!detail.hidden)); } } },
      h("span", {}, h("span", { class: "muted", text: s.service }), " ", s.name, s.error ? h("span", { class: "bad", text: " failed" }) : "", s.critical ? h("span", { class: "hidden", text: " on the critical path" }) : ""));
    button.style.paddingLeft = `${Math.min(s.depth, 24) * 12}px`;
    const bar = h("i", { class: s.error ? "mark failed" : "mark" });
    bar.style.left = `${(s.begin / total) * 100}%`;
    bar.style.width = `${Math.max(0.3, ((s.end - s.begin) / total) * 100)}%`;
    return [h("tr", { class: s.critical ? "row critical" : "row", "data-testid": "span" }, h("td", { class: "op" }, button), h("td", { class: "lane", "aria-hidden": "true" }, h("span", { class: "rail" }, bar)),
      h("td", { class: "num", text: duration(s.end - s.begin) }), h("td", { class: s.usual && s.usual.own_ns > 2 * s.usual.usual_ns ? "num bad" : "num muted" }, h("span", { text: duration(s.self) }), h("span", { class: "usual", text: s.usual ? `usually ${duration(s.usual.usual_ns / 1e9)}` : "" }))), detail];
  });
  return h("table", { class: "waterfall", "data-testid": "waterfall" }, h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "Service and operation" }), h("th", { scope: "col" }, h("i", { class: "k-critical", "aria-hidden": "true" }), "critical path"), h("th", { scope: "col", class: "num", text: "Took" }), h("th", { scope: "col", class: "num", text: "By itself" }))), h("tbody", {}, ...rows));
}

function facts(s) {
  const pairs = [["kind", s.kind], ["begins after", duration(s.begin)], ["message", s.message], ["span id", s.span_id], ...(s.attributes ?? []).map((a) => [a.key, a.value])];
  return h("dl", { class: "receipt" }, ...pairs.filter(([, v]) => v).map(([k, v]) => h("div", {}, h("dt", { text: k }), h("dd", { text: v }))));
}
