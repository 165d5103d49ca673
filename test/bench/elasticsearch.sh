#!/usr/bin/env bash
# What it costs to bring a million JSON lines from a file to Elasticsearch's bulk
# API, by CPU time: as records whose fields are known, and as lines taken as they
# are; beside the least that a Go program needs (floor es2). Runs alternate; compare
# ratios, not seconds.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/elasticsearch.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../backends/lib.sh"
LINES=${LINES:-1000000} RUNS=${RUNS:-3}
PIDS=()
trap 'kill "${PIDS[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$TMP"' EXIT
for program in gen sink floor; do scorer throughput "./$program"; done
"$TMP/gen" -kind json -n "$LINES" -o "$TMP/lines.log"
PORT=$(free_port)
"$TMP/sink" -addr "127.0.0.1:$PORT" >"$TMP/sink.log" 2>&1 &
PIDS+=($!)

# cpu_ms PID: user and system time of the process so far.
cpu_ms() { local s; s=$(<"/proc/$1/stat"); set -- ${s##*) }; echo $(((${12} + ${13}) * 1000 / $(getconf CLK_TCK))); }

# agent FORMAT: the CPU time in ms until the sink has every line.
agent() {
  rm -rf "$TMP/state"
  cat >"$TMP/agent.yaml" <<YAML
receivers:
  tail: {include: ["$TMP/lines.log"], start_at: beginning, format: $1}
exporters:
  elasticsearch: {endpoint: "http://127.0.0.1:$PORT", compression: none, setup: "off"}
service:
  telemetry: {logs: {level: warn}, metrics: {level: none}}
  pipelines:
    logs: {receivers: [tail], exporters: [elasticsearch]}
YAML
  curl -fsS -X POST -o /dev/null "http://127.0.0.1:$PORT/reset"
  "$BINARY" --state-dir "$TMP/state" --config "$TMP/agent.yaml" >"$TMP/agent.log" 2>&1 &
  local pid=$! seen=0
  PIDS+=("$pid")
  until [ "$seen" -ge "$LINES" ]; do
    kill -0 "$pid" 2>/dev/null || { tail -n 20 "$TMP/agent.log" >&2; return 1; }
    sleep 0.1
    seen=$(curl -fsS "http://127.0.0.1:$PORT/count" | cut -d' ' -f2)
  done
  cpu_ms "$pid"
  kill "$pid"
  wait "$pid" || true
}

FLOOR=() FIELDS=() RAW=()
for ((run = 0; run < RUNS; run++)); do
  FLOOR+=("$("$TMP/floor" -f "$TMP/lines.log" -mode es2 -post "http://127.0.0.1:$PORT" | sed 's/.*"cpu_per_M":\([0-9.]*\).*/\1/')")
  FIELDS+=("$(agent auto)")
  RAW+=("$(agent plain)")
done
median() { printf '%s\n' "$@" | sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
awk -v lines="$LINES" -v floor="$(median "${FLOOR[@]}")" -v fields="$(median "${FIELDS[@]}")" -v raw="$(median "${RAW[@]}")" 'BEGIN {
  fields *= 1000 / lines; raw *= 1000 / lines
  printf "CPU-s per million lines: floor %.2f, fields %.2f (%.2f times), as they are %.2f (%.2f times)\n", floor, fields, fields / floor, raw, raw / floor
}'
