#!/usr/bin/env python3
"""Programs beside a swarm, and the experiments of examples/multi-deployment, on real clients."""
import json
import os
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

import command
from command import BAD_INPUT, DONE, ENVIRONMENT, ROOT, RUNS_FAILED, swarmbench

try:
    import yaml_core
except ImportError:
    yaml_core = None

EXAMPLES = ROOT / "examples/multi-deployment"
GOWAKU = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"),
                      "swarmbench/gowaku/waku")
CLIENTS = ("deluged", "opentracker")
WEB = {"name": "web", "driver": "exec", "binary": "python3", "count": 2,
       "arguments": ["-m", "http.server", "--bind", "{address}", "--directory", "{home}",
                     "{api_port}"],
       "files": {"hello": "I am {name}",
                 "metrics": '# TYPE served counter\nserved_total{what="a b"} 3\nother 1\n'},
       "ready": {"path": "/"}, "metrics": {"path": "/metrics", "names": ["served_total"]}}
HELLO = {"at": "100ms", "group": "web", "times": 3, "every": "100ms",
         "http": {"path": "/hello"}, "contains": "I am {name}"}


def without(experiment, **wanted):
    """The actions of an experiment's modes but those that have these values."""
    for mode in experiment["modes"].values():
        mode["actions"] = [action for action in mode["actions"]
                           if any(action.get(key) != value for key, value in wanted.items())]


@unittest.skipUnless(yaml_core, "PyYAML is not installed")
@unittest.skipUnless(all(map(shutil.which, CLIENTS)), f"one of {', '.join(CLIENTS)} is not installed")
class Beside(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        self.database = self.folder / "r.db"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"),
                            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    def offer(self, name, program):
        (self.folder / "bin" / name).symlink_to(program)

    def perform(self, experiment):
        path = self.folder / "experiment.yaml"
        path.write_text(json.dumps(experiment))
        return swarmbench("run", path, "-o", self.database, "--work-dir", self.folder / "work",
                          env=self.environment, timeout=300)

    def example(self, name):
        experiment = yaml_core.load((EXAMPLES / name).read_text())
        experiment.pop("matrix", None)
        return {**experiment, "file_size": "5MB", "size": 2, "seeders": 1, "repetitions": 1,
                "retries": 0}

    def small(self, **mode):
        return {"swarmbench": 1, "name": "beside", "seed": 7, "file_size": "5MB", "size": 2,
                "repetitions": 1, "retries": 0, "modes": {"m": {"driver": "deluge", **mode}}}

    def rows(self, query):
        with sqlite3.connect(self.database) as database:
            return database.execute(query).fetchall()

    def events(self, kind):
        return self.rows("select name, text from event join node using (run, node) "
                         f"where kind = '{kind}' order by event.id")

    def report(self):
        return json.loads(swarmbench("report", self.database, "--format", "json").stdout)

    def finding(self, key):
        return self.report()["experiments"][0][key]

    def assert_done(self, result):
        self.assertEqual(result.returncode, DONE, result.stdout + result.stderr)
        verified = self.rows("select verified from download")
        self.assertEqual(verified, [(1,)] * len(verified))
        self.assertTrue(verified)

    def test_requests_are_made_on_time_and_metrics_are_kept(self):
        absent = {"at": "0s", "group": "web", "node": 1, "http": {"path": "/absent"}, "expect": 404}
        self.assert_done(self.perform(self.small(beside=[WEB], actions=[HELLO, absent])))
        actions = self.events("action")
        self.assertEqual(sorted(name for name, _ in actions),
                         ["web-00"] * 3 + ["web-01"] * 4)
        for name, text in actions:
            path = "/absent" if "status=404" in text else "/hello"
            self.assertRegex(text, r"^status=(200|404) at_ms=\d+\.\d{3} late_ms=\d+\.\d{3} "
                                   rf"latency_ms=\d+\.\d{{3}} GET {path}$")
        self.assertEqual(set(self.events("metric")),
                         {(name, 'served_total{what="a b"} 3') for name in ("web-00", "web-01")})
        rows = {row["request"]: row for row in self.finding("actions")}
        self.assertEqual({request: (row["requests"], row["failed"])
                          for request, row in rows.items()},
                         {"GET /hello": (6, 0), "GET /absent": (1, 0)})
        self.assertGreaterEqual(rows["GET /hello"]["slowest, ms"],
                                rows["GET /hello"]["median, ms"])
        self.assertGreater(rows["GET /hello"]["median, ms"], 0)
        metric, = self.finding("metrics_beside")
        self.assertEqual((metric["metric"], metric["least"], metric["most"],
                          metric["rise in a run, mean"]), ('served_total{what="a b"}', 3, 3, 0))
        sampled = self.rows("select role, cpu_ns > 0 from node where driver = 'exec'")
        self.assertEqual(sampled, [("service", 1)] * 2)

    def test_an_answer_that_is_not_as_expected_fails_the_run_and_says_which(self):
        wrong = {**HELLO, "contains": "I am somebody else"}
        result = self.perform(self.small(beside=[{**WEB, "count": 1}], actions=[wrong]))
        self.assertEqual(result.returncode, RUNS_FAILED, result.stdout + result.stderr)
        (state, cause), = self.rows("select state, cause from run")
        self.assertEqual(state, "failed")
        self.assertIn("action 1, GET /hello:", cause)
        self.assertIn("without 'I am somebody else' in its body", cause)
        row, = self.finding("actions")
        self.assertEqual((row["request"], row["failed"]), ("GET /hello", 1))

    def test_a_program_that_ends_by_itself_fails_the_run(self):
        short = {**WEB, "count": 1, "binary": "sh", "ready": {},
                 "arguments": ["-c", "sleep 1; echo had enough >&2; exit 3"], "metrics": {}}
        late = {**HELLO, "at": "20s", "times": 1}
        result = self.perform(self.small(beside=[short], actions=[late]))
        self.assertEqual(result.returncode, RUNS_FAILED, result.stdout + result.stderr)
        self.assertEqual(self.rows("select exit_code from node where driver = 'exec'"), [(3,)])

    def test_a_program_that_is_not_there_is_told_before_anything_starts(self):
        result = self.perform(self.small(beside=[{**WEB, "binary": "no-such-program"}]))
        self.assertEqual(result.returncode, ENVIRONMENT, result.stdout + result.stderr)
        self.assertIn("no-such-program", result.stderr)

    def test_nodes_that_run_already_have_none_beside_them(self):
        deploy = {"on": "attach", "nodes": [
            {"url": f"https://127.0.0.1:{port}", "content_dir": str(self.folder), "user": "u",
             "password_env": "HOME"} for port in (8081, 8082)]}
        result = self.perform({**self.small(beside=[WEB]), "deploy": deploy})
        self.assertEqual(result.returncode, BAD_INPUT, result.stdout + result.stderr)
        self.assertIn("node 'web-00' is to be started beside the swarm", result.stderr)

    @unittest.skipUnless(shutil.which("qbittorrent-nox"), "qbittorrent-nox is not installed")
    def test_deluge_and_qbittorrent_share_a_swarm(self):
        self.assert_done(self.perform({**self.example("deluge-with-qbittorrent.yaml"), "size": 4,
                                       "seeders": 2}))
        drivers = self.rows("select mode, role, driver, count(*) from node join run on run.id = run "
                            "where role <> 'service' group by 1, 2, 3 order by 1, 2")
        self.assertEqual(drivers, [("deluge-seeds", "leecher", "qbittorrent", 2),
                                   ("deluge-seeds", "seeder", "deluge", 2),
                                   ("qbittorrent-seeds", "leecher", "deluge", 2),
                                   ("qbittorrent-seeds", "seeder", "qbittorrent", 2)])

    @unittest.skipUnless(GOWAKU.exists(),
                         f"{GOWAKU} is not built: examples/multi-deployment/build-gowaku.sh")
    def test_gowaku_nodes_pass_on_messages_beside_a_swarm(self):
        self.offer("waku", GOWAKU)
        self.assert_done(self.perform(self.example("gowaku.yaml")))
        self.assertTrue(all("status=200" in text for _, text in self.events("action")))
        known = {row["metric"].split("{")[0] for row in self.finding("metrics_beside")}
        self.assertIn("waku_connected_peers", known)
        connected = [float(text.split()[-1]) for name, text in self.events("metric")
                     if text.startswith("waku_connected_peers ")]
        self.assertEqual(max(connected), 1)

    def test_nwaku_is_asked_as_its_api_wants_beside_gowaku(self):
        """The program of nwaku is not to be had here: a stand-in takes its command line and its
        requests. It does not gossip, so each has its own messages only."""
        experiment = self.example("nwaku-beside-gowaku.yaml")
        mode = experiment["modes"]["nwaku-beside-gowaku"]
        self.offer("wakunode2", ROOT / "tests/support/nwaku-stand-in")
        without(experiment, group="gowaku", contains='"ZnJvbSBud2FrdQ=="')
        for action in mode["actions"]:
            if action["group"] == "nwaku" and "contains" in action:
                action["contains"] = '"ZnJvbSBud2FrdQ=="'
        if GOWAKU.exists():
            self.offer("waku", GOWAKU)
        else:
            print("gowaku is not built, and so is not there")
            mode["beside"] = [group for group in mode["beside"] if group["name"] != "gowaku"]
            mode["actions"] = [action for action in mode["actions"] if action["group"] == "nwaku"
                               and "peers" not in action["http"]["path"]]
        self.assert_done(self.perform(experiment))
        self.assertEqual(self.rows("select version, stand_in from node where name like 'nwaku%'"),
                         [("v0.35.1-stand-in", 1)])
        asked = [text.split(" ", 4)[4] for name, text in self.events("action")
                 if name.startswith("nwaku")]
        self.assertEqual(asked[0], "POST /relay/v1/subscriptions")
        self.assertEqual(asked[-1], "GET /relay/v1/messages/%2Fwaku%2F2%2Frs%2F66%2F0")
        metrics = dict(text.rsplit(" ", 1) for name, text in self.events("metric")
                       if name.startswith("nwaku"))
        self.assertEqual(metrics['waku_node_messages_total{type="relay"}'], "1")


if __name__ == "__main__":
    command.main()
