#!/usr/bin/env python3
"""Swarms of Codex nodes from the experiment to the results: on the stand-in of tests/support, and on
a real program where SWARMBENCH_CODEX or PATH has one."""
import unittest

import command
from codex_run import PAIR, REAL, STAND_IN, CodexRun
from command import DONE, RUNS_FAILED

class OnStandIn(CodexRun):
    def test_every_mode_in_swarms_of_2_and_8_at_two_sizes(self):
        modes = {}
        for generation in ("codex", "storage"):
            binary = str(self.program(generation, f"--stand-in-generation={generation}"))
            for download in ("stream", "background"):
                modes[f"{generation}-{download}"] = {"binary": binary, "generation": generation,
                                                     "download": download}
        self.check_all_modes(modes)
        nodes = self.query("SELECT DISTINCT version, revision, api_version, stand_in FROM node"
                           " ORDER BY version")
        self.assertEqual(nodes, [("stand-in v0.2.5", "bd49591f", "codex/v1", 1),
                                 ("stand-in v0.4.5", "10bb4975", "storage/v1", 1)])

    def test_variable_names_the_program(self):
        self.environment["SWARMBENCH_CODEX"] = str(STAND_IN)
        downloads = self.run_modes({"codex": {}}, PAIR, DONE)
        self.assert_complete(downloads["codex"], "stream")


class Misbehaving(CodexRun):
    """Each misbehaviour has its cause, and the next run starts on a clean slate."""

    def fails(self, status, cause, *faults, **options):
        good = str(self.program("good"))
        bad = str(self.program("bad", *(f"--stand-in-fault={fault}" for fault in faults)))
        downloads = self.run_modes({"bad": {"binary": bad, **options}, "good": {"binary": good}},
                                   PAIR, RUNS_FAILED)
        self.assert_complete(downloads["good"], "stream")
        runs = dict((mode, rest) for mode, *rest in
                    self.query("SELECT mode, status, cause FROM run ORDER BY id"))
        self.assertEqual(runs["good"], ["SWB_OK", None])
        self.assertEqual(runs["bad"][0], status, runs)
        self.assertRegex(runs["bad"][1], cause)
        row, = downloads["bad"]
        self.assertEqual((row["status"], row["verified"]), (status, "0"))
        return row

    def test_upload_that_hangs(self):
        self.fails("SWB_ETIMEDOUT", "not every seeder served the content within limits.seed",
                   "hang")

    def test_upload_whose_connection_is_dropped(self):
        self.fails("SWB_ETRUNCATED", "seed: ", "drop_connection")

    def test_quota_that_is_full(self):
        self.fails("SWB_ENOSPACE", "seed: .*its storage quota is full", "quota_full")

    def test_quota_that_is_too_small(self):
        self.fails("SWB_ENOSPACE", "seed: .*its storage quota is full", quota="1MB")

    def test_stream_that_is_truncated(self):
        row = self.fails("SWB_ETRUNCATED", "leech: .*after 700000 bytes", "truncate_stream=700000")
        self.assertEqual(row["bytes_done"], "700000")

    def test_stream_that_stalls(self):
        row = self.fails("SWB_ESTALLED", "no leecher made progress", "stall_stream=300000")
        self.assertEqual(row["bytes_done"], "300000")

    def test_stream_with_a_wrong_byte(self):
        row = self.fails("SWB_EMISMATCH", "differs from the content at byte 123456",
                         "corrupt_stream=123456")
        self.assertEqual(row["bad_offset"], "123456")

    def test_copy_with_a_wrong_byte_after_a_background_fetch(self):
        row = self.fails("SWB_EMISMATCH", "verify: .*at byte 123456", "corrupt_stream=123456",
                         download="background")
        self.assertEqual(row["bad_offset"], "123456")

    def test_seeder_whose_blocks_are_corrupt(self):
        self.fails("SWB_ESTALLED", "no leecher made progress", "corrupt_blocks")

    def test_seeder_that_vanishes_for_its_peers(self):
        self.fails("SWB_ESTALLED", "no leecher made progress", "stop_serving")

    def test_node_that_gives_up(self):
        bad = self.program("gives-up", "--stand-in-fault=stop_serving",
                           "--stand-in-retry-interval=0.5")
        downloads = self.run_modes({"bad": {"binary": str(bad), "block_retries": 2}}, PAIR,
                                   RUNS_FAILED)
        row, = downloads["bad"]
        self.assertEqual(row["status"], "SWB_ENOENT")
        self.assertIn("nobody gave it the content", row["error"])


@unittest.skipUnless(REAL, "neither SWARMBENCH_CODEX nor PATH names a Codex node")
class OnRealNode(CodexRun):
    def test_every_mode_in_swarms_of_2_and_8_at_two_sizes(self):
        print(f"the real program is {REAL}", flush=True)
        self.check_all_modes({"stream": {}, "background": {"download": "background"}})


if __name__ == "__main__":
    command.main()
