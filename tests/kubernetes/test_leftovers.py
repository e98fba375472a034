#!/usr/bin/env python3
"""What runners that died have left in a cluster, and what a runner does not get away: on a stand-in of
an API server, which forbids and forgets at moments that no real one lets one choose.

SWB_COMMAND is the swarmbench command, SWB_AGENT the agent.
"""
import os
import signal
import subprocess
import threading
import time

try:
    import yaml  # noqa: F401 (the stand-in needs it)
except ImportError:
    print("SKIP: python3-yaml is not installed")
    raise SystemExit(77) from None

import command
from api_stand_in import NAMESPACE
from command import COMMAND, DONE, ENVIRONMENT, INTERRUPTED
from stand_in_case import MANAGED, Case

FEW_RIGHTS = {("list", "jobs"), ("create", "jobs"), ("list", "secrets")}


class Leftovers(Case):
    def setUp(self):
        super().setUp()
        self.store.put("namespaces", {"metadata": {"name": NAMESPACE}})
        self.ours = {"namespaces/" + NAMESPACE}

    def left(self):
        return set(self.store.names()) - self.ours

    def count(self, plural):
        return len([name for name in self.store.names() if name.startswith(plural)])

    def kill_in_mid_run(self):
        process = self.begin(", reach: proxy")
        self.wait_until("made", lambda: self.count("statefulsets") == 3)
        process.kill()
        process.wait()

    def clean(self, **options):
        return subprocess.run([COMMAND, "clean"], env=self.environment, text=True,
                              capture_output=True, check=False, timeout=60, **options)

    def test_runner_with_the_fewest_rights_leaves_nothing(self):
        self.kill_in_mid_run()
        self.assertIn("secrets", str(self.left()))
        self.store.forbidden = FEW_RIGHTS
        done = self.clean()
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        self.assertEqual(self.left(), set())

    def test_what_is_forbidden_keeps_nothing_else_and_is_told(self):
        self.kill_in_mid_run()
        self.store.forbidden = {("list", "services")}
        done = self.clean()
        self.assertEqual(done.returncode, ENVIRONMENT)
        self.assertIn("may not 'list' 'services'", done.stderr)
        self.assertRegex(done.stdout, "[1-9][0-9]* objects in clusters deleted")
        self.assertEqual({name.split("/")[0] for name in self.left()}, {"services"})
        self.store.forbidden = set()
        self.assertEqual(self.clean().returncode, DONE)  # the journal is still there
        self.assertEqual(self.left(), set())

    def test_another_kubeconfig_and_folder_do_not_matter(self):
        self.environment["KUBECONFIG"] = os.path.relpath(self.server.kubeconfig)
        self.kill_in_mid_run()
        self.environment["KUBECONFIG"] = str(self.folder / "elsewhere")
        self.assertEqual(self.clean(cwd="/").returncode, DONE)
        self.assertEqual(self.left(), set())

    def test_cluster_that_is_another_by_now_is_told(self):
        self.kill_in_mid_run()
        path = self.folder / "kubeconfig"
        path.write_text(path.read_text(encoding="utf-8").replace("127.0.0.1", "localhost"),
                        encoding="utf-8")
        done = self.clean()
        self.assertNotEqual(done.returncode, DONE)
        self.assertRegex(done.stderr, "it is in the cluster at http://127.0.0.1:.* leads to "
                                      "http://localhost:")
        self.assertNotEqual(self.left(), set())

    def test_runner_that_goes_on_in_a_cluster_makes_room_first(self):
        labels = {**MANAGED, "swarmbench.dev/experiment": "bench-1", "swarmbench.dev/run": "swb-old"}
        quota = {"metadata": {"name": "q"}, "status": {"hard": {"pods": "3"}, "used": {"pods": "3"}}}
        self.ours.add("resourcequotas/q")
        self.store.put("resourcequotas", quota)
        self.store.put("statefulsets", {"metadata": {"name": "swb-old-0", "labels": labels}})
        self.store.put("pods", {"metadata": {"name": "swb-old-0-0", "labels": labels,
                                             "deletionTimestamp": "2026-01-02T03:04:05Z"}})
        self.store.put("pods", {"metadata": {"name": "runner-1", "labels": {
            **MANAGED, "swarmbench.dev/experiment": "bench-1"}}})
        self.ours.add("pods/runner-1")

        def count_anew():
            quota["status"]["used"]["pods"] = "0"
            self.store.put("resourcequotas", quota)
        threading.Timer(1.5, self.store.remove, ("pods", "swb-old-0-0")).start()
        threading.Timer(3.5, count_anew).start()  # quotas are counted a little later
        self.environment["SWARMBENCH_EXPERIMENT"] = "bench-1"
        self.store.forbidden = FEW_RIGHTS
        process = self.begin()
        self.wait_until("begun", lambda: self.count("statefulsets") == 3)
        self.assertIn("1 objects in clusters: removed", self.said())
        self.assertNotIn("statefulsets/swb-old-0", self.store.names())
        process.kill()
        process.wait()
        # The next one has no journal, and knows the token's Secret, which it may not list.
        self.environment["XDG_STATE_HOME"] = str(self.folder / "anew")
        self.begin("", "--resume")
        self.wait_until("begun again", lambda: "objects in clusters: removed" in self.said() and
                        self.count("statefulsets") == 3)
        self.assertEqual(self.count("secrets"), 1)

    def test_what_a_runner_that_lives_has_made_is_left_to_it(self):
        self.environment["SWARMBENCH_EXPERIMENT"] = "bench-1"
        self.begin()
        self.wait_until("made", lambda: self.count("statefulsets") == 3)
        before = self.store.names()
        second = self.begin("", "--resume")  # on the same results
        self.ends(second, ENVIRONMENT)
        self.assertIn("writes to it", self.said())
        self.assertEqual(self.store.names(), before)

    def test_pod_that_goes_while_others_come_is_the_cause(self):
        process = self.begin(", reach: proxy")
        self.wait_until("made", lambda: [key for key in list(self.store.objects)
                                         if key[0] == "statefulsets"])
        name = [key[1] for key in list(self.store.objects) if key[0] == "statefulsets"][0]
        made = self.store.objects["statefulsets", name]
        pod = f"{name}-0"
        [secret] = [key[1] for key in list(self.store.objects) if key[0] == "secrets"]
        (self.folder / "node").mkdir()
        self.serve(pod, self.folder / "node", secret)
        running = {"ready": True, "restartCount": 0, "state": {"running": {}}}
        self.store.put("pods", {
            "metadata": {"name": pod, "labels": made["spec"]["template"]["metadata"]["labels"]},
            "status": {"phase": "Running", "podIP": "127.0.0.1", "containerStatuses": [
                {"name": "agent", **running}, {"name": "node", **running}]}})
        time.sleep(4)  # it is greeted
        begin = time.monotonic()
        self.store.remove("pods", pod)
        self.ends(process, ENVIRONMENT)
        self.assertLess(time.monotonic() - begin, 8)  # of the 20 s that starting may take
        self.assertRegex(self.said(), f"pod {pod}: pod {pod} was deleted")
        self.assertEqual(self.left(), set())

    def test_what_cannot_be_removed_is_told(self):
        process = self.begin(", reach: proxy")
        self.wait_until("made", lambda: self.count("statefulsets") == 3)
        self.store.forbidden = {("delete", "services")}
        process.send_signal(signal.SIGINT)
        self.ends(process, INTERRUPTED)
        self.assertIn("not all was removed, which `swarmbench clean` tries again", self.said())
        self.assertIn("may not 'delete' 'services'", self.said())
        self.store.forbidden = set()
        self.assertEqual(self.clean().returncode, DONE)
        self.assertEqual(self.left(), set())


if __name__ == "__main__":
    command.main()
