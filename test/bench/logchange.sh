#!/usr/bin/env bash
# Alerts of `tidewatch patterns --changes` on streams of log lines with known
# changes, pooled over seeds and told apart by the rate of the event, beside
# reference detectors that are given the true templates.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/logchange.sh bin/tidewatch
#
# SEEDS, SETS (separated by commas), RATES (lines a second and service) and DAYS
# make other streams; BASE=0 leaves the reference detectors out. Streams are kept
# in TIDEWATCH_BENCH_CACHE, by default in the user's cache.
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
scorer logpattern ./cmd/logchange
(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && go build -o "$TMP/pool" ./test/bench/logchange)
CACHE=${TIDEWATCH_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidewatch/logchange}
SETS=${SETS:-Hadoop,Linux,OpenStack,Thunderbird}
DAYS=${DAYS:-4}
for RATE in ${RATES:-1}; do
  STREAMS=()
  for SEED in ${SEEDS:-1 2 3 4 5}; do
    S="$CACHE/$SETS-rate$RATE-days$DAYS-seed$SEED"
    if [ ! -e "$S/done" ]; then
      mkdir -p "$S"
      "$TMP/logchange" gen -data "$Y/logpattern/data" -sets "$SETS" -days "$DAYS" -rate "$RATE" -seed "$SEED" -out "$S" > "$S/done.new"
      mv "$S/done.new" "$S/done"
    fi
    "$BINARY" patterns --changes < "$S/lines.tsv" > "$S/alerts.jsonl"
    STREAMS+=("$S")
  done
  printf '\n== %s, %s lines a second and service, %d streams\n' "$SETS" "$RATE" "${#STREAMS[@]}"
  "$TMP/pool" alerts.jsonl "${STREAMS[@]}"
  [ "${BASE:-1}" = 1 ] || continue
  for RULE in static poisson; do
    FLAGS="-n 10"
    [ "$RULE" = static ] || FLAGS="-z 8 -min 20"
    for S in "${STREAMS[@]}"; do
      # shellcheck disable=SC2086 # several flags
      [ -e "$S/alerts.$RULE.jsonl" ] || "$TMP/logchange" base -in "$S" -rule "$RULE" $FLAGS > /dev/null
    done
    printf '\n-- reference: %s %s, given the true templates\n' "$RULE" "$FLAGS"
    "$TMP/pool" -by-example "alerts.$RULE.jsonl" "${STREAMS[@]}"
  done
done
