#!/usr/bin/env bash
# The container image, from nothing but the static binary, CA certificates and a user:
# no shell, no package manager. Made without a daemon and equal byte for byte for one
# commit. Writes dist/tidewatch-VERSION-linux-ARCH.oci.tar and prints its path.
# ARCH=arm64 makes the other one.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${ARCH:=$(go env GOARCH)}" "${DIST:=dist}"
. deploy/release.sh
: "${CA_CERTIFICATES:=/etc/ssl/certs/ca-certificates.crt}"
command -v buildah >/dev/null || { echo "buildah is missing; install it first (Debian and Ubuntu: apt-get install buildah)" >&2; exit 3; }
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}
mkdir -p "$DIST"
ROOT=$(mktemp -d)
CONTAINER=
trap '[ -z "$CONTAINER" ] || buildah rm "$CONTAINER" >/dev/null; rm -rf "$ROOT"' EXIT

mkdir -p "$ROOT"/image/{etc/ssl/certs,tmp} "$ROOT"/owned/tidewatch
static_binary "$ARCH" "$ROOT/image/tidewatch"
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
IMAGE=$(buildah commit --quiet --timestamp "$SOURCE_DATE_EPOCH" "$CONTAINER" "localhost/tidewatch:$VERSION")
OUT=$DIST/tidewatch-$VERSION-linux-$ARCH.oci.tar
rm -f "$OUT"
buildah push --quiet "$IMAGE" "oci:$ROOT/oci:tidewatch:$VERSION" >&2
equal_tar -C "$ROOT/oci" -cf "$OUT" .
echo "$OUT"
