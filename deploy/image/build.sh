#!/usr/bin/env bash
# The container image, from nothing but the static binary, CA certificates and a user:
# no shell, no package manager. Made without a daemon and equal byte for byte for one
# commit. Writes dist/tidewatch-VERSION-linux-ARCH.oci.tar and prints its path.
# ARCH=arm64 makes the other one.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${ARCH:=$(go env GOARCH)}" "${DIST:=dist}"
: "${VERSION:=$(git describe --tags --match 'v*' --dirty 2>/dev/null || echo "0.0.0-dev.$(git rev-parse --short=12 HEAD)")}"
VERSION=${VERSION#v}
: "${CA_CERTIFICATES:=/etc/ssl/certs/ca-certificates.crt}"
command -v buildah >/dev/null || { echo "buildah is missing; install it first (Debian and Ubuntu: apt-get install buildah)" >&2; exit 3; }
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}
mkdir -p "$DIST"
ROOT=$(mktemp -d)
CONTAINER=
trap '[ -z "$CONTAINER" ] || buildah rm "$CONTAINER" >/dev/null; rm -rf "$ROOT"' EXIT

mkdir -p "$ROOT"/image/{etc/ssl/certs,tmp} "$ROOT"/owned/tidewatch
CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH go build -trimpath -buildvcs=false \
  -ldflags "-s -w -buildid= -X github.com/tidewatch/tidewatch/agent.version=$VERSION" -o "$ROOT/image/tidewatch" ./cmd/agent
cp "$CA_CERTIFICATES" "$ROOT/image/etc/ssl/certs/ca-certificates.crt"
echo 'tidewatch:x:65532:65532::/var/lib/tidewatch:/' >"$ROOT/image/etc/passwd"
echo 'tidewatch:x:65532:' >"$ROOT/image/etc/group"
chmod 1777 "$ROOT/image/tmp"

CONTAINER=$(buildah from --arch "$ARCH" scratch)
buildah copy --quiet "$CONTAINER" "$ROOT/image" / >/dev/null
buildah copy --quiet --chown 65532:65532 "$CONTAINER" "$ROOT/owned" /var/lib >/dev/null
buildah config --user 65532:65532 --workingdir /var/lib/tidewatch --volume /var/lib/tidewatch \
  --entrypoint '["/tidewatch"]' --cmd '' --env TIDEWATCH_STATE_DIR=/var/lib/tidewatch --stop-signal SIGTERM \
  --label org.opencontainers.image.title=tidewatch --label org.opencontainers.image.version="$VERSION" \
  --label org.opencontainers.image.licenses=Apache-2.0 --label org.opencontainers.image.revision="$(git rev-parse HEAD)" "$CONTAINER"
IMAGE=$(buildah commit --quiet --timestamp "$(git log -1 --format=%ct)" "$CONTAINER" "localhost/tidewatch:$VERSION")
OUT=$DIST/tidewatch-$VERSION-linux-$ARCH.oci.tar
rm -f "$OUT"
buildah push --quiet "$IMAGE" "oci:$ROOT/oci:tidewatch:$VERSION" >&2
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -C "$ROOT/oci" -cf "$OUT" .
echo "$OUT"
