"""A cluster of nodes that kwok plays, in a network namespace of its own where the addresses of all
pods are this machine's: so that a runner reaches an agent for each of them."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

import own_cluster
from test_cluster import cluster, kubectl, run, up

NAMESPACE = "scale"
NET = "10.97"
AGENT_PORT = "9191"
HERE = os.path.dirname(os.path.abspath(__file__))
CHARTS = os.path.join(HERE, "..", "..", "charts")
DRIVE = os.environ.get("SWB_DRIVE_SITE", "drive_site")
OURS = ("-n", NAMESPACE, "-l", "app.kubernetes.io/managed-by=swarmbench")


def enter_namespace():
    """As own_cluster's, and the addresses of all pods are this machine's there."""
    own_cluster.enter_namespace(["control", "fake"])
    run("ip", "route", "add", "local", f"{NET}.0.0/16", "dev", "lo")


@contextlib.contextmanager
def fake_cluster(nodes):
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("KUBECONFIG", None)
        os.environ.update(SWB_CLUSTER_STATE=os.path.join(folder, "state"), SWB_CLUSTER_NET=NET,
                          XDG_STATE_HOME=os.path.join(folder, "journal"))
        try:
            up("--fake", str(nodes))
            kubectl("create", "namespace", NAMESPACE)
            yield folder
        finally:
            os.environ.pop("KUBECONFIG", None)
            cluster("down")


def objects(kinds="pods,services,statefulsets,secrets"):
    return json.loads(kubectl("get", kinds, *OURS, "-o", "json").stdout)["items"]


def wait_for_token(folder, process):
    """The agents' token, as a kubelet would give it to them."""
    while process.poll() is None:
        found = kubectl("get", "secrets", *OURS, "-o", "jsonpath={.items[*].data.token}").stdout
        if found:
            path = os.path.join(folder, "token")
            with open(path, "w", encoding="ascii") as file:
                subprocess.run(["base64", "-d"], input=found, text=True, stdout=file, check=True)
            return path
        time.sleep(0.05)
    raise AssertionError(process.communicate()[1])


def drive(folder, pods, seconds=300):
    """Brings a site of so many pods up and closes it. Returns exit code, what it printed as a
    dictionary, its complaints, and the most pods that were seen to run."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        process = subprocess.Popen([DRIVE, str(pods), work, NAMESPACE, CHARTS, str(seconds)],
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        token = wait_for_token(work, process)
        agents = subprocess.Popen([sys.executable, os.path.join(HERE, "agents_stand_in.py"),
                                   AGENT_PORT, token])
        try:
            said, complaints = process.communicate(timeout=2 * seconds + 60)
        finally:
            agents.terminate()
            agents.wait()
            process.kill()
    figures = {line.split()[0]: float(line.split()[1]) for line in said.splitlines()}
    return process.returncode, figures, complaints
