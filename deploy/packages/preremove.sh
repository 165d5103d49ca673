#!/bin/sh
# Before the files go, unless an upgrade puts new ones there.
set -e
if [ "$1" = remove ] || [ "$1" = 0 ]; then
  [ ! -d /run/systemd/system ] || systemctl disable --now tidewatch.service
fi
