#!/usr/bin/env bash
# `tidewatch patterns` on labelled logs beside its peers, one configuration for
# all of them: grouping and templates, speed, memory, and alerts on changes.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/patterns.sh bin/tidewatch
#
# PARTS (quality speed memory changes) leaves parts out; SOAK is the number of
# lines of the memory test, RUNS the number of alternating timings.
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
ROOT=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
PARTS=${PARTS:-quality speed memory changes}
scorer logpattern ./cmd/...
cd "$Y/logpattern"
PEERS=
for PEER in loki:loki-drain upstream-drain:upstream-drain; do
  if (cd "peers/${PEER%:*}" && GOWORK=off GOFLAGS=-mod=mod go build -o "$TMP/${PEER#*:}" .) 2>"$TMP/err"; then
    PEERS+=" ${PEER#*:}"
  else
    echo "peer ${PEER%:*} is left out: $(tail -1 "$TMP/err")"
  fi
done
part() { [[ " $PARTS " == *" $1 "* ]] && printf '\n== %s\n' "$2"; }

# scores NAME ARGUMENTS COMMAND: one line with the averages of a command; the sets
# are kept for later where the command gives its last ids.
HEAD='%-38s %7s %7s %7s %7s %7s\n'
scores() {
  local out
  # shellcheck disable=SC2086 # several arguments
  out=$("$TMP/logeval" $2 -cmd "$3") || return
  [[ "$3" != *--final* ]] || grep -Ev '^(average|set)' <<<"$out" >"$TMP/each"
  awk -v name="$1" '/^average/ {printf "%-38s %7.3f %7.3f %7.3f %7.3f %7.3f\n", name, $5, $6, $7, $(NF-1), $NF}' <<<"$out"
}
quality() {
  echo
  # shellcheck disable=SC2059 # the format is ours
  printf "$HEAD" "$1" GA FGA SGA PA FTA
  scores "tidewatch, after the last line" "$2" "$BINARY patterns --each --final$3"
  scores "tidewatch, on arrival" "$2" "$BINARY patterns --each$3"
  for PEER in $PEERS; do
    if [ "$PEER" = upstream-drain ]; then
      scores "$PEER, its clusters" "$2" "$TMP/$PEER id"
      scores "$PEER, what it writes" "$2" "$TMP/$PEER string"
    else
      scores "$PEER, on arrival" "$2" "$TMP/$PEER"
    fi
  done
  printf '\ntidewatch, set by set (lines, events, patterns, GA, FGA, SGA, GA-len, FGA-len, PA, FTA)\n'
  cat "$TMP/each"
}
if part quality "grouping and templates"; then
  quality "raw lines" "-mode raw" ""
  quality "content" "-mode content" " --content"
  quality "full set, raw lines" "-data full -suffix _full -truth _structured.csv -mode raw" ""
fi

median() { sort -n | awk '{v[NR] = $1} END {printf "%.0f\n", v[int((NR + 1) / 2)]}'; }
if part speed "lines per second of CPU time, lines in memory, ids on arrival; medians of ${RUNS:=5} alternating runs"; then
  "$TMP/logchange" gen -data data -sets Hadoop,Linux,OpenStack,Thunderbird -days 1 -warm 0.5 -rate 1 -seed 1 -out "$TMP/stream" >/dev/null
  cut -f3 "$TMP/stream/lines.tsv" | sed -n 1,200000p >"$TMP/corpus"
  (cd "$ROOT" && go test -c -o "$TMP/bench" ./logpattern)
  for _ in $(seq "$RUNS"); do
    TIDEWATCH_CORPUS="$TMP/corpus" "$TMP/bench" -test.run '^$' -test.bench Corpus -test.benchtime 5x |
      awk '/cpu-s/ {for (i = 2; i <= NF; i++) if ($i == "lines/cpu-s") print $(i-1)}' >>"$TMP/tidewatch.speed"
    for PEER in $PEERS; do REPS=5 "$TMP/$PEER" bench <"$TMP/corpus" 2>>"$TMP/$PEER.speed"; done
  done
  OURS=$(median <"$TMP/tidewatch.speed")
  printf '%-16s %9d\n' tidewatch "$OURS"
  for PEER in $PEERS; do
    THEIRS=$(median <"$TMP/$PEER.speed")
    printf '%-16s %9d   tidewatch is %s times as fast\n' "$PEER" "$THEIRS" "$(awk "BEGIN {printf \"%.2f\", $OURS / $THEIRS}")"
  done
  TIMEFORMAT='%U %S'
  CLI=$({ time "$BINARY" patterns --each <"$TMP/corpus" >/dev/null 2>&1; } 2>&1 | awk 'END {printf "%d", 200000 / ($1 + $2)}')
  printf '%-16s %9d\n' "tidewatch CLI" "$CLI"
fi

if part memory "memory over ${SOAK:=10000000} lines, of which a tenth are new words"; then
  (cd "$ROOT/logpattern" && TIDEWATCH_SOAK=$SOAK nice go test -run MemoryStaysFlat -v -timeout 2h . | grep -E 'lines:|ok|FAIL')
fi

if part changes "alerts on changes" && [ -x "$ROOT/test/bench/logchange.sh" ]; then
  RATES=${RATES:-0.2 1 5} "$ROOT/test/bench/logchange.sh" "$BINARY"
fi
