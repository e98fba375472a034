"""A runner in the cluster, driven from outside: brought there, followed, fetched, removed.

SWB_COMMAND is the swarmbench command. SWB_IMAGE_TAG names the images, where they have another tag.
"""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

from test_cluster import IMAGES, kubectl, run, up, wait_until

COMMAND = os.environ.get("SWB_COMMAND", "swarmbench")
TAG = os.environ.get("SWB_IMAGE_TAG", "")
CHARTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "charts")
NAMESPACE = "swb-remote"
VOLUME = "swb-remote-test"
FOLDER = "/var/tmp/swb-remote-test"
KINDS = ("pods,jobs,deployments,statefulsets,services,secrets,configmaps,serviceaccounts,roles,"
         "rolebindings,persistentvolumeclaims")


def setUpModule():
    up("--real")
    run(IMAGES, "--import", "deluge", "qbittorrent", "opentracker", "agent", "runner")
    kubectl("create", "namespace", NAMESPACE, check=False)


def tearDownModule():
    kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)


class Remote(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.results = os.path.join(self.folder.name, "results.db")
        self.environment = {**os.environ, "SWARMBENCH_CHARTS": CHARTS,
                            "XDG_STATE_HOME": os.path.join(self.folder.name, "state")}

    def write(self, deploy="", size="20MB", repetitions=1, arguments=()):
        path = os.path.join(self.folder.name, "experiment.yaml")
        tag = f", image_tag: {TAG}" if TAG and "image_tag" not in deploy else ""
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""
swarmbench: 1
name: {self._testMethodName[5:40].replace('_', '-')}
seed: 7
modes: {{qbittorrent: {{driver: qbittorrent}}, deluge: {{driver: deluge}}}}
matrix:
  file_size: [{size}]
  swarm: [{{size: 3, seeders: 1}}]
repetitions: {{min: {repetitions}, max: {repetitions}}}
deploy: {{on: kubernetes, namespace: {NAMESPACE}{tag}{deploy}}}
""")
        return [COMMAND, "run", path, "-o", self.results, "--work-dir",
                os.path.join(self.folder.name, "work"), *arguments]

    def begin(self, command):
        output = open(os.path.join(self.folder.name, "said"), "w+", encoding="utf-8")
        self.addCleanup(output.close)
        process = subprocess.Popen(command, env=self.environment, stdout=output,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def said(self):
        with open(os.path.join(self.folder.name, "said"), encoding="utf-8") as file:
            return file.read()

    def perform(self, **experiment):
        done = subprocess.run(self.write(**experiment), env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900,
                              check=False)
        return done.returncode, done.stdout

    def objects(self):
        listed = json.loads(kubectl("get", KINDS, "-n", NAMESPACE, "-l",
                                    "app.kubernetes.io/managed-by=swarmbench", "-o",
                                    "json").stdout)
        return [(item["kind"], item["metadata"]["name"]) for item in listed["items"]]

    def check_results(self, runs):
        with sqlite3.connect(self.results) as database:
            done = database.execute("select count(*) from run where state = 'done'").fetchone()
            self.assertEqual(done, (runs,))
            self.assertEqual(database.execute("select distinct verified from download "
                                              "where status = 'SWB_OK'").fetchall(), [(1,)])

    def volume(self):
        """A volume, since the test's cluster makes none by itself."""
        os.makedirs(FOLDER, exist_ok=True)
        os.chmod(FOLDER, 0o777)
        self.addCleanup(shutil.rmtree, FOLDER, ignore_errors=True)
        text = json.dumps({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": VOLUME},
            "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"],
                     "storageClassName": VOLUME, "hostPath": {"path": FOLDER}}})
        path = os.path.join(self.folder.name, "volume.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        kubectl("apply", "-f", path)
        self.addCleanup(kubectl, "delete", "pv", VOLUME, "--wait=false", check=False)
        return f", results_class: {VOLUME}"

    def poor_config(self, role=None):
        kubectl("create", "serviceaccount", "poor", "-n", NAMESPACE, check=False)
        if role is not None:
            kubectl("create", "rolebinding", "poor", "-n", NAMESPACE, f"--clusterrole={role}",
                    f"--serviceaccount={NAMESPACE}:poor", check=False)
            self.addCleanup(kubectl, "delete", "rolebinding", "poor", "-n", NAMESPACE,
                            check=False)
        token = kubectl("create", "token", "poor", "-n", NAMESPACE).stdout.strip()
        config = json.loads(kubectl("config", "view", "--raw", "-o", "json").stdout)
        config["users"] = [{"name": config["contexts"][0]["context"]["user"],
                            "user": {"token": token}}]
        path = os.path.join(self.folder.name, "poor.kubeconfig")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def test_experiment_runs_there_and_its_results_come_here(self):
        code, said = self.perform()
        self.assertEqual(code, 0, said)
        self.assertIn("the cluster has no default storage class", said)
        self.assertIn("2 runs to do", said)
        self.check_results(2)
        self.assertEqual(self.objects(), [])

    def test_killed_command_and_killed_runner_lose_nothing(self):
        command = self.write(deploy=self.volume(), repetitions=2)
        first = self.begin(command)
        wait_until("a run has begun", 300, lambda: ": started" in self.said())
        first.kill()
        first.wait()
        second = self.begin(command)
        wait_until("a run is done", 600, lambda: ": done in" in self.said())
        self.assertIn("which is there already", self.said())
        pod = kubectl("get", "pods", "-n", NAMESPACE, "-l",
                      "app.kubernetes.io/component=runner", "-o", "name").stdout.split()[0]
        kubectl("delete", pod, "-n", NAMESPACE, "--force", "--grace-period=0", "--wait=false")
        self.assertEqual(second.wait(timeout=1200), 0, self.said())
        self.assertIn("goes on", self.said())
        self.check_results(4)
        self.assertEqual(self.objects(), [])

    def test_interrupt_ends_it_there_and_fetches_what_there_is(self):
        runner = self.begin(self.write(repetitions=3))
        wait_until("a run is done", 600, lambda: ": done in" in self.said())
        runner.send_signal(signal.SIGINT)
        self.assertEqual(runner.wait(timeout=400), 130, self.said())
        with sqlite3.connect(self.results) as database:
            self.assertGreaterEqual(database.execute(
                "select count(*) from run where state = 'done'").fetchone()[0], 1)
        self.assertEqual(self.objects(), [])

    def test_image_of_the_runner_that_is_missing_is_told(self):
        code, said = self.perform(deploy=", image_tag: none-such")
        self.assertEqual(code, 3, said)
        self.assertRegex(said, r"the runner's pod cannot start: container '\w+' \(image "
                               r"localhost/swarmbench/\w+:none-such\)")
        self.assertEqual(self.objects(), [])

    def test_missing_permissions_are_told_and_nothing_is_made(self):
        code, said = self.perform(deploy=f", kubeconfig: {self.poor_config()}")
        self.assertEqual(code, 3, said)
        self.assertIn(f"permissions are missing in namespace '{NAMESPACE}': create jobs", said)
        self.assertEqual(self.objects(), [])

    def test_wrong_token_is_told(self):
        path = self.poor_config()
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["users"][0]["user"]["token"] = "wrong"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        code, said = self.perform(deploy=f", kubeconfig: {path}")
        self.assertEqual(code, 3, said)
        self.assertEqual(said.strip().count("\n"), 0, said)

    def test_quota_that_is_full_is_told(self):
        kubectl("create", "quota", "none", "-n", NAMESPACE, "--hard=pods=0")
        self.addCleanup(kubectl, "delete", "quota", "none", "-n", NAMESPACE, check=False)
        code, said = self.perform()
        self.assertEqual(code, 3, said)
        self.assertIn("exceeded quota", said)
        self.assertEqual(self.objects(), [])

    def test_detached_experiment_is_found_again(self):
        command = self.write()
        done = subprocess.run([*command, "--detach"], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("the same command goes on with it", done.stdout)
        self.assertFalse(os.path.exists(self.results))
        time.sleep(1)
        code, said = self.perform()
        self.assertEqual(code, 0, said)
        self.check_results(2)
        self.assertEqual(self.objects(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
