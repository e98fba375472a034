#!/usr/bin/env python3
"""The stand-in misbehaves as it is told, and as a real node does by itself."""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

from codex_stand_in import testing

CONTENT = random.Random(3).randbytes(3_000_000)
QUICK = ["--stand-in-retry-interval=0.5", "--block-retries=2"]


class Habits(testing.SwarmTest):
    """What a real node does by itself."""

    def test_content_that_nobody_has_hangs(self):
        node = self.node()
        for path in ("stream", "manifest"):
            with self.assertRaises(socket.timeout):
                node.get(f"/data/{testing.ABSENT}/network/{path}", timeout=2)

    def test_retries_can_be_exhausted(self):
        node = self.node(extra=QUICK)
        for method, path, status in (("GET", "/network/stream", 500),
                                     ("GET", "/network/manifest", 404), ("POST", "/network", 404)):
            self.assertEqual(node.call(method, f"/data/{testing.ABSENT}{path}"),
                             (status, b"Error retries exhausted"))

    def test_a_full_node_refuses_a_block_and_keeps_the_others(self):
        node = self.node(extra=["--storage-quota=1mb"])
        status, body = node.call("POST", "/data", CONTENT)
        self.assertEqual(status, 500)
        self.assertRegex(body.decode(), r"^Unable to store block zDx\w{49}$")
        space = node.json("/space")
        self.assertEqual((space["totalBlocks"], space["quotaUsedBytes"]), (16, 2 ** 20))
        self.assertEqual(node.json("/data"), {"content": []})

    def test_an_upload_without_a_length_is_taken(self):
        node = self.node()
        pieces = (CONTENT[at:at + 7777] for at in range(0, len(CONTENT), 7777))
        name = node.upload(pieces)
        self.assertEqual(node.get(f"/data/{name}"), (200, CONTENT))

    def test_an_aborted_upload_leaves_blocks_and_no_dataset(self):
        node = self.node()
        head = f"POST {node.prefix}/data HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"
        with socket.create_connection((testing.HOST, node.api)) as connection:
            connection.sendall(head.encode() + CONTENT[:200_000])
        self.assertTrue(testing.until(lambda: node.json("/space")["totalBlocks"] == 3))
        self.assertEqual(node.json("/data"), {"content": []})

    def test_what_is_no_request_gets_no_reply_or_a_refusal(self):
        node = self.node()
        for request in (b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\r\n"):
            self.assertEqual(testing.exchange(node.api, request), b"")
        reply = testing.exchange(node.api, b"POST /api/codex/v1/data HTTP/1.1\r\n"
                                           b"Content-Length: -1\r\n\r\n")
        self.assertTrue(reply.startswith(b"HTTP/1.1 400 "), reply)
        self.assertEqual(node.get("/peerid")[0], 200)


class Told(testing.SwarmTest):
    """What it does when told to."""

    def stored(self):
        node = self.node()
        return node, f"/data/{node.upload(CONTENT)}/network/stream"

    def pair(self, extra=()):
        seeder, leecher = self.swarm(2, extra=extra)
        return seeder, leecher, f"/data/{seeder.upload(CONTENT)}/network/stream"

    def test_hang(self):
        node, path = self.stored()
        node.faults(hang=True)
        with self.assertRaises(socket.timeout):
            node.get(path, timeout=1)
        self.assertEqual(node.get("/peerid")[0], 200)
        node.faults(hang=None)
        self.assertEqual(node.get(path), (200, CONTENT))

    def test_drop_connection(self):
        node, path = self.stored()
        node.faults(drop_connection=True)
        with self.assertRaises(http.client.RemoteDisconnected):
            node.get(path)

    def test_quota_full(self):
        node, path = self.stored()
        node.faults(quota_full=True)
        status, body = node.call("POST", "/data", b"another block")
        self.assertEqual((status, body[:25]), (500, b"Unable to store block zDx"))
        self.assertEqual(node.get(path), (200, CONTENT))

    def test_slow(self):
        node, path = self.stored()
        node.faults(slow_bps=3_000_000)
        begin = time.monotonic()
        self.assertEqual(node.get(path), (200, CONTENT))
        self.assertGreater(time.monotonic() - begin, 0.9)

    def test_truncate_stream(self):
        node, path = self.stored()
        for size in (0, 5, 100_000):
            node.faults(truncate_stream=size)
            with self.assertRaises(http.client.IncompleteRead) as caught:
                node.get(path)
            self.assertEqual(caught.exception.partial, CONTENT[:size])

    def test_stall_stream(self):
        node, path = self.stored()
        node.faults(stall_stream=100_000)
        response = node.open("GET", path, timeout=2)
        self.assertEqual(response.read(100_000), CONTENT[:100_000])
        with self.assertRaises(socket.timeout):
            response.read(1)

    def test_corrupt_stream(self):
        node, path = self.stored()
        node.faults(corrupt_stream=70_000)
        status, body = node.get(path)
        wrong = [at for at in range(len(CONTENT)) if body[at] != CONTENT[at]]
        self.assertEqual((status, len(body), wrong), (200, len(CONTENT), [70_000]))

    def test_corrupt_blocks_are_not_taken(self):
        seeder, leecher, path = self.pair(QUICK)
        seeder.faults(corrupt_blocks=True)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            leecher.get(path)
        self.assertEqual(caught.exception.partial, b"")
        self.assertIn("is not what its hash says", (leecher.folder / "log").read_text())

    def test_hang_peers(self):
        seeder, leecher, path = self.pair()
        seeder.faults(hang_peers=True)
        with self.assertRaises(socket.timeout):
            leecher.get(path, timeout=2)
        seeder.faults(hang_peers=None)
        self.assertEqual(leecher.get(path), (200, CONTENT))

    def test_stop_serving(self):
        seeder, leecher, path = self.pair(QUICK)
        seeder.faults(stop_serving=True)
        self.assertEqual(leecher.get(path), (500, b"Error retries exhausted"))
        self.assertEqual(seeder.get(path), (200, CONTENT))

    def test_exit(self):
        node, _ = self.stored()
        node.faults(exit=3)
        self.assertEqual(node.process.wait(timeout=5), 3)

    def test_a_fault_from_the_start(self):
        node = self.node(extra=["--stand-in-fault=quota_full"])
        self.assertEqual(node.call("POST", "/data", b"x")[0], 500)

    def test_unknown_faults_and_values_are_refused(self):
        node = self.node()
        for body, text in (('{"hnag": true}', b"no fault 'hnag'; there are hang"),
                           ('{"slow_bps": -1}', b"slow_bps takes a int that is not negative"),
                           ('{"hang": 1}', b"hang takes a bool"), ("[]", b"faults are an object"),
                           ("{", b"")):
            status, reply = node.call("POST", "/stand-in/faults", body)
            self.assertEqual((status, reply[:len(text)]), (400, text))
        in_force = json.loads(node.get("/stand-in/faults")[1])
        self.assertEqual(set(in_force.values()), {None})


class Process(testing.SwarmTest):
    def refusal(self, *arguments):
        result = subprocess.run([testing.PROGRAM, *arguments], capture_output=True, text=True,
                                timeout=30, check=False)
        return result.returncode, result.stderr

    def test_sigterm_ends_it_within_a_second_whatever_it_does(self):
        node = self.node()
        name = node.upload(CONTENT)
        node.faults(stall_stream=10)
        stalled = node.open("GET", f"/data/{name}/network/stream")
        waiting = socket.create_connection((testing.HOST, node.api))
        waiting.sendall(f"GET {node.prefix}/data/{testing.ABSENT}/network/stream HTTP/1.1\r\n\r\n"
                        .encode())
        code, seconds = node.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 1)
        self.assertIn(f"signal={signal.SIGTERM.name}", (node.folder / "log").read_text())
        stalled.close()
        waiting.close()

    def test_unknown_options_are_refused(self):
        code, text = self.refusal(f"--data-dir={self.folder}", "--listen-ip=127.0.0.1")
        self.assertEqual(code, 1)
        self.assertIn("Unrecognized option 'listen-ip'", text)
        code, text = self.refusal("--stand-in-generation=storage", f"--data-dir={self.folder}",
                                  "--no-bootstrap-node", "--nat=extip:127.0.0.1", "persistence")
        self.assertEqual(code, 1)

    def test_options_may_stand_in_the_environment(self):
        environment = {**os.environ,
                       "CODEX_STAND_IN_OPTIONS": "--stand-in-generation=storage"}
        result = subprocess.run([testing.PROGRAM, "--version"], capture_output=True, text=True,
                                timeout=30, check=True, env=environment)
        self.assertIn("Storage version:  stand-in v0.4.5", result.stdout)

    def test_bad_values_are_refused(self):
        for option in ("--storage-quota=much", "--num-threads=1", "--nat=here",
                       "--listen-addrs=127.0.0.1:1", "--bootstrap-node=http://x",
                       "--bootstrap-node=spr:AAAA"):
            self.assertEqual(self.refusal(f"--data-dir={self.folder}", option)[0], 1, option)

    def test_no_public_network_is_joined(self):
        code, text = self.refusal("--stand-in-generation=storage", f"--data-dir={self.folder}")
        self.assertEqual(code, 1)
        self.assertIn("joins no public network", text)

    def test_an_open_data_directory_is_refused(self):
        folder = pathlib.Path(self.folder) / "open"
        folder.mkdir(mode=0o755)
        port = testing.free_ports(1)[0]
        code, text = self.refusal(f"--data-dir={folder}", f"--api-port={port}",
                                  f"--disc-port={port}", "--listen-addrs=/ip4/127.0.0.1/tcp/0")
        self.assertEqual(code, 1)
        self.assertIn("insecure permissions 0755, it needs 0700", text)

    def test_a_taken_port_is_told(self):
        node = self.node()
        other = [argument.replace("/0", "/other") if "data-dir" in argument else argument
                 for argument in node.arguments[1:]]
        code, text = self.refusal(*other)
        self.assertEqual(code, 1)
        self.assertIn("Address already in use", text)


if __name__ == "__main__":
    testing.main()
