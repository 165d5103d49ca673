// Which of the watched series are shown first, and in which order: what a person asks a
// host before anything else; and the groups of all others.

const attr = (s, key) => s.attributes.find((a) => a.key === key)?.value;
const is = (metric, attrs = {}) => (s) => s.metric === metric && Object.entries(attrs).every(([k, v]) => attr(s, k) === v);
const device = (s) => attr(s, "device") ?? "";
const mount = (s) => attr(s, "mountpoint") ?? "";
// Whole disks before partitions, the root before other mounts.
const disksFirst = (a, b) => /\D\d+$|p\d+$/.test(device(a)) - /\D\d+$|p\d+$/.test(device(b)) || device(a).localeCompare(device(b), "en", { numeric: true });
// Partitions are left out where their disk is known.
const isPart = (s, all) => all.some((o) => device(o) !== device(s) && device(o) && device(s).startsWith(device(o)));
const wholeDisks = (all) => all.filter((s) => !isPart(s, all));
// Network cards without the virtual devices, unless there is nothing else.
const cards = (all) => { const real = all.filter((s) => /^(eth|en|wl|ww|bond|ppp|ib)/.test(device(s))); return real.length ? real : all; };
const severities = ["fatal", "error", "warn", "info"];
// source is the service or file that lines come from.
const source = (s) => { const v = s.entity.find((a) => a.key === "service.name" || a.key === "log.file.path")?.value; return v ? ", " + v.split("/").pop() : ""; };
const rank = (s) => severities.findIndex((name) => (attr(s, "severity") ?? "").toLowerCase().startsWith(name));
const worstFirst = (a, b) => rank(a) - rank(b);
const rootFirst = (a, b) => mount(a).length - mount(b).length || mount(a).localeCompare(mount(b));

// Each entry: of (alternatives, the first that exists is taken), name, max, order,
// pick (which of them).
const entries = [
  { of: [is("system.cpu.utilization", { state: "user" }), is("system.cpu.time", { state: "user" })], name: () => "CPU, programs" },
  { of: [is("system.cpu.utilization", { state: "system" }), is("system.cpu.time", { state: "system" })], name: () => "CPU, kernel" },
  { of: [is("system.cpu.utilization", { state: "wait" }), is("system.cpu.time", { state: "wait" })], name: () => "CPU, waiting for disk" },
  { of: [is("system.cpu.load_average.1m"), is("system.cpu.load_average.5m"), is("system.cpu.load_average.15m")], name: (s) => `Load, ${s.metric.match(/\d+/)[0]} min` },
  { of: [is("system.memory.utilization", { state: "used" }), is("system.memory.usage", { state: "used" })], name: () => "Memory used" },
  { of: [is("system.memory.usage", { state: "cached" }), is("system.memory.utilization", { state: "cached" })], name: () => "Page cache" },
  { of: [is("system.paging.utilization", { state: "used" }), is("system.paging.usage", { state: "used" })], name: (s) => "Swap used" + (device(s) ? ", " + device(s) : "") },
  { of: [is("system.disk.io", { direction: "read" })], name: (s) => `Disk read, ${device(s)}`, max: 2, order: disksFirst, pick: wholeDisks },
  { of: [is("system.disk.io", { direction: "write" })], name: (s) => `Disk write, ${device(s)}`, max: 2, order: disksFirst, pick: wholeDisks },
  { of: [is("system.disk.io_time")], name: (s) => `Disk busy, ${device(s)}`, max: 1, order: disksFirst, pick: wholeDisks },
  { of: [is("system.network.io", { direction: "receive" })], name: (s) => `Network in, ${device(s)}`, max: 2, pick: cards },
  { of: [is("system.network.io", { direction: "transmit" })], name: (s) => `Network out, ${device(s)}`, max: 2, pick: cards },
  { of: [is("system.filesystem.utilization")], name: (s) => `Disk full, ${mount(s)}`, max: 3, order: rootFirst },
  { of: [is("system.processes.count", { status: "running" })], name: () => "Processes running" },
  { of: [is("system.processes.created")], name: () => "Processes started" },
  { of: [is("tidewatch.log.lines")], name: (s) => `Log lines, ${attr(s, "severity")}${source(s)}`, max: 2, order: worstFirst, pick: (all) => all.filter((s) => rank(s) >= 0) },
];

const maxAnomalous = 8;

// own leaves out series of other hosts and of processes with the same metric.
const own = (s) => !s.entity.some((a) => a.key.startsWith("k8s.pod") || a.key === "container.name");

// golden are the names of the metrics that choose() needs.
export const golden = ["system.cpu.utilization", "system.cpu.time", "system.cpu.load_average.1m", "system.cpu.load_average.5m", "system.cpu.load_average.15m", "system.memory.utilization", "system.memory.usage",
  "system.paging.utilization", "system.paging.usage", "system.disk.io", "system.disk.io_time", "system.network.io", "system.filesystem.utilization", "system.processes.count", "system.processes.created", "tidewatch.log.lines"];

// choose returns the charts [{series, name}] of a host: series out of band come first,
// whatever they are.
export function choose(all) {
  const taken = new Map();
  for (const e of entries) {
    for (const match of e.of) {
      const found = all.filter((s) => match(s) && own(s) && !taken.has(s.id));
      if (!found.length) continue;
      if (e.order) found.sort(e.order);
      for (const s of (e.pick?.(found) ?? found).slice(0, e.max ?? 1)) taken.set(s.id, { series: s, name: e.name(s) });
      break;
    }
  }
  const odd = all.filter((s) => s.state === "anomalous" && !taken.has(s.id)).slice(0, maxAnomalous);
  const known = [...taken.values()];
  return [...odd.map((s) => ({ series: s, name: title(s) })), ...known.filter((c) => c.series.state === "anomalous"), ...known.filter((c) => c.series.state !== "anomalous")];
}

// groups are tried in this order; the last one takes everything.
export const groups = [
  ["Services", /^(traces[._]|http\.|rpc\.|db\.)/], ["Logs", /^tidewatch\.log\./], ["CPU", /^system\.cpu\./], ["Memory", /^system\.(memory|paging)\./], ["Disks", /^system\.disk\./],
  ["File systems", /^system\.filesystem\./], ["Network", /^system\.network\./], ["Processes", /^(system\.process|process\.)/], ["Kubernetes", /^(k8s|container|kube)[._]/],
  ["This agent", /^(tidewatch|otelcol)[._]/], ["Host", /^(system|hw)\./], ["Applications", /./],
].map(([name, match]) => ({ name, match }));

export const groupOf = (s) => groups.findIndex((g) => g.match.test(s.metric));

const patternID = (s) => s.metric === "tidewatch.log.pattern.lines" && attr(s, "log.pattern.id");

// title names a series in words.
export const title = (s) => patternID(s) ? "Log lines: " + (s.template || patternID(s)) : [s.metric, ...s.attributes.map((a) => a.value)].join(" · ");
