// Log lines, wherever they are shown: time, severity, service, text; more on a click.

import { h, link } from "./dom.js";
import { ask } from "./api.js";
import { clock, severity } from "./format.js";

const minute = (ms) => Math.floor(ms / 60000) * 60;

// around are the minute of a time, in milliseconds, and its neighbours, as a query.
export const around = (ms, before = 0, after = 1) => ({ from: minute(ms) - before * 60, to: minute(ms) + after * 60 });

// lineRow is a line as an item of a list; a click shows what it carries.
export function lineRow(l, { marked = false, open = false } = {}) {
  const [name, tone] = severity(l.severity);
  const text = h("button", { type: "button", class: "linebtn", "aria-expanded": "false" }, l.body || "(empty)");
  const row = h("li", { class: marked ? "line marked" : "line", data: { seq: l.seq } },
    h("time", { datetime: new Date(l.time).toISOString(), text: stamp(l.time) }), h("span", { class: "level", data: { level: tone }, text: name }),
    h("span", { class: "svc", text: l.service || (l.source ?? "").split("/").pop() }), text);
  const toggle = () => {
    if (row.more) { row.more.remove(); row.more = null; } else row.append(row.more = carried(l));
    text.setAttribute("aria-expanded", String(Boolean(row.more)));
  };
  text.addEventListener("click", () => { if (getSelection().isCollapsed) toggle(); });
  if (open) toggle();
  return row;
}

const stamp = (ms) => `${clock(ms / 1000, true)}.${String(ms % 1000).padStart(3, "0")}`;

// carried is all that is known of a line, and where to go from it.
function carried(l) {
  const pairs = [["service", l.service], ["source", l.source], ["trace", l.trace_id], ["span", l.span_id], ...(l.attributes ?? []).map((a) => [a.key, a.value])].filter(([, v]) => v);
  return h("div", { class: "carried" },
    h("dl", { class: "receipt" }, ...pairs.map(([k, v]) => h("div", {}, h("dt", { text: k }), h("dd", { text: v })))),
    h("p", { class: "ways" },
      l.trace_id && h("a", { href: link("trace", l.trace_id), "data-testid": "line-trace", text: "Its trace" }),
      h("a", { href: link("logs", { seq: l.seq }), "data-testid": "line-context", text: "Lines around it" }),
      l.pattern && h("a", { href: link("logs", { pattern: l.pattern }), text: "Lines like it" }),
      l.service && h("a", { href: link("services", l.service), text: `Service ${l.service}` }),
      h("a", { href: link("services", around(l.time)), text: "Traces of that minute" })));
}

// lineList is a short list of recent lines.
export function lineList(empty, ways = true) {
  const none = h("p", { class: "empty", text: empty }), list = h("ol", { class: "lines boxed", "data-testid": "lines" });
  return {
    element: h("div", {}, none, list),
    fill: (logs) => {
      none.hidden = logs.length > 0;
      list.hidden = !logs.length;
      const key = logs.map((l) => l.seq).join();
      if (list.shown === key) return;
      list.shown = key;
      list.replaceChildren(...logs.map((l) => {
        const row = lineRow(l);
        if (ways && l.trace_id) row.append(h("a", { class: "small", href: link("trace", l.trace_id), text: "trace" }));
        return row;
      }));
    },
  };
}

// question is the query of the API for a filter of the address.
export function question(filter, more = {}) {
  const q = { q: filter.q, service: filter.service, pattern: filter.pattern, min_severity: filter.level, from: filter.from, to: filter.to, ...more };
  return new URLSearchParams(Object.entries(q).filter(([, v]) => v)).toString();
}

export const logs = (filter, more) => ask("logs?" + question(filter, more));
