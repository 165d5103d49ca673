#!/bin/sh
# State stays when the package is removed and goes when it is purged.
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
[ "$1" != purge ] || rm -rf /var/lib/tidewatch
