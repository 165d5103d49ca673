#!/usr/bin/env bash
# CPU time from a file of JSON lines to a sink that speaks Loki's protocol, in
# alternating runs beside the least that Go needs and the peers that are there.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/loki.sh bin/tidewatch
#
# LINES and RUNS say how many; OTELCOL names a build of upstream's collector with the
# filelog receiver and the otlphttp exporter. The sink's port must be free.
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
LINES=${LINES:-1000000} RUNS=${RUNS:-3}
T=$Y/throughput
export BENCH_HOME=$TMP
mkdir -p "$TMP"/{bin,data,res}
(cd "$T" && for P in gen sink floor; do GOWORK=off GOFLAGS=-mod=mod go build -o "$TMP/bin/" "./$P"; done)
"$TMP/bin/gen" -kind json -n "$LINES" -o "$TMP/data/w2.log"
"$TMP/bin/sink" >"$TMP/sink.log" 2>&1 &
SINK=$!
trap 'kill $SINK; rm -rf "$TMP"' EXIT

cat >"$TMP/tidewatch.yaml" <<YAML
receivers: {tail: {include: ["$TMP/data/w2.log"], start_at: beginning}}
exporters: {loki: {endpoint: "http://127.0.0.1:28799"}}
service:
  telemetry: {logs: {level: warn}, metrics: {level: none}}
  pipelines: {logs: {receivers: [tail], exporters: [loki]}}
YAML
run() { # NAME UNTIL COMMAND...
  (cd "$TMP" && python3 "$T/run.py" --name "$1" --work w4 --n "$LINES" --until "$2" -- "${@:3}" >/dev/null)
}
for _ in $(seq "$RUNS"); do
  run tidewatch sink "$BINARY" --config tidewatch.yaml
  run floor exit bin/floor -f data/w2.log -mode loki2 -post http://127.0.0.1:28799
  [ -z "${OTELCOL:-}" ] || run otelcol sink "$OTELCOL" --config "$T/cfg/otel-w4.yaml"
done
python3 - "$TMP/res/runs.jsonl" <<'PY'
import json, statistics, sys
runs = [json.loads(l) for l in open(sys.argv[1])]
bad = [r for r in runs if not r["ok"]]
floor = [r["cpu_per_M"] for r in runs if r["name"] == "floor"]
print(f"{'':12} {'CPU-s per million lines':>24} {'of the floor, run by run':>26} {'MB RSS':>8}")
for name in dict.fromkeys(r["name"] for r in runs):
    mine = [r for r in runs if r["name"] == name]
    ratios = [r["cpu_per_M"] / f for r, f in zip(mine, floor)]
    print(f"{name:12} {statistics.median(r['cpu_per_M'] for r in mine):24.2f} {' '.join(f'{x:.2f}' for x in ratios):>26} {max(r['rss_mb'] for r in mine):8.0f}")
sys.exit(f"did not end: {bad}" if bad else 0)
PY
