#!/usr/bin/env bash
# What the agent costs with nothing to do: starts a binary with builtin:host and
# no backend, waits SETTLE seconds (180) and prints one line. Fails when the
# binary is larger than MAX_BINARY_MB or its memory more than MAX_RSS_MB.
#
#   test/bench/idle.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/../backends/lib.sh"
BINARY=${1:?usage: idle.sh BINARY}
SETTLE=${SETTLE:-180} MAX_BINARY_MB=${MAX_BINARY_MB:-55} MAX_RSS_MB=${MAX_RSS_MB:-60}
[ -r /proc/self/stat ] || cannot "memory and CPU time are read from /proc, which this system lacks"
unset TIDEWATCH_ELASTICSEARCH_URL TIDEWATCH_LOKI_URL TIDEWATCH_REMOTE_WRITE_URL

DIR=$(mktemp -d "${TMPDIR:-/tmp}/tidewatch-idle.XXXXXX")
PID=
trap '[ -z "$PID" ] || kill "$PID" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$DIR"' EXIT
HEALTH=$(free_port) TELEMETRY=$(free_port)
# The profile as it is, on ports that are free.
cat >"$DIR/ports.yaml" <<YAML
extensions:
  health: {endpoint: "127.0.0.1:$HEALTH", telemetry_url: "http://127.0.0.1:$TELEMETRY/metrics"}
  console: {endpoint: "127.0.0.1:$(free_port)", telemetry_url: "http://127.0.0.1:$TELEMETRY/metrics"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:$(free_port)"}, http: {endpoint: "127.0.0.1:$(free_port)"}}}
exporters:
  prometheus: {endpoint: "127.0.0.1:$(free_port)"}
service: {telemetry: {metrics: {endpoint: "127.0.0.1:$TELEMETRY"}}}
YAML

now_ms() { echo $(($(date +%s%N) / 1000000)); }
# cpu_ms: user and system time of the process so far.
cpu_ms() { local s; s=$(<"/proc/$PID/stat"); set -- ${s##*) }; echo $(((${12} + ${13}) * 1000 / $(getconf CLK_TCK))); }

BEGIN=$(now_ms)
"$BINARY" --state-dir "$DIR/state" --config builtin:host --config "$DIR/ports.yaml" >"$DIR/out.log" 2>&1 &
PID=$!
until curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:$HEALTH/readyz" 2>/dev/null; do
  kill -0 "$PID" 2>/dev/null || { echo "the agent ended:" >&2; tail -n 20 "$DIR/out.log" >&2; exit 1; }
  [ $(($(now_ms) - BEGIN)) -lt 60000 ] || { echo "the agent is not ready after 60 s" >&2; tail -n 20 "$DIR/out.log" >&2; exit 1; }
  sleep 0.02
done
READY=$(($(now_ms) - BEGIN))

# What the start itself costs is not idling: CPU is measured over the second half.
sleep $((SETTLE / 2))
CPU0=$(cpu_ms) T0=$(now_ms)
sleep $((SETTLE - SETTLE / 2))
CPU1=$(cpu_ms) T1=$(now_ms)
RSS_KB=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$PID/status")
SIZE=$(stat -c %s "$BINARY")

awk -v size="$SIZE" -v ready="$READY" -v rss="$RSS_KB" -v cpu=$((CPU1 - CPU0)) -v wall=$((T1 - T0)) -v settle="$SETTLE" \
  -v max_size="$MAX_BINARY_MB" -v max_rss="$MAX_RSS_MB" 'BEGIN {
  size /= 1e6; rss = rss * 1024 / 1e6
  printf "binary_mb=%.1f ready_s=%.2f rss_mb=%.1f cpu_percent=%.2f after_s=%d\n", size, ready / 1000, rss, 100 * cpu / wall, settle
  if (size > max_size) { printf "the binary is larger than %d MB\n", max_size > "/dev/stderr"; bad = 1 }
  if (rss > max_rss) { printf "the agent holds more than %d MB\n", max_rss > "/dev/stderr"; bad = 1 }
  exit bad
}'
