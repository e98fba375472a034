"""What tests of Codex swarms share: the stand-in, an experiment, and a look at its results."""
import csv
import io
import json
import os
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

from command import DONE, ROOT, swarmbench

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
        """`modes`: name -> options, of Codex unless they name a driver. Returns the downloads, by
        mode."""
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
