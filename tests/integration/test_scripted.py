#!/usr/bin/env python3
"""What `run` shows and how it ends, with a runner that plays a script (scripted_runner.c)."""
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

import command
from command import BAD_INPUT, DONE, ENVIRONMENT, INTERRUPTED, RUNS_FAILED, swarmbench

SCRIPTED = os.environ["SWB_SCRIPTED"]

EXPERIMENT = """swarmbench: 1
name: scripted
modes: {deluge: {driver: deluge}, qbittorrent: {driver: qbittorrent}}
matrix: {file_size: [1MB], size: [3]}
"""

# Lines of a script: KIND STATUS RUN MODE NODE VALUE TOTAL NAME TEXT
STARTED = "1 0 - - - 2 0 -"
RUN_1 = "3 0 0 0 - 1 0 - size=3 seeders=1"
RUN_1_DONE = "4 0 0 0 - 1234567890 0 -"
ENDED = "2 0 - - - 0 0 -"
GOOD = [STARTED, RUN_1, "5 0 0 0 - 0 0 - leech", "9 0 0 0 1 500000 1000000 deluge-01",
        "10 0 0 0 1 1200000000 0 deluge-01", RUN_1_DONE, ENDED]
BAD = [STARTED, RUN_1, RUN_1_DONE, "3 0 1 1 - 1 0 - size=3 seeders=1",
       r"7 21 1 1 2 0 0 qb-02 oops\x0a\x1b[31m\xff", "4 21 1 1 - 0 0 - node qb-02 ended",
       "13 21 1 1 - 2 0 - node qb-02 ended",
       "3 0 1 1 - 2 0 - size=3 seeders=1", "4 7 1 1 - 0 0 - too slow", ENDED]


class Scripted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "x.yaml").write_text(EXPERIMENT)

    def environment(self, script):
        (self.folder / "script").write_text("\n".join(script) + "\n")
        return {**os.environ, "SWARMBENCH_SCRIPT": str(self.folder / "script"), "TERM": "xterm",
                "NO_COLOR": ""}

    def run_script(self, script, *arguments):
        return swarmbench("run", "x.yaml", *arguments, command=SCRIPTED, cwd=self.folder,
                          env=self.environment(script))


class Lines(Scripted):
    def test_a_pipe_gets_a_line_for_each_thing_and_stdout_the_summary(self):
        result = self.run_script(GOOD, "-o", "r.db")
        self.assertEqual((result.returncode, result.stdout), (DONE, "SUMMARY\n"))
        self.assertEqual(result.stderr.splitlines()[1:], [
            "experiment scripted: 2 runs to do",
            "run 1/2 deluge size=3 seeders=1: started",
            "run 1/2 deluge size=3 seeders=1: done in 1.23 s"])

    def test_failures_and_retries_are_told_and_the_exit_code_is_1(self):
        result = self.run_script(BAD, "-o", "r.db")
        self.assertEqual(result.returncode, RUNS_FAILED)
        run = "run 2/2 qbittorrent size=3 seeders=1"
        for line in (f"{run}: node qb-02 ended unexpectedly: oops  [31m?",
                     f"{run}: failed: node qb-02 ended", f"{run}: will be tried again",
                     f"{run}: started, attempt 2", f"{run}: failed: too slow"):
            self.assertIn(line, result.stderr.splitlines())

    def test_quiet_writes_only_errors(self):
        result = self.run_script(BAD, "-q", "-o", "r.db")
        self.assertEqual((result.returncode, result.stdout), (RUNS_FAILED, ""))
        self.assertEqual(result.stderr.splitlines()[1:], [
            "swarmbench: run 2/2 qbittorrent size=3 seeders=1: failed: node qb-02 ended",
            "swarmbench: run 2/2 qbittorrent size=3 seeders=1: failed: too slow"])

    def test_json_writes_one_object_a_line(self):
        result = self.run_script(BAD, "--json", "-o", "r.db")
        events = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(events), len(BAD))
        self.assertEqual(events[0], {"event": "experiment_started", "status": "SWB_OK", "value": 2,
                                     "time_ns": 10000000000000001})
        self.assertEqual(events[4]["text"], "oops\n\x1b[31m?")
        self.assertEqual((events[8]["event"], events[8]["status"]), ("run_ended", "SWB_ETIMEDOUT"))

    def test_options_reach_the_runner(self):
        told = self.run_script(GOOD, "-or.db", "--only", "1", "--on=local", "--work-dir", "/w",
                               "-r", "--keep-data").stderr
        self.assertIn("options: r.db only=1 on=local work_dir=/w resume=1 keep_data=1\n", told)

    def test_without_output_the_file_has_the_name_of_the_experiment_and_that_is_said(self):
        told = self.run_script(GOOD).stderr
        self.assertIn("results go to scripted.db\n", told)
        self.assertIn("options: scripted.db ", told)


class Failures(Scripted):
    def test_statuses_become_exit_codes(self):
        for status, code in ((3, BAD_INPUT), (6, ENVIRONMENT), (10, ENVIRONMENT), (16, BAD_INPUT)):
            result = self.run_script([f"fail {status} why it failed"], "-o", "r.db")
            self.assertEqual(result.returncode, code)
            self.assertIn("swarmbench: why it failed\n", result.stderr)

    def test_an_experiment_that_ends_early_is_an_error(self):
        result = self.run_script([STARTED, "2 20 - - - 0 0 - the disk is full"], "-o", "r.db")
        self.assertEqual(result.returncode, ENVIRONMENT)
        self.assertIn("swarmbench: the experiment ended early: the disk is full\n", result.stderr)


    def test_output_that_nobody_gets_is_an_error_at_the_end(self):
        for script, code in ((GOOD, ENVIRONMENT), (BAD, RUNS_FAILED)):
            for options in ([], ["--json"]):
                for closed in (">&-", ">/dev/full"):
                    with self.subTest(code=code, options=options, closed=closed):
                        done = subprocess.run(
                            ["sh", "-c", f'exec "$@" {closed}', "sh", SCRIPTED, "run", "x.yaml",
                             "-o", "r.db", *options], cwd=self.folder, check=False, timeout=60,
                            env=self.environment(script), stderr=subprocess.PIPE, text=True)
                        self.assertEqual(done.returncode, code, done.stderr)
                        self.assertNotIn("unknown error", done.stderr)


class Signals(Scripted):
    def start(self, script):
        process = subprocess.Popen([SCRIPTED, "run", "x.yaml", "-o", "r.db"], cwd=self.folder,
                                   env=self.environment(script), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.endswith(": started\n"):
                return process
        self.fail("the run did not start")

    def test_one_interrupt_ends_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start([STARTED, RUN_1, "wait", "4 18 0 0 - 0 0 -", "2 18 - - - 0 0 -"])
            process.send_signal(number)
            out, told = process.communicate(timeout=20)
            self.assertEqual((process.returncode, out), (INTERRUPTED, "SUMMARY\n"))
            self.assertIn("interrupt again to end at once", told)
            self.assertIn(": interrupted: interrupted", told)

    def test_a_second_interrupt_ends_at_once(self):
        process = self.start([STARTED, RUN_1, "hang"])
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (INTERRUPTED, ""))

    def test_a_closed_pipe_does_not_end_the_run(self):
        process = self.start([STARTED, RUN_1, "wait", RUN_1_DONE, ENDED])
        process.stdout.close()
        process.stderr.close()
        process.send_signal(signal.SIGINT)
        self.assertGreaterEqual(process.wait(timeout=20), 0, "it was ended by a signal")


class Terminal(Scripted):
    def show(self, script, columns, **variables):
        """Everything that the command writes to a terminal of that many columns."""
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([SCRIPTED, "run", "x.yaml", "-o", "r.db"], cwd=self.folder,
                                   env={**self.environment(script), **variables},
                                   stdin=subprocess.DEVNULL, stdout=secondary, stderr=secondary)
        os.close(secondary)
        shown = b""
        while select.select([primary], [], [], 20)[0]:
            try:
                shown += os.read(primary, 4096)
            except OSError:
                break
        os.close(primary)
        self.assertIn(process.wait(timeout=20), (DONE, RUNS_FAILED))
        return shown.decode()

    @staticmethod
    def progress_lines(shown):
        return [part.split("\r")[0].split("\x1b")[0] for part in shown.split("\x1b[K")[1:]]

    def test_progress_is_drawn_within_the_width_and_taken_away(self):
        shown = self.show(GOOD, 60)
        lines = self.progress_lines(shown)
        self.assertTrue(any("/2 runs, 0 failed" in line for line in lines))
        self.assertLess(max(map(len, lines)), 60)
        self.assertTrue(shown.endswith("\x1b[JSUMMARY\r\n"))
        self.assertNotIn("\x1b[?25l", shown)

    def test_failures_stand_above_the_progress_in_color(self):
        self.assertIn("\x1b[31mrun 2/2 qbittorrent size=3 seeders=1: failed: too slow\x1b[0m",
                      self.show(BAD, 100))

    def test_no_color_is_respected(self):
        shown = self.show(BAD, 100, NO_COLOR="1")
        self.assertIn("failed: too slow", shown)
        self.assertNotIn("\x1b[31m", shown)

    def test_a_dumb_terminal_gets_lines(self):
        shown = self.show(BAD, 100, TERM="dumb")
        self.assertIn("run 1/2 deluge size=3 seeders=1: started", shown)
        self.assertNotIn("\x1b", shown)


if __name__ == "__main__":
    command.main()
