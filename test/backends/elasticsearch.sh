#!/usr/bin/env bash
# Elasticsearch: a single node without security on the machine's JDK, from the
# distribution that its project publishes on Maven Central for integration tests.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${ELASTICSEARCH_VERSION:-8.19.21}
CACHE=$TIDEWATCH_BACKENDS/es-$VERSION
ES_HOME=$CACHE/elasticsearch-$VERSION

need java openjdk-17-jdk-headless
need curl curl
need flock util-linux
MAJOR=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)
[ "${MAJOR:-0}" -ge 17 ] || cannot "Elasticsearch $VERSION needs Java 17 or newer and java is version ${MAJOR:-unknown}"

if [ ! -x "$ES_HOME/bin/elasticsearch" ]; then
  need mvn maven
  need unzip unzip
  (
    locked es
    [ ! -x "$ES_HOME/bin/elasticsearch" ] || exit 0
    mkdir -p "$CACHE"
    TMP=$(mktemp -d "$CACHE/.unpack.XXXXXX")
    trap 'rm -rf "$TMP"' EXIT
    mvn -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      -Dartifact="org.elasticsearch.distribution.integ-test-zip:elasticsearch:$VERSION:zip" -DoutputDirectory="$TMP" >&2
    unzip -q "$TMP/elasticsearch-$VERSION.zip" -d "$TMP"
    chmod -R a+rX "$TMP/elasticsearch-$VERSION"
    chmod a+x "$TMP/elasticsearch-$VERSION"/bin/*
    mv "$TMP/elasticsearch-$VERSION" "$ES_HOME"
  )
fi

# Elasticsearch refuses to run as root. Another user must be able to read its
# files: where the cache is closed to others, a copy is kept in /var/tmp.
AS=()
if [ "$(id -u)" = 0 ]; then
  need setpriv util-linux
  AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  if ! "${AS[@]}" test -r "$ES_HOME/bin/elasticsearch" 2>/dev/null; then
    COPY=/var/tmp/tidewatch-es-$VERSION
    (
      locked es-copy
      [ -e "$COPY/bin/elasticsearch" ] && [ -O "$COPY" ] && exit 0
      TMP=$(mktemp -d "$COPY.XXXXXX")
      cp -r "$ES_HOME/." "$TMP"
      chmod -R a+rX "$TMP"
      rm -rf "$COPY"
      mv "$TMP" "$COPY"
    )
    ES_HOME=$COPY
  fi
fi
build_only "$@"

DIR=$(run_dir elasticsearch)
PORT=${PORT:-$(free_port)}
mkdir -p "$DIR"/{data,logs,tmp}
[ -d "$DIR/config" ] || cp -r "$ES_HOME/config" "$DIR/config"
cat >"$DIR/config/elasticsearch.yml" <<YAML
cluster.name: tidewatch-test
node.name: n1
path.data: $DIR/data
path.logs: $DIR/logs
network.host: 127.0.0.1
http.port: $PORT
transport.port: $(free_port)
discovery.type: single-node
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
YAML
[ ${#AS[@]} = 0 ] || chown -R 65534:65534 "$DIR"

JAVA=$(readlink -f "$(command -v java)")
background "$DIR/out.log" "${AS[@]}" env \
  "ES_JAVA_HOME=${ES_JAVA_HOME:-${JAVA%/bin/java}}" "ES_JAVA_OPTS=${ES_JAVA_OPTS:--Xms512m -Xmx512m}" \
  "ES_PATH_CONF=$DIR/config" "ES_TMPDIR=$DIR/tmp" "HOME=$DIR/tmp" "$ES_HOME/bin/elasticsearch"
# After a restart the indices' shards need a moment: yellow means all are there.
wait_ready "http://127.0.0.1:$PORT/_cluster/health?wait_for_status=yellow&timeout=1s" "$PID" "${START_TIMEOUT:-180}" "$DIR/out.log"
echo "url=http://127.0.0.1:$PORT pid=$PID dir=$DIR"
