// Asks the agent every five seconds while the page can be seen.

import { $, setText, link } from "./dom.js";
import { ask } from "./api.js";
import { clock, count, duration, plural } from "./format.js";
import * as route from "./route.js";
import * as now from "./now.js";
import * as metrics from "./metrics.js";
import * as logs from "./logs.js";
import * as services from "./services.js";
import * as trace from "./trace.js";
import * as incidents from "./incidents.js";
import * as pipeline from "./pipeline.js";
import * as rules from "./rules.js";

const interval = 5000;
const levels = { starting: "Starting", learning: "Learning", ok: "Well", info: "Look", warning: "Warning", critical: "Critical" };
let answered = 0;
let timer = 0;
let busy = false;
let again = false;

async function overview() {
  const o = await ask("overview");
  const open = Object.values(o.open_findings).reduce((a, b) => a + b, 0);
  const level = levels[o.status.level] ? o.status.level : "info";
  setText($("host"), o.host.name || "this host");
  setText($("version"), `${o.version} · ${o.host.os}/${o.host.arch}`);
  document.title = (open ? `(${open}) ` : "") + `${o.host.name} · Tidewatch`;
  $("status").dataset.level = level;
  setText($("status-level"), levels[level]);
  const { sentence, since, incident, finding } = o.status;
  setText($("status-sentence"), sentence);
  $("status-sentence").href = incident ? link("incidents", incident) : finding ? link("now", { finding }) : "#/now";
  setText($("status-since"), since ? `since ${clock(since)}, for ${duration(Math.max(1, o.time - since))}` : "");
  badge($("open-count"), o.open_findings);
  badge($("incident-count"), o.open_incidents);
  const t = o.totals;
  setText($("facts"), `Up ${duration(o.uptime_seconds)} · ${plural(t.logs, "log line")} · ${count(t.points)} baseline values · ${plural(t.spans, "span")} · kept in memory: ${plural(t.series, "series", "series")}, ${plural(t.patterns, "pattern")}, ${plural(t.traces, "trace")} ·`);
  dispatchEvent(new CustomEvent("overview", { detail: o }));
}

function badge(e, counts) {
  const open = Object.values(counts).reduce((a, b) => a + b, 0);
  e.hidden = !open;
  e.dataset.level = counts.critical ? "critical" : counts.warning ? "warning" : "info";
  e.setAttribute("aria-label", `${open} open`);
  setText(e, String(open));
}

async function refresh() {
  if (document.hidden) return;
  if (busy) { again = true; return; }
  busy = true;
  again = false;
  const hash = location.hash;
  const results = await Promise.allSettled([overview(), route.refresh()]);
  busy = false;
  const failed = results.filter((r) => r.status === "rejected");
  for (const f of failed) console.warn(f.reason);
  if (failed.length < results.length) answered = Date.now() / 1000;
  offline(failed.length === results.length);
  document.body.dataset.ready = hash; // this view has its numbers
}

function offline(is) {
  $("offline").hidden = !is;
  if (is) {
    document.body.dataset.offline = "";
    setText($("offline"), answered ? `The agent does not answer. This is what it said at ${clock(answered, true)}; asking again every 5 s.` : "The agent does not answer; asking again every 5 s.");
  } else delete document.body.dataset.offline;
  setText($("updated"), is ? "" : `updated ${clock(answered, true)}`);
}

function loop() {
  clearTimeout(timer);
  if (document.hidden) return;
  refresh().finally(() => { clearTimeout(timer); timer = setTimeout(loop, again ? 0 : interval); });
}

// Keys that work wherever nothing is written.
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea, dialog[open]")) return;
  const nav = document.querySelectorAll("nav a")[Number(e.key) - 1];
  if (e.key === "?") $("help").showModal();
  else if (e.key === "/") document.querySelector(".view:not([hidden]) input[type=search]")?.focus();
  else if (nav) nav.click();
  else return;
  e.preventDefault();
});
$("help-open").addEventListener("click", () => $("help").showModal());
$("skip").addEventListener("click", (e) => { e.preventDefault(); $("view").focus(); });
route.start({ now, metrics, logs, services, trace, incidents, pipeline, rules });
route.follow();
document.addEventListener("visibilitychange", loop);
addEventListener("hashchange", () => { route.follow(); loop(); });
loop();
