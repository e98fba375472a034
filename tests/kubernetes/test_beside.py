"""Programs beside a swarm on pods of a real cluster, and two clients in one swarm.

SWB_COMMAND is the swarmbench command.
"""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import unittest

from test_cluster import VERSION, kubectl, up_for_module

HERE = pathlib.Path(__file__).resolve().parent
COMMAND = os.environ.get("SWB_COMMAND", "swarmbench")
CHARTS = HERE.parent.parent / "charts"
EXAMPLE = HERE.parent.parent / "examples/multi-deployment/deluge-with-qbittorrent.yaml"
NAMESPACE = "swb-beside"
# An image with a Python: any program can be beside a swarm.
WEB = {"name": "web", "driver": "exec", "image": f"localhost/swarmbench/deluge:{VERSION}",
       "count": 2, "binary": "python3",
       "arguments": ["-m", "http.server", "--bind", "{address}", "--directory", "{home}",
                     "{api_port}"],
       "files": {"hello": "I am {name} at {address}", "metrics": "up 1\n"},
       "ready": {"path": "/"}, "metrics": {"path": "/metrics"}}
HELLO = {"at": "100ms", "group": "web", "times": 2, "every": "200ms",
         "http": {"path": "/hello"}, "contains": "I am {name} at {address}"}


def setUpModule():
    up_for_module("deluge", "qbittorrent", "opentracker", "agent")
    kubectl("create", "namespace", NAMESPACE, check=False)


def tearDownModule():
    kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)


class Beside(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.results = self.folder / "r.db"

    def perform(self, text):
        path = self.folder / "experiment.yaml"
        path.write_text(text)
        environment = {**os.environ, "SWARMBENCH_CHARTS": str(CHARTS),
                       "XDG_STATE_HOME": str(self.folder / "state")}
        done = subprocess.run([COMMAND, "run", path, "-o", self.results, "--work-dir",
                               self.folder / "work"], env=environment, text=True, timeout=400,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    def rows(self, query):
        with sqlite3.connect(self.results) as database:
            return database.execute(query).fetchall()

    def experiment(self, reach, **web):
        mode = {"driver": "qbittorrent", "beside": [{**WEB, **web}], "actions": [HELLO]}
        return json.dumps({"swarmbench": 1, "name": "beside", "seed": 7, "modes": {"m": mode},
                           "file_size": "10MB", "size": 2, "repetitions": 1, "retries": 0,
                           "deploy": {"on": "kubernetes", "namespace": NAMESPACE,
                                      "reach": reach}})

    def test_a_program_in_its_image_is_asked_and_measured_beside_a_swarm(self):
        for reach in ("direct", "proxy"):
            with self.subTest(reach):
                code, said = self.perform(self.experiment(reach))
                self.assertEqual(code, 0, said)
                texts = [text for text, in self.rows("select text from event where kind = 'action'")]
                self.assertEqual(len(texts), 4)
                self.assertTrue(all(text.startswith("status=200 ") for text in texts), texts)
                self.assertEqual(set(self.rows("select node.name, text from event join node using "
                                               "(run, node) where kind = 'metric'")),
                                 {("web-00", "up 1"), ("web-01", "up 1")})
                self.assertEqual(self.rows("select verified from download"), [(1,)])
                nodes = self.rows("select address, cpu_ns > 0 from node where driver = 'exec'")
                self.assertEqual([used for _, used in nodes], [1, 1])
                self.assertEqual(len({address for address, _ in nodes}), 2)
                self.results.unlink()
        left = kubectl("get", "pods,services,statefulsets,secrets", "-n", NAMESPACE, "-l",
                       "app.kubernetes.io/managed-by=swarmbench", "-o", "name").stdout
        self.assertEqual(left, "")

    def test_a_program_without_an_image_is_refused_at_once(self):
        code, said = self.perform(self.experiment("direct", image=None).replace(
            '"image": null, ', ""))
        self.assertEqual(code, 3, said)
        self.assertIn("node 'web-00' of driver 'exec' has no image to run in", said)

    def test_deluge_seeds_and_qbittorrent_fetches(self):
        text = EXAMPLE.read_text()
        for pattern, place in ((r"file_size: .*", "file_size: 10MB"),
                               (r"repetitions: .*", "repetitions: 1"),
                               (r"deploy: .*", f"deploy: {{on: kubernetes, namespace: {NAMESPACE}, "
                                               "reach: direct}")):
            text, count = re.subn(pattern, place, text)
            self.assertEqual(count, 1)
        code, said = self.perform(text)
        self.assertEqual(code, 0, said)
        # A busy machine may have failed a run, which was then tried again.
        self.assertEqual(self.rows("select mode, min(verified) from download join run on "
                                   "run.id = run where state = 'done' group by 1 order by 1"),
                         [("deluge-seeds", 1), ("qbittorrent-seeds", 1)])
        self.assertEqual(self.rows("select distinct mode, role, driver from node join run on "
                                   "run.id = run where role <> 'service' order by 1, 2"),
                         [("deluge-seeds", "leecher", "qbittorrent"),
                          ("deluge-seeds", "seeder", "deluge"),
                          ("qbittorrent-seeds", "leecher", "deluge"),
                          ("qbittorrent-seeds", "seeder", "qbittorrent")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
