#!/usr/bin/env bash
# Scores root cause: `tidewatch rootcause` on recorded incidents of public systems,
# beside simple methods, if TIDEWATCH_YARDSTICKS names the data; and the watcher on a
# simulated system with faults, beside two methods that need no thought. Less or more
# with
#
#   RUNS=6     runs of each simulated fault
#   HOURS=48   simulated hours without a fault; 0 is none
#   ANCHORS="latency errors"   simple methods of the scorer on the recorded incidents
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/rootcause.sh bin/tidewatch
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
printf '== simulated systems\n'
TIDEWATCH_SIM_RUNS=${RUNS:-6} TIDEWATCH_SIM_HOURS=${HOURS:-48} go test ./test/sim -run 'TestFigures$' -count=1 -timeout 60m -v |
  grep -v -e '^=== RUN' -e '^--- PASS' -e '^PASS' -e '^ok'
printf '\n== recorded incidents of public systems\n'
. test/bench/yardstick.sh
score() { (cd "$Y/rootcause" && python3 score.py -root . -exec "$1"); }
for a in ${ANCHORS-latency errors}; do
  printf -- '-- %s\n' "$a"
  score "python3 anchors.py $a" | sed -n '1,2p;$p'
done
printf -- '-- tidewatch rootcause\n'
score "$BINARY rootcause"
