"""What tests of the stand-in share: nodes on free ports, requests to them, recordings."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SUPPORT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = SUPPORT / "codex-stand-in"
RECORDINGS = SUPPORT.parent / "unit" / "drivers" / "recordings" / "codex"
HOST = "127.0.0.1"
ABSENT = "zDvZRwzm9b2B7NFHgVZC8k53ifhm1zjxWortfaJHCcJemEZcLYJx"  # nobody here has it
_START_SECONDS = 30


def free_ports(count):
    """Ports that nothing listened on a moment ago."""
    holders = [socket.socket() for _ in range(count)]
    for holder in holders:
        holder.bind((HOST, 0))
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def until(condition, seconds=20):
    """Waits for a condition; returns its value, false after the time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def exchange(port, request):
    """Sends the bytes of a request; returns the bytes of the reply."""
    reply = bytearray()
    with socket.create_connection((HOST, port), timeout=60) as connection:
        connection.sendall(request)
        while True:
            data = connection.recv(1 << 16)
            if not data:
                return bytes(reply)
            reply += data


class Node:
    """A running stand-in of either generation."""

    def __init__(self, folder, generation="codex", bootstrap=None, extra=(), command=()):
        self.generation = generation
        self.prefix = f"/api/{generation}/v1"
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        listen, discovery, self.api, self.metrics_port = free_ports(4)
        address = [f"--listen-addrs=/ip4/{HOST}/tcp/{listen}"] if generation == "codex" else \
            [f"--listen-ip={HOST}", f"--listen-port={listen}"]
        network = [f"--bootstrap-node={bootstrap}"] if bootstrap else \
            ["--no-bootstrap-node"] if generation == "storage" else []
        self.arguments = [
            str(PROGRAM), f"--stand-in-generation={generation}", f"--data-dir={folder}", *address,
            f"--nat=extip:{HOST}", f"--disc-port={discovery}", f"--api-bindaddr={HOST}",
            f"--api-port={self.api}", "--metrics", f"--metrics-address={HOST}",
            f"--metrics-port={self.metrics_port}", "--log-level=INFO", "--log-format=nocolors",
            *network, *extra, *command]
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log)
        if not until(self._answers, _START_SECONDS):
            raise AssertionError((self.folder / "log").read_text())

    def _answers(self):
        try:
            return self.get("/peerid")[0] == 200
        except OSError:
            return self.process.poll() is not None

    def stop(self):
        """SIGTERM; returns the exit code and how long the end took."""
        begin = time.monotonic()
        self.process.terminate()
        code = self.process.wait(timeout=10)
        return code, time.monotonic() - begin

    def open(self, method, path, body=None, headers=None, timeout=60):
        """Sends a request; the response is still to be read."""
        connection = http.client.HTTPConnection(HOST, self.api, timeout=timeout)
        connection.request(method, path if path.startswith("/stand-in") else self.prefix + path,
                           body, headers or {})
        return connection.getresponse()

    def call(self, method, path, body=None, headers=None, timeout=60):
        """(status, body)"""
        response = self.open(method, path, body, headers, timeout)
        return response.status, response.read()

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def json(self, path):
        return json.loads(self.get(path)[1])

    def upload(self, content, mimetype="application/octet-stream"):
        status, body = self.call("POST", "/data", content, {"Content-Type": mimetype})
        if status != 200:
            raise AssertionError((status, body))
        return body.decode()

    def faults(self, **changes):
        status, body = self.call("POST", "/stand-in/faults", json.dumps(changes))
        if status != 200:
            raise AssertionError(body)

    def spr(self):
        return self.get("/spr", headers={"Accept": "text/plain"})[1].decode()

    def metric(self, name):
        """The value of a metric; the name as on the page, labels included."""
        connection = http.client.HTTPConnection(HOST, self.metrics_port, timeout=10)
        connection.request("GET", "/metrics")
        for line in connection.getresponse().read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def peak_memory(self):
        """Bytes that were resident at most."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")


class SwarmTest(unittest.TestCase):
    """A test that starts nodes, which end with it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="codex-stand-in-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.nodes = []

    def node(self, **options):
        node = Node(os.path.join(self.folder, str(len(self.nodes))), **options)
        self.nodes.append(node)
        self.addCleanup(self._end, node)
        return node

    @staticmethod
    def _end(node):
        if node.process.poll() is None:
            node.process.kill()
        node.process.wait()

    def swarm(self, count, **options):
        """A node and others that know it."""
        first = self.node(**options)
        spr = first.spr()
        others = [self.node(bootstrap=spr, **options) for _ in range(count - 1)]
        for node in [first, *others]:
            self.assertTrue(until(lambda node=node: node.metric("libp2p_peers") == count - 1))
        return [first, *others]


def main():
    unittest.main(module="__main__", testRunner=unittest.TextTestRunner(
        verbosity=2, stream=sys.stdout))
