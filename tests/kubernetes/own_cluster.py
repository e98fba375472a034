"""A cluster that nobody else uses, in a network namespace of its own: its parts may be ended."""
import os
import subprocess
import sys

from test_cluster import HERE, IMAGES, cluster, run, skip, up

TOOLCHAIN = os.path.join(HERE, "toolchain.sh")

OWN = {"SWB_CLUSTER_STATE": "/run/swarmbench-own", "SWB_CLUSTER_DISK": "/var/lib/swarmbench-own",
       "SWB_CLUSTER_CGROUP": "swbown"}


def prepare(sets, images):
    """Brings what has to be fetched: there is no way out of the namespace."""
    done = run(TOOLCHAIN, *sets, check=False)
    if done.returncode == 3:
        skip(done.stderr.strip().splitlines()[-1])
    if images and os.getuid() == 0:  # who else cannot bring a cluster of real pods up, which tells
        run(IMAGES, *images)


def enter_namespace(sets, images=()):
    """Starts this program anew in its own network, once; with these sets of toolchain.sh, and these
    images built."""
    if os.environ.pop("SWB_IN_NAMESPACE", None) is None:
        prepare(sets, images)
        command = ["unshare", "--net"]
        if os.getuid() != 0:
            command += ["--user", "--map-current-user", "--keep-caps"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
            skip("this machine lets nobody make a network namespace")
        os.environ["SWB_IN_NAMESPACE"] = "1"
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    run("ip", "link", "set", "lo", "up")


def bring_up(*arguments):
    """As cluster.sh up; leave() ends it. One that SWB_CLUSTER_STATE names is used and left."""
    os.environ.pop("KUBECONFIG", None)
    os.environ.update({} if "SWB_CLUSTER_STATE" in os.environ else {**OWN, "SWB_LEAVE": "1"})
    up(*arguments)


def leave():
    if os.environ.pop("SWB_LEAVE", None):
        os.environ.pop("KUBECONFIG", None)
        cluster("down")
