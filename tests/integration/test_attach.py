#!/usr/bin/env python3
"""Attached nodes: they run before, between and after the runs, and nothing is left on them."""
import csv
import http.server
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import command
import running_nodes
from codex_stand_in import testing
from command import BAD_INPUT, COMMAND, DONE, ENVIRONMENT, RUNS_FAILED, swarmbench

CLIENTS = [name for name in ("deluged", "qbittorrent-nox") if shutil.which(name) is None]

CODE = {"data": 4, "parity": 2}
CHAIN = {"eth_provider": "ws://127.0.0.1:8545",
         "account": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"}
EXPERIMENT = """swarmbench: 1
name: attached
modes: {modes}
{settings}
retries: 0
allow_stand_in: true
limits: {{seed: 120s, run: 120s, stall: 20s, ready: 90s}}
deploy: {deploy}
"""


def settings(**values):
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in values.items())


class Tracker(http.server.BaseHTTPRequestHandler):
    """A tracker that runs already: it knows who announced, by infohash."""
    peers = {}

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, encoding="latin-1")
        known = self.peers.setdefault(query["info_hash"][0], set())
        known.add(socket.inet_aton(self.client_address[0]) +
                  int(query["port"][0]).to_bytes(2, "big"))
        peers = b"".join(sorted(known))
        body = b"d8:intervali2e5:peers%d:%se" % (len(peers), peers)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Attached(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = self.folder / "r.db"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"),
                            "TEST_PASSWORD": running_nodes.PASSWORD}

    def write(self, modes, rows, name="attached.yaml", **values):
        path = self.folder / name
        deploy = json.dumps({"on": "attach", "nodes": rows})
        path.write_text(EXPERIMENT.format(modes=json.dumps(modes), deploy=deploy,
                                          settings=settings(**values)))
        return path

    def arguments(self, experiment):
        return ("run", str(experiment), "-o", str(self.database), "--work-dir",
                str(self.folder / "work"))

    def run_experiment(self, experiment, expected=DONE):
        result = swarmbench(*self.arguments(experiment), env=self.environment, timeout=300)
        self.assertEqual(result.returncode, expected, result.stderr + result.stdout)
        return result

    def query(self, text):
        database = sqlite3.connect(self.database)
        self.addCleanup(database.close)
        return database.execute(text).fetchall()

    def cause(self):
        (status, cause), = self.query("SELECT status, cause FROM run")
        return f"{status}: {cause}"

    def downloads(self):
        result = swarmbench("export", self.database, "--table", "downloads", "--format", "csv")
        return list(csv.DictReader(io.StringIO(result.stdout)))

    def assert_whole(self, count, source=None):
        rows = self.downloads()
        self.assertEqual(len(rows), count)
        for row in rows:
            self.assertEqual((row["status"], row["verified"]), ("SWB_OK", "1"), row)
            self.assertLessEqual(int(row["first_byte_hi_ns"]), int(row["completion_hi_ns"]), row)
            if source is not None:
                self.assertEqual((row["first_byte_source"], row["completion_source"]),
                                 (source, source), row)

    def assert_decoded(self, count):
        """So many downloads are of the library's code, each of four parts used."""
        self.assertEqual(self.query("SELECT DISTINCT coding FROM run"), [("4+2 by library",)])
        used = self.query("SELECT count(*) FROM part WHERE fate = 'used' GROUP BY run, node")
        self.assertEqual(used, [(4,)] * count)
        decoded = self.query("SELECT count(*) FROM download WHERE decode_ns > 0")
        self.assertEqual(decoded, [(count,)])

    def assert_no_journal(self):
        journals = list((self.folder / "state/swarmbench").glob("*.journal"))
        self.assertEqual([path.read_text() for path in journals], [])

    def start(self, experiment):
        process = subprocess.Popen([COMMAND, *self.arguments(experiment)], env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        return process

    def clean(self, *more):
        result = swarmbench("clean", *more, env=self.environment)
        self.assertEqual((result.returncode, result.stderr), (DONE, ""))
        return result.stdout


class OnCodex(Attached):
    """Stand-in nodes, started here and never by the runner."""

    def swarm(self, count, generation="codex", **options):
        first = self.node("0", generation, **options)
        spr = first.spr()
        self.nodes = [first] + [self.node(str(i), generation, bootstrap=spr, **options)
                                for i in range(1, count)]
        for node in self.nodes:
            self.assertTrue(testing.until(lambda node=node:
                                          node.metric("libp2p_peers") == count - 1))
        return self.nodes

    def node(self, name, generation, **options):
        node = testing.Node(self.folder / f"{generation}-{name}", generation, **options)
        self.addCleanup(testing.SwarmTest._end, node)
        return node

    def row(self, node, **more):
        return {"url": f"http://127.0.0.1:{node.api}",
                "metrics": f"http://127.0.0.1:{node.metrics_port}", **more}

    def assert_empty(self):
        for node in self.nodes:
            self.assertIsNone(node.process.poll())
            self.assertEqual(node.json("/data"), {"content": []})
            self.assertEqual(node.json("/space")["quotaUsedBytes"], 0)

    def check_generation(self, generation):
        nodes = self.swarm(4, generation)
        modes = {"stream": {"driver": "codex"},
                 "background": {"driver": "codex", "download": "background"}}
        rows = [self.row(node, mode=mode) for mode in modes for node in nodes]
        rows[0]["pid"] = nodes[0].process.pid
        experiment = self.write(modes, rows, file_size="2MB", size=4, seeders=1, seeder_sets=2,
                                repetitions=2)
        self.run_experiment(experiment)
        self.assert_whole(2 * 2 * 2 * 3)
        self.assert_empty()
        self.assert_no_journal()
        self.check_rows(2 * 2 * 2)

    def check_rows(self, runs):
        nodes = self.query("SELECT warm, address, wire_in_bytes, payload_sent, cpu_ns IS NOT NULL,"
                           " role, run FROM node")
        self.assertEqual(len(nodes), runs * 4)
        self.assertEqual({row[:2] for row in nodes}, {(1, "127.0.0.1")})
        # One of the nodes has a pid, in one of the modes.
        self.assertEqual(sum(row[4] for row in nodes), runs // 2)
        # Counters are the run's own, though the nodes' go on.
        for row in nodes:
            self.assertLess(row[2], 3 * 2_000_000)
            self.assertLess(row[3], 4 * 2_000_000)
            if row[5] == "leecher":
                self.assertGreater(row[2], 2_000_000)
        self.assertIn(("node_state", "warm: attached nodes run before, between and after the runs"),
                      self.query("SELECT name, value FROM environment"))
        report = swarmbench("report", self.database).stdout
        self.assertIn("The nodes were attached", report)

    def test_older_nodes_with_both_ways_to_download(self):
        self.check_generation("codex")

    def test_newer_nodes_with_both_ways_to_download(self):
        self.check_generation("storage")

    def test_roles_of_rows_are_kept_to(self):
        nodes = self.swarm(3)
        rows = [self.row(nodes[0]), self.row(nodes[1], role="seeder"), self.row(nodes[2])]
        self.run_experiment(self.write({"c": {"driver": "codex"}}, rows, file_size="1MB", size=3,
                                       seeders=1, seeder_sets=3, repetitions=1))
        self.assert_whole(6)
        self.assertGreater(nodes[1].metric("codex_block_exchange_blocks_sent_total"), 0)
        self.assertEqual(self.query("SELECT count(*) FROM event WHERE kind = 'warning'"), [(0,)])
        self.assert_empty()

    def test_content_goes_where_a_run_fails(self):
        nodes = self.swarm(2)
        nodes[0].faults(stop_serving=True)
        nodes[1].faults(stop_serving=True)
        experiment = self.write({"c": {"driver": "codex"}}, [self.row(n) for n in nodes],
                                file_size="1MB", size=2, repetitions=1)
        experiment.write_text(experiment.read_text().replace("stall: 20s", "stall: 2s"))
        self.run_experiment(experiment, RUNS_FAILED)
        self.assertIn("no leecher made progress", self.cause())
        self.assert_empty()
        self.assert_no_journal()

    def test_content_goes_where_a_run_is_interrupted(self):
        process = self.stalled_run()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), command.INTERRUPTED)
        self.assert_empty()
        self.assert_no_journal()

    def stalled_run(self):
        """A runner whose seeder has the content, while its leecher waits for it."""
        nodes = self.swarm(2)
        for node in nodes:
            node.faults(stop_serving=True)
        rows = [self.row(nodes[0], role="seeder"), self.row(nodes[1], role="leecher")]
        process = self.start(self.write({"c": {"driver": "codex"}}, rows, file_size="1MB", size=2,
                                        repetitions=1))
        self.assertTrue(testing.until(lambda: nodes[0].json("/data")["content"], 30))
        time.sleep(1)
        return process

    def test_clean_tells_what_a_killed_runner_left(self):
        process = self.stalled_run()
        cid = self.nodes[0].json("/data")["content"][0]["cid"]
        process.kill()
        process.wait()
        for node in self.nodes:
            node.faults(stop_serving=False)
        # The next runner leaves the news to `clean`.
        self.database = self.folder / "second.db"
        rows = [self.row(node) for node in self.nodes]
        result = self.run_experiment(self.write({"d": {"driver": "codex"}}, rows, "second.yaml",
                                                file_size="1MB", size=2, repetitions=1))
        self.assertIn("a runner that died left 2 contents on attached nodes", result.stderr +
                      result.stdout)
        told = self.clean("--dry-run")
        self.assertEqual(self.clean(), told.replace("would be ", ""))
        for node in self.nodes:
            self.assertIn(f"http://127.0.0.1:{node.api} (codex) {cid}\n", told)
        self.assertNotIn(running_nodes.PASSWORD, told)
        self.assertEqual(self.clean(), "nothing to clean\n")

    def test_node_that_is_lost_in_mid_run(self):
        process = self.stalled_run()
        self.nodes[1].process.kill()
        self.assertEqual(process.wait(timeout=60), RUNS_FAILED)
        self.assertRegex(self.cause(), "SWB_E(CONNECT|TRUNCATED|IO): leech: ")
        warning, = self.query("SELECT text FROM event WHERE kind = 'warning'")
        self.assertRegex(warning[0], "content z[A-Za-z0-9]+ stays on the node: remove: .*connect")
        self.assertEqual(self.nodes[0].json("/data"), {"content": []})
        self.assertIn(f"http://127.0.0.1:{self.nodes[1].api} (codex) z", self.clean())

    def test_seeder_that_is_lost_in_mid_run(self):
        process = self.stalled_run()
        self.nodes[0].process.kill()
        self.assertEqual(process.wait(timeout=90), RUNS_FAILED)
        lost, = self.query("SELECT text FROM event WHERE kind = 'exited'")
        self.assertRegex(lost[0], f"the node at http://127.0.0.1:{self.nodes[0].api} is out of "
                                  "reach: .*connect")

    def test_parts_of_the_library_on_both_generations(self):
        for generation in ("codex", "storage"):
            with self.subTest(generation):
                self.swarm(5, generation)
                modes = {"stream": {"driver": "codex", "erasure": CODE},
                         "background": {"driver": "codex", "download": "background",
                                        "erasure": CODE}}
                rows = [self.row(node, mode=mode) for mode in modes for node in self.nodes]
                self.database = self.folder / f"{generation}.db"
                self.run_experiment(self.write(modes, rows, file_size="2MB", size=5, seeders=2,
                                               repetitions=2))
                self.assert_whole(2 * 2 * 3)
                self.assert_decoded(2 * 2 * 3)
                self.assert_empty()
                self.assert_no_journal()

    def test_code_of_the_nodes_own(self):
        self.swarm(4, command=("persistence", f"--eth-provider={CHAIN['eth_provider']}",
                               f"--eth-account={CHAIN['account']}"))
        mode = {"driver": "codex", **CHAIN, "erasure": {**CODE, "via": "storage-request"}}
        self.run_experiment(self.write({"request": mode}, [self.row(node) for node in self.nodes],
                                       file_size="2MB", size=4, seeders=1, repetitions=2))
        self.assert_whole(2 * 3)
        self.assertEqual(self.query("SELECT DISTINCT coding FROM run"),
                         [("4+2 by storage-request",)])
        self.assertEqual(self.query("SELECT count(*) FROM node WHERE stored_bytes > 2800000"
                                    " AND code_end_ns > code_begin_ns"), [(2,)])
        self.assert_no_journal()

    def test_parts_go_where_a_run_is_interrupted(self):
        nodes = self.swarm(3)
        for node in nodes:
            node.faults(stop_serving=True)
        rows = [self.row(node, role=role) for node, role in
                zip(nodes, ("seeder", "leecher", "leecher"))]
        process = self.start(self.write({"c": {"driver": "codex", "erasure": CODE}}, rows,
                                        file_size="1MB", size=3, repetitions=1))
        self.assertTrue(testing.until(lambda: len(nodes[0].json("/data")["content"]) == 6, 60))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), command.INTERRUPTED)
        self.assert_empty()
        self.assert_no_journal()

    def test_connection_that_is_refused(self):
        nodes = self.swarm(2)
        nodes[1].process.kill()
        nodes[1].process.wait()
        begin = time.monotonic()
        self.run_experiment(self.write({"c": {"driver": "codex"}}, [self.row(n) for n in nodes],
                                       file_size="1MB", size=2, repetitions=1), RUNS_FAILED)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertRegex(self.cause(), "SWB_ECONNECT: ready: .*127.0.0.1.*connect")


class Refusals(Attached):
    """Before anything starts, with the place in the file."""

    def refused(self, rows, place, says, mode="codex", size=2):
        path = self.folder / "bad.yaml"
        lines = "\n".join(f"    - {json.dumps(row)}" for row in rows)
        path.write_text(f"swarmbench: 1\nmodes: {{m: {{driver: {mode}}}}}\nfile_size: 1MB\n"
                        f"size: {size}\ndeploy:\n  on: attach\n  nodes:\n{lines}\n")
        result = swarmbench(*self.arguments(path), env=self.environment)
        self.assertEqual(result.returncode, BAD_INPUT, result.stderr)
        self.assertIn(f"bad.yaml:{place}: ", result.stderr)
        self.assertIn(says, result.stderr)
        self.assertFalse(self.database.exists())

    def test_too_few_nodes(self):
        self.refused([{"url": "http://127.0.0.1:1"}], "4:7", "mode 'm' needs 2 nodes, 1 of them as "
                     "seeders, but deploy.nodes has 1 for any role")

    def test_bad_urls(self):
        good = {"url": "http://127.0.0.1:1"}
        for url, says in (("127.0.0.1:8080", "is no URL"), ("ftp://h:1", "neither http:// nor"),
                          ("http://u:p@h:1", "holds no credentials"), ("http://h:1?x", "goes on"),
                          ("http://h:99999", "is no URL"), ("", "no url is given")):
            with self.subTest(url):
                place = "8:7" if url == "" else "8:15"
                self.refused([{"url": url}, good], place, says)

    def test_torrent_node_without_a_directory(self):
        row = {"url": "https://127.0.0.1:1", "user": "u", "password_env": "TEST_PASSWORD"}
        self.refused([row, row], "8:7", "could not be verified", "deluge")

    def test_plan_needs_no_password_but_a_run_does(self):
        rows = [{"url": f"http://127.0.0.1:{i}", "user": "u", "password_env": "NOT_SET_ANYWHERE"}
                for i in (1, 2)]
        path = self.write({"c": {"driver": "codex"}}, rows, file_size="1MB", size=2)
        self.assertEqual(swarmbench("plan", path).returncode, DONE)
        result = self.run_experiment(path, ENVIRONMENT)
        self.assertIn("node http://127.0.0.1:1: the environment variable NOT_SET_ANYWHERE",
                      result.stderr)


@unittest.skipIf(CLIENTS, f"not installed: {', '.join(CLIENTS)}")
class OnTorrentClients(Attached):
    """Four daemons of each client."""

    def clients(self, deluges, qbittorrents):
        classes = [running_nodes.Deluge] * deluges + [running_nodes.Qbittorrent] * qbittorrents
        self.nodes = []
        for i, kind in enumerate(classes):
            self.nodes.append(kind(self.folder / f"{kind.driver}-{i}"))
            self.addCleanup(self.nodes[-1].end)
        return self.nodes

    def rows(self, **more):
        return [{**node.row, "group": node.driver, **more} for node in self.nodes]

    def assert_empty(self):
        for node in self.nodes:
            self.assertIsNone(node.process.poll())
            self.assertEqual((node.files(), node.torrents()), ([], []), node.folder)

    def check_mixed(self, tracker, **more):
        self.clients(4, 4)
        mode = {"groups": [{"driver": "deluge", "share": 0.5},
                           {"driver": "qbittorrent", "share": 0.5}], **tracker}
        self.run_experiment(self.write({"mixed": mode}, self.rows(**more), file_size="4MB", size=8,
                                       seeders=2, repetitions=2))
        self.assert_whole(2 * 6)
        self.assert_empty()
        self.assert_no_journal()
        self.assertNotIn(running_nodes.PASSWORD.encode(), self.database.read_bytes())

    @unittest.skipIf(shutil.which("opentracker") is None, "not installed: opentracker")
    def test_two_runs_in_a_row_with_a_tracker(self):
        self.check_mixed({})
        sources = {row["completion_source"] for row in self.downloads()}
        self.assertNotIn("api", sources)

    def test_two_runs_in_a_row_with_introduced_peers(self):
        self.check_mixed({"tracker": "none"}, watch=False)
        self.assert_whole(2 * 6, "api")
        for row in self.downloads():
            self.assertLess(int(row["completion_hi_ns"]) - int(row["completion_lo_ns"]),
                            1_000_000_000, row)

    def test_tracker_that_runs_already(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/announce"
        self.clients(2, 0)
        rows = [{**node.row, "role": role} for node, role in zip(self.nodes, ("leecher", "seeder"))]
        self.run_experiment(self.write({"m": {"driver": "deluge", "tracker": url}}, rows,
                                       file_size="1MB", size=2, repetitions=1))
        self.assert_whole(1)
        self.assertEqual([len(peers) for peers in Tracker.peers.values()], [2])
        self.assertEqual(self.query("SELECT count(*) FROM node WHERE role = 'service'"), [(0,)])
        self.assert_empty()

    def check_parts(self, watch):
        self.clients(4, 4)
        modes = {name: {"driver": name, "tracker": "none", "erasure": CODE}
                 for name in ("deluge", "qbittorrent")}
        rows = [{**node.row, "mode": node.driver, "watch": watch} for node in self.nodes]
        self.run_experiment(self.write(modes, rows, file_size="4MB", size=4, seeders=2,
                                       repetitions=2))
        self.assert_whole(2 * 2 * 2)
        self.assert_decoded(2 * 2 * 2)
        self.assert_empty()
        self.assert_no_journal()

    def test_parts_of_an_erasure_code_in_files_that_are_watched(self):
        self.check_parts(True)

    def test_parts_of_an_erasure_code_as_the_clients_tell(self):
        self.check_parts(False)

    def pair(self, kind):
        self.clients(*kind)
        return self.write({"m": {"driver": self.nodes[0].driver, "tracker": "none"}},
                          [node.row for node in self.nodes], file_size="1MB", size=2,
                          repetitions=1)

    def test_wrong_passwords(self):
        for kind in ((2, 0), (0, 2)):
            experiment = self.pair(kind)
            self.environment["TEST_PASSWORD"] = "wrong"
            self.database = self.folder / f"{self.nodes[0].driver}.db"
            self.run_experiment(experiment, RUNS_FAILED)
            self.assertRegex(self.cause(), "SWB_EAUTH: ready: ")
            self.environment["TEST_PASSWORD"] = running_nodes.PASSWORD
            self.assert_empty()

    def test_client_that_is_lost_in_mid_run(self):
        self.clients(2, 0)
        rows = [{**node.row, "role": role}
                for node, role in zip(self.nodes, ("seeder", "leecher"))]
        experiment = self.write({"m": {"driver": "deluge", "tracker": "none"}}, rows,
                                file_size="1MB", size=2, repetitions=1)
        experiment.write_text(experiment.read_text().replace('"1MB"', '"200MB"'))
        process = self.start(experiment)
        self.assertTrue(testing.until(lambda: all(node.torrents() for node in self.nodes), 60))
        self.nodes[1].process.kill()
        self.assertEqual(process.wait(timeout=120), RUNS_FAILED)
        self.assertRegex(self.cause(), "SWB_EEXITED: the node at https://.* is out of reach: |"
                                       "SWB_E(CONNECT|TRUNCATED|IO): ")
        self.assertEqual((self.nodes[0].files(), self.nodes[0].torrents()), ([], []))
        self.assertEqual(self.nodes[1].files(), [])

    def test_clean_after_a_kill(self):
        experiment = self.pair((2, 0))
        experiment.write_text(experiment.read_text().replace('"1MB"', '"300MB"'))
        process = self.start(experiment)
        self.assertTrue(testing.until(lambda: all(node.torrents() for node in self.nodes), 60))
        process.kill()
        process.wait()
        infohash, = self.nodes[0].torrents()
        told = self.clean()
        self.assertIn("3 directories removed", told)
        for node in self.nodes:
            self.assertIn(f"{node.row['url']} (deluge) {infohash}\n", told)


if __name__ == "__main__":
    command.main()
