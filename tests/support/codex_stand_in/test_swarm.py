#!/usr/bin/env python3
"""Nodes that fetch from each other: in both generations, from what is left, and with little
memory."""
import concurrent.futures
import hashlib
import json
import random

from codex_stand_in import testing

CONTENT = random.Random(2).randbytes(20_000_000)


def download(node, name):
    """SHA-256 of what a stream delivers."""
    digest = hashlib.sha256()
    response = node.open("GET", f"/data/{name}/network/stream", timeout=120)
    while True:
        piece = response.read(1 << 20)
        if not piece:
            return digest.hexdigest()
        digest.update(piece)


def download_all(nodes, name):
    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(lambda node: download(node, name), nodes))


class Fetching(testing.SwarmTest):
    def check_one_to_three(self, generation):
        seeder, *leechers = self.swarm(4, generation=generation)
        name = seeder.upload(CONTENT)
        expected = hashlib.sha256(CONTENT).hexdigest()
        self.assertEqual(download_all(leechers, name), [expected] * 3)
        blocks = -(-len(CONTENT) // 65536)
        metric = f"{generation}_block_exchange_blocks_%s_total"
        sent = sum(node.metric(metric % "sent") for node in [seeder, *leechers])
        received = [node.metric(metric % "received") for node in leechers]
        self.assertEqual((received, sent), ([blocks] * 3, 3 * blocks))
        for node in leechers:
            self.assertGreater(node.metric('libp2p_network_bytes_total{direction="in"}'),
                               len(CONTENT))
            self.assertEqual(node.json("/space")["totalBlocks"], blocks + 1)

    def test_one_seeder_serves_three_leechers(self):
        self.check_one_to_three("codex")

    def test_the_newer_generation_does_as_well(self):
        self.check_one_to_three("storage")

    def test_leechers_complete_each_other_after_the_seeder_has_gone(self):
        seeder, first, second = self.swarm(3)
        name = seeder.upload(CONTENT)
        expected = hashlib.sha256(CONTENT).hexdigest()
        self.assertEqual(download(first, name), expected)
        self.assertEqual(seeder.stop()[0], 0)
        self.assertEqual(download(second, name), expected)

    def test_several_seeders_serve_one_leecher(self):
        *seeders, leecher = self.swarm(3)
        names = {seeder.upload(CONTENT) for seeder in seeders}
        self.assertEqual(len(names), 1)
        self.assertEqual(download(leecher, names.pop()), hashlib.sha256(CONTENT).hexdigest())
        sent = sum(seeder.metric("codex_block_exchange_blocks_sent_total") for seeder in seeders)
        self.assertEqual(sent, -(-len(CONTENT) // 65536))

    def test_content_that_comes_later_is_found(self):
        seeder, leecher = self.swarm(2)
        name = seeder.upload(b"x" * 100_000)
        seeder.call("DELETE", f"/data/{name}")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            result = pool.submit(leecher.get, f"/data/{name}/network/stream")
            self.assertRaises(concurrent.futures.TimeoutError, result.result, 1)
            seeder.upload(b"x" * 100_000)
            self.assertEqual(result.result(10), (200, b"x" * 100_000))


class Coded(testing.SwarmTest):
    def test_a_coded_dataset_is_fetched_whole_and_read_as_the_original(self):
        seeder, leecher = self.swarm(2, command=["persistence"],
                                     extra=["--stand-in-purchase-delay=0"])
        content = CONTENT[:65536 * 9 + 7]  # 10 blocks: 3 rows of 4 with 2 blocks of padding
        terms = {"duration": 10, "proofProbability": "1", "pricePerBytePerSecond": "1",
                 "collateralPerByte": "1", "expiry": 5, "nodes": 6, "tolerance": 2}
        purchase = seeder.call("POST", f"/storage/request/{seeder.upload(content)}",
                               json.dumps(terms))[1].decode()
        name = seeder.json(f"/storage/purchases/{purchase}")["request"]["content"]["cid"]
        self.assertEqual(leecher.get(f"/data/{name}/network/stream"), (200, content))
        manifest = leecher.json("/data")["content"][0]["manifest"]
        self.assertEqual((manifest["protected"], manifest["datasetSize"]), (True, 65536 * 3 * 6))
        self.assertTrue(testing.until(
            lambda: leecher.json("/space")["totalBlocks"] == 10 + 3 * 2 + 1))

    def test_impossible_terms_are_refused(self):
        node = self.node(command=["persistence"])
        name = node.upload(b"one block")
        terms = {"duration": 10, "proofProbability": "1", "pricePerBytePerSecond": "1",
                 "collateralPerByte": "1", "expiry": 5, "nodes": 3, "tolerance": 1}
        for change, status, text in (
                ({}, 422, "Dataset too small for erasure parameters, need at least 131072 bytes"),
                ({"expiry": 10}, 422, "Expiry must be greater than zero and less than the "
                                      "request's duration"),
                ({"tolerance": 0}, 422, "Tolerance needs to be bigger then zero"),
                ({"tolerance": 4}, 422, "Invalid parameters: `tolerance` cannot be greater than "
                                        "`nodes`"),
                ({"duration": None}, 400, "Expected a number in duration")):
            reply = node.call("POST", f"/storage/request/{name}", json.dumps({**terms, **change}))
            self.assertEqual(reply, (status, text.encode()))


class Keeping(testing.SwarmTest):
    def test_what_is_stored_survives_a_restart(self):
        node = self.node()
        name = node.upload(CONTENT[:1_000_000])
        before = node.json("/space"), node.json("/data"), node.json("/peerid")
        self.assertEqual(node.stop()[0], 0)
        node.start()
        self.assertEqual((node.json("/space"), node.json("/data"), node.json("/peerid")), before)
        self.assertEqual(node.get(f"/data/{name}"), (200, CONTENT[:1_000_000]))

    def test_what_two_datasets_share_outlives_the_first(self):
        node = self.node()
        shared = CONTENT[:65536 * 4]
        first, second = node.upload(shared + b"1"), node.upload(shared + b"2")
        self.assertEqual(node.json("/space")["totalBlocks"], 4 + 2 + 2)
        node.call("DELETE", f"/data/{first}")
        self.assertEqual(node.get(f"/data/{second}"), (200, shared + b"2"))
        node.call("DELETE", f"/data/{second}")
        self.assertEqual(node.json("/space")["quotaUsedBytes"], 0)

    def test_memory_does_not_grow_with_the_content(self):
        seeder, leecher = self.swarm(2)
        size, piece = 300_000_000, CONTENT[:1_000_000]

        def pieces():
            for number in range(size // len(piece)):
                yield number.to_bytes(4, "big") + piece[4:]

        status, name = seeder.call("POST", "/data", pieces(), {"Content-Length": str(size)})
        self.assertEqual(status, 200)
        digest = hashlib.sha256()
        for part in pieces():
            digest.update(part)
        self.assertEqual(download(leecher, name.decode()), digest.hexdigest())
        for node in (seeder, leecher):
            self.assertLess(node.peak_memory(), 64 * 2 ** 20)


class NewerGeneration(testing.SwarmTest):
    def test_a_background_fetch_shows_progress_and_an_end(self):
        seeder, leecher = self.swarm(2, generation="storage")
        name = seeder.upload(CONTENT)
        seeder.faults(slow_bps=10_000_000)
        status, body = leecher.call("POST", f"/data/{name}/network")
        self.assertEqual(status, 200)
        path = f"/data/{name}/network/progress/{json.loads(body)['downloadId']}"
        seen = [leecher.json(path)]
        while seen[-1]["active"]:
            seen.append(leecher.json(path))
        self.assertEqual(seen[0]["total"], 306)
        received = [progress["received"] for progress in seen[:-1]]
        self.assertEqual(received, sorted(received))
        self.assertTrue(any(0 < count < 306 for count in received), received[-1])
        self.assertEqual(seen[-1], {"active": False})
        self.assertEqual(leecher.get(f"/data/{name}"), (200, CONTENT))

    def test_a_background_fetch_can_be_cancelled(self):
        seeder, leecher = self.swarm(2, generation="storage")
        name = seeder.upload(CONTENT)
        seeder.faults(slow_bps=1_000_000)
        number = json.loads(leecher.call("POST", f"/data/{name}/network")[1])["downloadId"]
        self.assertEqual(leecher.call("DELETE", f"/data/{name}/network/{number}")[0], 204)
        self.assertTrue(testing.until(
            lambda: leecher.json(f"/data/{name}/network/progress/{number}") == {"active": False}))
        self.assertEqual(leecher.call("DELETE", f"/data/{name}/network/{number}"),
                         (404, b"Background download not found"))

    def test_the_size_of_blocks_can_be_chosen(self):
        node = self.node(generation="storage")
        status, name = node.call("POST", "/data?blockSize=4096", CONTENT[:10_000])
        self.assertEqual(status, 200)
        manifest = node.json("/data")["content"][0]["manifest"]
        self.assertEqual((manifest["blockSize"], manifest["datasetSize"]), (4096, 10_000))
        self.assertEqual(node.get(f"/data/{name.decode()}"), (200, CONTENT[:10_000]))
        for size in ("4095", "1048576", "12288", "x", "-1"):
            self.assertEqual(node.call("POST", f"/data?blockSize={size}", b"x"),
                             (400, b"blockSize must be a power of two between 4096 and 524288 "
                                   b"bytes"))

    def test_the_marketplace_and_the_older_prefix_are_unknown(self):
        node = self.node(generation="storage")
        info = node.json("/debug/info")
        self.assertEqual(info["storage"]["version"], "stand-in v0.4.5")
        self.assertEqual(node.call("POST", f"/storage/request/{testing.ABSENT}", "{}"), (404, b""))
        node.prefix = "/api/codex/v1"
        self.assertEqual(node.get("/debug/info"), (404, b""))


if __name__ == "__main__":
    testing.main()
