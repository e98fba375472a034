#!/usr/bin/env python3
"""Every recorded request gets the recorded reply: status, headers, shape or text of the body."""
import json
import random
import re

from codex_stand_in import testing

CONTENT = random.Random(1).randbytes(10 * 2 ** 20)
TERMS = {"duration": 3600, "proofProbability": "3", "pricePerBytePerSecond": "1",
         "collateralPerByte": "1", "expiry": 600, "nodes": 3, "tolerance": 1}
CID, PURCHASE = re.compile(r"zDv\w{49}"), re.compile(r"[0-9a-f]{64}")
SPR = re.compile(r"spr:[\w-]{200,}")


def shape(value):
    """What a JSON value is made of, keys in their order."""
    if isinstance(value, dict):
        return [(CID.sub("CID", name), shape(part)) for name, part in value.items()]
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


class Recording:
    """A request and its reply as they went over the wire, but with LF for CRLF."""

    def __init__(self, name):
        request, self.reply = (testing.RECORDINGS / f"{name}.txt").read_bytes().split(b"----\n")
        self.request = request.decode()

    def bytes_of_request(self, name, purchase, body):
        text = CID.sub(name, PURCHASE.sub(purchase, self.request))
        text = re.sub(r"Content-Length: \d+", f"Content-Length: {len(body)}", text)
        return text.replace("\n", "\r\n").encode() + body


class Reply:
    """A reply in parts."""

    def __init__(self, data):
        data = data.replace(b"\r\n", b"\n")
        if data.startswith(b"HTTP/1.1 100"):
            data = data[data.index(b"HTTP/1.1 ", 1):]
        head, _, body = data.partition(b"\n\n")
        self.status, *headers = head.decode().split("\n")
        self.headers = dict(header.split(": ", 1) for header in headers)
        self.body = body.decode("utf-8", "replace").rstrip("\n")

    def compared(self):
        """What has to be equal in two replies."""
        headers = {name: CID.sub("CID", value) for name, value in self.headers.items()
                   if name not in ("Date", "Content-Length")}
        if self.headers.get("Content-Type") == "application/json":
            body = (shape(json.loads(self.body)), self.body[:4] == "{\n  ")
        else:
            body = CID.sub("CID", PURCHASE.sub("PURCHASE", SPR.sub("SPR", self.body)))
        return self.status, list(self.headers), headers, body


class Replies(testing.SwarmTest):
    maxDiff = None

    def check(self, node, recording, name=testing.ABSENT, purchase="0" * 64, body=b""):
        """Replays a recorded request with another CID; returns the reply's body."""
        with self.subTest(recording):
            recorded = Recording(recording)
            request = recorded.bytes_of_request(name, purchase, body)
            reply = Reply(testing.exchange(node.api, request))
            if recording != "stream":
                self.assertEqual(reply.compared(), Reply(recorded.reply).compared())
            else:
                self.assertEqual(reply.compared()[:3], Reply(recorded.reply).compared()[:3])
            return reply.body

    def test_of_one_node(self):
        node = self.node(extra=["--storage-quota=400mb"])
        for recording in ("data-empty", "peerid", "spr-json", "spr-text", "upload-empty",
                          "unknown-path", "bad-cid", "local-absent", "delete-again",
                          "storage-request-without-persistence"):
            self.check(node, recording)
        self.check(node, "upload-bad-mime", body=bytes(300))
        self.assertEqual(self.check(node, "space-empty"),
                         Reply(Recording("space-empty").reply).body)
        self.check(node, "upload", body=CONTENT)
        self.check(node, "data-list")
        self.assertEqual(self.check(node, "space-used"), Reply(Recording("space-used").reply).body)

    def test_of_two_nodes(self):
        first, second = self.swarm(2)
        name = self.check(first, "upload", body=CONTENT)
        self.check(first, "debug-info")
        self.check(second, "exists-absent", name)
        self.check(second, "manifest", name)
        self.check(second, "exists-present", name)
        self.check(second, "fetch-async", name)
        self.check(second, "stream", name)
        self.assertEqual(second.get(f"/data/{name}/network/stream"), (200, CONTENT))
        self.check(second, "delete", name)
        self.check(second, "exists-absent", name)

    def test_of_a_node_with_persistence(self):
        node = self.node(command=["persistence", "--eth-provider=http://127.0.0.1:8545",
                                  "--eth-account=0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
                                  "--marketplace-address=0x01"],
                         extra=["--stand-in-purchase-delay=0.3"])
        name = self.check(node, "ec-upload", body=CONTENT)
        self.check(node, "ec-request-bad-tolerance", name,
                   body=json.dumps({**TERMS, "tolerance": 2}).encode())
        purchase = self.check(node, "ec-request", name, body=json.dumps(TERMS).encode())
        self.check(node, "ec-purchases")
        pending = node.json(f"/storage/purchases/{purchase}")
        self.assertEqual((pending["state"], pending["request"]), ("pending", None))
        self.assertTrue(testing.until(
            lambda: node.json(f"/storage/purchases/{purchase}")["state"] == "submitted"))
        shown = json.loads(self.check(node, "ec-purchase", purchase=purchase))
        self.check(node, "ec-data-list")
        self.check_coded(node, name, shown["request"])

    def check_coded(self, node, name, request):
        """The numbers of the recording, and the stream: that of the original content."""
        recorded = json.loads(Reply(Recording("ec-purchase").reply).body)["request"]
        self.assertEqual(request["ask"], recorded["ask"])
        sizes = [dataset["manifest"]["datasetSize"] for dataset in node.json("/data")["content"]]
        self.assertEqual(sizes, [10485760, 15728640])
        self.assertNotEqual(request["content"]["cid"], name)
        self.assertEqual(node.get(f"/data/{request['content']['cid']}/network/stream"),
                         (200, CONTENT))

    def test_metrics_have_the_recorded_names(self):
        node = self.node()
        recorded = (testing.RECORDINGS / "metrics-seeder.txt").read_text()
        for name in ('libp2p_network_bytes_total{direction="in"}',
                     'libp2p_network_bytes_total{direction="out"}', "libp2p_peers",
                     "codex_block_exchange_blocks_sent_total",
                     "codex_block_exchange_blocks_received_total",
                     "codex_block_exchange_spurious_blocks_received_total",
                     "codex_repostore_bytes_used", "codex_repostore_blocks",
                     "process_resident_memory_bytes", "codex_api_uploads_total"):
            self.assertIn(f"\n{name} ", recorded)
            self.assertIsNotNone(node.metric(name), name)


if __name__ == "__main__":
    testing.main()
