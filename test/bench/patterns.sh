#!/usr/bin/env bash
# Grouping and templates of `tidewatch patterns` on labelled logs, one
# configuration for all of them: whole lines and messages, ids as known on
# arrival and after the last line.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/patterns.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
scorer logpattern ./cmd/...
cd "$Y/logpattern"
for MODE in raw content; do
  FLAGS=
  [ "$MODE" = raw ] || FLAGS=--content
  for IDS in --final ""; do
    printf '\n== %s lines, ids %s\n' "$MODE" "$([ -n "$IDS" ] && echo after the last line || echo on arrival)"
    "$TMP/logeval" -mode "$MODE" -cmd "$BINARY patterns --each $IDS $FLAGS"
  done
done
printf '\n== full set, raw lines, ids after the last line\n'
"$TMP/logeval" -data full -suffix _full -truth _structured.csv -mode raw -cmd "$BINARY patterns --each --final"
