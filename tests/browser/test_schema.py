#!/usr/bin/env python3
"""Every chart's specification is valid under the schemas of Vega-Lite 5 and 6."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import command
from command import DONE, swarmbench

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MODULES = CACHE / "swarmbench/npm/node_modules"
CHARTS = ["completion", "progress", "first-byte", "ratio", "bytes", "cpu", "reliability", "matrix"]


def load_validator(package):
    """A validator of the schema that a package of Vega-Lite brings."""
    import jsonschema
    schema = json.loads((MODULES / package / "build/vega-lite-schema.json").read_text())
    return jsonschema.Draft7Validator(schema)


def chart_of(path, *arguments):
    result = swarmbench("chart", path, *arguments)
    assert result.returncode == DONE, result.stderr
    return json.loads(result.stdout)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import jsonschema  # noqa: F401
        except ImportError as error:
            raise unittest.SkipTest("python3-jsonschema is not installed") from error
        for package in ("vega-lite", "vega-lite-5"):
            if not (MODULES / package).is_dir():
                raise unittest.SkipTest(f"{package} is not there: examples/install-npm.sh test")
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = pathlib.Path(cls.scratch.name)
        cls.few, cls.many = folder / "few.db", folder / "many.db"
        subprocess.run([os.environ["SWB_MAKE_FILE"], cls.few], check=True)
        subprocess.run([os.environ["SWB_MAKE_FILE"], cls.many, "9"], check=True)

    def assert_valid(self, validator, chart):
        # Data are any objects to the schema; without them it is fast.
        for name, rows in chart["datasets"].items():
            self.assertTrue(all(isinstance(row, dict) for row in rows), name)
            chart["datasets"][name] = rows[:3]
        problems = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}"
                    for error in validator.iter_errors(chart)]
        self.assertEqual(problems, [])

    def check(self, package):
        validator = load_validator(package)
        for name in CHARTS:
            # Plots side by side; a list to choose from; one cell alone.
            for path, arguments in ((self.few, []), (self.many, []), (self.few, ["--cell", "1"])):
                with self.subTest(chart=name, path=path.name, arguments=arguments):
                    self.assert_valid(validator, chart_of(path, "--name", name, *arguments))

    def test_charts_are_valid_in_vega_lite_6(self):
        self.check("vega-lite")

    def test_charts_are_valid_in_vega_lite_5(self):
        self.check("vega-lite-5")

    def test_a_wrong_chart_is_found(self):
        chart = chart_of(self.few, "--name", "reliability")
        chart["layer"][0]["mark"]["type"] = "blob"
        self.assertTrue(list(load_validator("vega-lite").iter_errors(chart)))


if __name__ == "__main__":
    command.main()
