#!/usr/bin/env bash
# Servers that the middleware receiver reads, each on a free port: SERVER=nginx and
# SERVER=redis, of Debian's packages, unpacked into the cache where they are not
# installed; SERVER=jvm, a Java program with two deadlocked threads and jmx_exporter's
# agent, which is on Maven Central.
#
# PASSWORD= is what Redis wants, PRIMARY=HOST:PORT makes it a replica.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SERVER=${SERVER:-redis}
JMX=${JMX_EXPORTER_VERSION:-1.0.1}
CACHE=$TIDEWATCH_BACKENDS/middleware-$SERVER

# unpacked PROGRAM PACKAGE...: leaves in $PROGRAM what is installed, or what is unpacked
# from Debian's packages; the packages' services are not started.
unpacked() {
  PROGRAM=$(PATH=$PATH:/usr/sbin command -v "$1") && return 0
  PROGRAM=$(compgen -G "$CACHE/usr/*bin/$1") && return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || cannot "$1 is missing, and so is apt-get"
  (
    locked "middleware-$SERVER"
    [ ! -d "$CACHE" ] || exit 0
    TMP=$(mktemp -d "$TIDEWATCH_BACKENDS/.middleware.XXXXXX")
    trap 'rm -rf "$TMP"' EXIT
    mkdir "$TMP/root" && cd "$TMP"
    chmod 755 "$TMP" # apt downloads as another user
    apt-get download -qq "${@:2}" >&2 || { [ "$(id -u)" = 0 ] && apt-get update -qq >&2 && apt-get download -qq "${@:2}" >&2; } ||
      cannot "$1 could not be had with apt-get download"
    for deb in *.deb; do dpkg-deb -x "$deb" root; done
    mv root "$CACHE"
  )
  PROGRAM=$(compgen -G "$CACHE/usr/*bin/$1") || cannot "$1 is not in the packages ${*:2}"
}

case $SERVER in
nginx)
  unpacked nginx nginx
  ;;
redis)
  unpacked redis-server redis-server redis-tools libjemalloc2 liblua5.1-0 lua-bitop lua-cjson libhiredis0.14 libatomic1 liblzf1 libsystemd0
  ;;
jvm)
  need java openjdk-17-jdk-headless
  if [ ! -e "$CACHE/$JMX.jar" ]; then
    need mvn maven
    (
      locked middleware-jvm
      [ ! -e "$CACHE/$JMX.jar" ] || exit 0
      mkdir -p "$CACHE"
      TMP=$(mktemp -d "$CACHE/.unpack.XXXXXX")
      trap 'rm -rf "$TMP"' EXIT
      cd "$TMP"
      mvn -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="io.prometheus.jmx:jmx_prometheus_javaagent:$JMX" \
        -DoutputDirectory="$TMP" >&2 || cannot "jmx_exporter $JMX could not be had from Maven Central"
      mv "jmx_prometheus_javaagent-$JMX.jar" "$CACHE/$JMX.jar"
    )
  fi
  ;;
*) cannot "SERVER=$SERVER is not known; it is nginx, redis or jvm" ;;
esac
build_only "$@"

DIR=$(run_dir "$SERVER")
PORT=${PORT:-$(free_port)}
LIBRARIES=$(compgen -G "$CACHE/usr/lib/*-linux-gnu" | head -1 || true)
case $SERVER in
nginx)
  cat >"$DIR/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $DIR/pid;
error_log $DIR/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $DIR/body; proxy_temp_path $DIR/proxy; fastcgi_temp_path $DIR/fastcgi; uwsgi_temp_path $DIR/uwsgi; scgi_temp_path $DIR/scgi;
  server {
    listen 127.0.0.1:$PORT;
    location = /nginx_status { stub_status; allow 127.0.0.1; deny all; }
    location / { return 200 "hello\n"; }
  }
}
CONF
  [ "$(id -u)" != 0 ] || echo "user root;" >>"$DIR/nginx.conf"
  background "$DIR/out.log" env LD_LIBRARY_PATH="$LIBRARIES" "$PROGRAM" -e "$DIR/error.log" -c "$DIR/nginx.conf"
  ;;
redis)
  ARGS=(--port "$PORT" --bind 127.0.0.1 --save "" --dir "$DIR" --maxmemory 50mb)
  [ -z "${PASSWORD:-}" ] || ARGS+=(--requirepass "$PASSWORD")
  [ -z "${PRIMARY:-}" ] || ARGS+=(--replicaof "${PRIMARY%:*} ${PRIMARY##*:}")
  background "$DIR/out.log" env LD_LIBRARY_PATH="$LIBRARIES" "$PROGRAM" "${ARGS[@]}"
  ;;
jvm)
  cat >"$DIR/Wait.java" <<'JAVA'
public class Wait {
  static void both(Object first, Object second) {
    synchronized (first) {
      try { Thread.sleep(200); } catch (InterruptedException e) { return; }
      synchronized (second) { System.out.println("never"); }
    }
  }
  public static void main(String[] args) throws Exception {
    Object a = new Object(), b = new Object();
    new Thread(() -> both(a, b)).start();
    new Thread(() -> both(b, a)).start();
    System.gc();
    Thread.sleep(Long.MAX_VALUE);
  }
}
JAVA
  echo 'rules: [{pattern: "none of the beans"}]' >"$DIR/jmx.yaml"
  # The jar's name tells what the agent is.
  ln -sf "$CACHE/$JMX.jar" "$DIR/jmx_prometheus_javaagent-$JMX.jar"
  background "$DIR/out.log" java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms64m -Xmx64m \
    "-javaagent:$DIR/jmx_prometheus_javaagent-$JMX.jar=127.0.0.1:$PORT:$DIR/jmx.yaml" "$DIR/Wait.java"
  ;;
esac
for ((i = 0; i < ${START_TIMEOUT:-120} * 10; i++)); do
  (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && break
  kill -0 "$PID" 2>/dev/null || break
  sleep 0.1
done
if ! (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
  echo "$SERVER does not listen on port $PORT; the end of its log:" >&2
  tail -n 20 "$DIR"/*.log >&2
  kill -TERM -- "-$PID" 2>/dev/null || true
  exit 1
fi
echo "url=$SERVER://127.0.0.1:$PORT pid=$PID dir=$DIR"
