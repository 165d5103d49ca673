#!/usr/bin/env bash
# SQL servers of Debian: SERVER=postgresql (the newest that is installed) or
# SERVER=mariadb, with data of their own on free ports, as a user who is not root.
#
# Prints url=, pid=, dir= and socket=. `admin`, with the password `admin`, may do
# everything; data does not survive a crash, since nothing is synced to disk.
# PRIMARY=url of another server of the same kind makes it that one's replica.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SERVER=${SERVER:-postgresql}

# newest NAME DEBIAN_PACKAGE PATTERN: leaves the directory of the newest program in $BIN.
newest() {
  local found
  found=$(compgen -G "$3" | sort -V | tail -n 1 || true)
  if [ -z "$found" ] && [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt_install "$2" >&2
    found=$(compgen -G "$3" | sort -V | tail -n 1 || true)
  fi
  [ -n "$found" ] || cannot "$1 is missing; install it first (Debian and Ubuntu: apt-get install $2)"
  BIN=$(dirname "$found")
}

need setpriv util-linux
FIRST=()
case $SERVER in
postgresql) newest PostgreSQL postgresql '/usr/lib/postgresql/*/bin/postgres' ;;
mariadb) newest MariaDB mariadb-server '/usr/sbin/mariadbd' ;;
*) cannot "SERVER=$SERVER is not known; it is postgresql or mariadb" ;;
esac
build_only "$@"

# as COMMAND...: what AS has before a command lets it run without root's rights.
AS=()
if [ "$(id -u)" = 0 ]; then
  for USER_NAME in postgres mysql nobody; do
    case $SERVER-$USER_NAME in postgresql-mysql | mariadb-postgres) continue ;; esac
    getent passwd "$USER_NAME" >/dev/null && break
  done
  AS=(setpriv --reuid "$USER_NAME" --regid "$(id -g "$USER_NAME")" --clear-groups env HOME=/ )
fi

DIR=$(run_dir "$SERVER")
PORT=${PORT:-$(free_port)}
[ "${#AS[@]}" = 0 ] || chown "$USER_NAME" "$DIR"
chmod 755 "$DIR" # a socket is reached through it
cd "$DIR"

# answers SECONDS COMMAND...: returns when the command succeeds.
answers() {
  local seconds=$1 i
  shift
  for ((i = 0; i < seconds * 5; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    kill -0 "$PID" 2>/dev/null || break
    sleep 0.2
  done
  echo "$SERVER is not ready after $seconds s; the end of $DIR/out.log:" >&2
  tail -n 20 "$DIR/out.log" >&2
  kill -TERM -- "-$PID" 2>/dev/null || true
  return 1
}

if [ "$SERVER" = postgresql ]; then
  SOCKET=$DIR/.s.PGSQL.$PORT
  if [ ! -e "$DIR/data/PG_VERSION" ] && [ -n "${PRIMARY:-}" ]; then
    PGPASSWORD=admin "${AS[@]}" "$BIN/pg_basebackup" -d "postgresql://admin@${PRIMARY#*://}/postgres" -D "$DIR/data" -R -X stream -c fast --no-sync >"$DIR/init.log" 2>&1 ||
      { cat "$DIR/init.log" >&2; exit 1; }
  elif [ ! -e "$DIR/data/PG_VERSION" ]; then
    echo admin >"$DIR/password" && chmod 644 "$DIR/password"
    "${AS[@]}" "$BIN/initdb" -D "$DIR/data" -U admin --pwfile="$DIR/password" -A scram-sha-256 --auth-local=peer --no-sync -E UTF8 --locale=C >"$DIR/init.log" 2>&1 ||
      { cat "$DIR/init.log" >&2; exit 1; }
  fi
  background "$DIR/out.log" "${AS[@]}" "$BIN/postgres" -D "$DIR/data" -p "$PORT" -k "$DIR" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c shared_buffers=16MB -c max_connections=30 -c max_prepared_transactions=5 -c deadlock_timeout=100ms -c log_connections=on
  answers "${START_TIMEOUT:-60}" "$BIN/pg_isready" -q -h 127.0.0.1 -p "$PORT"
else
  SOCKET=$DIR/mysqld.sock
  if [ ! -d "$DIR/data/mysql" ]; then
    "${AS[@]}" mariadb-install-db --no-defaults --datadir="$DIR/data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve >"$DIR/init.log" 2>&1 ||
      { cat "$DIR/init.log" >&2; exit 1; }
    # One statement a line; a replica is not told of them.
    printf '%s\n' "SET sql_log_bin = 0;" "CREATE USER admin@'127.0.0.1' IDENTIFIED BY 'admin';" "GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION;" >"$DIR/first.sql"
    FIRST=(--init-file="$DIR/first.sql")
  fi
  background "$DIR/out.log" "${AS[@]}" "$BIN/mariadbd" --no-defaults --datadir="$DIR/data" --socket="$SOCKET" --port="$PORT" --bind-address=127.0.0.1 \
    --skip-name-resolve --pid-file="$DIR/pid" --innodb-buffer-pool-size=16M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 --performance-schema=ON \
    --max-connections=30 --long-query-time=0.5 --log-bin="$DIR/data/log" --server-id="$PORT" "${FIRST[@]}"
  answers "${START_TIMEOUT:-60}" mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u admin -padmin -e 'SELECT 1'
  [ -z "${PRIMARY:-}" ] || mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u admin -padmin -e \
    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${PRIMARY##*:}, MASTER_USER='admin', MASTER_PASSWORD='admin', MASTER_USE_GTID=slave_pos; START SLAVE"
fi
echo "url=$SERVER://127.0.0.1:$PORT pid=$PID dir=$DIR socket=$SOCKET"
