// Logs: lines as they come, those of a time, those around one; and their patterns.

import { h, svg, setText, link } from "./dom.js";
import { ask } from "./api.js";
import { remember } from "./route.js";
import { clock, count, plural } from "./format.js";
import { lineRow, question, logs } from "./lines.js";
import * as patterns from "./patterns.js";

const maxRows = 1000; // lines in the list; older ones leave it
const page = 300;
let view = null; // the parts of the view, made once
let filter = {};
let state = {}; // of what is shown now: cursor, held back lines, counts
let running = null; // the signal of the lines that are followed

export function enter(params, signal) {
  params.title("Logs");
  view ??= build(params.root);
  const table = params.args[0] === "patterns";
  for (const a of view.tabs.children) {
    if ((a.hash.includes("/patterns")) === table) a.setAttribute("aria-current", "true");
    else a.removeAttribute("aria-current");
  }
  view.lines.hidden = table;
  view.patterns.hidden = !table;
  filter = table ? {} : params.query;
  if (table) { patterns.enter(view.patterns, params.query); return; }
  for (const [key, e] of Object.entries(view.inputs)) if (document.activeElement !== e) e.value = filter[key] ?? "";
  begin(signal);
}

export async function refresh(signal) {
  if (!view.patterns.hidden) return patterns.refresh();
  drawVolume(await ask("logs/volume"));
  await patterns.panel(view.pattern, filter.pattern);
  if (state.still && !state.loaded) await still(signal);
  return undefined;
}

function build(root) {
  const v = { tabs: h("p", { class: "tabs" }, h("a", { href: "#/logs", text: "Lines" }), h("a", { href: "#/logs/patterns", "data-testid": "tab-patterns", text: "Patterns" })) };
  v.inputs = {
    q: h("input", { type: "search", placeholder: "Find in lines", "aria-label": "Find in lines", maxlength: "200", "data-testid": "log-search" }),
    service: h("input", { type: "search", placeholder: "Any service", "aria-label": "Service", maxlength: "200", "data-testid": "log-service" }),
    level: h("select", { "aria-label": "Severity", "data-testid": "log-level" }, ...[["", "any severity"], ["9", "info and above"], ["13", "warning and above"], ["17", "error and above"]].map(([value, text]) => h("option", { value, text }))),
  };
  for (const [key, e] of Object.entries(v.inputs)) e.addEventListener("input", () => { clearTimeout(v.typing); v.typing = setTimeout(() => change({ [key]: e.value.trim() }), key === "level" ? 0 : 300); });
  v.at = h("input", { type: "time", "aria-label": "Jump to a time of the last day", "data-testid": "log-time" });
  v.at.addEventListener("change", () => { if (v.at.value) jump(timeOf(v.at.value)); });
  v.follow = h("button", { type: "button", class: "quiet", "data-testid": "follow", on: { click: () => (state.still ? change({ from: "", to: "", seq: "" }) : pause(!state.paused)) } });
  v.chips = h("span", { class: "chips" });
  v.volume = h("div", { class: "volume" });
  v.pattern = h("div", {});
  v.note = h("p", { class: "note", "data-testid": "log-note", role: "status" });
  v.more = h("button", { type: "button", class: "quiet", text: "Older lines", hidden: true, "data-testid": "older", on: { click: () => older().catch(fail) } });
  v.list = h("ol", { class: "lines", "data-testid": "log-lines" });
  v.box = h("div", { class: "linebox", tabindex: "0", role: "region", "aria-label": "Lines, the newest last" }, v.more, v.list);
  v.held = h("button", { type: "button", class: "held", hidden: true, "data-testid": "held", on: { click: () => pause(false) } });
  v.empty = h("p", { class: "empty", hidden: true, "data-testid": "log-empty" });
  v.box.addEventListener("scroll", () => { if (!state.still) pause(v.box.scrollHeight - v.box.scrollTop - v.box.clientHeight > 40); }, { passive: true });
  v.lines = h("section", { "aria-label": "Lines" }, h("div", { class: "head filters" }, v.inputs.q, v.inputs.level, v.inputs.service, h("label", { class: "small muted" }, "At ", v.at), v.chips, v.follow),
    v.volume, v.pattern, v.note, h("div", { class: "linewrap" }, v.box, v.held), v.empty);
  v.patterns = h("section", { "aria-label": "Patterns", hidden: true });
  root.replaceChildren(v.tabs, v.lines, v.patterns);
  return v;
}

// timeOf is the last moment at which the clock showed hh:mm, in Unix seconds.
function timeOf(hhmm) {
  const [hours, minutes] = hhmm.split(":").map(Number), d = new Date();
  d.setHours(hours, minutes, 0, 0);
  return (d > new Date() ? d - 86400000 : +d) / 1000;
}

const jump = (from) => { location.hash = link("logs", { ...filter, seq: "", from, to: from + 60 }); };

// change notes a filter in the address and shows the lines anew.
function change(by) {
  filter = { ...filter, ...by };
  for (const k of Object.keys(filter)) if (!filter[k]) delete filter[k];
  remember(filter);
  begin(running);
  refresh(running).catch(fail);
}

const fail = (err) => { if (!running?.aborted) setText(view.note, err.message); };

function begin(signal) {
  running = signal;
  const mine = state = { cursor: 0, paused: false, held: [], skipped: 0, missed: 0, still: Boolean(filter.from || filter.to || filter.seq), loaded: false };
  view.list.replaceChildren();
  view.more.hidden = true;
  view.held.hidden = true;
  view.empty.hidden = true;
  setText(view.note, mine.still ? "Looking…" : "Following…");
  setText(view.follow, mine.still ? "Back to live" : "Pause");
  chips();
  if (!mine.still) follow(mine, signal);
}

function chips() {
  const out = [];
  const chip = (text, without, extra = []) => out.push(h("span", { class: "chip" }, text, ...extra, h("button", { type: "button", "aria-label": `Without ${text}`, text: "×", on: { click: () => change(without) } })));
  if (filter.pattern) chip("one pattern", { pattern: "" });
  if (filter.from || filter.to) {
    const from = Number(filter.from), to = Number(filter.to), step = Math.max(60, to - from);
    const text = `${from ? clock(from) : "start"} to ${to ? clock(to) : "now"}`;
    chip(text, { from: "", to: "" });
    if (from && to) {
      for (const [label, name, by] of [["‹", "Earlier", -step], ["›", "Later", step]]) out.push(h("button", { type: "button", class: "quiet", "aria-label": name, text: label, on: { click: () => change({ from: from + by, to: to + by }) } }));
      out.push(h("a", { class: "small", href: link("services", { from, to }), "data-testid": "traces-of-time", text: "Traces of this time" }));
    }
  }
  if (filter.seq) chip("around one line", { seq: "" });
  view.chips.replaceChildren(...out);
}

// follow asks for what comes after the last line until the view or its filter changes.
async function follow(mine, signal) {
  while (!signal.aborted && state === mine) {
    if (document.hidden) { await new Promise((r) => setTimeout(r, 500)); continue; }
    try {
      const t = await ask(`logs/tail?${question(filter, { after: mine.cursor, wait_seconds: 5, limit: 500 })}`);
      if (signal.aborted || state !== mine) return;
      if (t.cursor < mine.cursor) mine.cursor = 0; // the agent began anew
      mine.cursor = t.cursor;
      mine.missed += t.missed;
      mine.skipped += t.skipped;
      if (mine.paused) hold(mine, t.logs);
      else append(t.logs);
      say();
    } catch (err) {
      if (signal.aborted || state !== mine) return;
      setText(view.note, `${err.message}; trying again.`);
      await new Promise((r) => setTimeout(r, 2000));
    }
    await new Promise((r) => setTimeout(r, 250)); // a flood is shown four times a second
  }
}

function hold(mine, lines) {
  mine.held.push(...lines);
  const over = mine.held.length - maxRows;
  if (over > 0) { mine.held.splice(0, over); mine.skipped += over; }
}

function append(lines) {
  view.list.append(...lines.map((l) => lineRow(l)));
  while (view.list.childElementCount > maxRows) view.list.firstElementChild.remove();
  if (lines.length) view.box.scrollTop = view.box.scrollHeight;
}

function pause(on) {
  if (state.paused === on || state.still) return;
  state.paused = on;
  if (!on) { append(state.held); state.held = []; view.box.scrollTop = view.box.scrollHeight; }
  say();
}

function say() {
  const s = state, n = view.list.childElementCount;
  view.empty.hidden = n > 0 || s.held.length > 0;
  view.box.hidden = !view.empty.hidden;
  const any = filter.q || filter.service || filter.level || filter.pattern;
  setText(view.empty, any ? "No line fits yet. Lines that do appear here as they come." : "No log line has come yet. They appear with the first readable log file or OTLP log; Pipeline shows what comes in.");
  setText(view.follow, s.paused ? "Follow" : "Pause");
  view.held.hidden = !s.paused || !s.held.length;
  setText(view.held, `↓ ${plural(s.held.length, "new line")}`);
  const parts = [s.paused ? "Paused" : "Following", `${plural(n, "line")} shown`];
  if (s.skipped) parts.push(`${plural(s.skipped, "line")} skipped: more than a person can read`);
  if (s.missed) parts.push(`${plural(s.missed, "line")} missed: they came faster than the agent's memory holds; the backends have them`);
  setText(view.note, parts.join(" · "));
}

// still shows lines of a time, or around a line.
async function still(signal) {
  const mine = state;
  mine.loaded = true;
  let lines = [], note = "";
  if (filter.seq) {
    const x = await ask(`logs/${encodeURIComponent(filter.seq)}?lines=50`).catch((err) => { mine.loaded = false; throw err; });
    lines = [...x.before, x.line, ...x.after];
    note = `${plural(lines.length, "line")} of ${x.line.service || x.line.source || "the same source"} around ${clock(x.line.time / 1000, true)}`;
  } else {
    lines = (await logs(filter, { limit: page })).logs.reverse();
    note = lines.length ? `${plural(lines.length, "line")} of that time${lines.length === page ? ", the last of them" : ""}` : "";
    mine.oldest = lines[0]?.seq;
    view.more.hidden = lines.length < page;
  }
  if (signal.aborted || state !== mine) return;
  view.list.replaceChildren(...lines.map((l) => lineRow(l, { marked: String(l.seq) === filter.seq, open: String(l.seq) === filter.seq })));
  setText(view.note, note);
  view.empty.hidden = lines.length > 0;
  view.box.hidden = !lines.length;
  setText(view.empty, "No such line of that time is in memory: the agent keeps the last few thousand lines. The backends keep more.");
  view.list.querySelector(".marked")?.scrollIntoView({ block: "center" });
}

async function older() {
  const mine = state, { logs: found } = await logs(filter, { limit: page, before: mine.oldest });
  if (state !== mine) return;
  view.list.prepend(...found.reverse().map((l) => lineRow(l)));
  mine.oldest = found[0]?.seq ?? mine.oldest;
  view.more.hidden = found.length < page || view.list.childElementCount >= 3 * maxRows;
  setText(view.note, `${plural(view.list.childElementCount, "line")} of that time`);
}

// drawVolume shows the lines of each minute; a click jumps to one.
function drawVolume(v) {
  const key = v.minute + v.lines.join();
  if (view.volume.shown === key + filter.from) return;
  view.volume.shown = key + filter.from;
  const top = Math.max(1, ...v.lines), peak = v.lines.indexOf(Math.max(...v.lines)), total = v.lines.reduce((a, b) => a + b, 0);
  const s = svg("svg", { viewBox: "0 0 600 40", preserveAspectRatio: "none", role: "img", "data-testid": "volume", "aria-label": `${count(total)} lines in the last hour, ${count(v.errors.reduce((a, b) => a + b, 0))} of them errors; most, ${count(top)}, at ${clock(v.minute + peak * 60)}` });
  v.lines.forEach((n, i) => {
    const at = v.minute + i * 60, bar = svg("g", { class: Number(filter.from) === at ? "minute chosen" : "minute" }, svg("rect", { class: "hit", x: i * 10, y: 0, width: 10, height: 40 }));
    let y = 40;
    for (const [kind, part] of [["error", v.errors[i]], ["warn", v.warnings[i]], ["", n - v.errors[i] - v.warnings[i]]]) {
      const height = part ? Math.max(1.5, (part / top) * 38) : 0;
      y -= height;
      if (part) bar.append(svg("rect", { class: kind || "rest", x: i * 10 + 1, y, width: 8, height }));
    }
    bar.append(svg("title", {}, `${clock(at)}: ${plural(n, "line")}, ${plural(v.warnings[i], "warning")}, ${plural(v.errors[i], "error")}`));
    bar.addEventListener("click", () => jump(at));
    s.append(bar);
  });
  view.volume.replaceChildren(s, h("p", { class: "small muted" }, `Lines per minute since ${clock(v.minute)}. `,
    ...(total ? [h("button", { type: "button", class: "quiet", "data-testid": "busiest", text: `Busiest: ${clock(v.minute + peak * 60)}, ${plural(top, "line")}`, on: { click: () => jump(v.minute + peak * 60) } })] : [])));
}
