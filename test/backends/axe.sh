#!/usr/bin/env bash
# axe-core: the checks of accessibility that the tests run in the page, one file
# from npm. Prints its path.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${AXE_VERSION:-4.11.0}
CACHE=$TIDEWATCH_BACKENDS/axe-core-$VERSION

if [ ! -s "$CACHE/axe.min.js" ]; then
  need npm npm
  need flock util-linux
  (
    locked axe
    [ ! -s "$CACHE/axe.min.js" ] || exit 0
    TMP=$(mktemp -d "$TIDEWATCH_BACKENDS/.axe.XXXXXX")
    trap 'rm -rf "$TMP"' EXIT
    cd "$TMP"
    npm pack --silent "axe-core@$VERSION" >&2
    tar -xzf "axe-core-$VERSION.tgz" package/axe.min.js package/LICENSE
    mkdir -p "$CACHE"
    mv package/LICENSE package/axe.min.js "$CACHE"
  )
fi
build_only "$@"
echo "path=$CACHE/axe.min.js"
