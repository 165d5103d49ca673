#!/usr/bin/env bash
# Fails when something that the agent can reach looks methods up by their names, with
# Method or MethodByName of package reflect or with what is built upon them, such as the
# templates of the standard library: the linker then keeps every exported method of every
# type, which made the binary 8 MB larger. Links the agent once more (about 6 s).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
FLAGS=$(deploy/slim.sh)
# The go command repeats what the linker said of a main package whenever it finds that
# built already: -l makes another of it here, else `make build` would print all this.
# shellcheck disable=SC2086 # several flags
CGO_ENABLED=0 go build $FLAGS -trimpath -gcflags=./cmd/agent=-l -ldflags '-s -w -dumpdep' -o "$TMP/agent" ./cmd/agent >"$TMP/dependencies" 2>&1 ||
  { grep -v -e ' -> ' "$TMP/dependencies" >&2; exit 1; }
grep -q -e ' -> ' "$TMP/dependencies" || { echo "the linker told no dependencies: -dumpdep is not what it was" >&2; exit 1; }
awk -F ' -> ' '
  NF == 2 {
    sub(/ <.*/, "", $1)
    if (sub(/ <.*ReflectMethod.*>$/, "", $2)) marked[$2]
    if (!($2 in by)) by[$2] = $1
  }
  END {
    for (f in marked) if (f !~ /^reflect\./) others++
    for (f in marked) if (!others || f !~ /^reflect\./) {
      printf "%s looks methods up by name, reached from", f
      for (hops = 0; hops < 8 && f in by; hops++) printf "%s %s", hops ? " <-" : "", f = by[f]
      print ""
      bad = 1
    }
    if (bad) print "so that the linker keeps every method of every type: use internal/template for templates, and see docs/adr/0006-no-methods-by-name.md"
    exit bad
  }' "$TMP/dependencies" >&2
