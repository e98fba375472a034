#!/usr/bin/env python3
"""swarmbench-agent and its launcher from outside: real clients beside it, and hostile requests."""
import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid

import command
from agent_pod import AGENT, LAUNCHER, TOKEN, Pod, Refused

SIZE = 10_000_000
SPEC = {"name": "content.bin", "seed": "7", "bytes": SIZE}

SETTINGS = """[LegalNotice]
Accepted=true
[Application]
FileLogger\\Enabled=false
[Network]
PortForwardingEnabled=false
[BitTorrent]
Session\\Preallocation=false
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\MultiConnectionsPerIp=true
Session\\SSRFMitigation=false
Session\\Port={data_port}
Session\\InterfaceAddress={address}
[Preferences]
Connection\\ResolvePeerCountries=false
WebUI\\Enabled=true
WebUI\\UseUPnP=false
WebUI\\LocalHostAuth=false
WebUI\\Address={address}
WebUI\\Port={api_port}
"""


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Client:
    """A qBittorrent in a pod, started through its agent."""

    def __init__(self, pod, address):
        self.pod = pod
        self.address = address
        self.api_port, self.data_port = free_port(address), free_port(address)

    def start(self):
        settings = SETTINGS.format(address=self.address, api_port=self.api_port,
                                   data_port=self.data_port)
        return self.pod.post("/v1/node/start", {
            "argv": ["qbittorrent-nox", f"--profile={self.pod.root}/home"],
            "entries": [{"path": "qBittorrent/config/qBittorrent.conf", "mode": 0o600,
                         "bytes": base64.b64encode(settings.encode()).decode()}]})

    def call(self, path, fields=None, torrent=None):
        boundary = uuid.uuid4().hex
        body = b""
        for name, value in (fields or {}).items():
            body += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"
                     f"{value}\r\n").encode()
        if torrent:
            body += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"torrents\"; "
                     f"filename=\"t.torrent\"\r\nContent-Type: application/x-bittorrent\r\n\r\n"
                     ).encode() + torrent + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        request = urllib.request.Request(f"http://{self.address}:{self.api_port}/api/v2/{path}")
        if fields:
            request.data = body
            request.add_header("Content-Type", f"multipart/form-data; boundary={boundary}")
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def await_ready(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.call("app/version")
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def add(self, torrent):
        self.call("torrents/add", {"savepath": f"{self.pod.root}/home/content"}, torrent)

    def await_state(self, infohash, states):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = json.loads(self.call("torrents/info", {"hashes": infohash}))
            if found and found[0]["state"] in states:
                return
            time.sleep(0.1)
        raise TimeoutError(f"{found} instead of {states}")


class WithPod(unittest.TestCase):
    def pod(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return self.enterContext(Pod(folder.name))

    def enterContext(self, manager):  # Python 3.11 has it, older ones do not
        result = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return result


@unittest.skipUnless(shutil.which("qbittorrent-nox"), "qbittorrent-nox is not installed")
class RealClients(WithPod):
    def test_file_goes_from_one_pod_to_another_and_is_verified(self):
        seeder = Client(self.pod(), "127.0.81.1")
        leecher = Client(self.pod(), "127.0.81.2")
        made = seeder.pod.job("/v1/torrent", {**SPEC, "write": True})
        self.assertEqual(made["status"], "SWB_OK")
        torrent = base64.b64decode(made["torrent"]["metainfo"])
        infohash = made["torrent"]["infohash"]
        for client in (seeder, leecher):
            self.assertEqual(client.start()["state"], "running")
        for client in (seeder, leecher):
            self.assertIn(b"v", client.await_ready())
        seeder.add(torrent)
        seeder.await_state(infohash, ("uploading", "stalledUP"))

        begin_ns = time.monotonic_ns()
        leecher.pod.post("/v1/watch", {**SPEC, "begin_ns": str(begin_ns)})
        before = leecher.pod.get("/v1/sample")
        leecher.add(torrent)
        leecher.await_state(infohash, ("downloading", "stalledDL", "uploading", "stalledUP"))
        leecher.call("torrents/addPeers", {"hashes": infohash,
                                           "peers": f"{seeder.address}:{seeder.data_port}"})
        events = leecher.pod.events_until("complete")
        end_ns = time.monotonic_ns()

        kinds = [event["kind"] for event in events]
        self.assertEqual((kinds[0], kinds[-1]), ("first_byte", "complete"))
        self.assertEqual(kinds.count("first_byte"), 1)
        moments = [(int(event["lo_ns"]), int(event["hi_ns"])) for event in events]
        for low, high in moments:
            self.assertLessEqual(low, high)
        self.assertGreaterEqual(moments[0][0], begin_ns)
        self.assertLessEqual(moments[0][1], moments[-1][1])
        self.assertLessEqual(moments[-1][1], end_ns)
        self.assertEqual(int(events[-1]["bytes"]), SIZE)

        leecher.await_state(infohash, ("uploading", "stalledUP"))
        self.assertEqual(leecher.pod.job("/v1/verify", SPEC)["status"], "SWB_OK")
        sample = leecher.pod.get("/v1/sample")
        self.assertGreater(int(sample["cpu_ns"]), int(before["cpu_ns"]))
        self.assertGreater(int(sample["rss_anon_bytes"]), 1_000_000)
        self.assertGreaterEqual(int(sample["wire_in_bytes"]) - int(before["wire_in_bytes"]), SIZE)

        for client in (leecher, seeder):
            state = client.pod.post("/v1/node/stop", {"grace_ms": 20000})
            self.assertEqual((state["state"], state["signal"]), ("exited", 0))

    def test_restarted_client_keeps_its_data(self):
        client = Client(self.pod(), "127.0.81.3")
        client.start()
        client.await_ready()
        self.assertEqual(client.pod.post("/v1/node/restart", {})["starts"], "2")
        client.await_ready()
        end = client.pod.events_until("exited")[-1]
        self.assertEqual((end["asked"], end["signal"]), (True, 9))


class Sampling(WithPod):
    def test_process_of_another_numbering_is_not_taken_for_the_node(self):
        pod = self.pod()
        node = pod.post("/v1/node/start", {"argv": ["sleep", "100"]})
        self.assertGreater(int(pod.get("/v1/sample")["rss_bytes"]), 0)
        # As if the launcher counted processes by itself: its number is one of ours, but another.
        state = pod.root / "launch/state"
        fields = state.read_text().split()
        self.assertEqual(fields[7], str(node["pid"]))
        fields[7] = "1"
        fields[8] = str(int(fields[8]) + 1)  # so that it is seen to be a new one
        (pod.root / "launch/other").write_text(" ".join(fields) + "\n")
        (pod.root / "launch/other").rename(state)
        deadline = time.monotonic() + 20
        while pod.get("/v1/node")["pid"] != 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        with self.assertRaises(Refused) as caught:
            pod.get("/v1/sample")
        self.assertEqual(caught.exception.status, 404)
        self.assertIn(b"shareProcessNamespace", caught.exception.body)


class Hostile(WithPod):
    def refused(self, status, call, *arguments, **named):
        with self.assertRaises(Refused) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status, status, caught.exception.body)
        return caught.exception.body

    def test_nothing_but_health_is_told_without_the_token(self):
        pod = self.pod()
        paths = ["/v1/clock", "/v1/node", "/v1/events", "/v1/sample", "/v1/log", "/v1/jobs/1",
                 "/", "/nothing", "/v1/../v1/node"]
        wrong = ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
                 f"Basic {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN}", "Bearer " + "a" * 4000]
        for path in paths:
            self.refused(401, pod.request, "GET", path, headers={"Authorization": "Bearer wrong"})
        for value in wrong:
            self.refused(401, pod.request, "GET", "/v1/node", headers={"Authorization": value})
        self.refused(401, pod.request, "POST", "/v1/content", json.dumps(SPEC).encode(),
                     headers={"Authorization": "Bearer wrong"})
        self.assertFalse(pod.content.exists())
        with urllib.request.urlopen(pod.url + "/v1/health", timeout=10) as reply:
            self.assertEqual(json.load(reply)["api"], 1)
        self.assertEqual(pod.request("GET", "/v1/clock",
                                     headers={"Authorization": "Basic x",
                                              "X-Swarmbench-Token": TOKEN})[:1], b"{")

    def test_paths_and_methods_that_are_not_there_are_refused(self):
        pod = self.pod()
        for path in ("/", "/v1", "/v1/", "/v1/node/", "/v1/jobs/", "/v1/jobs/x", "/v1/jobs/-1",
                     "/v1/jobs/1/2", "/v1/jobs/99999999999999999999", "/v1/node%2f", "//v1/node"):
            self.refused(404, pod.request, "GET", path)
        for method, path in (("DELETE", "/v1/node"), ("PUT", "/v1/content"), ("GET", "/v1/watch"),
                             ("POST", "/v1/events"), ("PATCH", "/v1/node/start")):
            self.refused(405, pod.request, method, path, b"{}")
        for query in ("tail=x", "tail=-1", "tail=1048577", "tail="):
            self.refused(400, pod.request, "GET", f"/v1/log?{query}")
        for query in ("after=x", "wait_ms=30001", "wait_ms=1e3", "instance=y"):
            self.refused(400, pod.request, "GET", f"/v1/events?{query}")

    def test_malformed_bodies_are_refused(self):
        pod = self.pod()
        bodies = [b"{", b"[]", b"null", b"1", b"\"x\"", b"{}x", b"{} {}", b"{\"name\":", b"\0",
                  b"{}\0", b"\xff\xfe", b"[" * 100_000, b"{\"a\":" * 100_000,
                  b"{\"name\":\"x\",\"name\":\"y\"}"]
        for path in ("/v1/content", "/v1/torrent", "/v1/verify", "/v1/watch", "/v1/node/start",
                     "/v1/node/signal"):
            for body in bodies:
                self.refused(400, pod.request, "POST", path, body)
        self.assertEqual(pod.get("/v1/node")["state"], "idle")

    def test_values_out_of_range_are_refused_by_name(self):
        pod = self.pod()
        cases = [
            ({**SPEC, "bytes": 0}, b"bytes"), ({**SPEC, "bytes": -1}, b"bytes"),
            ({**SPEC, "bytes": 1.5}, b"bytes"), ({**SPEC, "bytes": 2**53 + 2}, b"bytes"),
            ({**SPEC, "bytes": "1"}, b"bytes"), ({**SPEC, "bytes": 1e400}, b"JSON"),
            ({**SPEC, "seed": 7}, b"seed"), ({**SPEC, "seed": "-7"}, b"seed"),
            ({**SPEC, "seed": str(2**64)}, b"seed"), ({**SPEC, "extra": 1}, b"extra"),
            ({**SPEC, "erasure": {}}, b"erasure"), ({**SPEC, "erasure": []}, b"erasure"),
            ({**SPEC, "erasure": {"data": 300, "parity": 1, "part": 0}}, b"data"),
            ({"seed": "7", "bytes": 1}, b"name"),
        ]
        for body, named in cases:
            text = self.refused(400, pod.request, "POST", "/v1/content", json.dumps(body).encode())
            self.assertIn(named, text, body)
        for signal in ("SEGV", "9", "", "TERM;KILL"):
            self.refused(400, pod.post, "/v1/node/signal", {"signal": signal})
        self.refused(400, pod.post, "/v1/node/stop", {"grace_ms": 60001})

    def test_names_lead_nowhere_else(self):
        pod = self.pod()
        names = ["../content.bin", "..", ".", "/etc/passwd", "a/b", "", ".hidden", "x" * 256,
                 "a/../../b", "content/"]
        for name in names:
            for path in ("/v1/content", "/v1/verify", "/v1/torrent"):
                self.refused(400, pod.post, path, {**SPEC, "name": name})
            self.refused(400, pod.post, "/v1/watch", {**SPEC, "name": name, "begin_ns": "0"})
        # A NUL ends the name; what stands before it counts.
        self.assertEqual(pod.job("/v1/content", {**SPEC, "name": "short\0/../../x"})["status"],
                         "SWB_OK")
        self.assertEqual(sorted(path.name for path in pod.root.iterdir()), ["home", "launch"])
        self.assertEqual(os.listdir(pod.root / "home/content"), ["short"])

    def test_files_are_handed_out_and_none_of_elsewhere(self):
        pod = self.pod()
        outside = pod.root.parent / "outside"
        outside.write_text("secret")
        (pod.root / "results.db").write_bytes(b"x" * 70_000)
        (pod.root / "logs").mkdir()
        (pod.root / "logs/a b").write_text("log")
        (pod.root / "link").symlink_to(outside)
        (pod.root / "folder-link").symlink_to(pod.root.parent)
        (pod.root / ".hidden").write_text("hidden")
        os.mkfifo(pod.root / "pipe")
        files = {row["path"]: (row["bytes"], row["sha256"]) for row in pod.get("/v1/files")["files"]}
        self.assertEqual(files, {
            "results.db": ("70000", hashlib.sha256(b"x" * 70_000).hexdigest()),
            "logs/a b": ("3", hashlib.sha256(b"log").hexdigest())})
        self.assertEqual(pod.request("GET", "/v1/file?path=logs/a%20b"), b"log")
        for path in ("link", "folder-link/outside", "../outside", "logs/../../outside", "/etc/passwd",
                     "home", "launch/spec", ".hidden", "pipe", "logs", "", "logs//a%20b", "x" * 300,
                     "none"):
            self.refused(404, pod.get, f"/v1/file?path={path}")
        self.refused(400, pod.get, "/v1/file")

    def test_list_of_files_is_whole_or_refused(self):
        pod = self.pod()
        (pod.root / "results.db").write_text("x")
        deep = pod.root / "a/b/c/d/e"
        deep.mkdir(parents=True)
        self.refused(507, pod.get, "/v1/files")
        deep.rmdir()
        self.assertEqual([row["path"] for row in pod.get("/v1/files")["files"]], ["results.db"])

    def test_agent_that_lingers_waits_for_who_fetches(self):
        for told in (True, False):
            pod = self.pod()
            pod.stop_agent()
            (pod.root / "results.db").write_text("x")
            pod.start_agent("--linger", "60" if told else "1")
            pod.agent.terminate()
            if told:
                with self.assertRaises(subprocess.TimeoutExpired):
                    pod.agent.wait(timeout=2)
                pod.get("/v1/files")
                pod.post("/v1/files/done", {})
            self.assertEqual(pod.agent.wait(timeout=20), 0)
        pod = self.pod()
        pod.stop_agent()
        pod.start_agent("--linger", "60")
        pod.agent.terminate()
        self.assertEqual(pod.agent.wait(timeout=20), 0)  # it has nothing that could be fetched

    def test_launch_files_stay_in_the_home_directory(self):
        pod = self.pod()
        outside = pod.root.parent / "outside"
        outside.mkdir()
        (pod.root / "home/link").symlink_to(outside)
        (pod.root / "home/file-link").symlink_to(outside / "file")
        for path in ("../x", "/etc/x", "a/../../x", "a//b", "./x", "a/.", "link/x", "file-link",
                     "x" * 1025, "", "y" * 256 + "/x"):
            with self.subTest(path=path[:20]):
                with self.assertRaises(Refused) as caught:
                    pod.post("/v1/node/start", {"argv": ["true"],
                                                "entries": [{"path": path, "mode": 0o644,
                                                             "bytes": "eA=="}]})
                self.assertIn(caught.exception.status, (400, 500))
        self.assertEqual(os.listdir(outside), [])
        self.assertEqual(pod.get("/v1/node")["state"], "idle")
        for entry in ({"path": "x", "mode": 0o4755}, {"path": "x", "mode": 0o644, "bytes": "!"},
                      {"path": "x"}, "x", {"path": "x", "mode": 0o644, "owner": "root"}):
            self.refused(400, pod.post, "/v1/node/start", {"argv": ["true"], "entries": [entry]})
        for body in ({"argv": []}, {"argv": "true"}, {"argv": [1]}, {"argv": ["a"] * 1025},
                     {"argv": ["true"], "environment": ["NOVALUE"]},
                     {"argv": ["true"], "environment": ["=x"]},
                     {"argv": ["x" * 200_000]}, {"argv": ["x" * 100_000] * 20},
                     {"argv": ["true"], "entries": [{"path": "x", "mode": 1}] * 257}):
            self.refused(400, pod.post, "/v1/node/start", body)
        self.assertEqual(pod.get("/v1/node")["starts"], "0")

    def test_paths_without_a_token_take_no_body(self):
        pod = self.pod()
        for header, body in (("Content-Length: 2", "{}"),
                             ("Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n")):
            with socket.create_connection(("127.0.0.1", pod.port), timeout=20) as raw:
                raw.sendall(f"GET /v1/health HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n{body}".encode())
                self.assertIn(b" 400 ", raw.recv(65536).split(b"\r\n")[0])

    def test_one_peer_does_not_take_all_connections(self):
        pod = self.pod()
        with contextlib.ExitStack() as held:
            for _ in range(64):
                held.enter_context(socket.create_connection(("127.0.0.1", pod.port), timeout=20))
            with socket.create_connection(("127.0.0.1", pod.port), timeout=20,
                                          source_address=("127.0.0.2", 0)) as other:
                other.sendall(b"GET /v1/health HTTP/1.0\r\n\r\n")
                self.assertIn(b" 200 ", other.recv(65536).split(b"\r\n")[0])

    def test_bodies_that_are_too_large_are_refused_before_they_are_read(self):
        pod = self.pod()
        large = 8 * 1024 * 1024 + 1
        connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=20)
        connection.putrequest("POST", "/v1/content")
        connection.putheader("Authorization", f"Bearer {TOKEN}")
        connection.putheader("Content-Length", str(large))
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()
        # One that does not announce its length is cut off.
        with socket.create_connection(("127.0.0.1", pod.port), timeout=20) as raw:
            raw.sendall(f"POST /v1/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n".encode())
            chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
            sent = 0
            with self.assertRaises(OSError):
                while sent < 10 * large:
                    raw.sendall(chunk)
                    sent += 65536
            self.assertLess(sent, 4 * large)
        self.assertEqual(pod.get("/v1/node")["state"], "idle")

    def test_what_is_no_http_does_no_harm(self):
        pod = self.pod()
        for bytes_ in (b"\0" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                       b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
                       b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
                       b"POST /v1/content HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                       b"POST /v1/content HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", pod.port), timeout=1) as raw:
                try:
                    raw.sendall(bytes_)
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65536):
                        pass
                except OSError:
                    pass  # reset, or left open until the connection's time is over
        self.assertEqual(pod.get("/v1/node")["state"], "idle")

    def test_many_requests_at_the_same_time_are_all_answered(self):
        pod = self.pod()
        pod.post("/v1/node/start", {"argv": ["sleep", "100"]})

        def one(index):
            if index % 5 == 0:
                return len(pod.get("/v1/events?after=0&wait_ms=500")["events"]) == 0
            if index % 5 == 1:
                return pod.get("/v1/node")["state"] == "running"
            if index % 5 == 2:
                return int(pod.get("/v1/sample")["rss_bytes"]) > 0
            if index % 5 == 3:
                return pod.post("/v1/node/signal", {"signal": "CONT"})["state"] == "running"
            try:
                return pod.job("/v1/content", {**SPEC, "name": f"c{index}", "bytes": 100_000}
                               )["status"] == "SWB_OK"
            except Refused as refused:
                return refused.status == 409  # enough are under way

        with concurrent.futures.ThreadPoolExecutor(24) as threads:
            self.assertEqual(set(threads.map(one, range(200))), {True})

    def test_more_connections_than_allowed_harm_no_one_for_long(self):
        pod = self.pod()
        held = [socket.create_connection(("127.0.0.1", pod.port), timeout=20) for _ in range(80)]
        for connection in held:
            connection.close()
        self.assertEqual(pod.get("/v1/node")["state"], "idle")

    def test_jobs_are_bounded(self):
        pod = self.pod()
        large = {**SPEC, "bytes": 300_000_000}
        numbers, refusals = [], 0
        for _ in range(8):
            try:
                numbers.append(pod.post("/v1/torrent", large)["job"])
            except Refused as refused:
                self.assertEqual(refused.status, 409)
                refusals += 1
        self.assertGreater(refusals, 0)
        for number in numbers:
            while not pod.get(f"/v1/jobs/{number}?wait_ms=5000")["done"]:
                pass
        self.assertEqual(pod.request("DELETE", f"/v1/jobs/{numbers[0]}"), b"{}")
        self.refused(404, pod.get, f"/v1/jobs/{numbers[0]}")


class Commands(unittest.TestCase):
    def run_agent(self, *arguments):
        return subprocess.run([AGENT, *map(str, arguments)], capture_output=True, text=True,
                              timeout=30, check=False)

    def test_install_copies_a_launcher_that_needs_no_library(self):
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "bin"
            for _ in range(2):  # a second time it replaces the first
                result = self.run_agent("install", target)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(os.listdir(target), ["swarmbench-launcher"])
            copy = target / "swarmbench-launcher"
            self.assertEqual(copy.stat().st_mode & 0o777, 0o755)
            self.assertEqual(copy.read_bytes(), pathlib.Path(LAUNCHER).read_bytes())
            # A statically linked program names no interpreter (PT_INTERP).
            self.assertNotIn(b"/ld-linux", copy.read_bytes()[:4096])
            result = subprocess.run([copy], capture_output=True, text=True, check=False, timeout=20,
                                    env={})
            self.assertEqual(result.returncode, 2)
            self.assertIn("usage", result.stderr)

    def test_mistakes_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            token = pathlib.Path(folder) / "token"
            token.write_text("short")
            cases = [((), 2), (("serve",), 2), (("dance",), 2), (("install",), 2),
                     (("serve", "--root", folder, "--token-file", token), 2),
                     (("serve", "--root", "relative", "--token-file", token), 2),
                     (("serve", "--root", folder, "--token-file", folder + "/none"), 3),
                     (("serve", "--root", folder, "--token-file", token, "--port", "70000"), 2),
                     (("install", "/proc/nothing"), 3)]
            for arguments, code in cases:
                result = self.run_agent(*arguments)
                self.assertEqual(result.returncode, code, (arguments, result.stderr))
                self.assertTrue(result.stderr)
        self.assertRegex(self.run_agent("version").stdout, r"^swarmbench-agent \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    command.main()
