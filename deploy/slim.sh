#!/usr/bin/env bash
# Prints the flags of `go build` that leave out of ./cmd/agent what would make the linker
# keep every method of every type (a seventh of the binary): the engine of match_type: expr,
# and pages about gRPC that nothing serves. Call it at the root of the repository.
#
#   go build $(deploy/slim.sh) ./cmd/agent
#
# A replace directive in go.mod itself would do for the first, but `go install` refuses a
# module that has one. docs/adr/0006-no-methods-by-name.md has the rest.
set -euo pipefail
mkdir -p bin
TMP=$(mktemp -d bin/.slim.XXXXXX) # several builds may run at once
trap 'rm -rf "$TMP"' EXIT
{ cat go.mod; printf '\nreplace github.com/expr-lang/expr => ./internal/noexpr\n'; } >"$TMP/mod"
cp go.sum "$TMP/sum"
mv "$TMP/sum" bin/slim.sum
mv "$TMP/mod" bin/slim.mod
echo "-modfile=bin/slim.mod -tags=grpcnotrace"
