# Sourced by the scripts that score the binary on labelled data. The data are not
# part of the project; TIDEWATCH_YARDSTICKS names the folder that holds them.
set -euo pipefail
BINARY=$(realpath "${1:?usage: $0 BINARY}")
NAME=$(basename "$0" .sh)
if [ -z "${TIDEWATCH_YARDSTICKS:-}" ]; then
  echo "$NAME: skipped: TIDEWATCH_YARDSTICKS does not name a folder with labelled data"
  exit 0
fi
Y=$(realpath "$TIDEWATCH_YARDSTICKS")
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# scorer DIR [PACKAGE]: builds the scorer of a yardstick into $TMP.
scorer() { (cd "$Y/$1" && GOWORK=off GOFLAGS=-mod=mod go build -o "$TMP/" "${2:-./...}"); }
