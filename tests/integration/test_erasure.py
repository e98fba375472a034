#!/usr/bin/env python3
"""Contents as erasure codes, by the library over every driver and by Codex itself, from the
experiment to the results: with Codex's stand-in, and on a real program where there is one."""
import json
import os
import unittest

import command
from codex_run import REAL, STAND_IN, SWARMS, CodexRun
from command import BAD_INPUT, DONE, ENVIRONMENT, RUNS_FAILED, swarmbench

CODE = {"data": 4, "parity": 2}
CHAIN = {"eth_provider": "ws://127.0.0.1:8545",
         "account": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"}
REQUEST = {**CHAIN, "erasure": {**CODE, "via": "storage-request"}}
# 6 seeders with a part each; a leecher's file takes seconds.
SIX = """file_size: 20MB
size: 9
seeders: 6
limits: {{stall: 12s, run: 120s}}
faults: [{{at: {at}, kill: {{role: seeder, count: {count}}}}}]"""


class Erasure(CodexRun):
    def check_parts(self, mode):
        """Every leecher decoded what k parts gave, and no byte is unaccounted for."""
        rows = [row for row in self.export("parts") if row["mode"] == mode]
        for run in {row["run"] for row in rows}:
            of_run = [row for row in rows if row["run"] == run]
            held = sorted(row["part"] for row in of_run if row["fate"] == "held")
            self.assertEqual(sorted(set(held)), [str(part) for part in range(6)])
            for node in {row["node"] for row in of_run if row["role"] == "leecher"}:
                used = [row for row in of_run
                        if (row["node"], row["fate"]) == (node, "used")]
                self.assertEqual(len(used), 4)
                self.assertTrue(all(row["bytes_done"] == row["bytes"] for row in used))

    def check_library(self, downloads, mode):
        for row in downloads[mode]:
            self.assertEqual((row["status"], row["verified"]), ("SWB_OK", "1"), row)
            self.assertGreaterEqual(int(row["decode_ns"]), 0)
            self.assertLessEqual(int(row["decode_ns"]), int(row["completion_hi_ns"]))
        self.check_parts(mode)

    def check_request(self, downloads, mode):
        for row in downloads[mode]:
            self.assertEqual((row["status"], row["verified"]), ("SWB_OK", "1"), row)
            self.assertEqual(row["decode_ns"], "")
        nodes = self.query("SELECT code_end_ns - code_begin_ns, stored_bytes, file_size_bytes"
                           " FROM node JOIN run ON run.id = run JOIN cell ON cell.id = cell"
                           f" WHERE role = 'seeder' AND run.mode = '{mode}'")
        self.assertTrue(nodes)
        for preparation, stored, size in nodes:
            self.assertGreater(preparation, 0)
            self.assertGreater(stored, 1.4 * size)

    def check_runs(self, mode, coding):
        codings = self.query("SELECT DISTINCT coding, coded_bytes * 1.0 / file_size_bytes > 1.4"
                             f" FROM run JOIN cell ON cell.id = cell WHERE mode = '{mode}'")
        self.assertEqual(codings, [(coding, 1)])


class OnStandIn(Erasure):
    def test_every_coded_mode_in_swarms_of_2_and_8_at_two_sizes(self):
        older = str(self.program("codex"))
        newer = str(self.program("storage", "--stand-in-generation=storage"))
        modes = {"older": {"binary": older, "erasure": CODE},
                 "newer": {"binary": newer, "erasure": CODE},
                 "background": {"binary": newer, "download": "background",
                                "erasure": {**CODE, "extra": 1}},
                 "request": {"binary": older, **REQUEST},
                 "request-background": {"binary": older, "download": "background", **REQUEST}}
        downloads = self.run_modes(modes, SWARMS, DONE)
        for mode, options in modes.items():
            with self.subTest(mode):
                self.assertEqual(len(downloads[mode]), 2 * (1 + 6))
                by_request = "via" in options["erasure"]
                check = self.check_request if by_request else self.check_library
                check(downloads, mode)
                self.check_runs(mode, "4+2 by " + ("storage-request" if by_request else "library"))

    def test_torrent_clients_carry_parts_too(self):
        modes = {name: {"driver": name, "erasure": CODE} for name in ("deluge", "qbittorrent")}
        downloads = self.run_modes(modes, "file_size: 20MB\nsize: 8\nseeders: 3", DONE)
        for mode in modes:
            self.check_library(downloads, mode)

    def slow(self):
        return str(self.program("slow", "--stand-in-fault=slow_bps=4000000"))

    def test_two_of_six_seeders_may_vanish(self):
        modes = {"ec": {"binary": self.slow(), "erasure": {**CODE, "part_stall": "4s"}}}
        downloads = self.run_modes(modes, SIX.format(at="40%", count=2), DONE)
        self.assertEqual(len(downloads["ec"]), 3)
        self.check_library(downloads, "ec")
        faults = self.query("SELECT count(*) FROM event WHERE kind = 'fault'")
        self.assertEqual(faults, [(2,)])

    def test_three_of_six_seeders_may_not_and_the_next_run_is_clean(self):
        modes = {"ec": {"binary": self.slow(), "erasure": {**CODE, "part_stall": "4s"}}}
        settings = SIX.format(at="0s", count=3) + "\nseeder_sets: 2"
        downloads = self.run_modes(modes, settings, RUNS_FAILED)
        self.assertEqual(len(downloads["ec"]), 6)
        for row in downloads["ec"]:
            self.assertEqual((row["status"], row["verified"]), ("SWB_ESTALLED", "0"), row)
            self.assertRegex(row["error"], "[0-3] of the 4 parts needed are complete")

    def test_part_with_a_wrong_byte_is_replaced_and_told(self):
        bad = str(self.program("bad", "--stand-in-fault=corrupt_stream=1234"))
        downloads = self.run_modes({"bad": {"binary": bad, "erasure": CODE}},
                                   "file_size: 1MB\nsize: 2\nseeders: 1", RUNS_FAILED)
        row, = downloads["bad"]
        self.assertEqual(row["status"], "SWB_EMISMATCH")
        self.assertRegex(row["error"], "too few parts can be had: 0 of the 4 parts")

    def refused(self, options, expected, words):
        self.run_modes({"coded": options}, "file_size: 1MB\nsize: 2\nseeders: 1", expected)
        result = swarmbench("run", self.folder / "codex.yaml", "-o", self.folder / "second.db",
                            "--work-dir", self.folder / "work", env=self.environment)
        self.assertEqual(result.returncode, expected)
        self.assertRegex(result.stderr, words)
        self.assertFalse((self.folder / "second.db").exists())

    def run_modes(self, modes, settings, expected):
        if expected in (BAD_INPUT, ENVIRONMENT):  # it ends before there are results
            self.export = lambda table: []
        return super().run_modes(modes, settings, expected)

    def test_newer_generation_is_refused_before_the_first_run(self):
        newer = str(self.program("storage", "--stand-in-generation=storage"))
        self.refused({"binary": newer, **REQUEST}, ENVIRONMENT,
                     "mode 'coded' .*Logos Storage stand-in v0.4.5.*via: library")

    def test_mode_without_a_chain_is_refused_before_the_first_run(self):
        self.refused({"binary": str(STAND_IN), "erasure": REQUEST["erasure"]}, BAD_INPUT,
                     "mode 'coded' .*give eth_provider, account and marketplace")

    def test_node_that_cannot_be_started_is_told_with_its_last_words(self):
        odd = str(self.program("odd", "--no-such-option"))
        self.refused({"binary": odd, **REQUEST}, ENVIRONMENT, "Unrecognized option")


@unittest.skipUnless(REAL, "neither SWARMBENCH_CODEX nor PATH names a Codex node")
class OnRealNode(Erasure):
    def test_library_in_swarms_of_2_and_8_at_two_sizes(self):
        print(f"the real program is {REAL}", flush=True)
        downloads = self.run_modes({"ec": {"erasure": CODE}}, SWARMS, DONE)
        self.check_library(downloads, "ec")

    def test_storage_request_on_a_chain(self):
        """SWB_TEST_CHAIN='{"eth_provider": "ws://...", "account": "0x...", "marketplace": "0x..."}'
        names a development chain whose marketplace takes any proof."""
        chain = json.loads(os.environ.get("SWB_TEST_CHAIN", "null"))
        if chain is None:
            self.skipTest("SWB_TEST_CHAIN names no chain")
        modes = {"request": {**chain, "erasure": {"data": 2, "parity": 1,
                                                  "via": "storage-request"}}}
        downloads = self.run_modes(modes, "file_size: 20MB\nsize: 4\nseeders: 1", DONE)
        self.check_request(downloads, "request")


if __name__ == "__main__":
    command.main()
