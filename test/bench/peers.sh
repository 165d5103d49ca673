#!/usr/bin/env bash
# What agents cost that watch the same idle host at the same time: ours, upstream's
# collector (built once into the cache), and those of Netdata and node_exporter
# that are installed here. Each page is read every INTERVAL, as a Prometheus would.
#
#   test/bench/peers.sh bin/tidewatch
#
# SETTLE seconds (300) of which the second half counts; INTERVAL (15) between readings
# of the host. Netdata reads the host each second and learns, as it does by default,
# with the plugins that a comparison of host metrics does not need off.
. "$(dirname "${BASH_SOURCE[0]}")/../backends/lib.sh"
BINARY=$(realpath "${1:?usage: peers.sh BINARY}")
SETTLE=${SETTLE:-300} INTERVAL=${INTERVAL:-15}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
unset TIDEWATCH_ELASTICSEARCH_URL TIDEWATCH_LOKI_URL TIDEWATCH_REMOTE_WRITE_URL

PEERS=${XDG_CACHE_HOME:-$HOME/.cache}/tidewatch/peers/otelcol-host-v0.159.0
OTELCOL=$PEERS/otelcol-host/otelcol-host
if [ ! -x "$OTELCOL" ]; then
  echo "building upstream's collector, once, in $PEERS" >&2
  mkdir -p "$PEERS"
  printf 'module peer\n\ngo 1.26\n' >"$PEERS/go.mod"
  cp "$HERE/otelcol-host.yaml" "$PEERS/"
  (cd "$PEERS" && export GOWORK=off GOFLAGS=-mod=mod && go get -tool go.opentelemetry.io/collector/cmd/builder@v0.159.0 && go tool builder --config otelcol-host.yaml --ldflags '-s -w') >&2
fi

DIR=$(mktemp -d "${TMPDIR:-/tmp}/tidewatch-peers.XXXXXX")
declare -A GROUP PAGE SIZE
NAMES=()
end() {
  for N in "${NAMES[@]}"; do kill -TERM -- "-${GROUP[$N]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  sleep 1
  for N in "${NAMES[@]}"; do kill -KILL -- "-${GROUP[$N]}" 2>/dev/null || true; done
  rm -rf "$DIR"
}
trap end EXIT

# start NAME PAGE FILE COMMAND...: a peer in a process group of its own.
start() {
  background "$DIR/$1.log" "${@:4}"
  NAMES+=("$1") GROUP[$1]=$PID PAGE[$1]=$2 SIZE[$1]=$3
}

P=$(free_port) T=$(free_port)
cat >"$DIR/tidewatch.yaml" <<YAML
extensions:
  health: {endpoint: "127.0.0.1:$(free_port)", telemetry_url: "http://127.0.0.1:$T/metrics"}
  console: {endpoint: "127.0.0.1:$(free_port)", telemetry_url: "http://127.0.0.1:$T/metrics"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:$(free_port)"}, http: {endpoint: "127.0.0.1:$(free_port)"}}}
  host_metrics: {collection_interval: ${INTERVAL}s}
exporters: {prometheus: {endpoint: "127.0.0.1:$P"}}
service: {telemetry: {metrics: {endpoint: "127.0.0.1:$T"}}}
YAML
start tidewatch "http://127.0.0.1:$P/metrics" "$BINARY" \
  "$BINARY" --state-dir "$DIR/state" --config builtin:host --config "$DIR/tidewatch.yaml"

P=$(free_port) T=$(free_port)
cat >"$DIR/otelcol.yaml" <<YAML
receivers:
  host_metrics:
    collection_interval: ${INTERVAL}s
    scrapers: {cpu: {}, load: {}, memory: {}, paging: {}, disk: {}, filesystem: {}, network: {}, processes: {}}
  file_log: {include: ["/var/log/**/*.log", /var/log/syslog]}
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:$(free_port)"}, http: {endpoint: "127.0.0.1:$(free_port)"}}}
processors: {memory_limiter: {check_interval: 1s, limit_mib: 256}}
exporters: {prometheus: {endpoint: "127.0.0.1:$P"}, nop: {}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: $T}}}}]}}
  pipelines:
    metrics: {receivers: [host_metrics, otlp], processors: [memory_limiter], exporters: [prometheus]}
    logs: {receivers: [file_log, otlp], processors: [memory_limiter], exporters: [nop]}
    traces: {receivers: [otlp], processors: [memory_limiter], exporters: [nop]}
YAML
start otelcol "http://127.0.0.1:$P/metrics" "$OTELCOL" "$OTELCOL" --config "$DIR/otelcol.yaml"

if command -v netdata >/dev/null; then
  D=$DIR/netdata P=$(free_port)
  mkdir -p "$D"/{etc,cache,lib,log}
  cat >"$D/etc/netdata.conf" <<CONF
[global]
  run as user = $(id -un)
[directories]
  config = $D/etc
  cache = $D/cache
  lib = $D/lib
  log = $D/log
[web]
  bind to = 127.0.0.1:$P
[ml]
  enabled = yes
[plugins]
  apps = no
  python.d = no
  charts.d = no
  go.d = no
CONF
  touch "$D/etc/.opt-out-from-anonymous-statistics"
  start netdata "http://127.0.0.1:$P/api/v1/allmetrics?format=prometheus" "$(command -v netdata)" netdata -D -c "$D/etc/netdata.conf"
else
  echo "netdata is not installed here and left out (Debian: apt-get install netdata-core)" >&2
fi

if command -v prometheus-node-exporter >/dev/null; then
  P=$(free_port)
  start node_exporter "http://127.0.0.1:$P/metrics" "$(command -v prometheus-node-exporter)" prometheus-node-exporter --web.listen-address "127.0.0.1:$P"
else
  echo "node_exporter is not installed here and left out (Debian: apt-get install prometheus-node-exporter)" >&2
fi

# usage GROUP: CPU ms so far and resident KB of all processes of a group.
usage() {
  local f s ticks=0 kb=0 p
  for f in /proc/[0-9]*/stat; do
    s=$(cat "$f" 2>/dev/null) || continue
    p=${f#/proc/}; p=${p%/stat}
    set -- "$1" ${s##*) }
    [ "$4" = "$1" ] || continue
    ticks=$((ticks + ${13} + ${14} + ${15} + ${16}))
    kb=$((kb + $(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$p/status" 2>/dev/null || echo 0)))
  done
  echo "$((ticks * 1000 / $(getconf CLK_TCK))) $kb"
}

for N in "${NAMES[@]}"; do
  wait_ready "${PAGE[$N]}" "${GROUP[$N]}" 60 "$DIR/$N.log"
done
# read_for SECONDS: what a Prometheus would do with them.
read_for() {
  local until=$((SECONDS + $1)) n
  while [ $SECONDS -lt "$until" ]; do
    for n in "${NAMES[@]}"; do curl -fsS -o /dev/null --max-time 10 "${PAGE[$n]}" || true; done
    sleep "$INTERVAL"
  done
}
read_for $((SETTLE / 2))
declare -A BEFORE
T0=$(date +%s%N)
for N in "${NAMES[@]}"; do BEFORE[$N]=$(usage "${GROUP[$N]}"); done
read_for $((SETTLE - SETTLE / 2))
T1=$(date +%s%N)
printf '%-14s %10s %8s %8s %8s\n' "" "binary MB" "RSS MB" "CPU %" "series"
for N in "${NAMES[@]}"; do
  read -r A _ <<<"${BEFORE[$N]}"
  read -r B KB < <(usage "${GROUP[$N]}")
  SERIES=$(curl -fsS --max-time 10 "${PAGE[$N]}" | grep -vc '^#')
  awk -v n="$N" -v size="$(stat -Lc %s "${SIZE[$N]}")" -v ms=$((B - A)) -v ns=$((T1 - T0)) -v kb="$KB" -v series="$SERIES" 'BEGIN {
    printf "%-14s %10.1f %8.1f %8.2f %8d\n", n, size / 1e6, kb * 1024 / 1e6, 100 * ms * 1e6 / ns, series
  }'
done
