#!/usr/bin/env bash
# Apache Kafka: one KRaft node, broker and controller in one, on the machine's JDK,
# from the jars that the project publishes on Maven Central. Prints url=kafka://HOST:PORT.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${KAFKA_VERSION:-4.3.1}
CACHE=$TIDEWATCH_BACKENDS/kafka-$VERSION

need java openjdk-17-jdk-headless
need flock util-linux
MAJOR=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)
[ "${MAJOR:-0}" -ge 17 ] || cannot "Kafka $VERSION needs Java 17 or newer and java is version ${MAJOR:-unknown}"

if [ ! -d "$CACHE/libs" ]; then
  need mvn maven
  (
    locked kafka
    [ ! -d "$CACHE/libs" ] || exit 0
    mkdir -p "$CACHE"
    TMP=$(mktemp -d "$CACHE/.unpack.XXXXXX")
    trap 'rm -rf "$TMP"' EXIT
    cat >"$TMP/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidewatch</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
XML
    mvn -B -ntp -q -f "$TMP/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$TMP/libs" >&2 || cannot "Kafka $VERSION could not be had from Maven Central"
    mv "$TMP/libs" "$CACHE/libs"
  )
fi
build_only "$@"

DIR=$(run_dir kafka)
PORT=${PORT:-$(free_port)}
CONTROLLER=$(free_port)
# Partitions of topics that are made at their first use; the consumer group's own topic has one.
cat >"$DIR/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$PORT,CONTROLLER://127.0.0.1:$CONTROLLER
advertised.listeners=PLAINTEXT://127.0.0.1:$PORT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$DIR/data
num.partitions=${PARTITIONS:-6}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
PROPERTIES
# Little heap and the first compiler only: what a test needs is a quick start.
run() { java -XX:+UseSerialGC ${KAFKA_JAVA_OPTS:--XX:TieredStopAtLevel=1 -Xms256m -Xmx256m} -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$CACHE/libs/*" "$@"; }
if [ ! -e "$DIR/data/meta.properties" ]; then
  ID=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
  ID=A${ID:1} # a leading dash would be an option
  run kafka.tools.StorageTool format -t "$ID" -c "$DIR/server.properties" >"$DIR/format.log" 2>&1 || { cat "$DIR/format.log" >&2; exit 1; }
fi
background "$DIR/out.log" java -XX:+UseSerialGC ${KAFKA_JAVA_OPTS:--XX:TieredStopAtLevel=1 -Xms256m -Xmx256m} \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$CACHE/libs/*" kafka.Kafka "$DIR/server.properties"
for ((i = 0; i < ${START_TIMEOUT:-120} * 10; i++)); do
  (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && break
  kill -0 "$PID" 2>/dev/null || break
  sleep 0.1
done
if ! (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
  echo "Kafka does not listen on port $PORT; the end of $DIR/out.log:" >&2
  tail -n 20 "$DIR/out.log" >&2
  kill -TERM -- "-$PID" 2>/dev/null || true
  exit 1
fi
echo "url=kafka://127.0.0.1:$PORT pid=$PID dir=$DIR"
