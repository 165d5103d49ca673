# Sourced at the root of the repository by what builds for others: which version this is
# ($VERSION, without v) and when it was made ($SOURCE_DATE_EPOCH), and how a binary is
# built so that the same commit gives the same bytes.
: "${VERSION:=$(git describe --tags --match 'v*' --dirty 2>/dev/null || echo "0.0.0-dev.$(git rev-parse --short=12 HEAD)")}"
VERSION=${VERSION#v}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export VERSION SOURCE_DATE_EPOCH

# static_binary ARCH FILE
static_binary() {
  local flags
  flags=$(deploy/slim.sh) || return
  # shellcheck disable=SC2086 # several flags
  CGO_ENABLED=0 GOOS=linux GOARCH=$1 go build $flags -trimpath -buildvcs=false \
    -ldflags "-s -w -buildid= -X github.com/tidewatch/tidewatch/agent.version=$VERSION" -o "$2" ./cmd/agent
}

# equal_tar ARGUMENTS OF TAR: an archive that says nothing of this machine.
equal_tar() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$@"; }
