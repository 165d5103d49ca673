// Asks the agent every five seconds while the page can be seen.

import { $, setText } from "./dom.js";
import { ask } from "./api.js";
import { clock, count, duration, plural } from "./format.js";
import * as findings from "./findings.js";
import * as metrics from "./metrics.js";
import * as patterns from "./patterns.js";
import * as pipeline from "./pipeline.js";
import * as incidents from "./incidents.js";
import * as route from "./route.js";

const interval = 5000;
const levels = { starting: "Starting", learning: "Learning", ok: "Well", info: "Look", warning: "Warning", critical: "Critical" };
let answered = 0;
let timer = 0;
let busy = false;

async function overview() {
  const o = await ask("overview");
  const open = Object.values(o.open_findings).reduce((a, b) => a + b, 0);
  const level = levels[o.status.level] ? o.status.level : "info";
  setText($("host"), o.host.name || "this host");
  setText($("version"), `${o.version} · ${o.host.os}/${o.host.arch}`);
  document.title = (open ? `(${open}) ` : "") + `${o.host.name} · Tidewatch`;
  $("status").dataset.level = level;
  setText($("status-level"), levels[level]);
  setText($("status-sentence"), o.status.sentence);
  const badge = $("open-count");
  badge.hidden = !open;
  badge.dataset.level = o.open_findings.critical ? "critical" : o.open_findings.warning ? "warning" : "info";
  badge.setAttribute("aria-label", `${open} open`);
  setText(badge, String(open));
  const t = o.totals;
  setText($("facts"), `Up ${duration(o.uptime_seconds)} · ${plural(t.logs, "log line")} · ${count(t.points)} baseline values · ${plural(t.spans, "span")} · kept in memory: ${plural(t.series, "series", "series")}, ${plural(t.patterns, "pattern")}, ${plural(t.traces, "trace")} ·`);
  patterns.setStarted(o.started);
}

async function refresh() {
  if (busy || document.hidden) return;
  busy = true;
  const results = route.follow() ? await Promise.allSettled([overview(), incidents.refresh(), route.refresh()]) : await home();
  busy = false;
  const failed = results.filter((r) => r.status === "rejected");
  for (const f of failed) console.warn(f.reason);
  if (failed.length < results.length) answered = Date.now() / 1000;
  offline(failed.length === results.length);
  document.body.dataset.ready = "";
}

async function home() {
  const results = await Promise.allSettled([overview(), incidents.refresh(), patterns.refresh(), pipeline.refresh()]);
  // Series are named by patterns, and findings share the time axis of the series.
  results.push(...await Promise.allSettled([metrics.refresh()]), ...await Promise.allSettled([findings.refresh()]));
  return results;
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
  refresh().finally(() => { timer = setTimeout(loop, interval); });
}

metrics.init();
findings.init();
patterns.init();
document.addEventListener("visibilitychange", loop);
addEventListener("hashchange", () => { route.follow(); loop(); });
loop();
