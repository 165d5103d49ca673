// Log patterns: the table of all, a page at a time, and what is known of one.

import { h, svg, setText, keyed, sparkline, link } from "./dom.js";
import { ask } from "./api.js";
import { remember } from "./route.js";
import { count, percent, severity, ago, clock, plural, perSecond, duration, bytes, short } from "./format.js";
import { lineRow, around } from "./lines.js";

const pageSize = 50;
const names = { pattern_new: "new", pattern_flood: "flood", pattern_spike: "spike", pattern_silence: "silent", pattern_severity_flip: "severity changed", pattern_parameter_shift: "values shifted", pattern_deploy: "deploy" };
const opened = new Map(); // id -> details of an opened row
let view = null;
let asked = {};
let last = null;

export function enter(root, query) {
  view ??= build(root);
  asked = { ...query };
  for (const [key, e] of Object.entries(view.inputs)) if (document.activeElement !== e) { if (e.type === "checkbox") e.checked = Boolean(asked[key]); else e.value = asked[key] ?? e.dataset.usual ?? ""; }
}

function build(root) {
  const select = (label, usual, id, ...options) => h("select", { "aria-label": label, id, "data-testid": id, data: { usual } }, ...options.map(([value, text]) => h("option", { value, text })));
  const v = { inputs: {
    q: h("input", { type: "search", id: "pattern-search", placeholder: "Find in templates", "aria-label": "Find in templates", maxlength: "200", "data-testid": "pattern-search" }),
    level: select("Severity", "", "pattern-severity", ["", "any severity"], ["13", "warning and above"], ["17", "error and above"]),
    order: select("Order", "count", "pattern-order", ["count", "most lines first"], ["recent", "most in the last hour"], ["changed", "latest change first"], ["new", "newest first"], ["last", "last seen first"], ["severity", "most severe first"]),
    changed: h("input", { type: "checkbox" }),
  } };
  for (const [key, e] of Object.entries(v.inputs)) {
    e.addEventListener("input", () => {
      asked = { ...asked, page: "", [key]: e.type === "checkbox" ? (e.checked ? "1" : "") : e.value === e.dataset.usual ? "" : e.value };
      clearTimeout(v.typing);
      v.typing = setTimeout(again, 200);
    });
  }
  v.note = h("span", { class: "note" });
  v.empty = h("p", { class: "empty" });
  v.rows = h("tbody", { id: "pattern-rows" });
  v.table = h("div", { class: "scroll" }, h("table", { class: "patterns", "data-testid": "pattern-table" }, h("caption", { class: "hidden", text: "Log patterns" }),
    h("thead", {}, h("tr", {}, ...[["Lines", "num"], ["Share", "num"], ["Last hour"], ["Severity"], ["Template"], ["Service", "wide"], ["First seen", "num wide"], ["Last seen", "num"]].map(([text, kind = ""]) => h("th", { scope: "col", class: kind, text })))), v.rows));
  const turn = (by) => () => { asked = { ...asked, page: Math.max(1, pageNow() + by) }; again(); scrollTo(0, 0); };
  v.before = h("button", { type: "button", class: "quiet", text: "Previous", on: { click: turn(-1) } });
  v.after = h("button", { type: "button", class: "quiet", text: "Next", "data-testid": "pattern-next", on: { click: turn(1) } });
  v.where = h("span", { class: "small muted" });
  v.pages = h("p", { class: "pages" }, v.before, v.where, v.after);
  root.replaceChildren(h("div", { class: "head filters" }, v.inputs.q, v.inputs.level, v.inputs.order, h("label", { class: "small muted" }, v.inputs.changed, " changed lately"), v.note), v.empty, v.table, v.pages);
  return v;
}

const pageNow = () => Math.max(1, Number(asked.page) || 1);

function again() {
  remember({ ...asked, page: pageNow() > 1 ? pageNow() : "" });
  refresh().catch((err) => setText(view.note, err.message));
}

export async function refresh() {
  const mine = asked, q = new URLSearchParams({ limit: pageSize, offset: (pageNow() - 1) * pageSize });
  for (const [k, v] of [["q", asked.q], ["min_severity", asked.level], ["order", asked.order], ["changed", asked.changed]]) if (v) q.set(k, v);
  const answer = await ask("patterns?" + q);
  if (mine !== asked) return;
  last = answer;
  render();
  await Promise.all([...opened].map(async ([id, e]) => fillDetail(e, await one(id))));
}

const one = (id) => ask("patterns/" + encodeURIComponent(id)).catch(() => null);

function render() {
  const { patterns, total, found, lines } = last, from = (pageNow() - 1) * pageSize;
  view.empty.hidden = patterns.length > 0;
  view.table.hidden = !patterns.length;
  setText(view.empty, !total ? "No log line has come yet. Patterns appear with the first readable log file or OTLP log." : asked.changed ? "No pattern changed within the last hour." : "No pattern fits. Take a word out of the search, or choose any severity.");
  setText(view.note, total ? `${plural(lines, "line")} in ${plural(total, "pattern")} · ${perSecond(last.last_minute / 60)} in the last full minute` : "");
  view.pages.hidden = found <= pageSize && pageNow() === 1;
  view.before.disabled = pageNow() === 1;
  view.after.disabled = from + pageSize >= found;
  setText(view.where, ` ${count(Math.min(from + 1, found))} to ${count(Math.min(from + pageSize, found))} of ${count(found)} `);
  for (const id of opened.keys()) if (!patterns.some((p) => p.id === id)) opened.delete(id);
  const items = patterns.flatMap((p) => opened.has(p.id) ? [{ k: p.id, p }, { k: p.id + "/", p, detail: opened.get(p.id) }] : [{ k: p.id, p }]);
  keyed(view.rows, items, (i) => i.k, (i) => i.detail ? h("tr", { class: "detail" }, h("td", { colspan: "8" }, i.detail)) : row(i.p), (e, i) => { if (!i.detail) fill(e, i.p); });
}

function row(p) {
  const text = h("span", { class: "text" });
  const button = h("button", { type: "button", class: "rowbtn", "aria-expanded": "false", on: { click: () => toggle(p.id) } }, text);
  const e = h("tr", { class: "row", "data-testid": "pattern", data: { pattern: p.id } },
    h("td", { class: "num" }, h("a", { href: link("logs", { pattern: p.id }), title: "Its lines" })), h("td", { class: "num" }), h("td"), h("td", {}, h("span", { class: "level" })), h("td", { class: "tpl" }, button),
    h("td", { class: "wide muted" }), h("td", { class: "num wide muted ago" }), h("td", { class: "num muted ago" }));
  e.parts = { button, text };
  return e;
}

function fill(e, p) {
  const [n, share, rate, level, , service, firstSeen, lastSeen] = e.children, [name, tone] = severity(p.severity);
  setText(n.firstElementChild, count(p.count));
  setText(share, percent(p.count / Math.max(1, last.lines)));
  const key = p.per_minute.join();
  if (rate.shown !== key) {
    rate.shown = key;
    const s = sparkline(p.per_minute);
    s.dataset.level = tone;
    rate.replaceChildren(s);
  }
  setText(level.firstElementChild, name);
  level.firstElementChild.dataset.level = tone;
  const marks = p.changes.map((c) => c.kind + c.state).join();
  if (e.shown !== p.template + marks) {
    e.shown = p.template + marks;
    e.parts.text.replaceChildren(...template(p.template), ...p.changes.map(badge));
  }
  e.parts.button.setAttribute("aria-expanded", String(opened.has(p.id)));
  setText(service, p.services.join(", ") || "–");
  setText(firstSeen, clock(p.first_seen));
  setText(lastSeen, ago(p.last_seen, last.time));
}

const badge = (c) => h("span", { class: "badge", title: c.summary, data: { severity: c.severity, state: c.state }, text: (names[c.kind] ?? c.kind.replace("pattern_", "")) + (c.state === "resolved" ? ", over" : "") });

// template marks the variables <like this>.
function template(text) {
  if (text === "<other>") return [h("span", { class: "muted", text: "patterns too many to keep apart" })];
  return text.split(/(<[^<>\s]{1,40}>)/).filter(Boolean).map((part) => /^<[^<>\s]{1,40}>$/.test(part) ? h("span", { class: "var", text: part }) : part);
}

async function toggle(id) {
  if (opened.delete(id)) { render(); return; }
  const e = h("div", { "data-testid": "pattern-detail" }, h("p", { class: "small muted", text: "Asking the agent…" }));
  opened.set(id, e);
  render();
  fillDetail(e, await one(id));
}

// panel shows one pattern above its lines.
export async function panel(e, id) {
  if (!id) { e.replaceChildren(); e.of = ""; return; }
  const answer = await one(id);
  if (!answer) { e.replaceChildren(h("p", { class: "empty", text: "This pattern is not known any more: it was joined to another, or was not seen for long." })); e.of = ""; return; }
  if (e.of !== id) {
    e.of = id;
    const detail = h("div", { class: "about", "data-testid": "pattern-detail" });
    const button = h("button", { type: "button", class: "rowbtn", "aria-expanded": "true", on: { click: () => { detail.hidden = !detail.hidden; button.setAttribute("aria-expanded", String(!detail.hidden)); } } }, h("span", { class: "text" }));
    e.replaceChildren(h("div", { class: "card tpl", data: { pattern: id } }, button, detail));
    e.parts = { text: button.firstElementChild, detail };
  }
  e.parts.text.replaceChildren(...template(answer.pattern.template), ...answer.pattern.changes.map(badge));
  fillDetail(e.parts.detail, answer, false);
}

function fillDetail(e, answer, withLines = true) {
  if (!answer) { e.replaceChildren(h("p", { class: "small muted", text: "This pattern is not known any more." })); return; }
  const { pattern: p, parameters, findings, logs, time } = answer;
  const key = JSON.stringify([p.per_minute, p.count, logs[0]?.seq, findings.map((f) => f.updated)]);
  if (e.shown === key) return;
  e.shown = key;
  const peak = p.per_minute.indexOf(Math.max(...p.per_minute)), first = Math.floor(time / 60) * 60 - (p.per_minute.length - 1) * 60, at = first + peak * 60;
  const lines = logs.length && withLines ? h("ol", { class: "lines", "data-testid": "pattern-lines" }, ...logs.slice(0, 8).map((l) => lineRow(l)))
    : withLines ? h("ol", { class: "lines", "data-testid": "pattern-lines" }, ...p.examples.map((x) => h("li", { class: "line", text: x }))) : null;
  e.replaceChildren(
    h("p", { class: "small muted", text: [`${plural(p.count, "line")} since ${clock(p.first_seen, true)}`, `${count(p.last_hour)} in the last hour`, `last seen ${ago(p.last_seen, time)}`, p.services.join(", "), `pattern ${p.id}`].filter(Boolean).join(" · ") }),
    bars(p, first),
    h("p", { class: "ways" }, withLines && h("a", { href: link("logs", { pattern: p.id }), "data-testid": "pattern-all", text: "All its lines" }),
      ...(p.per_minute[peak] ? [h("a", { href: link("logs", { pattern: p.id, ...around(at * 1000) }), "data-testid": "pattern-peak", text: `Lines of its busiest minute, ${clock(at)}` }), h("a", { href: link("services", around(at * 1000)), text: "Traces of that minute" })] : [])),
    ...(findings.length ? [h("ul", { class: "told", "data-testid": "pattern-changes" }, ...findings.map((f) => h("li", {}, badge(f), " ", f.summary, h("span", { class: "muted" }, f.state === "resolved" ? ` · ${clock(f.start)} to ${clock(f.resolved)}` : ` · since ${clock(f.start)}`), " ", h("a", { href: link("logs", { pattern: p.id, ...around(f.start * 1000, 1, 2) }), text: "lines of then" }))))] : []),
    ...(parameters.length ? [values(parameters)] : []),
    ...(lines ? [lines] : []));
}

// bars are the counts per minute; a click shows the lines of that minute.
function bars(p, first) {
  const top = Math.max(1, ...p.per_minute), s = svg("svg", { class: "minutes", viewBox: "0 0 600 40", preserveAspectRatio: "none", role: "img", "aria-label": `${plural(p.last_hour, "line")} in the last hour, at most ${count(top)} in a minute` });
  p.per_minute.forEach((n, i) => {
    const height = n ? Math.max(1.5, (n / top) * 38) : 0, at = first + i * 60;
    const bar = svg("g", { class: "minute" }, svg("rect", { class: "hit", x: i * 10, y: 0, width: 10, height: 40 }), svg("rect", { class: "rest", x: i * 10 + 1, y: 40 - height, width: 8, height }), svg("title", {}, `${clock(at)}: ${plural(n, "line")}`));
    bar.addEventListener("click", () => { location.hash = link("logs", { pattern: p.id, ...around(at * 1000) }); });
    s.append(bar);
  });
  return s;
}

const kinds = { num: "number", id: "identifier", ip: "address", str: "text", hex: "hexadecimal", "*": "anything" };
const range = { duration: duration, size: bytes };

// values says what stands where the template has a variable.
function values(parameters) {
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "parameters" }, h("caption", { text: "What varies in it" }),
    h("thead", {}, h("tr", {}, ...["After", "Kind", "#Different", "Most frequent", "Range"].map((t) => h("th", { scope: "col", class: t.startsWith("#") ? "num" : "", text: t.replace("#", "") })))),
    h("tbody", {}, ...parameters.map((p) => {
      const write = range[p.kind] ?? short;
      return h("tr", {}, h("td", { text: p.label || "–" }), h("td", { class: "muted", text: kinds[p.kind] ?? p.kind }), h("td", { class: "num", text: p.distinct >= 200 ? "200 or more" : count(p.distinct) }),
        h("td", { class: "mono", text: p.top.map((v) => `${v.value} (${percent(v.count / p.count)})`).join(", ") || "none stands out" }), h("td", { text: p.numbers ? `${write(p.min)} to ${write(p.max)}` : "–" }));
    }))));
}
