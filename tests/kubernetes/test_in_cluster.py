"""Runners inside a cluster, with the rights that the charts give them: the chart's Job, and the steps
of an exported workflow that Argo's controller and executor really run.

SWB_COMMAND is the swarmbench command. Results are on volumes that are folders of this machine.
"""
import json
import os
import pathlib
import sqlite3
import tempfile
import time
import unittest

try:
    import yaml  # noqa: F401 (tools needs it)
except ImportError:
    print("SKIP: python3-yaml is not installed")
    raise SystemExit(77) from None

import argo
import tools
from test_cluster import kubectl, run, skip, up_for_module

COMMAND = os.environ.get("SWB_COMMAND", "swarmbench")
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAMESPACE = os.environ.get("SWB_TEST_NAMESPACE", "swb-in-cluster")
RUNNER_UID = 10001
PATIENCE_S = 600

EXPERIMENT = """\
swarmbench: 1
name: {name}
modes: {{deluge: {{driver: deluge}}}}
file_size: 2MB
repetitions: 1
retries: 0
matrix:
  swarm: [{swarms}]
"""
SMALL = "{size: 2, seeders: 1}"
LARGE = "{size: 3, seeders: 1}"


def setUpModule():
    done = run(HERE / "toolchain.sh", "argo", "charts", check=False)
    if done.returncode == 3:
        skip(done.stderr.strip().splitlines()[-1])
    up_for_module("deluge", "opentracker", "agent", "runner")
    if "CONTAINERD_ADDRESS" not in os.environ:
        skip("the cluster of KUBECONFIG has its pods on other machines than this one")


def own(*arguments, **more):
    return kubectl("--namespace", NAMESPACE, *arguments, **more)


class InCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="swb-in-cluster-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.folder.chmod(0o755)
        kubectl("create", "namespace", NAMESPACE)
        cls.addClassCleanup(kubectl, "delete", "namespace", NAMESPACE, "--wait=false", check=False)
        cls.prepare_argo()

    @classmethod
    def prepare_argo(cls):
        argo.teach(argo.crds(), cls.addClassCleanup)
        argo.import_executor(cls.folder)
        own("create", "configmap", "workflow-controller-configmap")
        own("apply", "-k", str(ROOT / "charts/argo-workflows"))
        cls.controller = argo.start_controller(cls, cls.folder / "controller.log",
                                               os.environ["KUBECONFIG"], NAMESPACE, argo.EXECUTOR)

    def volume(self, claim):
        """A volume for the claim: a folder of this machine, which is the only one."""
        folder = self.folder / claim
        folder.mkdir()
        os.chown(folder, RUNNER_UID, RUNNER_UID)
        name = f"{NAMESPACE}-{claim}"
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
                  "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "10Gi"},
                           "persistentVolumeReclaimPolicy": "Retain",
                           "hostPath": {"path": str(folder), "type": "Directory"},
                           "claimRef": {"namespace": NAMESPACE, "name": claim}}}
        kubectl("apply", "-f", "-", input=json.dumps(volume))
        self.addCleanup(kubectl, "delete", "pv", name, "--wait=false", check=False)
        return folder

    def experiment(self, name, *swarms):
        path = self.folder / f"{name}.yaml"
        path.write_text(EXPERIMENT.format(name=name, swarms=", ".join(swarms)), encoding="utf-8")
        return path

    def await_phase(self, what, ended):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            phase = ended()
            if phase:
                return phase
            time.sleep(1)
        self.fail(f"{what}: not within {PATIENCE_S} s\n{self.why()}")

    def why(self):
        pods = own("get", "pods", "-o", "wide", check=False).stdout
        events = own("get", "events", "--field-selector", "type=Warning", check=False).stdout
        logs = "".join(own("logs", name, "--all-containers", "--tail=20", check=False).stdout
                       for name in own("get", "pods", "-o", "name", check=False).stdout.split())
        return "\n".join([pods, events[-3000:], logs[-5000:],
                          (self.folder / "controller.log").read_text(encoding="utf-8")[-2000:]])

    def downloads(self, path):
        with sqlite3.connect(path) as database:
            return database.execute(
                "select cell.size, download.status, download.verified from download "
                "join run on run.id = download.run join cell on cell.id = run.cell order by 1").fetchall()

    def left(self):
        """What runs have made and not removed."""
        listed = own("get", "pods,services,statefulsets,secrets,configmaps", "-l",
                     "swarmbench.dev/run", "-o", "name").stdout
        return listed.split()

    def test_the_charts_job_runs_an_experiment(self):
        folder = self.volume("bench-results")
        rendered = run(tools.program("helm"), "template", "bench", str(ROOT / "charts/helm/swarmbench"),
                       "--namespace", NAMESPACE, "--set-file",
                       f"experiment={self.experiment('job', SMALL)}", "--set", "results.serve=false")
        own("apply", "-f", "-", input=rendered.stdout)

        def ended():
            status = json.loads(own("get", "job", "bench", "-o", "json").stdout).get("status", {})
            return next((item["type"] for item in status.get("conditions", [])
                         if item["type"] in ("Complete", "Failed")), None)
        self.assertEqual(self.await_phase("the runner ends", ended), "Complete", self.why())
        self.assertEqual(self.downloads(folder / "results.db"), [(2, "SWB_OK", 1)])
        self.assertEqual(self.left(), [])

    def test_the_steps_of_a_workflow_run_its_cells_and_merge_them(self):
        folder = self.volume("swarmbench-results")
        done = run(COMMAND, "export-workflow", self.experiment("steps", LARGE, SMALL))
        own("apply", "--server-side", "-f", "-", input=done.stdout)

        def ended():
            item = json.loads(own("get", "workflows", "-o", "json").stdout)["items"][0]
            phase = item.get("status", {}).get("phase")
            return phase if phase in ("Succeeded", "Failed", "Error") else None
        self.assertEqual(self.await_phase("the workflow ends", ended), "Succeeded", self.why())
        name = own("get", "workflows", "-o", "jsonpath={.items[0].metadata.name}").stdout
        self.assertEqual(sorted(path.name for path in folder.glob("*.db")),
                         [f"{name}.cell-0.db", f"{name}.cell-1.db", f"{name}.db"])
        self.assertEqual(self.downloads(folder / f"{name}.db"),
                         [(2, "SWB_OK", 1), (3, "SWB_OK", 1), (3, "SWB_OK", 1)])
        self.assertEqual(self.left(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
