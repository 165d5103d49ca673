#!/usr/bin/env bash
# What packages and the image are made and looked at with; in CI it is installed from
# Debian where it is missing. Nothing is started.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need dpkg-deb dpkg
need rpm rpm
need systemd-analyze systemd
need buildah buildah
[ -e /etc/ssl/certs/ca-certificates.crt ] || apt_install ca-certificates >&2
