#!/usr/bin/env bash
# The catalogue of error codes: precision and recall on labelled lines by
# software, then what a line without any code costs, alone and as a record.
#
#   test/bench/catalogue.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
go test -count=1 -run 'TestLabelledLines' -v ./incident/catalogue | sed '/^=== RUN/d'
go test -run '^$' -bench 'FindNothing|Process' -count "${RUNS:-3}" ./incident/catalogue ./processors/errorcodeprocessor | grep Benchmark
