#!/usr/bin/env bash
# Fuzzes what reads bytes of others. Without arguments every target, and with names of
# packages theirs only.
#   FUZZTIME=30s  how long each target
#   QUICK=1       only parsers of bytes from the network and of files that others write,
#                 a second each
# Exit code 1 if an input is found that fails again when it is run by itself; it is in
# testdata/fuzz of its package then: mend what it found and commit it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
FUZZTIME=${FUZZTIME:-$([ -n "${QUICK:-}" ] && echo 1s || echo 30s)}
JOBS=${JOBS:-$(nproc)}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# Who sends: applications, agents of others, browsers, backends and files.
QUICK_PACKAGES="receivers/alertwebhookreceiver receivers/jaegerreceiver receivers/scrapereceiver receivers/zipkinreceiver
  internal/otlpwire internal/kubelet internal/logformat internal/segmentlog logpattern/frame incident/catalogue"

if [ $# -gt 0 ]; then
  PACKAGES=$*
elif [ -n "${QUICK:-}" ]; then
  PACKAGES=$QUICK_PACKAGES
else
  PACKAGES=$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u)
fi

# targets prints "package target" for each.
targets() {
  local p
  for p in $PACKAGES; do
    sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|${p#./} \1|p" "$p"/*_test.go
  done
}

# build makes the instrumented tests of a package, which Go keeps but for the link.
build() { go test -c -fuzz Fuzz -o "$WORK/${1//\//_}.test" "./$1" >"$WORK/${1//\//_}.build" 2>&1 || { cat "$WORK/${1//\//_}.build" >&2; return 1; }; }

# fuzz runs one target. Workers that are late at the end are no finding: what fails must
# fail again by itself.
fuzz() {
  local package=$1 target=$2 bin="$WORK/${1//\//_}.test" log="$WORK/${1//\//_}.$2" cache
  cache=$(go env GOCACHE)/fuzz/github.com/tidewatch/tidewatch/$package
  cd "$package"
  "$bin" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$FUZZTIME" -test.fuzzminimizetime 5s -test.parallel 1 -test.fuzzcachedir "$cache" >"$log" 2>&1 && return
  local input
  input=$(sed -n 's|^ *Failing input written to testdata/fuzz/||p' "$log" | head -1)
  input=${input:-$(sed -n "s|^.*failure while testing seed corpus entry: ||p" "$log" | head -1)}
  if [ -n "$input" ] && ! "$bin" -test.run "^${input%%/*}\$/^${input#*/}\$" >"$log.again" 2>&1; then
    echo "$package: $input fails:" >&2
    cat "$log.again" >&2
    return 1
  fi
  echo "$package $target: ended early, and what it was at does not fail by itself:" >&2
  tail -5 "$log" >&2
}

export WORK FUZZTIME
export -f build fuzz
SECONDS=0
for p in $PACKAGES; do echo "${p#./}"; done | xargs -P "$JOBS" -I{} bash -c 'build {}'
echo "built $(ls "$WORK"/*.test | wc -l) packages in $SECONDS s"
SECONDS=0
targets >"$WORK/targets"
status=0
xargs -P "$JOBS" -L1 bash -c 'fuzz "$0" "$1"' <"$WORK/targets" || status=1
echo "fuzzed $(wc -l <"$WORK/targets") targets for $FUZZTIME each in $SECONDS s"
exit $status
