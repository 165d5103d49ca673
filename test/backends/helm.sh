#!/usr/bin/env bash
# What the chart is checked with: prints helm= and python= with kubernetes-validate, whose
# schemas need no network.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
VERSION=${HELM_VERSION:-v3.22.0}
VALIDATE=${KUBERNETES_VALIDATE_VERSION:-1.37.0}
HELM=$TIDEWATCH_BACKENDS/helm-$VERSION
VENV=$TIDEWATCH_BACKENDS/kubernetes-validate-$VALIDATE

need python3 python3
python3 -c 'import ensurepip' 2>/dev/null || { [ "${CI:-}" = true ] && apt_install python3-venv >&2; } || cannot "python3 lacks venv; install it first (Debian and Ubuntu: apt-get install python3-venv)"
(
  locked helm
  [ -x "$HELM/helm" ] || GOFLAGS= GOBIN=$HELM CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "helm.sh/helm/v3/cmd/helm@$VERSION" >&2
  [ -x "$VENV/bin/kubernetes-validate" ] || {
    rm -rf "$VENV"
    python3 -m venv "$VENV" && "$VENV/bin/pip" install -q --disable-pip-version-check "kubernetes-validate==$VALIDATE" >&2 || { rm -rf "$VENV"; exit 1; }
  }
)
echo "helm=$HELM/helm"
echo "python=$VENV/bin/python"
