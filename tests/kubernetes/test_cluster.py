"""The test cluster itself: it comes up, real pods of the clients' images answer, and `down` leaves
nothing behind."""
import base64
import glob
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
CLUSTER = os.path.join(HERE, "cluster.sh")
IMAGES = os.path.join(HERE, "..", "..", "charts", "images", "build.sh")
NAME = "swarmbench-kubernetes"
BRIDGE = "swbkube0"
TOKEN = "a token of the tests"
SYSCTLS = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
           "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "net/ipv4/ip_forward",
           "net/ipv4/conf/all/route_localnet", "net/bridge/bridge-nf-call-iptables"]

with open(os.path.join(HERE, "..", "..", "CMakeLists.txt"), encoding="utf-8") as project:
    VERSION = re.search(r"^project\(swarmbench VERSION ([0-9.]+)", project.read(),
                        re.MULTILINE).group(1)

# daemon.login("bench", "bench", client_version="2.0.3") with request id 1, in rencode.
DELUGE_LOGIN = bytes.fromhex("c1c4018c6461656d6f6e2e6c6f67696ec28562656e6368")
DELUGE_LOGIN_REST = bytes.fromhex("678e636c69656e745f76657273696f6e85322e302e33")


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def run(*command, check=True, **more):
    done = subprocess.run(command, text=True, capture_output=True, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n"
                             f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done


def cluster(*arguments, check=True, environment=None):
    return run(CLUSTER, *arguments, check=check, env={**os.environ, **(environment or {})})


def exports(text):
    return dict(line.removeprefix("export ").split("=", 1) for line in text.splitlines())


def up(*arguments):
    """Brings a cluster up and puts its variables into the environment of this process."""
    done = cluster("up", *arguments, check=False)
    if done.returncode == 77:
        skip(done.stderr.strip().splitlines()[-1])
    if done.returncode != 0:
        raise AssertionError(f"up: exit code {done.returncode}\n{done.stderr[-4000:]}")
    for name, value in exports(done.stdout).items():
        os.environ[name] = os.path.expandvars(value)
    return done


def up_for_module(*images):
    """For setUpModule(): real pods and their images. A cluster that was there before stays."""
    if cluster("status", check=False).returncode != 0:
        unittest.addModuleCleanup(cluster, "down")
    up("--real")
    if "CONTAINERD_ADDRESS" in os.environ:  # else the cluster of KUBECONFIG, which has them already
        run(IMAGES, "--import", *images)


def kubectl(*arguments, **more):
    return run("kubectl", *arguments, **more)


def wait_until(what, seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds} s")


def sysctls():
    values = {}
    for name in SYSCTLS:
        if os.path.exists(f"/proc/sys/{name}"):
            with open(f"/proc/sys/{name}", encoding="ascii") as file:
                values[name] = file.read().split()
    return values


def leftovers():
    """Everything of the cluster that there is on this machine, in words."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        found += [f"mount {line.split()[4]}" for line in file if NAME in line]
    links = json.loads(run("ip", "-json", "link").stdout)
    found += [f"interface {link['ifname']}" for link in links
              if BRIDGE in (link["ifname"], link.get("master"))]
    found += [f"cgroup {path}" for path in glob.glob(f"/sys/fs/cgroup/**/{NAME}*", recursive=True)]
    for place in ("/run", "/var/lib"):
        found += [f"folder {place}/{NAME}"] if os.path.exists(f"{place}/{NAME}") else []
    found += [f"log {path}" for path in glob.glob("/var/log/containers/*")
              if NAME in os.readlink(path)]
    if shutil.which("nft"):
        found += [f"nftables {line}" for line in run("nft", "list", "tables").stdout.splitlines()
                  if "kube-proxy" in line]
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(f"{path}/cmdline", "rb") as line, open(f"{path}/cgroup", "rb") as group:
                if NAME.encode() in line.read() + group.read():
                    found.append(f"process {path} {os.readlink(path + '/exe')}")
        except OSError:
            pass  # it has just ended
    return found


def pod(name, command, probe_port):
    closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": name}},
        "spec": {
            "shareProcessNamespace": True,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001,
                                "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "data", "emptyDir": {}}],
            "containers": [{
                "name": "node", "image": f"localhost/swarmbench/{name}:{VERSION}",
                "imagePullPolicy": "Never", "command": command, "securityContext": closed,
                "env": [{"name": "POD_IP",
                         "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                "resources": {"limits": {"memory": "512Mi"},
                              "requests": {"cpu": "10m", "memory": "64Mi"}},
                "volumeMounts": [{"name": "data", "mountPath": "/swarmbench/node"}],
                "readinessProbe": {"tcpSocket": {"port": probe_port}, "periodSeconds": 1}}]}}


DELUGE = ["bash", "-c", "mkdir -p node/cfg && echo bench:bench:10 >node/cfg/auth && "
          "exec deluged -d -c node/cfg -L none -u $POD_IP -p 58846"]
# It refuses a request that came by another name than its own, as one through the API server does.
QBITTORRENT = ["bash", "-c", "mkdir -p node/home/qBittorrent/config && printf '%s\\n' "
               "'[LegalNotice]' Accepted=true '[Preferences]' 'WebUI\\HostHeaderValidation=false' "
               ">node/home/qBittorrent/config/qBittorrent.conf && "
               "echo this is $POD_IP && exec qbittorrent-nox --profile=node/home --webui-port=8080"]


def node_pod():
    """A node as the charts make one: launcher in the client's container, agent beside it."""
    made = pod("deluge", ["/swarmbench/bin/swarmbench-launcher", "/swarmbench/node"], 9191)
    made["metadata"]["name"] = "node"
    spec = made["spec"]
    node = spec["containers"][0]
    del node["readinessProbe"]
    tools = {"name": "tools", "mountPath": "/swarmbench/bin"}
    node["volumeMounts"].append(tools)
    spec["volumes"] += [{"name": "tools", "emptyDir": {}},
                        {"name": "token", "secret": {"secretName": "token"}}]
    agent = {"image": f"localhost/swarmbench/agent:{VERSION}", "imagePullPolicy": "Never",
             "securityContext": node["securityContext"]}
    spec["initContainers"] = [{**agent, "name": "install", "args": ["install", "/swarmbench/bin"],
                               "volumeMounts": [tools]}]
    spec["containers"].append({
        **agent, "name": "agent",
        "args": ["serve", "--root", "/swarmbench/node", "--port", "9191", "--token-file",
                 "/run/swarmbench/token"],
        "readinessProbe": {"httpGet": {"path": "/v1/health", "port": 9191}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/swarmbench/node"},
                         {"name": "token", "mountPath": "/run/swarmbench", "readOnly": True}]})
    return made


def agent_ask(address, path, body=None):
    request = urllib.request.Request(f"http://{address}:9191/v1/{path}",
                                     json.dumps(body).encode() if body else None)
    request.add_header("X-Swarmbench-Token", TOKEN)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def deluge_reply(address, password):
    """The answer to a login, as the daemon's own bytes."""
    body = zlib.compress(DELUGE_LOGIN + b"\x85" + password + DELUGE_LOGIN_REST)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((address, 58846), 20) as plain, \
            context.wrap_socket(plain) as stream:
        stream.sendall(struct.pack("!BI", 1, len(body)) + body)
        answer = b""
        while len(answer) < 5 or len(answer) < 5 + struct.unpack("!I", answer[1:5])[0]:
            part = stream.recv(65536)
            if not part:
                raise AssertionError(f"the daemon closed the connection after {answer!r}")
            answer += part
    return zlib.decompress(answer[5:])


def is_open(address, port):
    try:
        with socket.create_connection((address, port), 2):
            return True
    except OSError:
        return False


def qbittorrent_ask(address, path, form=None, cookie=None):
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(f"http://{address}:8080/api/v2/{path}", data)
    if cookie:
        request.add_header("Cookie", cookie)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode(), (answer.headers["Set-Cookie"] or "").split(";")[0]


class RealPods(unittest.TestCase):
    """One cluster for all of them; what `down` leaves is looked at in the end."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cluster, "down")
        cls.sysctls_before = sysctls()
        up("--real")
        run(IMAGES, "--import", "deluge", "qbittorrent", "agent")
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"},
                  "stringData": {"token": TOKEN}}
        documents = {"apiVersion": "v1", "kind": "List",
                     "items": [secret, pod("deluge", DELUGE, 58846),
                               pod("qbittorrent", QBITTORRENT, 8080), node_pod()]}
        kubectl("apply", "-f", "-", input=json.dumps(documents))
        done = kubectl("wait", "--for=condition=Ready", "--timeout=120s", "pod/deluge",
                       "pod/qbittorrent", "pod/node", check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr + kubectl("describe", "pods").stdout[-6000:])
        cls.address = {
            name: kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}").stdout
            for name in ("deluge", "qbittorrent", "node")}

    def test_1_pods_run_as_the_user_that_is_nobody_here(self):
        for name, program in (("deluge", "deluged"), ("qbittorrent", "qbittorrent-nox")):
            status = kubectl("exec", name, "--", "bash", "-c",
                             "for p in /proc/[0-9]*; do cat $p/comm $p/status; done").stdout
            parts = status[status.index(f"{program[:15]}\n"):]
            self.assertEqual(re.search(r"^Uid:\s+(.*)$", parts, re.MULTILINE).group(1).split(),
                             ["10001"] * 4)
            self.assertEqual(re.search(r"^CapEff:\s+(.*)$", parts, re.MULTILINE).group(1),
                             "0" * 16)
            self.assertEqual(re.search(r"^Seccomp:\s+(.*)$", parts, re.MULTILINE).group(1), "2")

    def test_1_deluge_answers_a_login_and_refuses_a_wrong_one(self):
        good = deluge_reply(self.address["deluge"], b"bench")
        self.assertEqual(good, bytes.fromhex("c301010a"))  # (1, id 1, level 10)
        self.assertIn(b"BadLoginError", deluge_reply(self.address["deluge"], b"wrong"))

    def test_1_qbittorrent_answers_a_login_and_refuses_a_wrong_one(self):
        address = self.address["qbittorrent"]
        wrong, _ = qbittorrent_ask(address, "auth/login",
                                   {"username": "admin", "password": "wrong"})
        self.assertEqual(wrong, "Fails.")
        text, cookie = qbittorrent_ask(address, "auth/login",
                                       {"username": "admin", "password": "adminadmin"})
        self.assertEqual(text, "Ok.")
        version, _ = qbittorrent_ask(address, "app/version", cookie=cookie)
        self.assertRegex(version, r"^v4\.5")

    def test_1_the_agent_has_a_program_started_in_the_clients_container(self):
        address = self.address["node"]
        self.assertEqual(agent_ask(address, "health")["version"], VERSION)
        agent_ask(address, "node/start",
                  {"argv": ["deluged", "-d", "-c", "/swarmbench/node/home", "-L", "none",
                            "-u", address, "-p", "58846"], "environment": [],
                   "entries": [{"path": "auth", "mode": 0o600,
                                "bytes": base64.b64encode(b"bench:bench:10\n").decode()}]})
        wait_until("deluged answers", 60, lambda: is_open(address, 58846))
        self.assertEqual(deluge_reply(address, b"bench"), bytes.fromhex("c301010a"))
        self.assertGreater(int(agent_ask(address, "sample")["cpu_ns"]), 0)

    def test_1_the_api_server_carries_http_to_a_pod(self):
        page = kubectl("get", "--raw", "/api/v1/namespaces/default/pods/qbittorrent:8080/proxy/").stdout
        self.assertIn("qBittorrent", page)

    def test_1_a_pod_reaches_another_pod_and_the_api_servers_service(self):
        kubectl("exec", "deluge", "--", "timeout", "10", "bash", "-c",
                f"exec 3<>/dev/tcp/{self.address['qbittorrent']}/8080")
        kubectl("exec", "deluge", "--", "timeout", "10", "bash", "-c",
                "exec 3<>/dev/tcp/$KUBERNETES_SERVICE_HOST/$KUBERNETES_SERVICE_PORT")

    def test_1_logs_can_be_read(self):
        self.assertIn(f"this is {self.address['qbittorrent']}\n",
                      kubectl("logs", "qbittorrent").stdout)

    def test_1_up_again_says_the_same_and_another_kind_is_refused(self):
        again = cluster("up", "--real")
        self.assertEqual(exports(again.stdout)["KUBECONFIG"], os.environ["KUBECONFIG"])
        other = cluster("up", "--fake", "2", check=False)
        self.assertEqual(other.returncode, 1)
        self.assertIn("another kind is up (real)", other.stderr)

    def test_2_a_pod_that_is_deleted_goes(self):
        kubectl("delete", "pod", "qbittorrent", "--timeout=60s")
        self.assertEqual(kubectl("get", "pods", "-o", "name").stdout.split(),
                         ["pod/deluge", "pod/node"])

    def test_3_down_leaves_nothing_even_with_a_pod_running(self):
        self.assertTrue(leftovers(), "the cluster is up, so there must be something to find")
        cluster("down")
        self.assertEqual(leftovers(), [])
        self.assertEqual(sysctls(), self.sysctls_before)
        self.assertEqual(cluster("status", check=False).returncode, 1)


class FakeNodes(unittest.TestCase):
    def test_pods_of_fake_nodes_become_ready_and_down_leaves_nothing(self):
        self.addCleanup(cluster, "down")
        up("--fake", "3")
        nodes = kubectl("get", "nodes", "-o", "name").stdout.split()
        self.assertEqual(nodes, ["node/fake-0", "node/fake-1", "node/fake-2"])
        kubectl("create", "deployment", "many", "--image=none", "--replicas=12")
        wait_until("12 pods are ready", 60, lambda: kubectl(
            "get", "deployment", "many", "-o", "jsonpath={.status.readyReplicas}").stdout == "12")
        cluster("down")
        self.assertEqual(leftovers(), [])


class UsersCluster(unittest.TestCase):
    def test_a_cluster_of_the_user_is_used_and_nothing_is_started(self):
        done = cluster("up", environment={"KUBECONFIG": "/home/somebody/.kube/config"})
        self.assertEqual(done.stdout, "export KUBECONFIG=/home/somebody/.kube/config\n")
        self.assertEqual(leftovers(), [])


if __name__ == "__main__":
    os.environ.pop("KUBECONFIG", None)
    if cluster("status", check=False).returncode == 0:
        skip("a test cluster is up already (tests/kubernetes/cluster.sh down ends it)")
    unittest.main(verbosity=2, failfast=False)
