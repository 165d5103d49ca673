#!/usr/bin/env bash
# What OTLP in and remote write out cost: CPU time of a million samples, and
# memory; beside another collector where UPSTREAM names one.
#
#   TIDEWATCH_YARDSTICKS=DIR [UPSTREAM=otelcol] test/bench/remotewrite.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
(cd "$Y/throughput" && GOWORK=off GOFLAGS=-mod=mod go build -o "$TMP/w5load" ./w5load)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
go build -o "$TMP/remotewrite" ./test/bench/remotewrite
"$TMP/remotewrite" -binary "$BINARY" -upstream "${UPSTREAM:-}" -load "$TMP/w5load" -n "${POINTS:-2000000}" -runs "${RUNS:-3}"
