"""The kubernetes deployer: whole experiments on pods of a real cluster, and what goes wrong there.

SWB_COMMAND is the swarmbench command.
"""
import json
import os
import signal
import subprocess
import time
import unittest

from deployer_case import CHARTS, COMMAND, Case
from test_cluster import VERSION, kubectl, up_for_module, wait_until

NAMESPACE = "swb-deployer"


def setUpModule():
    up_for_module("deluge", "qbittorrent", "opentracker", "agent")
    kubectl("create", "namespace", NAMESPACE, check=False)


def tearDownModule():
    kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)


class Deployer(Case):
    namespace = NAMESPACE

    def test_swarms_are_measured_and_verified_and_nothing_is_left(self):
        modes = ("{deluge: {driver: deluge}, qbittorrent: {driver: qbittorrent}, "
                 "parts: {driver: deluge, erasure: {data: 2, parity: 1}}}")
        code, said = self.perform(deploy=", reach: direct", modes=modes)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.objects(), [])
        downloads = self.rows("select status, verified, completion_source, first_byte_hi_ns "
                              "- first_byte_lo_ns from download")
        self.assertEqual(len(downloads), 9)
        for status, verified, source, width_ns in downloads:
            self.assertEqual((status, verified), ("SWB_OK", 1))
            self.assertIn(source, ("inotify", "blocks"))
            self.assertLess(width_ns, 1_000_000_000)
        nodes = self.rows("select name, address, cpu_ns, wire_in_bytes, rss_anon_peak_bytes "
                          "from node")
        self.assertEqual(len({address for _, address, *_ in nodes}), len(nodes))
        for name, address, cpu_ns, wire_bytes, memory_bytes in nodes:
            self.assertTrue(address.startswith("10."), address)
            self.assertGreater(cpu_ns, 0, name)
            self.assertGreater(wire_bytes, 0, name)
            self.assertGreater(memory_bytes, 0, name)
        places = self.rows("select distinct machine, image like '%sha256:%', clock_error_ns is not null "
                           "from node")
        self.assertEqual(len(places), 1, places)
        self.assertEqual(places[0][1:], (1, 1))
        self.assertRegex(self.rows("select value from environment where name = 'kubernetes'")[0][0],
                         r"v\d+\.\d+")
        logs = [file for _, _, files in os.walk(self.results + ".logs") for file in files]
        self.assertEqual(len(logs), 15)

    def test_api_server_passes_on_http_and_tells_what_it_does_not(self):
        code, said = self.perform(deploy=", reach: proxy")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.rows("select distinct verified from download"), [(1,)])
        code, said = self.perform(deploy=", reach: proxy", modes="{deluge: {driver: deluge}}")
        self.assertEqual(code, 3, said)
        self.assertIn("driver 'deluge' speaks TLS to its nodes", said)
        self.assertIn("run in the cluster", said)

    def test_a_tracker_is_controlled_in_its_pod(self):
        service = "tracker: {driver: tracker}"
        for reach, modes in (
                ("direct", f"{{deluge: {{driver: deluge, {service}}}}}"),
                ("proxy", f"{{qbittorrent: {{driver: qbittorrent, {service}}}}}")):
            with self.subTest(reach=reach):
                self.results = os.path.join(self.folder.name, f"{reach}.db")
                code, said = self.perform(deploy=f", reach: {reach}", modes=modes)
                self.assertEqual(code, 0, said)
                self.assertEqual(self.objects(), [])
                self.assertEqual(self.rows("select status, verified, count(*) from download"),
                                 [("SWB_OK", 1, 3)])
                told = dict(text.rsplit(" ", 1) for (text,) in self.rows(
                    "select text from event where kind = 'metric'"))
                self.assertEqual(
                    {name: float(told[name]) for name in
                     ("torrents", 'peers{state="seeder"}', "completed_total")},
                    {"torrents": 1, 'peers{state="seeder"}': 4, "completed_total": 3})
                self.assertGreaterEqual(float(told['announces_total{by="http"}']), 4)
                self.assertEqual(self.rows("select version, image like '%sha256:%' "
                                           "from node where driver = 'tracker'"), [(VERSION, 1)])

    def overlay(self, name, text):
        """An overlay of a user's own, on the base of Deluge."""
        folder = os.path.join(self.folder.name, name)
        os.mkdir(folder)
        base = os.path.relpath(os.path.join(CHARTS, "kustomize", "base", "deluge"),
                               os.path.realpath(folder))
        with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
            file.write(f"resources: [{base}]\n{text}")
        return folder

    def test_overlays_make_the_same_pods_and_users_own_ones_win(self):
        own = self.overlay("own", "commonAnnotations: {example.org/own: 'yes'}\n")
        runner = self.begin(deploy=f", reach: direct, render: kustomize, "
                                   f"overlays: deluge-leecher={own}",
                            modes="{deluge: {driver: deluge}}")
        seen = {}

        def pods():
            listed = kubectl("get", "pods", "-n", NAMESPACE, "-l", "swarmbench.dev/run", "-o",
                             "json").stdout
            for pod in json.loads(listed)["items"]:
                seen[pod["metadata"]["name"]] = pod["metadata"]
            return len(seen) == 5 or runner.poll() is not None
        wait_until("pods are made", 60, pods)
        said, _ = runner.communicate(timeout=200)
        self.assertEqual(runner.returncode, 0, said)
        self.assertEqual(self.objects(), [])
        self.assertEqual(self.rows("select count(*), min(verified) from download"), [(3, 1)])
        own_ones = [pod for pod in seen.values() if "example.org/own" in pod.get("annotations", {})]
        self.assertEqual({pod["labels"]["swarmbench.dev/role"] for pod in own_ones}, {"leecher"})
        self.assertEqual(len(own_ones), 3)

    def test_overlay_that_cannot_be_rendered_is_told(self):
        own = self.overlay("own", "patches: [{path: none-such.yaml}]\n")
        deploy = f", reach: direct, render: kustomize, overlays: deluge={own}"
        code, said = self.perform(deploy=deploy, modes="{deluge: {driver: deluge}}")
        self.assertEqual(code, 3, said)
        self.assertRegex(said, r"kubectl failed \(exit code 1\): .*none-such.yaml")
        self.assertEqual(self.objects(), [])

    def test_pods_that_find_no_machine_are_told(self):
        code, said = self.perform(deploy=", reach: direct, cpu: '900'", timeout="6s")
        self.assertEqual(code, 1, said)
        self.assertIn("do not run after deploy.start_timeout", said)
        self.assertIn("it is pending: 0/1 nodes are available: 1 Insufficient cpu", said)
        self.assertEqual(self.objects(), [])

    def test_image_that_cannot_be_had_is_told(self):
        code, said = self.perform(deploy=", reach: direct, image_tag: none-such")
        self.assertEqual(code, 3, said)
        self.assertRegex(said, r"image localhost/swarmbench/\w+:none-such\): ImagePullBackOff")
        self.assertEqual(self.objects(), [])

    def test_pod_that_is_deleted_is_the_cause(self):
        runner = self.begin(deploy=", reach: direct", size="1500MB")
        self.wait_for_pods(5)
        time.sleep(4)
        pod = kubectl("get", "pods", "-n", NAMESPACE, "-l", "swarmbench.dev/role=leecher", "-o",
                      "name").stdout.split()[0]
        kubectl("delete", pod, "-n", NAMESPACE, "--force", "--grace-period=0", "--wait=false")
        said, _ = runner.communicate(timeout=200)
        self.assertEqual(runner.returncode, 1, said)
        self.assertIn(f"{pod.replace('pod/', 'pod ')} was deleted or has failed", said)
        self.assertEqual(self.objects(), [])

    def test_runner_that_is_asked_to_end_takes_its_pods_along(self):
        runner = self.begin(deploy=", reach: direct, cpu: '900'")
        wait_until("pods are made", 30, lambda: len(self.objects()) >= 9)
        runner.send_signal(signal.SIGINT)
        said, _ = runner.communicate(timeout=60)
        self.assertEqual(runner.returncode, 130, said)
        self.assertEqual(self.objects(), [])

    def test_clean_removes_what_a_killed_runner_left(self):
        runner = self.begin(deploy=", reach: direct", size="1500MB")
        self.wait_for_pods(5)
        runner.kill()
        runner.communicate()
        self.assertNotEqual(self.objects(), [])
        for arguments, word in ((["--dry-run"], "would be deleted"), ([], "deleted")):
            done = subprocess.run([COMMAND, "clean", *arguments], env=self.environment, text=True,
                                  capture_output=True, check=True)
            self.assertRegex(done.stdout, rf"1 dead runner: .* objects in clusters {word}")
        wait_until("all is gone", 90, lambda: self.objects() == [])

    def test_missing_permissions_are_told_at_once(self):
        code, said = self.perform(deploy=f", reach: direct, kubeconfig: {self.poor_config()}")
        self.assertEqual(code, 3, said)
        self.assertIn(f"permissions are missing in namespace '{NAMESPACE}': create statefulsets, "
                      "patch statefulsets", said)
        self.assertEqual(self.objects(), [])

    def test_quota_is_told_before_anything_is_made(self):
        kubectl("create", "quota", "few", "-n", NAMESPACE, "--hard=pods=2")
        self.addCleanup(kubectl, "delete", "quota", "few", "-n", NAMESPACE)
        wait_until("the quota counts", 30, lambda: '"used"' in kubectl(
            "get", "quota", "few", "-n", NAMESPACE, "-o", "json").stdout)
        code, said = self.perform(deploy=", reach: direct")
        self.assertEqual(code, 3, said)
        self.assertIn("allows 2 pods, 0 are used, and the run needs 5", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
