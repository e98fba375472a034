"""A runner in the cluster, driven from outside: brought there, followed, fetched, removed.

SWB_COMMAND is the swarmbench command. SWB_IMAGE_TAG names the images, where they have another tag.
"""
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from deployer_case import COMMAND, Case
from test_cluster import kubectl, up_for_module, wait_until

TAG = os.environ.get("SWB_IMAGE_TAG", "")
NAMESPACE = "swb-remote"
VOLUME = "swb-remote-test"
FOLDER = "/var/tmp/swb-remote-test"


def setUpModule():
    up_for_module("deluge", "qbittorrent", "opentracker", "agent", "runner")
    kubectl("create", "namespace", NAMESPACE, check=False)


def tearDownModule():
    kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)


class Remote(Case):
    namespace = NAMESPACE
    kinds = ("pods,jobs,deployments,statefulsets,services,secrets,configmaps,serviceaccounts,roles,"
             "rolebindings,persistentvolumeclaims")

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

    def check_results(self, runs):
        self.assertEqual(self.rows("select count(*) from run where state = 'done'"), [(runs,)])
        self.assertEqual(self.rows("select distinct verified from download "
                                   "where status = 'SWB_OK'"), [(1,)])

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
        self.assertGreaterEqual(
            self.rows("select count(*) from run where state = 'done'")[0][0], 1)
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
        code, said = self.perform(deploy=f", kubeconfig: {self.poor_config('wrong')}")
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
