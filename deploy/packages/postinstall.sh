#!/bin/sh
# After the files are there: the user, and the unit. A first install enables and
# starts it; an upgrade restarts it only if it runs.
set -e
if command -v systemd-sysusers >/dev/null 2>&1; then
  systemd-sysusers tidewatch.conf
elif ! getent passwd tidewatch >/dev/null; then
  useradd --system --home-dir /var/lib/tidewatch --shell /usr/sbin/nologin tidewatch
fi
[ -d /run/systemd/system ] || exit 0 # a container, or an image that is being built
systemctl daemon-reload
# dpkg: configure <old version>; rpm: 1 is a first install
if [ "$1" = 1 ] || { [ "$1" = configure ] && [ -z "$2" ]; }; then
  systemctl enable --now tidewatch.service
else
  systemctl try-restart tidewatch.service
fi
