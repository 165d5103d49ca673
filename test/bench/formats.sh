#!/usr/bin/env bash
# What `tidewatch read` recognises of labelled logs without any configuration.
#
#   TIDEWATCH_YARDSTICKS=DIR test/bench/formats.sh bin/tidewatch
. "$(dirname "${BASH_SOURCE[0]}")/yardstick.sh"
cd "$Y/formats"
python3 score.py --perf -- "$BINARY" read
