"""What tests on the stand-in of an API server share: a small experiment, run by the command.

SWB_COMMAND is the swarmbench command, SWB_AGENT the agent.
"""
import base64
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import api_stand_in
import tools
from command import COMMAND, ROOT

AGENT = os.environ.get("SWB_AGENT", "swarmbench-agent")
MANAGED = {"app.kubernetes.io/managed-by": "swarmbench"}
EXPERIMENT = """
swarmbench: 1
name: follow
seed: 7
modes: {qbittorrent: {driver: qbittorrent}}
matrix: {file_size: [1MB], swarm: [{size: 2, seeders: 1}]}
deploy: {on: kubernetes, start_timeout: %s, close_timeout: 5s%s}
"""


class Case(unittest.TestCase):
    start_timeout = "20s"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = api_stand_in.Server(folder.name)
        self.store = self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.results = self.folder / "results.db"
        helm = tools.program("helm")  # on the PATH, where a runner in a cluster looks for it
        self.environment = {**os.environ, "KUBECONFIG": self.server.kubeconfig,
                            "PATH": f"{os.path.dirname(helm)}:{os.environ['PATH']}",
                            "SWARMBENCH_CHARTS": str(ROOT / "charts"),
                            "XDG_STATE_HOME": str(self.folder / "state")}
        self.environment.pop("SWARMBENCH_EXPERIMENT", None)

    def begin(self, deploy="", *arguments):
        path = self.folder / "experiment.yaml"
        path.write_text(EXPERIMENT % (self.start_timeout, deploy), encoding="utf-8")
        output = open(self.folder / "said", "w+", encoding="utf-8")
        self.addCleanup(output.close)
        process = subprocess.Popen([COMMAND, "run", path, "-o", self.results, "--work-dir",
                                    self.folder / "work", *arguments], env=self.environment,
                                   stdout=output, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def said(self):
        return (self.folder / "said").read_text(encoding="utf-8")

    def wait_until(self, what, check, seconds=30):
        deadline = time.monotonic() + seconds
        while not check():
            self.assertLess(time.monotonic(), deadline, f"not {what}: {self.said()}")
            time.sleep(0.02)

    def ends(self, process, code, seconds=60):
        try:
            self.assertEqual(process.wait(timeout=seconds), code, self.said())
        except subprocess.TimeoutExpired:
            self.fail(f"it goes on: {self.said()}")

    def serve(self, pod, root, secret):
        """The agent of a pod, with the token of a Secret."""
        token = self.folder / f"{pod}.token"
        token.write_bytes(base64.b64decode(self.store.objects["secrets", secret]["data"]["token"]))
        agent = subprocess.Popen([AGENT, "serve", "--root", root, "--token-file", token, "--port",
                                  "0", "--address", "127.0.0.1", "--interface", "lo"],
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(agent.stdout.close)
        self.addCleanup(agent.wait)
        self.addCleanup(agent.terminate)
        self.store.agents[pod] = f"http://127.0.0.1:{agent.stdout.readline().split()[-1]}"
