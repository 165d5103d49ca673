#!/usr/bin/env bash
# Scores `tidewatch detect` and `tidewatch forecast` on labelled series, one
# configuration for all sets, beside the detectors that others use: events found and
# false alarms, false alarms against static thresholds at equal recall, NAB, cost, and
# forecast. CPU minutes; less with
#
#   SETS=mscloud         of kpi, wsd, smd, mscloud
#   ANCHORS=prototype    names or parts of names of the others, by commas; "" is all
#   CAUSAL=-causal       also checks that no score depends on later points
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/anomaly.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
SETS=${SETS:-kpi,wsd,smd,mscloud}
ANCHORS=${ANCHORS-mean+-k,seed: v,EWMA z (50,Holt,Grafana,SPOT two,half-space,Netdata,prototype}
THRESHOLD=$("$BINARY" detect --threshold)
(cd "$Y/anomaly/yardstick" && GOWORK=off go build -o "$TMP/yard" .)
yard() { "$TMP/yard" "$1" -data "$Y/anomaly/data" "${@:2}"; }
ours() { yard "$@" -exec "$BINARY detect" -thr "$THRESHOLD" ${CAUSAL:-} | sed "s|exec: $BINARY detect *|$(printf '%-37s' 'tidewatch detect')|"; }

# events: the best F1 of any threshold and what the detector's own one gives.
events() {
  awk -v us="$1" '
    /^## / { sub(/:.*/, "", $2); set = $2; next }
    /\|/ && !/^detector/ {
      name = substr($0, 1, 36); split(substr($0, 37), best, " "); n = split($0, part, "|"); split(part[n-1], own, " ")
      printf "%-8s %-36s %8s %8s %8s %8s %8s\n", set, us != "" ? us : name, best[1], own[4], own[1], own[2], own[3]
    }'
}
printf '== events: F1 at the best threshold of all and at the own one, with its recall in time, recall ever and false alarms per series and week\n'
printf '%-8s %-36s %8s %8s %8s %8s %8s\n' set detector best own on-time ever FA/week
yard events -sets "$SETS" -only "$ANCHORS" | events ""
ours events -sets "$SETS" | events "tidewatch detect"

printf '\n== false alarms cut, at equal ever-recall, against mean +- 3 sigma for 5m\n'
ours static -sets "$SETS" | awk '
  /^## / { sub(/:/, "", $2); set = $2 }
  /^cut against .static mean\+-k\*sigma, for 5m. at/ {
    n = split($0, part, " [|] ")
    for (i = 2; i <= n; i++) { cut = part[i]; sub(/.* /, "", cut); name = part[i]; sub(/ [^ ]*$/, "", name); printf "%-8s %-36s %8s\n", set, name, cut }
  }'

printf '\n== NAB, threshold %s\n' "$THRESHOLD"
yard nab -only "$ANCHORS"
ours nab | tail -n +3

printf '\n== cost of a series and of a point\n'
"$TMP/yard" cost
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
go test -run '^$' -bench 'Observe|Score|Size' ./anomaly | grep Benchmark

if "$BINARY" forecast --help >/dev/null 2>&1; then
  printf '\n== forecast\n'
  FORECAST_SETS=$(tr , '\n' <<<"$SETS" | grep -v smd | paste -sd, -)
  [ -z "$FORECAST_SETS" ] || yard forecast -sets "$FORECAST_SETS" -exec "$BINARY forecast"
fi
