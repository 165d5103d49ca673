#!/usr/bin/env bash
# Events found by `tidewatch detect` in labelled series, one configuration for all
# sets, and the false alarms at its own threshold. SETS limits the sets.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/anomaly.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
(cd "$Y/anomaly/yardstick" && GOWORK=off go build -o "$TMP/yard" .)
THRESHOLD=$("$BINARY" detect --threshold)
printf '== events, threshold %s\n' "$THRESHOLD"
"$TMP/yard" events -data "$Y/anomaly/data" -sets "${SETS:-kpi,wsd,smd,mscloud}" -exec "$BINARY detect" -thr "$THRESHOLD"
printf '\n== NAB\n'
"$TMP/yard" nab -data "$Y/anomaly/data" -exec "$BINARY detect" -thr "$THRESHOLD"
