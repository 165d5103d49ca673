#!/usr/bin/env bash
# Everything that is given away, into dist/: static binaries, .deb, .rpm, SBOM and
# sums. Two builds of one commit are equal byte for byte. ARCHES="amd64" builds less.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${ARCHES:=amd64 arm64}" "${DIST:=dist}"
: "${VERSION:=$(git describe --tags --match 'v*' --dirty 2>/dev/null || echo "0.0.0-dev.$(git rev-parse --short=12 HEAD)")}"
VERSION=${VERSION#v}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
MTIME=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
export VERSION SOURCE_DATE_EPOCH MTIME ARCH BINARY

rm -rf "$DIST" && mkdir -p "$DIST"
for ARCH in $ARCHES; do
  BINARY=$DIST/tidewatch-linux-$ARCH
  CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w -buildid= -X github.com/tidewatch/tidewatch/agent.version=$VERSION" -o "$BINARY" ./cmd/agent
  for format in deb rpm; do
    go tool -modfile=internal/tools/packages/go.mod nfpm package --config deploy/packages/nfpm.yaml --packager $format --target "$DIST"
  done
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$DIST" \
    --transform "s,^tidewatch-linux-$ARCH,tidewatch," -cf - "tidewatch-linux-$ARCH" |
    gzip -9n >"$DIST/tidewatch-$VERSION-linux-$ARCH.tar.gz"
  go run ./deploy/packages/sbom -version "$VERSION" -created "$MTIME" "$BINARY" >"$DIST/tidewatch-$VERSION-linux-$ARCH.spdx.json"
done
(cd "$DIST" && sha256sum -- * >SHA256SUMS)
