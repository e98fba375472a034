#!/usr/bin/env python3
"""The JSON schema of experiment files: a schema itself, fits the examples, refuses what it can.

usage: check_schema.py PRINT_FORMAT EXAMPLE...
"""
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
try:
    import jsonschema
    import yaml_core
except ImportError as missing:
    print(f"SKIP: Python's {missing.name} is not installed")
    sys.exit(77)

HEAD = "swarmbench: 1\nmodes: {m: {driver: fake-torrent}}\n"
GOOD = [
    HEAD + "file_size: 1.5MiB\nsize: 8\nrepetitions: 3\nnetwork: {up: 1 Mbit, loss: 0.01}\n",
    HEAD + "arrival: {pattern: poisson, rate: 5/s}\nfaults: []\n",
    HEAD + "faults: [{at: 0.5, kill: {count: 1}}, {at: 30s, stop: {fraction: 10%}, for: 1s}]\n",
    HEAD + "matrix: {x: [{size: [2, 4], network: {delay: [1ms, 2ms]}, limits.run: 1min}]}\n",
    HEAD + "matrix: {network: [{up: 1Mbit}], repetitions: [3, {min: 2}], faults: [[], [{at: 1s, kill: {count: 1}}]]}\n",
    HEAD + "matrix: {size: [2], exclude: [{size: [2, 4]}]}\norder: {by: [size], modes: listed}\n",
    HEAD + "deploy: {root: /tmp, on: fake-place}\nverdict: {margin: 20%}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-torrent, slots: 3, cache: {size: 1kB}, sync: true}}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-store, tracker: {driver: fake-tracker, interval: 5s}}}\n",
    "swarmbench: 1\nmodes: {m: {groups: [{driver: fake-torrent, slots: 3, share: 50%},"
    " {driver: fake-torrent2, name: n}], tracker: none}}\n",
]
BAD = [
    "modes: {m: {driver: fake-torrent}}\n",
    "swarmbench: 2\nmodes: {m: {driver: fake-torrent}}\n",
    "swarmbench: 1\nmodes: {}\n",
    "swarmbench: 1\nmodes: {m: {driver: other}}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-torrent2, slots: 3}}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-torrent, slots: 300}}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-torrent, cache: {sise: 1kB}}}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-torrent, groups: [{driver: fake-torrent}]}}\n",
    "swarmbench: 1\nmodes: {m: {groups: [{share: 50%}]}}\n",
    "swarmbench: 1\nmodes: {m: {driver: fake-torrent, tracker: fake-store}}\n",
    HEAD + "sedeers: 1\n",
    HEAD + "file_size: 1XB\n",
    HEAD + "file_size: 1000\n",
    HEAD + "size: 1\n",
    HEAD + "size: two\n",
    HEAD + "limits: {run: 5}\n",
    HEAD + "limits: {runs: 5s}\n",
    HEAD + "network: {loss: 2}\n",
    HEAD + "arrival: {pattern: random}\n",
    HEAD + "faults: [{kill: {count: 1}}]\n",
    HEAD + "faults: [{at: 1s}]\n",
    HEAD + "faults: [{at: 1s, kill: {}}]\n",
    HEAD + "faults: [{at: 1s, kill: {count: 1, fraction: 1%}}]\n",
    HEAD + "matrix: {size: 2}\n",
    HEAD + "matrix: {size: [two]}\n",
    HEAD + "matrix: {sizes: [2]}\n",
    HEAD + "matrix: {x: [{sise: 2}]}\n",
    HEAD + "order: {by: [sise]}\n",
    HEAD + "deploy: {on: moon}\n",
    HEAD + "deploy: {on: fake-plain, root: /tmp}\n",
]


def main():
    printer, examples = sys.argv[1], sys.argv[2:]
    schema = json.loads(subprocess.run([printer, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = 0
    for path in examples:
        for problem in validator.iter_errors(yaml_core.load(Path(path).read_text())):
            print(f"{path} does not fit: {problem.message} at {list(problem.absolute_path)}")
            failures += 1
    for text in GOOD:
        for problem in validator.iter_errors(yaml_core.load(text)):
            print(f"does not fit: {problem.message}\n{text}")
            failures += 1
    for text in BAD:
        if validator.is_valid(yaml_core.load(text)):
            print(f"fits, but should not:\n{text}")
            failures += 1
    print(f"{len(examples)} examples, {len(GOOD)} good and {len(BAD)} bad texts, {failures} failures")
    return failures != 0 or not examples


sys.exit(main())
