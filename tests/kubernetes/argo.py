"""Argo Workflows for tests: its kinds of objects, its controller, and the image of its executor."""
import os
import pathlib
import signal
import subprocess

import yaml

import tools
from test_cluster import kubectl, wait_until

HERE = pathlib.Path(__file__).resolve().parent
# The CRDs of the controller that toolchain.sh builds. Its full ones are no structural schemas, which
# an API server refuses; the minimal ones check nothing, so that the strict check is test_charts'.
CRDS = ("github.com/argoproj/argo-workflows/v3@v3.6.10", "manifests/base/crds/minimal")
EXECUTOR = "localhost/swarmbench/argoexec:" + CRDS[0].split("@v")[1]


def crds():
    return sorted((tools.module(CRDS[0]) / CRDS[1]).glob("argoproj*.yaml"))


def teach(paths, add_cleanup):
    """Kinds of objects that the cluster does not know yet; it forgets them in the end."""
    there = kubectl("get", "crds", "-o", "name").stdout
    for path in paths:
        name = yaml.safe_load(path.read_text(encoding="utf-8"))["metadata"]["name"]
        if f"/{name}\n" not in there:
            kubectl("apply", "--server-side", "-f", str(path))
            add_cleanup(kubectl, "delete", "crd", name, "--wait=false", check=False)
            wait_until(f"{name} is known", 60, lambda crd=f"crd/{name}": kubectl(
                "wait", "--for=condition=Established", "--timeout=1s", crd,
                check=False).returncode == 0)


def start_controller(test_class, log_path, kubeconfig, namespace, executor="none"):
    """Drives the workflows of one namespace until the class's tests are done; returns its process."""
    log = open(log_path, "w", encoding="utf-8")
    test_class.addClassCleanup(log.close)
    controller = subprocess.Popen(
        [tools.CACHE / "bin/workflow-controller", "--kubeconfig", kubeconfig, "--namespace",
         namespace, "--namespaced", "--managed-namespace", namespace, "--executor-image", executor,
         "--executor-image-pull-policy", "IfNotPresent"],
        stdout=log, stderr=log, env={**os.environ, "KUBECONFIG": kubeconfig,
                                     "LEADER_ELECTION_DISABLE": "true",
                                     "DEFAULT_REQUEUE_TIME": "1s"})
    test_class.addClassCleanup(controller.wait)
    test_class.addClassCleanup(controller.send_signal, signal.SIGKILL)
    return controller


def import_executor(folder):
    """Into the containerd of this machine, as charts/images/build.sh --import does."""
    archive = pathlib.Path(folder) / "argoexec.tar"
    subprocess.run([HERE / "parts/program-image.sh", archive, EXECUTOR, tools.CACHE / "bin/argoexec"],
                   check=True, capture_output=True)
    subprocess.run(["ctr", "--namespace", "k8s.io", "images", "import", archive], check=True,
                   capture_output=True)
    archive.unlink()
