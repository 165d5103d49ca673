# Sourced by the recipes: where things are kept, and how servers are started.
set -euo pipefail

# Downloads and builds are kept here and shared by every checkout on the machine.
: "${TIDEWATCH_BACKENDS:=${XDG_CACHE_HOME:-$HOME/.cache}/tidewatch/backends}"
mkdir -p "$TIDEWATCH_BACKENDS"

# cannot SENTENCE: this machine lacks something that the recipe needs. Exit code
# 3 tells callers apart from a recipe that failed.
cannot() { echo "cannot run here: $1" >&2; exit 3; }

# need COMMAND DEBIAN_PACKAGE: makes sure that a command exists. In CI, as root
# on a Debian, it is installed; elsewhere that is for its owner to decide.
need() {
  command -v "$1" >/dev/null && return 0
  if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt_install "$2" >&2 && command -v "$1" >/dev/null && return 0
    cannot "$1 is missing and apt-get could not install $2"
  fi
  cannot "$1 is missing; install it first (Debian and Ubuntu: apt-get install $2)"
}

apt_install() {
  (
    flock 9
    [ -e "$TIDEWATCH_BACKENDS/.apt-updated" ] && [ -n "$(ls -A /var/lib/apt/lists 2>/dev/null)" ] || apt-get update -qq
    touch "$TIDEWATCH_BACKENDS/.apt-updated"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
  ) 9>"$TIDEWATCH_BACKENDS/.apt-lock"
}

# locked NAME: from here to the end of the subshell only one process on this
# machine fills NAME's part of the cache. Use as: ( locked es; ... )
locked() { exec 8>"$TIDEWATCH_BACKENDS/.lock-$1"; flock 8; }

# free_port: a loopback port that nobody listens on, below the range from which
# the kernel hands out ports of its own accord. Ports given out in the last two
# minutes are not given again, so that recipes can start side by side.
free_port() {
  local p d="${TMPDIR:-/tmp}/tidewatch-ports-$(id -u)"
  mkdir -p "$d"
  find "$d" -type f -mmin +2 -delete 2>/dev/null || true
  while :; do
    p=$((20000 + RANDOM % 12000))
    (set -o noclobber; : >"$d/$p") 2>/dev/null || continue
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return 0; }
  done
}

# run_dir NAME: the directory of this server: $DIR when it is given (a restart
# finds its data there), else a new one.
run_dir() {
  if [ -n "${DIR:-}" ]; then mkdir -p "$DIR" && (cd "$DIR" && pwd)
  else mktemp -d "${TMPDIR:-/tmp}/tidewatch-$1.XXXXXX"; fi
}

# background LOG COMMAND...: starts a server in a process group of its own, so
# that it outlives the recipe and can be ended with everything it started.
# Leaves its process id in $PID. When OWNER_PID is given, the server ends with
# that process, however that one ends.
background() {
  local log=$1; shift
  setsid nohup "$@" >>"$log" 2>&1 </dev/null 8>&- 9>&- &
  PID=$!
  [ -n "${OWNER_PID:-}" ] || return 0
  setsid nohup bash -c '
    while kill -0 "$1" 2>/dev/null; do kill -0 "$2" 2>/dev/null || exit 0; sleep 1; done
    kill -TERM -- "-$2"; sleep 10; kill -KILL -- "-$2"' watch "$OWNER_PID" "$PID" >/dev/null 2>&1 </dev/null 8>&- 9>&- &
}

# wait_ready URL PID SECONDS LOG: returns when URL answers 2xx. When it does not,
# shows the end of the log, ends the server and fails.
wait_ready() {
  local i
  for ((i = 0; i < $3 * 4; i++)); do
    curl -fsS -o /dev/null --max-time 2 "$1" 2>/dev/null && return 0
    kill -0 "$2" 2>/dev/null || break
    sleep 0.25
  done
  echo "server is not ready at $1 after $3 s; the end of $4:" >&2
  tail -n 20 "$4" >&2
  kill -TERM -- "-$2" 2>/dev/null || true
  return 1
}

# go_module_dir MODULE@VERSION: its source in the module cache.
go_module_dir() {
  (cd "$(mktemp -d)" && GOWORK=off GOFLAGS=-mod=mod go mod download "$1" && GOWORK=off GOFLAGS=-mod=mod go list -m -f '{{.Dir}}' "$1")
}

# A recipe called with --build only fills the cache.
build_only() { [ "${1:-}" = --build ] && exit 0 || true; }
