#!/usr/bin/env python3
"""An exported workflow on a real API server, driven by the workflow controller of Argo.

Nothing runs in the pods: this test plays the kubelet, ends them one after the other, and watches what
the controller does next. So it tells about order, parallelism and what follows a failure.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import zlib

try:
    import yaml
except ImportError:
    print("SKIP: python3-yaml is not installed")
    raise SystemExit(77) from None

import argo
import command
import tools
from command import ROOT, swarmbench

HERE = pathlib.Path(__file__).resolve().parent
NAMESPACE = "bench"
TIMEOUT_S = 120

EXPERIMENT = """\
swarmbench: 1
name: four-cells
modes: {d: {driver: deluge}}
file_size: 1MB
repetitions: 1
matrix:
  swarm:
    - {size: 4, seeders: [1, 2]}
    - {size: 2, seeders: 1}
    - {size: 8, seeders: 1}
"""


def run(*arguments, text=None, **options):
    return subprocess.run([str(item) for item in arguments], input=text, capture_output=True,
                          text=True, check=False, **options)


class Workflow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="swb-workflow-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
        cls.environment |= {"SWB_CLUSTER_STATE": f"{cls.folder.name}/cluster",
                            "SWB_CLUSTER_PORT": os.environ.get("SWB_WORKFLOW_PORT", "26540")}
        cls.need(HERE / "toolchain.sh", "argo")
        cls.addClassCleanup(run, HERE / "cluster.sh", "down", env=cls.environment)
        cls.need(HERE / "cluster.sh", "up", "--control-plane")
        cls.environment["KUBECONFIG"] = f"{cls.folder.name}/cluster/admin.kubeconfig"
        cls.prepare()

    @classmethod
    def need(cls, *arguments):
        done = run(*arguments, env=cls.environment)
        if done.returncode in (3, 77):
            raise unittest.SkipTest(done.stderr.strip().splitlines()[-1])
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    @classmethod
    def kubectl(cls, *arguments, text=None):
        done = run(tools.CACHE / "bin/kubectl", "--namespace", NAMESPACE, *arguments, text=text,
                   env=cls.environment)
        if done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    @classmethod
    def get(cls, kind):
        return json.loads(cls.kubectl("get", kind, "-o", "json"))["items"]

    @classmethod
    def prepare(cls):
        for path in argo.crds():
            cls.kubectl("apply", "--server-side", "-f", str(path))
        cls.kubectl("create", "namespace", NAMESPACE)
        cls.kubectl("create", "configmap", "workflow-controller-configmap")
        cls.kubectl("apply", "-k", str(ROOT / "charts/argo-workflows"))
        cls.controller = argo.start_controller(cls, f"{cls.folder.name}/controller.log",
                                               cls.environment["KUBECONFIG"], NAMESPACE)

    def export(self, *options):
        path = pathlib.Path(self.folder.name) / "experiment.yaml"
        # Another seed, another name: pods of an earlier workflow take a while to go.
        path.write_text(EXPERIMENT + f"seed: {zlib.crc32(self.id().encode())}\n")
        done = swarmbench("export-workflow", path, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        config, workflow = yaml.safe_load_all(done.stdout)
        self.kubectl("apply", "--server-side", "-f", "-", text=done.stdout)
        self.addCleanup(self.kubectl, "delete", "workflow", "--all", "--wait=true")
        self.addCleanup(self.kubectl, "delete", "configmap", config["metadata"]["name"])
        return workflow["metadata"]["name"]

    def workflow(self):
        return self.get("workflows")[0]

    def end(self, pod, code):
        """What a kubelet tells of a pod whose program has ended."""
        def terminated(number):
            return {"terminated": {"exitCode": number, "reason": "Completed",
                                   "startedAt": "2026-01-01T00:00:00Z",
                                   "finishedAt": "2026-01-01T00:00:01Z"}}
        statuses = [{"name": container["name"], "ready": False, "restartCount": 0, "image": "i",
                     "imageID": "i", "state": terminated(code if container["name"] == "main" else 0)}
                    for container in pod["spec"]["containers"]]
        status = {"phase": "Succeeded" if code == 0 else "Failed", "containerStatuses": statuses}
        self.kubectl("patch", "pod", pod["metadata"]["name"], "--subresource=status",
                     "--type=merge", "-p", json.dumps({"status": status}))

    def play(self, failing=()):
        """Ends each pod of the workflow as it appears; returns the command lines in their order, and
        how many pods there were at once."""
        seen, most, until = {}, 0, time.monotonic() + TIMEOUT_S
        while self.workflow().get("status", {}).get("phase") not in ("Succeeded", "Failed", "Error"):
            if time.monotonic() > until or self.controller.poll() is not None:
                self.fail(self.why())
            waiting = [pod for pod in self.get("pods") if pod["metadata"]["uid"] not in seen
                       and pod["status"]["phase"] not in ("Succeeded", "Failed")]
            most = max(most, len(waiting))
            for pod in sorted(waiting, key=lambda pod: pod["metadata"]["creationTimestamp"]):
                main = next(c for c in pod["spec"]["containers"] if c["name"] == "main")
                arguments = main["command"][main["command"].index("--") + 1:]
                seen[pod["metadata"]["uid"]] = arguments
                self.check_pod(pod, main)
                self.end(pod, 1 if any(word in arguments for word in failing) else 0)
            time.sleep(0.2)
        return list(seen.values()), most

    def why(self):
        log = pathlib.Path(self.folder.name, "controller.log").read_text(encoding="utf-8")
        return json.dumps(self.workflow().get("status"))[:2000] + "\n" + log[-4000:]

    def check_pod(self, pod, main):
        self.assertEqual(pod["spec"]["serviceAccountName"], "swarmbench-workflow")
        self.assertTrue(pod["spec"]["securityContext"]["runAsNonRoot"])
        claims = [volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"]["volumes"]
                  if "persistentVolumeClaim" in volume]
        self.assertEqual(claims, ["swarmbench-results"])
        self.assertIn("/results", [mount["mountPath"] for mount in main["volumeMounts"]])
        labels = pod["metadata"]["labels"]
        workflow, cells = labels["workflows.argoproj.io/workflow"], self.cells([main["command"]])
        label = f"{workflow}.cell-{cells[0]}" if cells else workflow
        self.assertEqual(labels["swarmbench.dev/experiment"], label)
        given = {item["name"]: item.get("value") for item in main["env"]}
        self.assertEqual(given.get("SWARMBENCH_EXPERIMENT"), label if cells else None)

    def cells(self, commands):
        return [word.removeprefix("--only=") for arguments in commands for word in arguments
                if word.startswith("--only=")]

    def test_cells_run_one_after_the_other_the_smallest_swarm_first(self):
        name = self.export()
        commands, most = self.play()
        self.assertEqual(self.workflow()["status"]["phase"], "Succeeded", self.why())
        self.assertEqual(self.cells(commands), ["2", "0", "1", "3"])
        self.assertEqual(most, 1)
        self.assertEqual(commands[0], [
            "swarmbench", "run", "/etc/swarmbench/experiment.yaml", "--on=kubernetes", "--resume",
            "--only=2", f"--output=/results/{name}.cell-2.db"])
        self.assertEqual(commands[-1], [
            "swarmbench", "merge", "--skip-existing", f"/results/{name}.db",
            f"/results/{name}.cell-*.db"])

    def test_a_cell_that_fails_stops_no_other_and_results_are_merged(self):
        self.export()
        commands, _ = self.play(failing=["--only=2", "--only=0"])
        self.assertEqual(self.workflow()["status"]["phase"], "Failed", self.why())
        self.assertEqual(self.cells(commands), ["2", "0", "1", "3"])
        self.assertEqual(commands[-1][:2], ["swarmbench", "merge"])

    def test_cells_side_by_side_are_of_one_size(self):
        self.export("--parallel=2")
        commands, most = self.play()
        self.assertEqual(self.workflow()["status"]["phase"], "Succeeded", self.why())
        cells = self.cells(commands)
        self.assertEqual([cells[0], sorted(cells[1:3]), cells[3]], ["2", ["0", "1"], "3"])
        self.assertEqual(most, 2)


if __name__ == "__main__":
    command.main()
