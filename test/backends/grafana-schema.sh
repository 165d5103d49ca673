#!/usr/bin/env bash
# Decodes dashboards with Grafana's own schema, by the Python package that is
# generated from it, encodes them again, and compares: a field that the schema
# does not know, or another type, is lost on the way and is said.
#
#   test/backends/grafana-schema.sh dashboards/generated/*.json
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${GRAFANA_SCHEMA_VERSION:-1769699379!11.6.0}
CACHE=$TIDEWATCH_BACKENDS/grafana-schema-${VERSION##*!}

need python3 python3-venv
need flock util-linux
if [ ! -x "$CACHE/bin/python" ]; then
  (
    locked grafana-schema
    [ ! -x "$CACHE/bin/python" ] || exit 0
    rm -rf "$CACHE.part"
    python3 -m venv "$CACHE.part" >/dev/null || { need python3-venv python3-venv; cannot "python3 -m venv fails"; }
    "$CACHE.part/bin/pip" install --quiet --disable-pip-version-check "grafana-foundation-sdk==$VERSION" >&2
    mv "$CACHE.part" "$CACHE"
  )
fi
build_only "$@"
exec "$CACHE/bin/python" "$(dirname "${BASH_SOURCE[0]}")/grafana_schema.py" "$@"
