#!/usr/bin/env python3
"""A runner in a cluster, followed from outside, at moments that no real cluster lets one choose: what
vanishes unseen, a runner that cannot start again, what may not be removed.

SWB_COMMAND is the swarmbench command, SWB_AGENT the agent.
"""
import json
import signal
import time

try:
    import yaml  # noqa: F401 (the stand-in needs it)
except ImportError:
    print("SKIP: python3-yaml is not installed")
    raise SystemExit(77) from None

import command
from command import ENVIRONMENT, INTERRUPTED
from stand_in_case import MANAGED, Case

STARTED = {"event": "experiment_started", "time_ns": 1, "value": 2, "status": "SWB_OK"}
CLASS = {"metadata": {"name": "fast", "annotations": {
    "storageclass.kubernetes.io/is-default-class": "true"}}}


class Follow(Case):
    start_timeout = "12s"

    def release(self):
        """The name of the release, once its Job is there."""
        def jobs():
            return [key[1] for key in list(self.store.objects) if key[0] == "jobs"]
        self.wait_until("made", jobs)
        return jobs()[0]

    def put_pod(self, release, name, component, statuses, phase="Running"):
        self.store.put("pods", {
            "kind": "Pod",
            "metadata": {"name": name, "labels": {**MANAGED,
                                                  "app.kubernetes.io/component": component,
                                                  "swarmbench.dev/experiment": release}},
            "status": {"phase": phase, "containerStatuses": statuses}})

    def run_runner(self, release, name="runner-1"):
        self.store.logs[name] = [json.dumps(STARTED)]
        self.put_pod(release, name, "runner",
                     [{"name": "runner", "ready": True, "state": {"running": {}}}])
        self.wait_until("begun", lambda: "2 runs to do" in self.said())

    def hand_out(self, release, stored=True):
        """Results of a runner before, by an agent as in the pod `results`."""
        files = self.folder / "volume"
        files.mkdir()
        if stored:
            (files / "results.db").write_text("what was measured", encoding="utf-8")
        self.serve("results-1", files, f"{release}-token")
        self.put_pod(release, "results-1", "results",
                     [{"name": "agent", "ready": True, "state": {"running": {}}}])

    def test_what_vanishes_while_nobody_watches_is_missed(self):
        process = self.begin()
        release = self.release()
        self.run_runner(release)
        self.store.vanish("jobs", "pods")
        self.ends(process, ENVIRONMENT)
        self.assertRegex(self.said(), "the results with it|somebody deleted it")
        self.assertEqual(self.said().count("swarmbench: "), 1, self.said())
        self.assertEqual(self.store.names(), [])

    def come_back(self, break_it, stored=True):
        """A command that comes back to a release, of which `break_it` lets no runner start."""
        self.store.put("storageclasses", CLASS)
        first = self.begin()
        release = self.release()
        first.kill()
        first.wait()
        break_it(release)
        self.hand_out(release, stored)  # later in the list
        return release, self.begin()

    def test_release_whose_runner_cannot_start_again_stays_and_its_results_are_fetched(self):
        def break_it(release):
            self.put_pod(release, "runner-2", "runner", [{
                "name": "runner", "image": "i:1",
                "state": {"waiting": {"reason": "ErrImageNeverPull", "message": "not there"}}}],
                         "Pending")
        release, second = self.come_back(break_it)
        self.ends(second, ENVIRONMENT)
        self.assertIn("ErrImageNeverPull", self.said())
        self.assertIn(f"release {release} stays", self.said())
        self.assertEqual(self.results.read_text(encoding="utf-8"), "what was measured")
        self.assertIn(f"jobs/{release}", self.store.names())
        self.assertIn(f"persistentvolumeclaims/{release}-results", self.store.names())

    def test_release_that_a_quota_does_not_let_go_on_stays(self):
        def break_it(release):
            self.store.put("events", {
                "metadata": {"name": "e1"}, "involvedObject": {"name": release}, "type": "Warning",
                "message": "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1"})
        release, second = self.come_back(break_it)
        self.ends(second, ENVIRONMENT)
        self.assertIn("exceeded quota", self.said())
        self.assertTrue(self.results.exists())
        self.assertIn(f"jobs/{release}", self.store.names())

    def test_release_that_never_stored_anything_goes(self):
        def break_it(release):
            self.put_pod(release, "runner-2", "runner", [{
                "name": "runner", "image": "i:1",
                "state": {"waiting": {"reason": "InvalidImageName"}}}], "Pending")
        _, second = self.come_back(break_it, stored=False)
        self.ends(second, ENVIRONMENT)
        self.assertEqual(self.store.names(), ["storageclasses/fast"])

    def test_runner_that_began_unseen_is_not_given_up(self):
        """As while the server was out of reach: what was told last is old."""
        process = self.begin()
        release = self.release()
        self.put_pod(release, "runner-1", "runner", [{
            "name": "runner", "state": {"waiting": {"reason": "ContainerCreating"}}}], "Pending")
        self.wait_until("seen", lambda: "list events" in self.store.asked)
        pod = self.store.objects["pods", "runner-1"]
        pod["status"]["containerStatuses"][0]["state"] = {"running": {}}
        self.store.logs["runner-1"] = [json.dumps(STARTED)]
        self.wait_until("begun", lambda: "2 runs to do" in self.said())  # after start_timeout
        self.assertIsNone(process.poll())
        self.assertNotIn("does not run", self.said())

    def test_quota_of_long_ago_does_not_count(self):
        def break_it(release):
            self.store.put("events", {
                "metadata": {"name": "e1"}, "involvedObject": {"name": release}, "type": "Warning",
                "lastTimestamp": "2020-01-02T03:04:05Z", "message": "exceeded quota: q"})
        release, second = self.come_back(break_it)
        self.wait_until("told", lambda: "exceeded quota" in self.said())
        self.assertIsNone(second.poll())
        self.run_runner(release)

    def test_release_without_a_volume_is_found_again_without_the_right_to_make_one(self):
        first = self.begin()
        self.release()
        first.kill()
        first.wait()
        self.store.forbidden = {("create", "deployments"), ("create", "persistentvolumeclaims")}
        self.begin()
        self.wait_until("found", lambda: "which is there already" in self.said())

    def test_why_a_pod_that_has_its_place_does_not_run_is_told(self):
        process = self.begin()
        release = self.release()
        self.put_pod(release, "runner-1", "runner", [{
            "name": "runner", "state": {"waiting": {"reason": "ContainerCreating"}}}], "Pending")
        self.store.put("events", {
            "metadata": {"name": "e1"}, "involvedObject": {"name": "runner-1"}, "type": "Warning",
            "reason": "FailedAttachVolume", "message": "Multi-Attach error for volume pvc-1"})
        self.wait_until("told", lambda: "Multi-Attach error" in self.said())
        self.ends(process, ENVIRONMENT)
        self.assertRegex(self.said(), "does not run after deploy.start_timeout: .*Multi-Attach")
        self.assertEqual(self.store.names("events"), [])

    def test_interrupt_before_anything_is_known_waits_for_the_runner(self):
        self.store.holds_lists.clear()
        self.store.put("storageclasses", CLASS)
        process = self.begin(", results_class: fast")
        release = self.release()
        self.wait_until("followed", lambda: "waiting for its pod" in self.said())
        process.send_signal(signal.SIGINT)
        self.wait_until("suspended", lambda: self.store.objects["jobs", release]["spec"].get(
            "suspend"))
        self.hand_out(release)
        self.put_pod(release, "runner-1", "runner",
                     [{"name": "runner", "state": {"running": {}}}])
        self.store.logs["runner-1"] = [json.dumps(STARTED)]
        time.sleep(0.5)
        self.assertIsNone(process.poll(), self.said())
        self.store.holds_lists.set()
        time.sleep(0.5)
        self.assertIn("pods/runner-1", self.store.names())
        self.store.remove("pods", "runner-1")
        self.ends(process, INTERRUPTED)
        self.assertEqual(self.results.read_text(encoding="utf-8"), "what was measured")

    def test_permissions_that_removal_takes_are_asked_for_before_anything_is_made(self):
        self.store.forbidden = {("deletecollection", "jobs"), ("list", "secrets")}
        self.ends(self.begin(), ENVIRONMENT)
        self.assertIn("deletecollection jobs", self.said())
        self.assertIn("list secrets", self.said())
        self.assertEqual(self.store.names(), [])

    def test_what_may_not_be_removed_any_more_is_told(self):
        process = self.begin()
        release = self.release()
        self.run_runner(release)
        self.store.forbidden = {("deletecollection", "secrets")}
        self.store.vanish("jobs", "pods")
        self.ends(process, ENVIRONMENT)
        self.assertIn(f"release {release} stays", self.said())
        self.assertRegex(self.said(), "may not 'deletecollection' 'secrets'")


if __name__ == "__main__":
    command.main()
