#!/usr/bin/env python3
"""Commands that read results files: charts, pages, comparisons, exports."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import command
from command import BAD_INPUT, DONE, ENVIRONMENT, RUNS_FAILED, swarmbench


class Results(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.results = self.folder / "a.db"
        subprocess.run([os.environ["SWB_MAKE_FILE"], self.results], check=True)

    def slower(self, mode, percent):
        """A copy of the results in which a mode takes longer."""
        other = self.folder / "b.db"
        shutil.copy(self.results, other)
        with sqlite3.connect(other) as db:
            db.execute("UPDATE run SET makespan_ns = makespan_ns * ? / 100 WHERE mode = ?",
                       (100 + percent, mode))
        db.close()
        return other


class Chart(Results):
    def test_a_chart_is_one_json_object(self):
        path = self.folder / "chart.json"
        result = swarmbench("chart", self.results, "--name", "completion", "--cell", "1",
                            "--modes", "deluge,codex", "--width", "400", "-o", path)
        self.assertEqual((result.returncode, result.stderr), (DONE, ""))
        chart = json.loads(path.read_text())
        self.assertEqual(chart["width"], 400)
        self.assertEqual({row["mode"] for row in chart["datasets"]["rows"]}, {"deluge", "codex"})

    def test_what_is_not_there_is_bad_input(self):
        for arguments, message in (
                ([], "chart: --name is missing; see 'swarmbench chart --help'"),
                (["-n", "ratoi"], "chart: 'ratoi' is no CHART of --name; did you mean 'ratio'?"),
                (["-n", "ratio", "-c", "9"], "no cell '9' has a finished run"),
                (["-n", "ratio", "--rows", "many"], "chart: --rows 'many' is no whole number")):
            result = swarmbench("chart", self.results, *arguments)
            self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""), arguments)
            self.assertIn(message, result.stderr)


class Report(Results):
    def test_the_ending_of_the_file_decides_the_form(self):
        for name, begin in (("r.html", "<!DOCTYPE html>"), ("r.md", "# example"), ("r.json", "{"),
                            ("r.txt", "example\n===")):
            path = self.folder / name
            self.assertEqual(swarmbench("report", self.results, "-o", path).returncode, DONE)
            self.assertTrue(path.read_text().startswith(begin), name)


    def test_what_is_read_is_not_written_over(self):
        link = self.folder / "link.db"
        link.symlink_to(self.results)
        before = pathlib.Path(self.results).read_bytes()
        for command in (["report", self.results], ["export", self.results, "--table", "runs"],
                        ["chart", self.results, "--name", "completion"],
                        ["compare", self.results, self.results]):
            for output in (self.results, link):
                result = swarmbench(*command, "-o", output)
                self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""), command)
                self.assertIn("is what is read: --output has to name another file", result.stderr)
        self.assertEqual(pathlib.Path(self.results).read_bytes(), before)


class Compare(Results):
    FEW = ("--confidence", "80%")  # the files have six blocks of eight rows

    def test_a_regression_is_told_by_the_exit_code(self):
        result = swarmbench("compare", self.results, self.slower("codex", 50), *self.FEW)
        self.assertEqual((result.returncode, result.stderr), (RUNS_FAILED, ""))
        self.assertIn("2 slower, 5 no slower, 1 undecided", result.stdout)

    def test_less_than_the_margin_is_none(self):
        other = self.slower("codex", 10)
        self.assertEqual(swarmbench("compare", self.results, other, *self.FEW).returncode, DONE)
        for margin in ("5%", "0.05"):
            result = swarmbench("compare", self.results, other, "--margin", margin, "--json", *self.FEW)
            self.assertEqual(result.returncode, RUNS_FAILED)
            self.assertEqual(json.loads(result.stdout)["counts"]["inferior"], 2)

    def test_what_makes_no_sense_is_bad_input(self):
        for arguments, message in (
                ([self.results], "compare: A B is missing"),
                ([self.results, self.results, "--margin", "0"], "compare: --margin '0' is no share"),
                ([self.results, self.results, "--confidence", "49%"],
                 "compare: --confidence '49%' is no share from 50% to 99.99%"),
                ([self.results, self.folder / "none.db"], "none.db"),
                ([self.results, self.results, "-e", "x"], "no experiment 'x' in common")):
            result = swarmbench("compare", *arguments)
            self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""), arguments)
            self.assertIn(message, result.stderr)


class Export(Results):
    def test_lines_are_the_rows_of_the_array(self):
        lines = swarmbench("export", self.results, "-t", "downloads", "-f", "parquet-ready").stdout
        array = swarmbench("export", self.results, "-t", "downloads", "-f", "json").stdout
        self.assertEqual([json.loads(line) for line in lines.splitlines()], json.loads(array))

    def test_parquet_is_made_of_it_without_telling_types(self):
        try:
            import pyarrow.json
            import pyarrow.parquet
        except ImportError:
            self.skipTest("pyarrow is not installed")
        path = self.folder / "nodes.jsonl"
        swarmbench("export", self.results, "-t", "nodes", "-f", "parquet-ready", "-o", path)
        table = pyarrow.json.read_json(path)
        self.assertEqual(str(table.schema.field("cpu_ns").type), "int64")
        pyarrow.parquet.write_table(table, self.folder / "nodes.parquet")
        self.assertEqual(pyarrow.parquet.read_table(self.folder / "nodes.parquet").num_rows,
                         table.num_rows)


class Merge(Results):
    def merge(self, *files):
        result = swarmbench("merge", self.folder / "all.db", *files)
        return result.returncode, result.stdout.splitlines(), result.stderr.splitlines()

    def test_a_bad_file_stops_no_other(self):
        bad, other = self.folder / "bad.db", self.folder / "other.db"
        bad.write_text("no results")
        shutil.copy(self.results, other)
        with sqlite3.connect(other) as db:
            db.execute("UPDATE experiment SET digest = 'another'")
        db.close()
        code, said, complaints = self.merge(bad, self.folder / "none.db", self.folder / "none-*.db",
                                            self.results, other, self.results)
        self.assertEqual(code, BAD_INPUT)
        self.assertEqual(len(said), 1, said)
        self.assertIn("a.db: ", said[0])
        self.assertEqual(len(complaints), 5, complaints)
        for complaint, name in zip(complaints, ("bad.db", "none.db", "none-*.db", "other.db", "a.db")):
            self.assertIn(name, complaint)
        with sqlite3.connect(self.folder / "all.db") as db:
            self.assertGreater(db.execute("SELECT count(*) FROM run").fetchone()[0], 0)
        db.close()

    def test_files_of_a_pattern_are_all_tried(self):
        folder = self.folder / "cells"
        folder.mkdir()
        (folder / "cell-0.db").write_text("no results")
        shutil.copy(self.results, folder / "cell-1.db")
        code, said, complaints = self.merge(f"{folder}/cell-*.db")
        self.assertEqual((code, len(said), len(complaints)), (BAD_INPUT, 1, 1))
        self.assertIn("cell-1.db: ", said[0])
        self.assertIn("cell-0.db", complaints[0])

    def test_what_is_no_fault_of_a_file_is_told_though_others_were_bad(self):
        (self.folder / "bad.db").write_text("no results")
        (self.folder / "all.db").mkdir()
        for files in ((self.results, self.folder / "bad.db"), (self.folder / "bad.db", self.results)):
            code, said, complaints = self.merge(*files)
            self.assertEqual((code, said, len(complaints)), (ENVIRONMENT, [], 2), complaints)


class OlderFormat(unittest.TestCase):
    """A file of format 2 that may only be read: every command reads it, and none changes it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.results = self.folder / "old.db"
        database = sqlite3.connect(self.results)
        database.executescript((command.ROOT / "tests/support/results-format-2.sql").read_text())
        database.close()
        self.results.chmod(0o444)
        (self.folder / "tmp").mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.folder / "tmp")}

    def read(self, *arguments):
        before = self.results.read_bytes()
        result = swarmbench(*arguments, env=self.environment)
        self.assertEqual((result.returncode, result.stderr), (DONE, ""))
        self.assertEqual(self.results.read_bytes(), before)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()
                                if path.name != "merged.db"), ["old.db", "tmp"])
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])
        return result.stdout

    def test_it_is_reported_exported_and_drawn(self):
        self.assertIn("12 runs done, 0 failed", self.read("report", self.results))
        self.assertIn("12", self.read("status", self.results))
        runs = self.read("export", self.results, "-t", "runs", "-f", "parquet-ready").splitlines()
        self.assertEqual(len(runs), 12)
        self.assertIsNone(json.loads(runs[0])["coding"])
        self.assertEqual(len(self.read("export", self.results, "-t", "parts").splitlines()), 1)
        json.loads(self.read("chart", self.results, "-n", "completion"))

    def test_it_is_merged(self):
        merged = self.folder / "merged.db"
        self.read("merge", merged, self.results)
        self.assertIn("12 runs done, 0 failed", self.read("report", merged))


if __name__ == "__main__":
    command.main()
