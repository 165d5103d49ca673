"""Checks the chart: strict lint, Kubernetes' own schemas of the oldest and the newest
version, the fields that the operator's kinds want, what is made beside what is committed
(golden/), and that the agent accepts the configuration.

python check.py HELM TIDEWATCH [--update]
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

HERE = Path(__file__).parent
CHART = HERE / "tidewatch"
BASE = HERE.parent / "kustomize/base/tidewatch.yaml"
OLDEST, NEWEST = "1.25", "1.37"
# What the operator's schemas ask for, which are not among Kubernetes' own.
OPERATOR = {
    "PodMonitor": lambda s: s["selector"] and all(e["port"] and e["interval"] for e in s["podMetricsEndpoints"]),
    "PrometheusRule": lambda s: all(g["name"] and all(("alert" in r) != ("record" in r) and r["expr"] for r in g["rules"]) for g in s["groups"]),
}


def run(*args, env=None, fails=False):
    p = subprocess.run(args, capture_output=True, text=True, env={**os.environ, **(env or {})})
    if (p.returncode != 0) != fails:
        sys.exit(f"{' '.join(map(str, args))}: exit code {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout + p.stderr if fails else p.stdout


def render(helm, values, version):
    return run(helm, "template", "tw", str(CHART), "--namespace", "observability", "--kube-version", version, "-f", str(values))


def check_objects(name, text, version):
    seen = set()
    for d in filter(None, yaml.safe_load_all(text)):
        what = f"{name}: {d['kind']} {d['metadata']['name']}"
        if (d["kind"], d["metadata"]["name"]) in seen:
            sys.exit(f"{what} is there twice")
        seen.add((d["kind"], d["metadata"]["name"]))
        if d["apiVersion"].startswith("monitoring.coreos.com/"):
            if not OPERATOR[d["kind"]](d["spec"]):
                sys.exit(f"{what} lacks what the operator asks for")
            continue
        try:
            kubernetes_validate.validate(d, version, strict=True)
        except Exception as e:
            sys.exit(f"{what}, Kubernetes {version}: {e}")
    return seen


def check_config(tidewatch, name, text):
    env = {"NODE_NAME": "node-1", "NODE_IP": "10.0.0.1", "POD_NAME": "p", "POD_NAMESPACE": "n", "TIDEWATCH_LISTEN_HOST": "fd00::1"}
    objects = list(filter(None, yaml.safe_load_all(text)))
    maps = {d["metadata"]["name"]: d["data"] for d in objects if d["kind"] == "ConfigMap"}
    checked = 0
    for d in objects:
        if d["kind"] not in ("DaemonSet", "StatefulSet"):
            continue
        pod = d["spec"]["template"]["spec"]
        container = pod["containers"][0]
        given = {e["name"]: e["value"] for e in container["env"] if "value" in e}
        if any(v["name"] == "hostfs" for v in pod["volumes"]):
            given["TIDEWATCH_HOST_ROOT"] = "/"  # /hostfs is a mount of the pod
        mapped = next(v["configMap"]["name"] for v in pod["volumes"] if v["name"] == "config")
        with tempfile.TemporaryDirectory() as dir:
            file = Path(dir, "tidewatch.yaml")
            file.write_text(maps[mapped]["tidewatch.yaml"])
            args = [a.replace("/etc/tidewatch/tidewatch.yaml", str(file)) for a in container["args"] if a.startswith("--config")]
            run(tidewatch, "validate", *args, env={**env, **given, "TIDEWATCH_STATE_DIR": dir})
        checked += 1
    if not checked:
        sys.exit(f"{name}: no configuration was checked")


def same(file, text):
    if "--update" in sys.argv:
        file.write_text(text)
    elif file.read_text() != text:
        sys.exit(f"{file} is not what the chart makes; look at the difference and run `make helm-golden`")


def main():
    helm, tidewatch = sys.argv[1:3]
    for values in sorted((HERE / "ci").glob("*.yaml")):
        name = values.stem
        run(helm, "lint", "--strict", str(CHART), "--kube-version", NEWEST, "-f", str(values))
        for version in OLDEST, NEWEST:
            text = render(helm, values, version)
            objects = check_objects(name, text, version)
        check_config(tidewatch, name, text)
        # Rules and dashboards have their own tests; here it matters that they are there.
        kept = "---\n".join(p for p in text.split("---\n") if "kind: PrometheusRule" not in p and "-dashboard-" not in p)
        same(HERE / "golden" / f"{name}.yaml", kept)
        if name == "everything":
            for kind, want in ("PrometheusRule", len(list((CHART / "files/rules").glob("*.yaml")))), ("ConfigMap", 3 + len(list((CHART / "files/dashboards").glob("*.json")))):
                n = sum(k == kind for k, _ in objects)
                if n != want:
                    sys.exit(f"everything: {n} of {kind}, not {want}")
        print(f"{name}: {len(objects)} objects, good for Kubernetes {OLDEST} and {NEWEST}")

    base = run(helm, "template", "tidewatch", str(CHART), "--namespace", "observability", "--kube-version", NEWEST)
    base = "".join(line for line in base.splitlines(True) if "helm.sh/chart" not in line and "managed-by: Helm" not in line)
    check_objects("kustomize", base, NEWEST)
    same(BASE, base)

    template = (helm, "template", "tw", str(CHART), "--kube-version", NEWEST)
    for args, says in (
        (("--set", "agent.resource.limits.cpu=1"), "resource"),
        (("--set", "presets.podLog.enabled=true"), "podLog"),
        (("--set", "exportTo.loki=loki:3100"), "loki"),
        (("--set", "gateway.enabled=true"), "gateway.enabled wants kafka.brokers"),
    ):
        if says not in run(*template, *args, fails=True):
            sys.exit(f"{args}: the error does not name {says}")
    print("unknown keys and impossible values are refused")


main()
