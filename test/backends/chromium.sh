#!/usr/bin/env bash
# Chromium: prints the path of the browser that the page is tested in. In CI it
# is installed from Debian when it is missing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for c in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
  command -v "$c" >/dev/null && { echo "path=$(command -v "$c")"; exit 0; }
done
need chromium chromium
apt_install fonts-dejavu-core >&2 || true
echo "path=$(command -v chromium)"
