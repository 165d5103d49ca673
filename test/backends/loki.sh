#!/usr/bin/env bash
# Grafana Loki: a single binary with file storage, built from its Go module. Its
# go.mod replaces loki/pkg/push by a directory that is a module of its own and so
# not in the zip: an edited copy of go.mod points at the published module instead.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${LOKI_VERSION:-v3.7.8}
CACHE=$TIDEWATCH_BACKENDS/loki-$VERSION

need curl curl
need flock util-linux
if [ ! -x "$CACHE/loki" ]; then
  need go golang-go
  (
    locked loki
    [ ! -x "$CACHE/loki" ] || exit 0
    mkdir -p "$CACHE"
    SRC=$(go_module_dir "github.com/grafana/loki/v3@$VERSION")
    TMP=$(mktemp -d "$CACHE/.build.XXXXXX")
    trap 'rm -rf "$TMP"' EXIT
    cp "$SRC/go.mod" "$TMP/loki.mod"
    cp "$SRC/go.sum" "$TMP/loki.sum"
    chmod u+w "$TMP"/loki.*
    PUSH=$(sed -n 's|^[[:space:]]*github.com/grafana/loki/pkg/push \(v[^ ]*\).*|\1|p' "$SRC/go.mod" | head -1)
    go mod edit -replace "github.com/grafana/loki/pkg/push=github.com/grafana/loki/pkg/push@$PUSH" "$TMP/loki.mod"
    echo "building Loki $VERSION: about nine CPU minutes, once" >&2
    GOWORK=off CGO_ENABLED=0 GOFLAGS= nice go build -C "$SRC" -modfile="$TMP/loki.mod" -mod=mod -trimpath -ldflags '-s -w' -o "$TMP/loki" ./cmd/loki >&2
    mv "$TMP/loki" "$CACHE/loki"
  )
fi
build_only "$@"

DIR=$(run_dir loki)
PORT=${PORT:-$(free_port)}
cat >"$DIR/loki.yaml" <<YAML
auth_enabled: ${LOKI_AUTH:-false}
server: {http_listen_address: 127.0.0.1, http_listen_port: $PORT, grpc_listen_address: 127.0.0.1, grpc_listen_port: $(free_port), log_level: warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: $DIR/data
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
  storage: {filesystem: {chunks_directory: $DIR/data/chunks, rules_directory: $DIR/data/rules}}
schema_config:
  configs: [{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]
pattern_ingester: {enabled: true}
limits_config: {allow_structured_metadata: true, volume_enabled: true, discover_log_levels: true}
runtime_config: {file: $DIR/overrides.yaml}
ruler: {enable_api: true, storage: {type: local, local: {directory: $DIR/data/rules}}}
ingester: {lifecycler: {min_ready_duration: 0s}}
analytics: {reporting_enabled: false}
YAML
echo "overrides: {${LOKI_OVERRIDES:-}}" >"$DIR/overrides.yaml"
background "$DIR/out.log" "$CACHE/loki" -config.file="$DIR/loki.yaml"
wait_ready "http://127.0.0.1:$PORT/ready" "$PID" "${START_TIMEOUT:-120}" "$DIR/out.log"
echo "url=http://127.0.0.1:$PORT pid=$PID dir=$DIR"
