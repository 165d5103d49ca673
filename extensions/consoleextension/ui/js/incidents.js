// Incidents: what hangs together, its cause, and what a person says of it.

import { $, h, setText, keyed, link } from "./dom.js";
import { ask, tell } from "./api.js";
import { anew } from "./route.js";
import { around } from "./lines.js";
import { clock, duration, plural, unitOf } from "./format.js";

export const { enter, leave, refresh } = anew((root, title, id) => id ? one(root, title, id) : all(root, title));

const seconds = (t) => Date.parse(t) / 1000;
const is = (i) => i.state !== "resolved";
const nodeName = (n) => { const at = n.indexOf(":"); return at < 0 ? n : n.slice(at + 1); };
const nodeKind = (n) => n.slice(0, Math.max(0, n.indexOf(":")));
const lasted = (i, now) => is(i) ? `for ${duration(Math.max(1, now - seconds(i.start)))} · since ${clock(seconds(i.start), true)}`
  : `${clock(seconds(i.start))} to ${clock(seconds(i.resolved))} · ${i.resolution}`;

function all(root, title) {
  title("Incidents");
  const none = h("p", { class: "empty good", text: "No incident. Findings that hang together, by time, host, calls or trace, become one." });
  const open = h("div", { class: "cards", "data-testid": "incidents" }), past = h("div", { class: "cards past" });
  const head = h("h3", { text: "Resolved" });
  const noise = h("div");
  root.append(none, open, head, past, noise);
  return async () => {
    const { incidents, time, enabled } = await ask("incidents?limit=100");
    if (!enabled) setText(none, "Nothing makes incidents here: add the incident connector to the pipelines.");
    else suppressed(noise, (await ask("suppressions")).suppressions ?? [], time);
    none.hidden = incidents.some(is);
    head.hidden = !incidents.some((i) => !is(i));
    keyed(open, incidents.filter(is), (i) => i.id, card, (e, i) => fill(e, i, time));
    keyed(past, incidents.filter((i) => !is(i)), (i) => i.id, card, (e, i) => fill(e, i, time));
  };
}

// suppressed are what was called noise, until when, and what it matched since.
function suppressed(e, list, now) {
  const key = JSON.stringify(list);
  if (e.shown === key) return;
  e.shown = key;
  e.replaceChildren(...(list.length ? [h("h3", { text: "Called noise" }), h("ul", { class: "told", "data-testid": "suppressions" }, ...list.map((s) => h("li", { text: `${s.example || s.kind || s.id} · ${s.owner}${s.reason ? `: ${s.reason}` : ""} · ${seconds(s.expires) < now ? "over since" : "until"} ${clock(seconds(s.expires))} · matched ${s.hits} times since` })))] : []));
}

// holding shows on the first page what holds now.
export async function holding() {
  const { incidents, open, time } = await ask("incidents?state=open&limit=20");
  $("incidents").hidden = !open;
  keyed($("incidents-open"), incidents, (i) => i.id, card, (e, i) => fill(e, i, time));
  return incidents;
}

function card(i) {
  const e = h("article", { class: "card", "data-testid": "incident" },
    h("div", { class: "line1" }, h("span", { class: "sev" }), h("span", { class: "kind" }), h("span", { class: "who" }), h("span", { class: "since" })),
    h("h3", {}, h("a", { href: link("incidents", i.id) })), h("p", { class: "small muted why" }));
  return e;
}

function fill(e, i, now) {
  e.dataset.severity = i.severity;
  e.dataset.state = i.state;
  const [sev, kind, who, since] = e.firstElementChild.children;
  setText(sev, is(i) ? i.severity : "resolved");
  setText(kind, i.state + (i.owner ? ` by ${i.owner}` : ""));
  setText(who, plural((i.findings ?? []).length + (i.further ?? 0), "finding"));
  setText(since, lasted(i, now));
  setText(e.querySelector("a"), i.title);
  setText(e.querySelector(".why"), i.cause_why ?? "");
}

function one(root, title, id) {
  title("Incident " + id);
  const facts = h("dl", { class: "receipt" }), why = h("p", { "data-testid": "incident-cause" }), links = h("p", { class: "small", "data-testid": "incident-links" });
  const actions = h("div", { class: "head", "data-testid": "incident-actions" }), said = h("p", { class: "small", role: "status" });
  const rows = h("tbody"), history = h("ul", { class: "lines boxed" });
  root.append(h("p", { class: "small" }, h("a", { href: "#/incidents", text: "All incidents" })), facts, why, links, actions, said,
    h("div", { class: "scroll" }, h("table", { "data-testid": "incident-findings" }, h("caption", { text: "Findings, the cause's first" }),
      h("thead", {}, h("tr", {}, ...["", "Where", "Finding", "Why it belongs here", "Since"].map((t) => h("th", { scope: "col", text: t })))), rows)),
    h("div", { class: "head sub" }, h("h3", { text: "History" })), history);
  const opened = new Set();
  let made = "";
  const act = async (name, body) => {
    try {
      const answer = await tell(`incidents/${encodeURIComponent(id)}/${name}`, body);
      setText(said, answer.message);
      await load();
    } catch (err) { setText(said, err.message); }
  };
  async function load() {
    const { incident: i, time: now } = await ask("incidents/" + encodeURIComponent(id));
    title(i.title);
    const pairs = [["state", i.state + (i.owner ? `, ${i.owner} has it` : "")], ["severity", i.severity], ["", lasted(i, now)], ["services", (i.services ?? []).join(", ")], ["hosts", (i.hosts ?? []).join(", ")], ["known as", i.known ?? ""], ["opened again", i.returns ? `${i.returns} times` : ""]];
    facts.replaceChildren(...pairs.filter(([, v]) => v).map(([k, v]) => h("div", {}, h("dt", { text: k }), h("dd", { text: v }))));
    setText(why, `Cause: ${nodeName(i.cause)}. ${i.cause_why}`);
    const to = (i.findings ?? []).flatMap((f) => f.traces ?? []);
    const services = [...new Set([nodeKind(i.cause) === "service" ? nodeName(i.cause) : "", ...(i.services ?? [])].filter(Boolean))];
    links.replaceChildren(...[...services.slice(0, 4).map((s) => h("a", { href: link("services", s), text: `${s}: logs and traces` })), ...[...new Set(to)].slice(0, 4).map((t) => h("a", { href: link("trace", t), text: `trace ${t.slice(0, 8)}` }))].flatMap((a) => [a, " "]));
    if (made !== i.state) {
      made = i.state;
      actions.replaceChildren(...buttons(i, act));
    }
    keyed(rows, (i.findings ?? []).flatMap((f) => opened.has(f.id) ? [f, { id: f.id + "/", of: f }] : [f]), (f) => f.id, (f) => f.of ? h("tr", { class: "detail" }, h("td", { colspan: "5" }, evidence(f.of))) : h("tr", { class: "row", data: { role: f.role } }, h("td"), h("td"), h("td", {}, h("button", { type: "button", class: "rowbtn", "aria-expanded": "false", "data-testid": "evidence", on: { click: () => { if (!opened.delete(f.id)) opened.add(f.id); load().catch(() => { /* the next refresh tries again */ }); } } }, h("span"))), h("td"), h("td")), (e, f) => {
      if (f.of) return;
      const [role, where, what, because, since] = e.children;
      setText(role, f.role + (f.ended ? ", ended" : ""));
      role.className = f.role === "cause" && !f.ended ? "bad" : "muted";
      setText(where, nodeName(f.node ?? ""));
      setText(what.firstChild.firstChild, f.summary);
      what.firstChild.setAttribute("aria-expanded", String(opened.has(f.id)));
      setText(because, f.why);
      setText(since, clock(seconds(f.start), true));
    });
    history.replaceChildren(...(i.history ?? []).map((v) => h("li", {}, h("time", { text: clock(seconds(v.time), true) }), [v.what, v.by ? `by ${v.by}` : "", v.text].filter(Boolean).join(" "))));
  }
  return load;
}

// evidence is the receipt of a finding: why it was raised, and where to look.
function evidence(f) {
  const r = f.receipt ?? {}, attr = (k) => (f.subject ?? []).concat(f.entity ?? []).find((a) => a.key === k)?.value;
  const write = unitOf({ metric: attr("finding.metric") ?? attr("metric") ?? "", unit: r.unit ?? "" }), at = seconds(f.start) * 1000, pattern = attr("log.pattern.id"), alert = attr("alert.name");
  const pairs = [["observed", r.observed], ["expected", r.expected], ["at least", r.lower], ["at most", r.upper], ["same hour last week", r.same_hour_last_week]].filter(([, v]) => typeof v === "number").map(([k, v]) => [k, write(v)]);
  if (r.history_seconds > 0) pairs.push(["learned from", duration(r.history_seconds)]);
  for (const a of [...(f.entity ?? []), ...(f.subject ?? [])]) pairs.push([a.key, a.value]);
  return h("div", { "data-testid": "receipt" }, h("dl", { class: "receipt" }, ...pairs.map(([k, v]) => h("div", {}, h("dt", { text: k }), h("dd", { text: v })))), r.example ? h("code", { class: "mono", text: r.example }) : "",
    h("p", { class: "ways" }, h("a", { href: link("logs", { pattern, ...around(at, 1, 2) }), text: pattern ? "Lines of this pattern then" : "Lines of then" }), h("a", { href: link("services", around(at, 1, 2)), text: "Traces of then" }), alert && h("a", { href: link("rules", alert), text: `Rule ${alert}` }),
      ...(f.traces ?? []).slice(0, 3).map((t) => h("a", { href: link("trace", t), text: `Trace ${t.slice(0, 8)}` })), ...(f.links ?? []).filter((l) => /^https?:\/\//.test(l)).map((l) => h("a", { href: l, rel: "noopener noreferrer", target: "_blank", text: new URL(l).hostname }))));
}

// buttons asks for a name where the answer is kept under one.
function buttons(i, act) {
  if (!is(i)) return [];
  const who = h("input", { type: "text", placeholder: "Your name", "aria-label": "Your name", maxlength: "80", "data-testid": "who" });
  const text = h("input", { type: "text", placeholder: "Why, in a few words", "aria-label": "Why, in a few words", maxlength: "200" });
  const days = h("select", { "aria-label": "How long it is noise" }, ...[[1, "for a day"], [7, "for a week"], [30, "for a month"], [90, "for 3 months"]].map(([value, text]) => h("option", { value, text })));
  days.value = "30";
  const button = (name, label, title) => h("button", { type: "button", class: "quiet", title, text: label, data: { action: name }, on: { click: () => act(name, { by: who.value, text: text.value, days: name === "noise" ? Number(days.value) : 0 }) } });
  return [who, text, button("acknowledge", "I have it", "Says that you work on it"), button("resolve", "Resolve", "Says that it is over"),
    button("noise", "This was noise", "Writes a suppression with your name and an end, for others to review"), days, button("cause", "This was it", "Teaches the catalogue: next time the incident says so")];
}
