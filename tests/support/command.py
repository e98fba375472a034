"""What tests of the swarmbench command share. SWB_COMMAND names the command under test."""
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("SWB_COMMAND", str(ROOT / "build/dev/bindings/cli/swarmbench"))

DONE, RUNS_FAILED, BAD_INPUT, ENVIRONMENT, INTERRUPTED = 0, 1, 2, 3, 130


def swarmbench(*arguments, command=COMMAND, timeout=120, **options):
    """Runs the command to its end; returns what subprocess.run() returns, output as text."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, check=False, **options)


class Reporter(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"\nSKIP: {test}: {reason}", flush=True)


def main():
    """unittest.main(), which ends with 77 where no test passed and none failed."""
    runner = unittest.TextTestRunner(resultclass=Reporter, verbosity=2, stream=sys.stdout)
    result = unittest.main(module="__main__", testRunner=runner, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(0 if result.passed else 77)
