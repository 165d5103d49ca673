#!/usr/bin/env bash
# Alertmanager from its Go module. v0.31.1 is the newest whose module holds the
# assets of its page, so that `go install` works.
#
# Alerts go to WEBHOOK_URL, if given, a second after they came.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${ALERTMANAGER_VERSION:-v0.31.1}
CACHE=$TIDEWATCH_BACKENDS/alertmanager-$VERSION

need curl curl
need flock util-linux
if [ ! -x "$CACHE/alertmanager" ]; then
  need go golang-go
  (
    locked alertmanager
    [ ! -x "$CACHE/alertmanager" ] || exit 0
    mkdir -p "$CACHE/.build"
    echo "building Alertmanager $VERSION: one CPU minute, once" >&2
    cd "$CACHE/.build"
    GOBIN=$CACHE/.build GOWORK=off GOFLAGS= nice go install -trimpath -ldflags '-s -w' "github.com/prometheus/alertmanager/cmd/alertmanager@$VERSION" >&2
    mv "$CACHE/.build/alertmanager" "$CACHE/alertmanager"
  )
fi
build_only "$@"

DIR=$(run_dir alertmanager)
PORT=${PORT:-$(free_port)}
RECEIVER='{name: nobody}'
[ -z "${WEBHOOK_URL:-}" ] || RECEIVER="{name: nobody, webhook_configs: [{url: \"$WEBHOOK_URL\", send_resolved: true}]}"
cat >"$DIR/alertmanager.yml" <<YAML
route: {receiver: nobody, group_by: ["..."], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
receivers: [$RECEIVER]
YAML
background "$DIR/out.log" "$CACHE/alertmanager" --config.file="$DIR/alertmanager.yml" --storage.path="$DIR/data" \
  --web.listen-address="127.0.0.1:$PORT" --cluster.listen-address=
wait_ready "http://127.0.0.1:$PORT/-/ready" "$PID" "${START_TIMEOUT:-60}" "$DIR/out.log"
echo "url=http://127.0.0.1:$PORT pid=$PID dir=$DIR"
