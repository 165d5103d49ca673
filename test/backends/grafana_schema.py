"""Round trip of dashboards through Grafana's schema; called by grafana-schema.sh."""
import json
import re
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

# What Grafana reads and its schema does not have.
KNOWN = [
    # Annotations of Prometheus and Loki; the schema has those of Grafana's own store only.
    r"annotations\.list\[\d+\]\.(titleFormat|textFormat|tagKeys|step)",
]


def leaves(value, path=""):
    """Every leaf with its path; empty lists and objects are leaves, too."""
    if isinstance(value, dict) and value:
        for k, v in value.items():
            yield from leaves(v, f"{path}.{k}" if path else k)
    elif isinstance(value, list) and value:
        for i, v in enumerate(value):
            yield from leaves(v, f"{path}[{i}]")
    else:
        yield path, value


def check(path):
    with open(path, encoding="utf-8") as f:
        before = json.load(f)
    after = dict(leaves(json.loads(JSONEncoder().encode(Dashboard.from_json(before)))))
    count, problems = 0, []
    for where, value in leaves(before):
        count += 1
        if any(re.fullmatch(k, where) for k in KNOWN):
            continue
        if where not in after:
            # An empty object may come back filled with defaults.
            if value in ({}, []) and any(p.startswith(where) for p in after):
                continue
            problems.append(f"{path}: {where} is lost: the schema does not know it")
        elif after[where] != value or type(after[where]) is not type(value) and not isinstance(value, (int, float)):
            problems.append(f"{path}: {where} was {value!r} and is {after[where]!r}")
    return count, problems


def main():
    plugins.register_default_plugins()
    failed = 0
    for path in sys.argv[1:]:
        try:
            count, problems = check(path)
        except Exception as e:  # pylint: disable=broad-except; whatever the decoder refuses is a finding
            count, problems = 0, [f"{path}: the schema refuses it: {type(e).__name__}: {e}"]
        for p in problems:
            print(p)
        failed += len(problems)
        if not problems:
            print(f"{path}: {count} fields, none lost")
    if not sys.argv[1:]:
        sys.exit("no dashboards to check")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
