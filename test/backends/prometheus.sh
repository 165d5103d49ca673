#!/usr/bin/env bash
# Prometheus 3 with remote write and OTLP switched on, built from its Go module.
# `go install` refuses a module with a replace directive, so it is built inside
# the module's own directory; remove_all_sd drops the cloud service discoveries.
#
# SCRAPE_TARGETS="host:port ..." is scraped every second as job "tidewatch";
# PROMTOOL=1 builds promtool too.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${PROMETHEUS_VERSION:-v0.315.0}
CACHE=$TIDEWATCH_BACKENDS/prometheus-$VERSION

need curl curl
need flock util-linux
COMMANDS=(prometheus)
[ -z "${PROMTOOL:-}" ] || COMMANDS+=(promtool)
for c in "${COMMANDS[@]}"; do
  [ ! -x "$CACHE/$c" ] || continue
  need go golang-go
  (
    locked prometheus
    [ ! -x "$CACHE/$c" ] || exit 0
    mkdir -p "$CACHE"
    SRC=$(go_module_dir "github.com/prometheus/prometheus@$VERSION")
    echo "building $c $VERSION: one to two CPU minutes, once" >&2
    GOWORK=off GOFLAGS= nice go build -C "$SRC" -tags remove_all_sd -trimpath -ldflags '-s -w' -o "$CACHE/.$c.$$" "./cmd/$c" >&2
    mv "$CACHE/.$c.$$" "$CACHE/$c"
  )
done
build_only "$@"

DIR=$(run_dir prometheus)
PORT=${PORT:-$(free_port)}
TARGETS=$(printf '"%s",' ${SCRAPE_TARGETS:-})
cat >"$DIR/prometheus.yml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
storage: {tsdb: {out_of_order_time_window: 1h}}
scrape_configs:
- {job_name: self, static_configs: [{targets: ["127.0.0.1:$PORT"]}]}
YAML
[ -z "${SCRAPE_TARGETS:-}" ] || cat >>"$DIR/prometheus.yml" <<YAML
- {job_name: tidewatch, honor_labels: true, static_configs: [{targets: [${TARGETS%,}]}]}
YAML
background "$DIR/out.log" "$CACHE/prometheus" --config.file="$DIR/prometheus.yml" --storage.tsdb.path="$DIR/data" \
  --web.listen-address="127.0.0.1:$PORT" --web.enable-remote-write-receiver --web.enable-otlp-receiver \
  --web.enable-lifecycle --web.enable-admin-api --enable-feature=exemplar-storage
wait_ready "http://127.0.0.1:$PORT/-/ready" "$PID" "${START_TIMEOUT:-60}" "$DIR/out.log"
echo "url=http://127.0.0.1:$PORT pid=$PID dir=$DIR"
