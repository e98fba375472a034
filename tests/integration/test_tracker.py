#!/usr/bin/env python3
"""swarmbench-tracker from outside: its API with the real opentracker behind it, hostile requests,
what becomes of it when either ends, and real clients that find each other by it."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest

import command

TRACKER = os.environ["SWB_TRACKER"]
TOKEN = "a-token-of-this-test"
REFUSED = b"d14:failure reason"
A, B = "aa" * 20, "bb" * 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Tracker:
    """A swarmbench-tracker with an opentracker of its own."""

    def __init__(self, folder):
        self.state = folder / "state"
        self.port = free_port()
        token = folder / "token"
        token.write_text(TOKEN + "\n")
        self.process = subprocess.Popen(
            [TRACKER, "--state", self.state, "--token-file", token, "--announce-port",
             str(self.port), "--control-port", "0"], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.control = int(line.rsplit(None, 1)[1])
        if not until(lambda: self.call("GET", "/v1/health")[1]["ready"]):
            raise RuntimeError("opentracker does not come up")

    def raw(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=20)
        try:
            connection.request(method, path, body, dict(headers))
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, token=TOKEN):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        status, text = self.raw(method, path, None if body is None else json.dumps(body), headers)
        return status, json.loads(text)

    def announce(self, infohash, port=1000, left=0, event=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        hashed = "".join("%" + infohash[i:i + 2] for i in range(0, 40, 2))
        more = f"&event={event}" if event else ""
        try:
            connection.request("GET", f"/announce?info_hash={hashed}&port={port}&left={left}{more}")
            return connection.getresponse().read()
        finally:
            connection.close()

    def below(self):
        """The process of opentracker."""
        pids = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(pids.read_text().split()[0])

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.process.stdout.close()


@unittest.skipIf(shutil.which("opentracker") is None, "not installed: opentracker")
class Control(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="swb-tracker-")
        self.addCleanup(folder.cleanup)
        self.tracker = Tracker(pathlib.Path(folder.name))
        self.addCleanup(self.tracker.end)
        self.call = self.tracker.call

    def statistics(self):
        status, found = self.call("GET", "/v1/statistics")
        self.assertEqual(status, 200, found)
        return found

    def test_nothing_but_health_without_the_token(self):
        requests = [("GET", "/v1/whitelist", None), ("PUT", f"/v1/whitelist/{A}", None),
                    ("PUT", "/v1/whitelist", {"infohashes": [A]}), ("GET", "/v1/statistics", None),
                    ("DELETE", f"/v1/whitelist/{A}", None), ("POST", "/v1/reset", None),
                    ("GET", "/v1/nothing", None)]
        for method, path, body in requests:
            for token in (None, "", "a-token-of-this-tesT", TOKEN + "x", TOKEN[:-1]):
                status, said = self.call(method, path, body, token)
                self.assertEqual((status, said["status"]), (401, "SWB_EAUTH"), (method, path, token))
        self.assertEqual(self.call("GET", "/v1/health", token=None)[0], 200)
        self.assertEqual(self.call("GET", "/v1/whitelist")[1], {"infohashes": []})
        self.assertTrue(self.tracker.announce(A).startswith(REFUSED))
        self.assertEqual(self.statistics()["resets"], 0)

    def test_whitelist_is_in_effect_when_the_call_returns(self):
        for _ in range(5):
            self.assertTrue(self.tracker.announce(A).startswith(REFUSED))
            status, said = self.call("PUT", f"/v1/whitelist/{A.upper()}")
            self.assertEqual((status, said), (200, {"infohashes": [A]}))
            self.assertIn(b"5:peers", self.tracker.announce(A))
            self.assertTrue(self.tracker.announce(B).startswith(REFUSED))
            self.assertEqual(self.call("DELETE", f"/v1/whitelist/{A}")[1], {"infohashes": []})
        self.assertTrue(self.tracker.announce(A).startswith(REFUSED))

    def test_whole_whitelist_is_replaced(self):
        self.call("PUT", f"/v1/whitelist/{A}")
        many = [f"{number:040x}" for number in range(500)]
        self.assertEqual(self.call("PUT", "/v1/whitelist", {"infohashes": many})[1],
                         {"infohashes": many})
        self.assertTrue(self.tracker.announce(A).startswith(REFUSED))
        for infohash in (many[0], many[250], many[499]):
            self.assertIn(b"5:peers", self.tracker.announce(infohash, left=1))
        found = self.statistics()
        self.assertEqual((found["whitelisted"], found["torrents"], found["leechers"]), (500, 3, 3))

    def test_bad_requests_are_told_and_change_nothing(self):
        self.call("PUT", f"/v1/whitelist/{A}")
        for method, path, body, expected in (
                ("PUT", "/v1/whitelist/xyz", None, 400),
                ("PUT", "/v1/whitelist/" + "g" * 40, None, 400),
                ("PUT", "/v1/whitelist/" + "a" * 65, None, 404),
                ("PUT", "/v1/whitelist/" + "%0a" * 40, None, 400),
                ("PUT", "/v1/whitelist/..%2f..", None, 404),
                ("DELETE", f"/v1/whitelist/{B}", None, 404),
                ("POST", f"/v1/whitelist/{A}", None, 405),
                ("PUT", "/v1/whitelist", None, 400),
                ("PUT", "/v1/whitelist", {"infohashes": "x"}, 400),
                ("PUT", "/v1/whitelist", {"infohashes": [7]}, 400),
                ("PUT", "/v1/whitelist", {"infohashes": [A + "\n" + B]}, 400),
                ("PUT", "/v1/whitelist", {"infohashes": [A] * 5000}, 400),
                ("PUT", "/v1/whitelist", {"infohashes": [], "more": 1}, 400)):
            status, said = self.call(method, path, body)
            self.assertEqual(status, expected, (path, body, said))
            self.assertNotEqual(said["message"], "")
        self.assertEqual(self.call("GET", "/v1/whitelist")[1], {"infohashes": [A]})

    def test_statistics_tell_what_clients_did_and_not_what_we_did(self):
        self.call("PUT", "/v1/whitelist", {"infohashes": [A, B]})
        self.assertEqual(self.statistics()["http"], {"announces": 0, "scrapes": 0})
        self.tracker.announce(A, 1001, 0)
        self.tracker.announce(A, 1002, 5)
        self.tracker.announce(A, 1002, 0, "completed")
        self.tracker.announce(B, 1003, 5)
        for _ in range(3):
            found = self.statistics()
            self.assertEqual(found["http"], {"announces": 4, "scrapes": 0})
            self.assertEqual([found[key] for key in ("torrents", "peers", "seeders", "leechers",
                                                     "completed")], [2, 3, 2, 1, 1])
        self.assertEqual(found["by_torrent"],
                         [{"infohash": A, "seeders": 2, "leechers": 0, "completed": 1},
                          {"infohash": B, "seeders": 0, "leechers": 1, "completed": 0}])

    def test_reset_forgets_peers_and_counters_and_keeps_the_whitelist(self):
        self.call("PUT", f"/v1/whitelist/{A}")
        self.tracker.announce(A)
        below = self.tracker.below()
        self.assertEqual(self.call("POST", "/v1/reset"), (200, {"resets": 1}))
        self.assertNotEqual(self.tracker.below(), below)
        found = self.statistics()
        self.assertEqual((found["torrents"], found["peers"], found["http"]["announces"]), (0, 0, 0))
        self.assertIn(b"5:peers", self.tracker.announce(A))

    def test_many_calls_at_once_all_end(self):
        def act(number):
            infohash = f"{number:040x}"
            return [self.call("PUT", f"/v1/whitelist/{infohash}")[0],
                    self.call("GET", "/v1/statistics")[0],
                    self.call("POST", "/v1/reset")[0] if number % 5 == 0 else 200]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            for codes in pool.map(act, range(20)):
                self.assertEqual(set(codes), {200})
        self.assertEqual(len(self.call("GET", "/v1/whitelist")[1]["infohashes"]), 20)
        self.assertIn(b"5:peers", self.tracker.announce(f"{19:040x}"))

    def test_opentracker_tells_statistics_to_us_alone(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.tracker.port, timeout=20)
        connection.request("GET", "/stats?mode=everything")
        self.assertNotEqual(connection.getresponse().status, 200)
        connection.close()

    def test_rubbish_on_the_control_port(self):
        for text in (b"\0" * 3000, b"GET " + b"/" * 60000 + b" HTTP/1.1\r\n\r\n",
                     b"PUT /v1/whitelist HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
                     b"POST /v1/reset HTTP/9.9\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.tracker.control), 2) as raw:
                try:
                    raw.sendall(text)
                    raw.shutdown(socket.SHUT_WR)
                    raw.recv(4096)
                except OSError:  # it is cut off, at any of these, or left waiting
                    pass
        self.assertEqual(self.call("GET", "/v1/health")[0], 200)
        self.assertEqual(self.statistics()["resets"], 0)

    def test_neither_outlives_the_other(self):
        below = self.tracker.below()
        self.tracker.process.kill()
        self.tracker.process.wait(timeout=20)
        self.assertTrue(until(lambda: not is_alive(below)))

    def test_end_of_opentracker_is_ours_and_ours_is_its(self):
        below = self.tracker.below()
        os.kill(below, signal.SIGKILL)
        self.assertEqual(self.tracker.process.wait(timeout=20), 3)

    def test_end_on_request(self):
        below = self.tracker.below()
        self.tracker.process.terminate()
        self.assertEqual(self.tracker.process.wait(timeout=20), 0)
        self.assertTrue(until(lambda: not is_alive(below)))

    @unittest.skipIf(os.geteuid() != 0, "not root")
    def test_root_is_given_up(self):
        for pid in (self.tracker.process.pid, self.tracker.below()):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertIn("Uid:\t65534\t65534\t65534\t65534", status)


class Arguments(unittest.TestCase):
    def run_with(self, *arguments):
        done = subprocess.run([TRACKER, *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_what_is_refused(self):
        with tempfile.TemporaryDirectory(prefix="swb-tracker-") as folder:
            token = pathlib.Path(folder, "token")
            token.write_text(TOKEN)
            good = ("--state", f"{folder}/state", "--token-file", str(token), "--control-port", "0")
            self.assertEqual(self.run_with()[0], 2)
            for more, code, said in (
                    (("--announce-port", "0"), 2, "'0' is no port: 1 to 65535"),
                    (("--control-port", "x"), 2, "'x' is no port"),
                    (("--address", "nowhere"), 2, "'nowhere' is no IP address"),
                    (("--token-file", f"{folder}/none"), 3, "none"),
                    (("--opentracker", f"{folder}/none"), 3, "no program")):
                found = self.run_with(*good, *more)
                self.assertEqual(found[0], code, found)
                self.assertIn(said, found[1])
            pathlib.Path(folder, "ot").symlink_to(shutil.which("false"))
            found = self.run_with(*good, "--opentracker", os.path.relpath(f"{folder}/ot"))
            self.assertIn("opentracker ended, exit code 1", found[1])  # it was found, and is none
            token.write_text("short")
            self.assertEqual(self.run_with(*good),
                             (2, "swarmbench-tracker: the token must have at least 16 bytes\n"))
        self.assertEqual(self.run_with("version")[0], 0)


@unittest.skipIf(any(shutil.which(program) is None for program in
                     ("deluged", "qbittorrent-nox", "opentracker")),
                 "not installed: deluged, qbittorrent-nox or opentracker")
class Swarm(unittest.TestCase):
    def test_clients_find_each_other_and_its_statistics_are_kept(self):
        with tempfile.TemporaryDirectory(prefix="swb-tracker-") as folder:
            experiment = pathlib.Path(folder, "experiment.yaml")
            service = {"driver": "tracker"}
            experiment.write_text(json.dumps({
                "swarmbench": 1, "name": "tracked", "seed": 5,
                "modes": {"mixed": {"groups": [{"driver": "deluge", "share": 0.5},
                                               {"driver": "qbittorrent", "share": 0.5}],
                                    "tracker": service},
                          "parts": {"driver": "deluge", "tracker": service,
                                    "erasure": {"data": 2, "parity": 1}}},
                "baseline": "mixed", "matrix": {"file_size": ["2MB"], "size": [4], "seeders": [1]},
                "repetitions": 1, "retries": 0, "limits": {"stall": "60s"},
                "deploy": {"on": "local"}}))
            results = pathlib.Path(folder, "results.db")
            done = command.swarmbench("run", experiment, "-o", results,
                                      env={**os.environ, "SWARMBENCH_TRACKER": TRACKER},
                                      timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with sqlite3.connect(results) as database:
                self.assertEqual(database.execute("SELECT DISTINCT status, verified FROM download")
                                 .fetchall(), [("SWB_OK", 1)])
                told = database.execute(
                    "SELECT run.mode, event.text FROM event JOIN run ON run.id = event.run "
                    "WHERE kind = 'metric'").fetchall()
                versions = database.execute("SELECT DISTINCT version FROM node "
                                            "WHERE driver = 'tracker'").fetchall()
            self.assertRegex(versions[0][0], r"^\d+\.\d+\.\d+$")
            counts = {(mode, text.rsplit(" ", 1)[0]): float(text.rsplit(" ", 1)[1])
                      for mode, text in told}
            self.assertEqual(counts["mixed", "torrents"], 1)
            self.assertEqual(counts["mixed", 'peers{state="seeder"}'], 4)
            self.assertEqual(counts["mixed", "completed_total"], 3)
            self.assertEqual(counts["parts", "torrents"], 3)
            self.assertGreaterEqual(counts["mixed", 'announces_total{by="http"}'], 4)


if __name__ == "__main__":
    command.main()
