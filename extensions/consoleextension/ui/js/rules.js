// Rules: the alert ledger of this agent: what would wake whom, and what to do then.

import { h, setText, keyed, link, heads } from "./dom.js";
import { ask } from "./api.js";
import { anew, remember } from "./route.js";
import { clock, duration, plural, count } from "./format.js";
import { around } from "./lines.js";

export const { enter, leave, refresh } = anew((root, title, id) => id ? one(root, title, id) : all(root, title));

const states = { firing: "fires", quiet: "quiet", unknown: "not known", disabled: "turned off" };
const silent = "No Alertmanager reports to this agent, so nothing is known of what fires. Start the agent with --alert-webhook 127.0.0.1:4324 and let Alertmanager send there: docs and alerts/README.md show the receiver.";

// words say when a rule fires; a description with templates is for alerts alone.
const words = (r) => !r.description || r.description.includes("{{") ? r.condition : r.description;

const state = (r) => h("span", { class: "rule-state", data: { state: r.state }, text: states[r.state] ?? r.state });

function all(root, title) {
  title("Rules");
  const note = h("p", { class: "empty", hidden: true, "data-testid": "rules-note" }), problem = h("p", { class: "empty bad", hidden: true, role: "alert", "data-testid": "rules-problem" }), sum = h("span", { class: "note" });
  const search = h("input", { type: "search", placeholder: "Find a rule", "aria-label": "Find a rule", "data-testid": "rule-search" }), only = h("select", { "aria-label": "Which rules" }, h("option", { value: "", text: "all rules" }), h("option", { value: "firing", text: "those that fire" }), h("option", { value: "critical", text: "critical: wakes somebody" }), h("option", { value: "overdue", text: "review is due" }));
  const asked = Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] ?? ""));
  search.value = asked.q ?? "";
  only.value = asked.only ?? "";
  const groups = h("div", { "data-testid": "rules" }), empty = h("p", { class: "empty", hidden: true }), drills = h("div", {});
  let last = null;
  for (const e of [search, only]) e.addEventListener("input", () => { remember({ q: search.value.trim(), only: only.value }); show(); });
  root.append(problem, note, h("div", { class: "head filters" }, search, only, sum), empty, groups, drills);
  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), fits = { firing: (r) => r.state === "firing", critical: (r) => r.severity === "critical", overdue: (r) => r.overdue }[only.value] ?? (() => true);
    const list = last.rules.filter((r) => fits(r) && words.every((w) => [r.id, r.group, r.owner, r.condition, r.description].join(" ").toLowerCase().includes(w)));
    const names = [...new Set(list.map((r) => r.group))], firing = last.rules.filter((r) => r.state === "firing").length;
    setText(sum, `${plural(last.rules.length, "rule")}${last.reports ? ` · ${firing ? plural(firing, "fires", "fire") : "none fires"}` : ""}${last.directory ? ` · yours from ${last.directory}` : ""}`);
    empty.hidden = list.length > 0;
    setText(empty, last.rules.length ? "No rule fits. Take a word out, or choose all rules." : "The ledger has no rules.");
    keyed(groups, names, (n) => n, group, (e, n) => keyed(e.rows, list.filter((r) => r.group === n), (r) => r.id, row, fill));
  }
  return async () => {
    last = await ask("rules");
    note.hidden = last.reports;
    setText(note, silent);
    problem.hidden = !last.problem;
    setText(problem, last.problem);
    show();
    const key = JSON.stringify(last.drills);
    if (drills.shown !== key) { drills.shown = key; drills.replaceChildren(drillTable(last)); }
  };
}

function group(name) {
  const rows = h("tbody"), e = h("div", { class: "scroll" }, h("table", { class: "rules" }, h("caption", { text: name }), heads("Rule", "State", "Severity", "Owner", "Fires when", "#Act within"), rows));
  e.rows = rows;
  return e;
}

const row = (r) => h("tr", { class: "row", data: { rule: r.id } }, h("td", {}, h("a", { href: link("rules", r.id), text: r.id })), h("td"), h("td"), h("td", { class: "muted" }), h("td", { class: "when" }), h("td", { class: "num" }));

function fill(e, r) {
  const [, at, severity, owner, when, deadline] = e.children;
  if (at.shown !== r.state + r.since) { at.shown = r.state + r.since; at.replaceChildren(state(r), ...(r.state === "firing" ? [h("span", { class: "small muted", text: ` since ${clock(r.since)}` })] : [])); }
  setText(severity, r.severity);
  severity.dataset.severity = r.severity;
  setText(owner, r.owner);
  setText(when, words(r));
  setText(deadline, r.deadline_seconds ? duration(r.deadline_seconds) : "–");
}

function drillTable({ drills }) {
  if (!drills.length) return h("p", { class: "empty", text: "No drill is on record. `tidewatch alerts drill` fires a storm of alerts at an Alertmanager with these rules and says how many notifications a person would get, and when the cause is among them; kept in rules_directory, it is shown here." });
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { "data-testid": "drills" }, h("caption", { text: "Storm drills, the last one first" }), heads("When", "Scenario", "#Alerts", "#Notifications", "#Cause shown after", "#Misrouted", "Outcome"),
    h("tbody", {}, ...drills.map((d) => h("tr", { class: "row" }, h("td", { text: clock(Date.parse(d.date) / 1000) }), h("td", { text: d.scenario }), h("td", { class: "num", text: count(d.alerts) }), h("td", { class: "num", text: `${d.notifications} of ${d.allowed} allowed` }),
      h("td", { class: d.cause_seconds < 0 ? "num bad" : "num", text: d.cause_seconds < 0 ? "never" : duration(d.cause_seconds) }), h("td", { class: d.misrouted ? "num bad" : "num", text: String(d.misrouted) }), h("td", { class: d.passed ? "" : "bad", text: d.passed ? "passed" : d.reasons.join("; ") || "failed" }))))));
}

function one(root, title, id) {
  title(id);
  const head = h("div", { class: "card", "data-testid": "rule" }), book = h("article", { class: "card runbook", "data-testid": "runbook", "aria-label": "Runbook" }), past = h("div", {}), more = h("div", {});
  root.append(h("p", { class: "small" }, h("a", { href: "#/rules", text: "All rules" })), head, past, book, more);
  return async () => {
    const d = await ask("rules/" + encodeURIComponent(id)), r = d.rule, key = JSON.stringify({ ...d, time: 0 });
    if (root.shown === key) return;
    root.shown = key;
    head.dataset.severity = r.severity;
    const facts = [["severity", { critical: "critical: wakes somebody", warning: "warning: next working day", info: "info: shown only" }[r.severity] ?? r.severity], ["owner", d.owner_name], ["if nobody reacts", d.escalation], ["act within", r.deadline_seconds ? duration(r.deadline_seconds) : ""], ["fires when", /static|absence/.test(r.type) ? "" : r.condition], ["review by", r.review + (r.overdue ? ", which is due" : "")], ["tests", d.tests.join("; ")], ["from", r.shipped ? "shipped with the agent" : d.file]];
    head.replaceChildren(h("div", { class: "line1" }, state(r), h("span", { text: r.group }), r.state === "unknown" ? h("span", { text: "No Alertmanager reports to this agent." }) : ""), h("p", { class: "what", text: words(r) }),
      h("p", {}, h("strong", { text: "Do: " }), r.action || "nothing; it is shown only."), h("dl", { class: "receipt" }, ...facts.filter(([, v]) => v).map(([k, v]) => h("div", {}, h("dt", { text: k }), h("dd", { text: v })))));
    past.replaceChildren(...(d.history.length ? [h("h3", { text: "What it reported here" }), h("ul", { class: "told" }, ...d.history.map((f) => h("li", {}, h("span", { class: "rule-state", data: { state: f.state === "resolved" ? "quiet" : "firing" }, text: f.state === "resolved" ? "over" : "fires" }), " ", f.summary, h("span", { class: "muted", text: f.state === "resolved" ? ` · ${clock(f.start)} to ${clock(f.resolved)}` : ` · since ${clock(f.start)}` }), " ", h("a", { href: link("logs", around(f.start * 1000, 1, 2)), text: "lines of then" }))))] : []));
    book.replaceChildren(...(d.runbook ? markdown(d.runbook) : [h("p", { class: "muted", text: "This rule has no runbook." })]));
    const rules = (label, ids) => ids.length ? [h("p", { class: "small" }, label, ...ids.flatMap((x) => [" ", h("a", { href: link("rules", x), text: x })]))] : [];
    more.replaceChildren(...rules("Not told while one of these fires:", d.inhibited_by), ...rules("While it fires, these are not told:", d.inhibits), ...(d.expressions.length ? [h("details", {}, h("summary", { text: "As a query" }), ...d.expressions.map((x) => h("pre", { class: "mono", tabindex: "0", text: x })))] : []));
  };
}

// markdown makes elements of the Markdown that runbooks are written in. Text is only ever
// set as text, so that nothing in it can become markup.
export function markdown(text) {
  const out = [], lines = text.split("\n");
  let list = null, para = null;
  const end = () => { list = para = null; };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i], head = /^(#{1,6})\s+(.*)/.exec(line), item = /^\s*(?:[-*]|(\d+)\.)\s+(.*)/.exec(line);
    if (/^\s*```/.test(line)) {
      const code = [];
      while (++i < lines.length && !/^\s*```/.test(lines[i])) code.push(lines[i]);
      out.push(h("pre", { class: "mono", tabindex: "0", text: code.join("\n") }));
      end();
    } else if (!line.trim()) para = null;
    else if (head) {
      end();
      if (head[1].length > 1) out.push(h(head[1].length > 2 ? "h4" : "h3", {}, ...spans(head[2])));
    } else if (item && !(para && !list)) {
      const kind = item[1] ? "ol" : "ul";
      if (list?.localName !== kind) out.push(list = h(kind, {}));
      list.append(para = h("li", {}, ...spans(item[2])));
    } else if (para) para.append(" ", ...spans(line.trim()));
    else { list = null; out.push(para = h("p", {}, ...spans(line.trim()))); }
  }
  return out;
}

const spans = (text) => text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((s) => /^`[^`]+`$/.test(s) ? h("code", { text: s.slice(1, -1) }) : /^\*\*[^*]+\*\*$/.test(s) ? h("strong", { text: s.slice(2, -2) }) : s);
