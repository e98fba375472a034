#!/usr/bin/env python3
"""Real swarms of real clients: what is stored, and that every kind of end can be gone on from."""
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import command
from command import BAD_INPUT, DONE, INTERRUPTED, swarmbench

CLIENTS = ("deluged", "qbittorrent-nox", "opentracker")
SIZE = 5_000_000

EXPERIMENT = """swarmbench: 1
name: small
seed: 7
modes: {{deluge: {{driver: deluge}}, qbittorrent: {{driver: qbittorrent}}}}
matrix: {{file_size: [5MB], size: [2], seeders: [1]}}
repetitions: {{min: {repetitions}, max: {repetitions}}}
"""


def processes_naming(text):
    """Command lines of processes that name a path, as a list."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in line or text in environment:
                found.append(line)
    return found


@unittest.skipUnless(all(map(shutil.which, CLIENTS)),
                     f"one of {', '.join(CLIENTS)} is not installed")
class RealRun(unittest.TestCase):
    repetitions = 1

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.work = self.folder / "work"
        self.database = self.folder / "r.db"
        self.experiment = self.folder / "small.yaml"
        self.experiment.write_text(EXPERIMENT.format(repetitions=self.repetitions))
        # Journals of their own, so that other runners of this user do not matter.
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}

    def arguments(self, *more):
        return ["run", str(self.experiment), "-o", str(self.database), "--work-dir",
                str(self.work), *more]

    def swarmbench(self, *arguments):
        return swarmbench(*arguments, env=self.environment, timeout=300)

    def export(self, table):
        result = self.swarmbench("export", self.database, "--table", table, "--format", "csv")
        self.assertEqual((result.returncode, result.stderr), (DONE, ""))
        return list(csv.DictReader(io.StringIO(result.stdout)))

    def start(self, *more):
        """The command with JSON events on its stdout."""
        process = subprocess.Popen([command.COMMAND, *self.arguments("--json", *more)],
                                   env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, process, kind, count=1):
        for line in process.stdout:
            count -= json.loads(line)["event"] == kind
            if count == 0:
                return
        self.fail(f"the command ended before '{kind}': {process.stderr.read()}")

    def assert_nothing_left(self, seconds=0):
        deadline = time.monotonic() + seconds
        while (left := processes_naming(str(self.work))) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(left, [])

    def assert_whole(self):
        """Every planned run is done exactly once, and the database is intact."""
        with sqlite3.connect(self.database) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            done = database.execute(
                "SELECT plan_index FROM run WHERE state = 'done' ORDER BY plan_index").fetchall()
            others = database.execute(
                "SELECT count(*) FROM run WHERE state = 'running'").fetchone()
        database.close()
        self.assertEqual(done, [(i,) for i in range(2 * self.repetitions)])
        self.assertEqual(others, (0,))


class Undisturbed(RealRun):
    def test_from_the_experiment_to_results(self):
        result = self.swarmbench(*self.arguments())
        self.assertEqual(result.returncode, DONE, result.stderr)
        self.assertIn("deluge", result.stdout)
        self.assert_nothing_left()
        self.assertEqual(os.listdir(self.work), [])
        self.assert_whole()
        self.check_downloads()
        self.check_cells()
        self.check_reports()
        self.check_resume()

    def test_closed_standard_streams_do_no_harm(self):
        closed = subprocess.run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", command.COMMAND,
                                 *self.arguments()], env=self.environment, capture_output=True,
                                timeout=300, check=False)
        self.assertEqual(closed.returncode, DONE, closed.stdout)
        self.assert_whole()

    def check_downloads(self):
        rows = self.export("downloads")
        self.assertEqual(sorted(row["mode"] for row in rows), ["deluge", "qbittorrent"])
        for row in rows:
            self.assertLessEqual(
                {"run", "cell", "mode", "node", "bytes", "accepted_ns", "first_byte_lo_ns",
                 "first_byte_hi_ns", "first_byte_source", "completion_lo_ns", "completion_hi_ns",
                 "completion_source", "verified"}, row.keys())
            self.assertEqual((row["bytes"], row["verified"]), (str(SIZE), "1"))
            times = [int(row[name]) for name in ("first_byte_lo_ns", "first_byte_hi_ns",
                                                 "completion_lo_ns", "completion_hi_ns")]
            self.assertEqual(times, sorted(times), row)
            self.assertGreaterEqual(times[0], 0)
        as_json = self.swarmbench("export", self.database, "-t", "downloads", "-f", "json")
        self.assertEqual(len(json.loads(as_json.stdout)), len(rows))

    def check_cells(self):
        self.assertEqual([row["ending"] for row in self.export("cells")],
                         ["all its repetitions were run"])

    def check_reports(self):
        status = json.loads(self.swarmbench("status", "--json", self.database).stdout)
        self.assertEqual((status[0]["experiment"], status[0]["runs_done"], status[0]["ended"]),
                         ("small", 2, True))
        self.assertIn("2 of at most 2 runs done", self.swarmbench("status", self.database).stdout)
        page = self.folder / "report.md"
        self.assertEqual(self.swarmbench("report", self.database, "-o", page).returncode, DONE)
        self.assertRegex(page.read_text(), r"\|.*qbittorrent.*\|")
        json.loads(self.swarmbench("report", self.database, "-f", "json").stdout)

    def check_resume(self):
        before = self.export("runs")
        refused = self.swarmbench(*self.arguments())
        self.assertEqual(refused.returncode, BAD_INPUT)
        self.assertIn("--resume", refused.stderr)
        resumed = self.swarmbench(*self.arguments("--resume"))
        self.assertEqual(resumed.returncode, DONE, resumed.stderr)
        self.assertEqual(self.export("runs"), before)


class Disturbed(RealRun):
    repetitions = 2

    def finish(self):
        resumed = self.swarmbench(*self.arguments("--resume"))
        self.assertEqual(resumed.returncode, DONE, resumed.stderr)
        self.assert_whole()
        self.assert_nothing_left()

    def test_an_interrupt_ends_in_order_and_resume_finishes(self):
        process = self.start()
        self.wait_for(process, "node_ready")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), INTERRUPTED)
        self.assert_nothing_left()
        self.assertEqual(os.listdir(self.work), [])
        self.finish()

    def test_a_second_interrupt_leaves_nothing_either(self):
        process = self.start()
        self.wait_for(process, "node_ready", 2)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), INTERRUPTED)
        self.assert_nothing_left()
        self.finish()

    def test_a_killed_runner_is_cleaned_up_after_and_resume_finishes(self):
        for kind in ("run_started", "node_ready", "run_ended"):
            with self.subTest(kind):
                process = self.start(*["--resume"] * self.database.exists())
                self.wait_for(process, kind)
                process.kill()
                process.wait()
                # Clients die with their runner, but for those that changed their user.
                told = json.loads(self.swarmbench("clean", "--json").stdout)
                self.assertEqual(told["live"], 0)
                self.assert_nothing_left(seconds=5)
                self.assertEqual(os.listdir(self.work), [])
        self.finish()

    def test_resume_repeats_nothing(self):
        process = self.start()
        self.wait_for(process, "run_ended", 2)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        with sqlite3.connect(self.database) as database:
            done = database.execute("SELECT id, plan_index FROM run WHERE state = 'done'").fetchall()
        database.close()
        self.assertGreaterEqual(len(done), 2)
        self.finish()
        with sqlite3.connect(self.database) as database:
            after = database.execute("SELECT id, plan_index FROM run").fetchall()
        database.close()
        self.assertLessEqual(set(done), set(after))


class Examples(RealRun):
    """The C examples run an experiment as the command does."""

    def test_each_runs_an_experiment(self):
        for program in ("run_experiment", "embed_loop"):
            path = pathlib.Path(os.environ["SWB_EXAMPLES"]) / program
            with self.subTest(program):
                database = self.folder / f"{program}.db"
                done = subprocess.run([path, self.experiment, database], timeout=300, text=True,
                                      env={**self.environment, "TMPDIR": str(self.folder)},
                                      stdin=subprocess.DEVNULL, capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                status = json.loads(self.swarmbench("status", "--json", database).stdout)
                self.assertEqual(status[0]["runs_done"], 2)


if __name__ == "__main__":
    command.main()
