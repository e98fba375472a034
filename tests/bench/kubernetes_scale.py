#!/usr/bin/env python3
"""A site of many pods, brought up and closed by the deployer `kubernetes`, against the same objects
applied, waited for and deleted by helm and kubectl; on nodes that kwok plays.

Prints medians, and the deployer's time divided by kubectl's. SWB_DRIVE_SITE names the program that
drives the deployer, tests/kubernetes/drive_site of a build.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kubernetes"))
sys.dont_write_bytecode = True
import scale  # noqa: E402


def rendered(pods):
    """The objects of a tracker, a seeder and leechers, as the deployer has them rendered."""
    documents = []
    for number, (chart, role, nodes) in enumerate((("tracker", "service", 1),
                                                   ("qbittorrent", "seeder", 1),
                                                   ("qbittorrent", "leecher", pods - 2))):
        values = {"nodes": nodes, "run": {"experiment": "kubectl", "id": "kubectl",
                                          "group": f"kubectl-{number}", "role": role}}
        sets = [part for key, value in values.items()
                for part in ("--set-json", f"{key}={json.dumps(value)}")]
        documents.append(subprocess.run(
            ["helm", "template", f"kubectl-{number}", os.path.join(scale.CHARTS, "helm", chart),
             "--namespace", scale.NAMESPACE, *sets], text=True, capture_output=True,
            check=True).stdout)
    return "\n---\n".join(documents)


def run_with_kubectl(pods):
    begin = time.monotonic()
    text = rendered(pods)
    scale.kubectl("apply", "--server-side", "-f", "-", input=text)
    while True:
        names = scale.kubectl("get", "pods", *scale.OURS, "--field-selector=status.phase=Running",
                              "-o", "name").stdout
        if names.count("\n") >= pods:
            break
        time.sleep(0.5)
    up = time.monotonic() - begin
    begin = time.monotonic()
    scale.kubectl("delete", "--cascade=foreground", "-f", "-", input=text)
    while scale.objects("pods"):
        time.sleep(0.5)
    return {"up": up, "closed": time.monotonic() - begin}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    scale.enter_namespace()
    ours, theirs = [], []
    with scale.fake_cluster(-(-arguments.pods // 100)) as folder:
        for _ in range(arguments.rounds):
            code, figures, complaints = scale.drive(folder, arguments.pods)
            if code != 0:
                sys.exit(complaints)
            ours.append(figures)
            theirs.append(run_with_kubectl(arguments.pods))
    for step in ("up", "closed"):
        mine = statistics.median(figures[step] for figures in ours)
        other = statistics.median(figures[step] for figures in theirs)
        print(f"{step:8} deployer {mine:7.1f} s   kubectl {other:7.1f} s   "
              f"ratio {mine / other:.2f}")
    print(f"memory of the deployer's process: {max(f['peak'] for f in ours) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
