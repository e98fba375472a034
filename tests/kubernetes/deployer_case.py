"""What tests of the deployer `kubernetes` share: an experiment of four nodes, run by the command.

SWB_COMMAND is the swarmbench command.
"""
import json
import os
import sqlite3
import subprocess
import tempfile
import unittest

from test_cluster import kubectl, wait_until

COMMAND = os.environ.get("SWB_COMMAND", "swarmbench")
CHARTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "charts")
KINDS = "pods,services,statefulsets,secrets,persistentvolumeclaims"


class Case(unittest.TestCase):
    namespace = None  # of a test's pods
    kinds = KINDS  # that a test may leave
    patience_s = 60  # until pods run

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.results = os.path.join(self.folder.name, "results.db")
        self.environment = {**os.environ, "SWARMBENCH_CHARTS": CHARTS,
                            "XDG_STATE_HOME": os.path.join(self.folder.name, "state")}

    def write(self, deploy="", modes="{qbittorrent: {driver: qbittorrent}}", size="20MB",
              timeout=None):
        limit = timeout or f"{self.patience_s}s"
        path = os.path.join(self.folder.name, "experiment.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""
swarmbench: 1
name: deployer
seed: 7
modes: {modes}
matrix:
  file_size: [{size}]
  swarm: [{{size: 4, seeders: 1}}]
repetitions: {{min: 1, max: 1}}
retries: 0
deploy: {{on: kubernetes, namespace: {self.namespace},
         start_timeout: {limit}{deploy}}}
""")
        return [COMMAND, "run", path, "-o", self.results, "--work-dir",
                os.path.join(self.folder.name, "work")]

    def begin(self, **experiment):
        return subprocess.Popen(self.write(**experiment), env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def perform(self, **experiment):
        done = subprocess.run(self.write(**experiment), env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                              check=False)
        return done.returncode, done.stdout

    def rows(self, query):
        with sqlite3.connect(self.results) as database:
            return database.execute(query).fetchall()

    def objects(self):
        listed = json.loads(kubectl("get", self.kinds, "-n", self.namespace,
                                    "-l", "app.kubernetes.io/managed-by=swarmbench", "-o",
                                    "json").stdout)
        return [(item["kind"], item["metadata"]["name"]) for item in listed["items"]]

    def wait_for_pods(self, count):
        def ready():
            pods = kubectl("get", "pods", "-n", self.namespace, "--no-headers").stdout
            return pods.count("2/2") >= count
        wait_until(f"{count} pods are ready", self.patience_s, ready)

    def poor_config(self, token=None):
        """A kubeconfig of somebody who may do nothing, or who has the wrong token."""
        kubectl("create", "serviceaccount", "poor", "-n", self.namespace, check=False)
        token = token or kubectl("create", "token", "poor", "-n", self.namespace).stdout.strip()
        config = json.loads(kubectl("config", "view", "--raw", "-o", "json").stdout)
        config["users"] = [{"name": config["contexts"][0]["context"]["user"],
                            "user": {"token": token}}]
        path = os.path.join(self.folder.name, "poor.kubeconfig")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path
