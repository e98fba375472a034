"""What a cluster does to pods in the middle of a run, and what it refuses: told by its cause,
within a bound of time, with nothing left behind, and the next run goes on. On real pods of a cluster
of its own, whose API server is restarted.

SWB_COMMAND is the swarmbench command.
"""
import json
import os
import signal
import subprocess
import time
import unittest

import own_cluster
from deployer_case import COMMAND, Case
from test_cluster import CLUSTER, IMAGES, kubectl, run, wait_until

DIRECT = ", reach: direct"
KILL_AGENT = """for process in /proc/[0-9]*; do
    read -r command <"$process/comm" || continue
    [ "$command" != swarmbench-agen ] || kill -9 "${process#/proc/}"
done"""
NODE_IMAGES = ["qbittorrent", "opentracker", "agent"]


def setUpModule():
    unittest.addModuleCleanup(own_cluster.leave)
    own_cluster.bring_up("--real")
    run(IMAGES, "--import", *NODE_IMAGES)


class FaultCase(Case):
    """Each test has a namespace to itself: what one leaves is no other's concern."""
    patience_s = 240

    def setUp(self):
        super().setUp()
        name = self.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", "-")
        self.namespace = f"swb-{os.getpid()}-{name}"[:60].rstrip("-")
        kubectl("create", "namespace", self.namespace)
        self.addCleanup(kubectl, "delete", "namespace", self.namespace, "--wait=false")
        wait_until("pods can be made", 30, lambda: kubectl(
            "get", "serviceaccount", "default", "-n", self.namespace, check=False).returncode == 0)

    def run_until_pods_leech(self, deploy=DIRECT, size="3000MB"):
        runner = self.begin(deploy=deploy, size=size)
        self.addCleanup(runner.kill)
        self.wait_for_pods(5)
        time.sleep(5)
        return runner

    def leecher(self):
        return kubectl("get", "pods", "-n", self.namespace, "-l", "swarmbench.dev/role=leecher", "-o",
                       "jsonpath={.items[0].metadata.name}").stdout

    def expect_failed(self, runner, cause, seconds=240):
        """The run fails with this cause, it is stored, and nothing is left."""
        said, _ = runner.communicate(timeout=seconds)
        self.assertEqual(runner.returncode, 1, said)
        self.assertRegex(said, cause)
        [[stored]] = self.rows("select cause from run")
        self.assertRegex(stored, cause)
        self.assertEqual(self.objects(), [])

    def refused(self, deploy, cause, seconds=300):
        """The command ends with 3 and this cause on one line, and nothing is left."""
        done = subprocess.run(self.write(deploy=DIRECT + deploy), env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                              check=False)
        self.assertEqual(done.returncode, 3, done.stdout)
        lines = [line for line in done.stdout.splitlines() if line.startswith("swarmbench: ")]
        self.assertEqual(len(lines), 1, done.stdout)
        self.assertRegex(lines[0], cause)
        self.assertEqual(self.objects(), [])


class Faults(FaultCase):
    def test_api_server_that_is_restarted_is_waited_for(self):
        runner = self.run_until_pods_leech(size="400MB")
        run(CLUSTER, "restart-server", "6")
        said, _ = runner.communicate(timeout=200)
        self.assertEqual(runner.returncode, 0, said)
        self.assertEqual(self.rows("select distinct status, verified from download"),
                         [("SWB_OK", 1)])
        self.assertEqual(self.objects(), [])

    def test_api_server_that_is_restarted_on_the_way_to_pods_is_no_reason_to_leave_them(self):
        runner = self.run_until_pods_leech(deploy=", reach: proxy")
        run(CLUSTER, "restart-server", "6")
        said, _ = runner.communicate(timeout=300)
        self.assertIn(runner.returncode, (0, 1), said)
        if runner.returncode == 1:
            self.assertRegex(said, "connect|API server|HTTP|/proxy/v1/.*: ")
        self.assertEqual(self.objects(), [])

    def test_pod_that_is_evicted_is_the_cause(self):
        runner = self.run_until_pods_leech()
        pod = self.leecher()
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction",
                    "metadata": {"name": pod, "namespace": self.namespace}}
        kubectl("create", "--raw", f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction", "-f",
                "-", input=json.dumps(eviction))
        self.expect_failed(runner, f"pod {pod} was evicted")

    def test_node_beyond_its_memory_is_the_cause_and_the_next_run_works(self):
        runner = self.begin(deploy=DIRECT + ", memory: 16Mi, memory_limit: 24Mi", size="100MB")
        self.addCleanup(runner.kill)
        self.expect_failed(runner, "OOMKilled|its memory_limit is 24Mi", 500)
        os.remove(self.results)
        code, said = self.perform(deploy=DIRECT)
        self.assertEqual(code, 0, said)

    def test_agent_that_is_killed_is_the_cause(self):
        runner = self.run_until_pods_leech()
        kubectl("exec", self.leecher(), "-n", self.namespace, "-c", "agent", "--", "sh", "-c",
                KILL_AGENT, check=False)
        self.expect_failed(runner, "agent.*(restarted|ended|Error)")

    def test_container_that_crashes_again_and_again_is_told(self):
        values = os.path.join(self.folder.name, "values.yaml")
        with open(values, "w", encoding="utf-8") as file:
            file.write("agent: {resources: {requests: {memory: 1Mi}, limits: {memory: 1Mi}}}\n")
        self.refused(f", values: {values}", r"container '\w+' \(image .*\): "
                     "(CrashLoopBackOff|RunContainerError|CreateContainerError)")


class Refusals(FaultCase):
    def config(self, change):
        """The path of a kubeconfig, made from the cluster's own."""
        config = json.loads(kubectl("config", "view", "--raw", "-o", "json").stdout)
        change(config["clusters"][0]["cluster"], config["users"][0]["user"])
        path = os.path.join(self.folder.name, "kubeconfig")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return f", kubeconfig: {path}"

    def make(self, kind, name, spec):
        text = json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name},
                           "spec": spec})
        kubectl("apply", "-n", self.namespace, "-f", "-", input=text)
        if kind == "ResourceQuota":
            wait_until("the quota counts", 30, lambda: '"used"' in kubectl(
                "get", "quota", name, "-n", self.namespace, "-o", "json").stdout)

    def test_token_that_is_wrong(self):
        def change(_, user):
            user.clear()
            user["token"] = "wrong"
        self.refused(self.config(change), "does not accept the credentials: wrong or expired token")

    def test_client_certificate_that_has_expired(self):
        pki = os.path.join(os.environ["SWB_CLUSTER_STATE"], "pki")
        made = os.path.join(self.folder.name, "old")
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/O=system:masters/CN=late", "-keyout", made + ".key", "-out",
            made + ".csr")
        run("openssl", "x509", "-req", "-in", made + ".csr", "-CA", pki + "/ca.crt", "-CAkey",
            pki + "/ca.key", "-set_serial", "7", "-days", "-1", "-out", made + ".crt")

        def change(_, user):
            user.clear()
            user.update({"client-certificate": made + ".crt", "client-key": made + ".key"})
        self.refused(self.config(change), r"the client certificate of user .* expired on \d{4}-")

    def test_certificate_of_the_server_that_is_not_to_be_trusted(self):
        def change(server, _):
            server.pop("certificate-authority-data")
        self.refused(self.config(change), "certificate")

    def test_server_that_is_not_there(self):
        def change(server, _):
            server["server"] = "https://127.0.0.1:9"
        self.refused(self.config(change), "127.0.0.1.*9")

    def test_namespace_that_does_not_exist(self):
        self.namespace = "none-such"
        self.refused("", "the cluster has no namespace 'none-such'")

    def test_quota_of_cpu(self):
        self.make("ResourceQuota", "cpu", {"hard": {"requests.cpu": "1m"}})
        self.refused("", "it is refused: .*exceeded quota: cpu, requested: requests.cpu=")

    def test_quota_of_objects(self):
        self.make("ResourceQuota", "objects", {"hard": {"count/services": "0"}})
        self.refused("", "exceeded quota: objects")

    def test_limits_of_the_namespace(self):
        self.make("LimitRange", "small", {"limits": [{"type": "Container",
                                                      "min": {"memory": "100Gi"}}]})
        self.refused("", "it is refused: .*minimum memory usage per Container is 100Gi")

    def test_restricted_namespace_takes_our_pods(self):
        kubectl("label", "namespace", self.namespace,
                "pod-security.kubernetes.io/enforce=restricted")
        code, said = self.perform(deploy=DIRECT)
        self.assertEqual(code, 0, said)


class Options(FaultCase):
    DEPLOY = (", reach: direct, node_selector: 'disk=fast,zone=a', anti_affinity: required, "
              "cpu: 30m, memory: 70Mi, memory_limit: 90Mi, storage_class: swb-none, "
              "data_size: 300MB, image_digests: 'qbittorrent=sha256:" + 64 * "a" + "'")

    def have_volumes(self):
        kinds = [kind for kind, _ in self.objects()]
        return kinds.count("Pod") == 5 and kinds.count("PersistentVolumeClaim") >= 4

    def test_options_reach_the_pods_and_volumes_go_with_them(self):
        runner = self.begin(deploy=self.DEPLOY)
        self.addCleanup(runner.kill)
        wait_until("volumes are asked for", 240, self.have_volumes)
        [pod, *_] = json.loads(kubectl("get", "pods", "-n", self.namespace, "-l",
                                       "swarmbench.dev/role=leecher", "-o", "json").stdout)["items"]
        [claim, *_] = json.loads(kubectl("get", "pvc", "-n", self.namespace, "-o",
                                         "json").stdout)["items"]
        spec, [node] = pod["spec"], [container for container in pod["spec"]["containers"]
                                     if container["name"] == "node"]
        self.assertEqual(spec["nodeSelector"], {"disk": "fast", "zone": "a"})
        self.assertIn("requiredDuringSchedulingIgnoredDuringExecution",
                      spec["affinity"]["podAntiAffinity"])
        self.assertEqual(node["image"], "localhost/swarmbench/qbittorrent@sha256:" + 64 * "a")
        self.assertEqual(node["resources"], {"requests": {"cpu": "30m", "memory": "70Mi"},
                                             "limits": {"memory": "90Mi"}})
        self.assertEqual(claim["spec"]["storageClassName"], "swb-none")
        self.assertEqual(claim["spec"]["resources"]["requests"]["storage"], "300M")
        runner.send_signal(signal.SIGINT)
        said, _ = runner.communicate(timeout=200)
        self.assertEqual(runner.returncode, 130, said)
        self.assertEqual(self.objects(), [])

    def test_clean_removes_volumes(self):
        runner = self.begin(deploy=self.DEPLOY)
        self.addCleanup(runner.kill)
        wait_until("volumes are asked for", 240, self.have_volumes)
        runner.kill()
        runner.communicate()
        subprocess.run([COMMAND, "clean"], env=self.environment, capture_output=True, check=True)
        wait_until("all is gone", 200, lambda: self.objects() == [])


if __name__ == "__main__":
    own_cluster.enter_namespace(["control", "real", "charts"], NODE_IMAGES)
    unittest.main(verbosity=2)
