#!/usr/bin/env bash
# Everything that is given away, into dist/: static binaries, .deb, .rpm, SBOM and
# sums. Two builds of one commit are equal byte for byte. ARCHES="amd64" builds less.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${ARCHES:=amd64 arm64}" "${DIST:=dist}"
. deploy/release.sh
MTIME=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
export ARCH BINARY # for nfpm.yaml

rm -rf "$DIST" && mkdir -p "$DIST"
for ARCH in $ARCHES; do
  BINARY=$DIST/tidewatch-linux-$ARCH
  static_binary "$ARCH" "$BINARY"
  for format in deb rpm; do
    go tool -modfile=internal/tools/packages/go.mod nfpm package --config deploy/packages/nfpm.yaml --packager $format --target "$DIST"
  done
  equal_tar -C "$DIST" --transform "s,^tidewatch-linux-$ARCH,tidewatch," -cf - "tidewatch-linux-$ARCH" |
    gzip -9n >"$DIST/tidewatch-$VERSION-linux-$ARCH.tar.gz"
  go run ./deploy/packages/sbom -version "$VERSION" -created "$MTIME" "$BINARY" >"$DIST/tidewatch-$VERSION-linux-$ARCH.spdx.json"
done
(cd "$DIST" && sha256sum -- * >SHA256SUMS)
