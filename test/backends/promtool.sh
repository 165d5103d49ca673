#!/usr/bin/env bash
# promtool and amtool, which check rules, tests of rules and routes: built once, from the modules of the servers that
# the other recipes start. Prints their paths.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
RECIPES=$(dirname "${BASH_SOURCE[0]}")
PROMETHEUS_VERSION=${PROMETHEUS_VERSION:-v0.315.0}
ALERTMANAGER_VERSION=${ALERTMANAGER_VERSION:-v0.31.1}
AMTOOL=$TIDEWATCH_BACKENDS/alertmanager-$ALERTMANAGER_VERSION/amtool

need flock util-linux
PROMTOOL=1 PROMETHEUS_VERSION=$PROMETHEUS_VERSION "$RECIPES/prometheus.sh" --build
if [ ! -x "$AMTOOL" ]; then
  need go golang-go
  (
    locked alertmanager
    [ ! -x "$AMTOOL" ] || exit 0
    mkdir -p "$(dirname "$AMTOOL")/.build"
    echo "building amtool $ALERTMANAGER_VERSION: half a CPU minute, once" >&2
    cd "$(dirname "$AMTOOL")/.build"
    GOBIN=$PWD GOWORK=off GOFLAGS= nice go install -trimpath -ldflags '-s -w' "github.com/prometheus/alertmanager/cmd/amtool@$ALERTMANAGER_VERSION" >&2
    mv amtool "$AMTOOL"
  )
fi
build_only "$@"
echo "promtool=$TIDEWATCH_BACKENDS/prometheus-$PROMETHEUS_VERSION/promtool amtool=$AMTOOL"
