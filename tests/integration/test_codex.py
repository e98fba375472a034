#!/usr/bin/env python3
"""Swarms of Codex nodes from the experiment to the results: on the stand-in of tests/support, and on
a real program where SWARMBENCH_CODEX or PATH has one."""
import csv
import io
import json
import os
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

import command
from command import DONE, ROOT, RUNS_FAILED, swarmbench

STAND_IN = ROOT / "tests/support/codex-stand-in"
REAL = os.environ.get("SWARMBENCH_CODEX") or shutil.which("codex")
SIZES = (1_000_000, 20_000_000)

EXPERIMENT = """swarmbench: 1
name: codex
seed: 7
modes:
{modes}
{settings}
repetitions: 1
retries: 0
allow_stand_in: true
"""
SWARMS = """matrix:
  file_size: [1MB, 20MB]
  swarm: [{size: 2, seeders: 1}, {size: 8, seeders: 2}]"""
PAIR = """file_size: 1MB
size: 2
seeders: 1
limits: {seed: 5s, run: 15s, stall: 3s}"""


class CodexRun(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = self.folder / "r.db"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}

    def program(self, name, *options):
        """A program that starts the stand-in with more options."""
        path = self.folder / name
        quoted = " ".join(f"'{option}'" for option in options)
        path.write_text(f"#!/bin/sh\nexec '{STAND_IN}' {quoted} \"$@\"\n")
        path.chmod(0o755)
        return path

    def run_modes(self, modes, settings, expected):
        """`modes`: name -> options of the driver. Returns the mode's downloads, by mode."""
        rows = "\n".join(f"  {name}: {json.dumps({'driver': 'codex', **options})}"
                         for name, options in modes.items())
        experiment = self.folder / "codex.yaml"
        experiment.write_text(EXPERIMENT.format(modes=rows, settings=settings))
        result = swarmbench("run", experiment, "-o", self.database, "--work-dir",
                            self.folder / "work", env=self.environment, timeout=500)
        self.assertEqual(result.returncode, expected, result.stderr + result.stdout)
        self.assertEqual(os.listdir(self.folder / "work"), [])
        return {name: [row for row in self.export("downloads") if row["mode"] == name]
                for name in modes}

    def export(self, table):
        result = swarmbench("export", self.database, "--table", table, "--format", "csv")
        self.assertEqual((result.returncode, result.stderr), (DONE, ""))
        return list(csv.DictReader(io.StringIO(result.stdout)))

    def query(self, text):
        database = sqlite3.connect(self.database)
        self.addCleanup(database.close)
        return database.execute(text).fetchall()

    def assert_complete(self, rows, source):
        for row in rows:
            self.assertEqual((row["status"], row["verified"]), ("SWB_OK", "1"), row)
            self.assertEqual((row["first_byte_source"], row["completion_source"]),
                             (source, source), row)
            times = [int(row[name]) for name in ("started_ns", "accepted_ns", "completion_hi_ns")]
            self.assertEqual(times, sorted(times), row)
            self.assertLessEqual(int(row["first_byte_lo_ns"]), int(row["first_byte_hi_ns"]))
            self.assertLessEqual(int(row["first_byte_hi_ns"]), int(row["half_hi_ns"]))
            self.assertLessEqual(int(row["half_hi_ns"]), int(row["ninety_hi_ns"]))
            self.assertLessEqual(int(row["ninety_hi_ns"]), int(row["completion_hi_ns"]))
            self.assertGreaterEqual(int(row["payload_received"]), int(row["bytes"]))

    def check_all_modes(self, modes):
        downloads = self.run_modes(modes, SWARMS, DONE)
        for name, options in modes.items():
            with self.subTest(name):
                self.assertEqual(len(downloads[name]), 2 * (1 + 6))
                self.assertEqual({int(row["bytes"]) for row in downloads[name]}, set(SIZES))
                self.assert_complete(downloads[name],
                                     "api" if options.get("download") == "background" else "stream")
        uploads = self.query("SELECT seed_end_ns - seed_begin_ns FROM node WHERE role = 'seeder'")
        self.assertEqual(len(uploads), len(modes) * 2 * (1 + 2))
        self.assertTrue(all(time > 0 for time, in uploads))
        wire = self.query("SELECT max(sample.wire_in_bytes) - max(download.bytes) FROM sample"
                          " JOIN download USING (run, node) GROUP BY run, node")
        self.assertEqual(len(wire), len(modes) * 2 * (1 + 6))
        self.assertTrue(all(more is not None and more > 0 for more, in wire), wire)


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
