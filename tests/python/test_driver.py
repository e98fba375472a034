"""Drivers in Python: the contract, what goes wrong in them, and aria2 as the example."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Iterator
from urllib.parse import parse_qs

import pytest
import swarmbench as sb
import tiny

HERE = Path(__file__).resolve().parent
# A suite ends by CMocka, so each has a process of its own.
SUITE = """
import ctypes, importlib, sys
import swarmbench as sb
importlib.import_module(sys.argv[2])
suite = ctypes.CDLL(sys.argv[1])
suite.swb_conformance.argtypes = [ctypes.c_size_t]
sys.exit(suite.swb_conformance(sb._capi.bridge_address(sys.argv[3])))
"""


def conforms(suite: str, module: str, driver: str, **environment: str) -> None:
    done = subprocess.run([sys.executable, "-c", SUITE, os.environ[suite], module, driver],
                          env={**os.environ, **environment}, capture_output=True, text=True,
                          timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED" in done.stdout + done.stderr


def with_driver(name: str, **methods: object) -> sb.Experiment:
    """An experiment whose driver is Tiny with other methods."""
    sb.register_driver(type(name, (tiny.Tiny,), {"name": name, **methods}))
    return tiny.experiment(driver=name)


def test_tiny_store_keeps_the_contract() -> None:
    conforms("SWB_CONTRACT", "tiny", "tiny")


def test_aria2_keeps_the_contract() -> None:
    conforms("SWB_CONTRACT", "aria2_driver", "aria2")


def test_aria2_example_is_short() -> None:
    assert len((HERE.parents[1] / "examples/aria2_driver.py").read_text().splitlines()) <= 80


class Tracker(http.server.BaseHTTPRequestHandler):
    """Tells everyone of all who asked before."""

    protocol_version = "HTTP/1.0"
    peers: dict = {}

    def do_GET(self) -> None:
        port = int(parse_qs(self.path.partition("?")[2], encoding="latin-1")["port"][0])
        packed = b"".join(self.peers.values())
        self.peers[self.client_address[0]] = socket.inet_aton(self.client_address[0]) + (
            port.to_bytes(2, "big")
        )
        body = b"d8:intervali5e5:peers%d:%se" % (len(packed), packed)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def tracker() -> Iterator[str]:
    """A tracker on loopback, where the suite's two nodes meet."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/announce"
    server.shutdown()
    server.server_close()


@pytest.mark.skipif("SWB_PRELOAD" in os.environ, reason="nodes would inherit the sanitizer")
@pytest.mark.skipif(shutil.which("aria2c") is None, reason="aria2c is not installed (apt: aria2)")
def test_aria2_moves_content_between_real_nodes(tracker: str) -> None:
    conforms("SWB_LIVE", "aria2_driver", "aria2", SWB_LIVE_TRACKER=tracker,
             SWB_LIVE_WASTE_UNKNOWN="1")  # fmt: skip


@pytest.mark.skipif(shutil.which("aria2c") is None, reason="aria2c is not installed (apt: aria2)")
def test_aria2_swarm_completes_and_is_verified(folder: Path) -> None:
    import aria2_driver  # noqa: F401

    if shutil.which("opentracker") is None:
        pytest.skip("opentracker is not installed (apt install opentracker)")
    results = sb.Experiment(modes={"aria2": {"driver": "aria2"}}, file_size=2 * sb.MB, size=3,
                            repetitions=1, retries=0).run(folder / "r.db")  # fmt: skip
    assert list(results.runs["error"].dropna()) == []
    assert list(results.downloads["verified"]) == [True, True]
    assert set(results.nodes["version"].dropna()) >= {"1.36.0"} or len(results.nodes) == 4


def test_exception_fails_the_run_with_its_traceback(folder: Path) -> None:
    def leech(self: tiny.Tiny, node: sb.Node, content: sb.Content) -> sb.Operation:
        yield sb.http("GET", "/id")
        return helper({})

    def helper(table: dict) -> object:
        return table["no such key"]

    results = with_driver("raises", leech=leech).run(folder / "r.db")
    run, download = results.runs.iloc[0], results.downloads.iloc[0]
    assert run["run_state"] == "failed" and download["status"] == "SWB_EINVAL"
    for words in ("KeyError", "no such key", "test_driver.py:", "in helper", "in leech"):
        assert words in download["error"], download["error"]


@pytest.mark.parametrize("operation", ["launch", "ready", "version", "seed", "status", "remove"])
def test_exception_anywhere_fails_nothing_but_the_run(folder: Path, operation: str) -> None:
    def fails(self: tiny.Tiny, *_: object) -> object:
        raise ZeroDivisionError(f"in {operation}")

    results = with_driver(f"fails-{operation}", **{operation: fails}).run(folder / "r.db")
    state = results.runs["run_state"].iloc[0]
    if operation in ("launch", "ready", "version", "seed"):
        assert state == "failed" and f"ZeroDivisionError: in {operation}" in results.runs["error"][0]
    else:
        assert state in ("done", "failed")


def test_failure_of_the_system_has_its_status(folder: Path) -> None:
    def version(self: tiny.Tiny, node: sb.Node) -> sb.Operation:
        yield sb.http("GET", "/id")
        raise sb.AuthenticationRefused("wrong\npassword")

    results = with_driver("refuses", version=version).run(folder / "r.db")
    assert results.runs["status"].iloc[0] == "SWB_EAUTH"
    assert "wrong password" in results.runs["error"].iloc[0]


def test_retriable_failure_is_tried_again(folder: Path) -> None:
    seen: list = []

    def ready(self: tiny.Tiny, node: sb.Node) -> sb.Operation:
        yield sb.http("GET", "/id")
        seen.append(node.name)
        if seen.count(node.name) < 4:
            raise sb.Busy("not yet", retriable=True)

    results = with_driver("slow", ready=ready).run(folder / "r.db")
    assert results.runs["run_state"].iloc[0] == "done" and len(seen) == 8


@pytest.mark.parametrize(
    "method, words",
    [
        (lambda self, node: (yield "GET /id"), "yield what http() or frame() returns"),
        (lambda self, node: 5, "is to be a str, not 5"),
        (lambda self, node: "x" * 100, "is longer than 63 bytes"),
    ],
)
def test_wrong_words_of_a_driver_are_told(folder: Path, method: object, words: str) -> None:
    name = f"wrong-{abs(hash(words)) % 1000}"
    results = with_driver(name, version=method).run(folder / "r.db")
    assert words in results.runs["error"].iloc[0]


def test_wrong_state_and_wrong_launch_are_told(folder: Path) -> None:
    made = with_driver("wrong-launch", launch=lambda self, node: "tiny_store")
    assert "is to return a Launch" in made.run(folder / "r.db").runs["error"].iloc[0]
    escapes = with_driver(
        "escapes", launch=lambda self, node: sb.Launch(node.program, files={"../x": "y"})
    )
    assert "../x" in escapes.run(folder / "s.db").runs["error"].iloc[0]


def test_what_is_missing_is_named_on_registration() -> None:
    class Whole(sb.Driver):
        name = "unfinished"
        program = "true"

    with pytest.raises(sb.InvalidArgument, match=r"'unfinished' lacks operations\[ready\]"):
        sb.register_driver(Whole)
    with pytest.raises(sb.InvalidArgument, match="kind 'shop' is none of"):
        sb.register_driver(type("Shop", (tiny.Tiny,), {"name": "shop", "kind": "shop"}))
    with pytest.raises(sb.AlreadyExists):
        sb.register_driver(type("Deluge", (tiny.Tiny,), {"name": "deluge"}))
    for wrong in (None, 3, object, "deluge"):
        with pytest.raises(TypeError):
            sb.register_driver(wrong)  # type: ignore[type-var]
    with pytest.raises(TypeError):
        sb.register_driver(type("X", (tiny.Tiny,), {"name": "x", "description": 3}))


def test_registering_again_replaces_the_methods_only(folder: Path) -> None:
    with_driver("twice")
    made = with_driver("twice", version=lambda self, node: "2.0")
    assert set(made.run(folder / "r.db").nodes["version"]) == {"2.0"}
    with pytest.raises(sb.AlreadyExists, match="restart the kernel"):
        with_driver("twice", node_memory_bytes=5)


def test_options_reach_the_driver(folder: Path) -> None:
    seen: dict = {}

    def version(self: tiny.Tiny, node: sb.Node) -> str:
        seen.update(node.options)
        return "1.0"

    options = (
        sb.Option("binary"),
        sb.Option("cache", "size", "64MiB", "Memory for blocks.", least=1024.0, most=2.0**40),
        sb.Option("order", "enum", "fast", "Order of blocks.", choices=("fast", "slow")),
        sb.Option("sync", "bool", True, "Write through."),
        sb.Option("wait", "duration", "2s", "How long to wait."),
        sb.Option("share", "fraction", "20%", "Share of peers."),
    )
    with_driver("optioned", options=options, version=version)
    mode = {"driver": "optioned", "cache": "1MiB", "order": "slow", "binary": tiny.Tiny.program}
    made = sb.Experiment(modes={"m": mode}, file_size=1000, size=2, repetitions=1)
    made.run(folder / "r.db")
    assert seen == {"binary": tiny.Tiny.program, "cache": 1 << 20, "order": "slow", "sync": True,
                    "wait": 2 * 10**9, "share": 0.2}  # fmt: skip
    with pytest.raises(sb.InputError):
        made.with_({"modes.m.order": "sideways"})


def test_driver_that_calls_python_in_a_thread(folder: Path) -> None:
    """Callbacks take the GIL from whichever thread drives the runner."""
    names: list = []

    def version(self: tiny.Tiny, node: sb.Node) -> str:
        names.append(threading.current_thread().name)
        return "1.0"

    made = with_driver("threaded", version=version)
    thread = threading.Thread(target=lambda: made.run(folder / "r.db"), name="driver's own")
    thread.start()
    thread.join()
    assert names == ["driver's own"] * 2


def test_call_is_no_use_after_its_operation(folder: Path) -> None:
    """What the library lends is not kept by the package: a session holds copies only."""
    kept: list = []

    def version(self: tiny.Tiny, node: sb.Node) -> str:
        kept.append(node)
        return "1.0"

    with_driver("keeps", version=version).run(folder / "r.db").close()
    assert kept[0].address.startswith("127.") and kept[0].name == "keeps-00"
