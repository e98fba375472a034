#!/usr/bin/env python3
"""Experiment files: those in examples/ have a plan, the malformed ones are refused with a place."""
import json
import subprocess
import tempfile
import unittest

import command
from command import BAD_INPUT, DONE, ROOT, swarmbench

EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
MALFORMED = sorted((ROOT / "tests/fuzz/experiments").glob("*.yaml"))


class Examples(unittest.TestCase):
    def test_each_has_a_plan_for_people(self):
        self.assertTrue(EXAMPLES)
        for path in EXAMPLES:
            with self.subTest(path.name):
                result = swarmbench("plan", path)
                self.assertEqual((result.returncode, result.stderr), (DONE, ""))
                self.assertTrue(result.stdout)

    def test_each_has_a_plan_for_programs(self):
        for path in EXAMPLES:
            with self.subTest(path.name):
                plan = json.loads(swarmbench("plan", "--json", path).stdout)
                self.assertLessEqual({"experiment", "estimate", "cells", "runs"}, plan.keys())
                self.assertTrue(plan["cells"])
                self.assertGreaterEqual(len(plan["runs"]), len(plan["cells"]))

    def test_a_plan_is_the_same_byte_for_byte(self):
        for path in EXAMPLES:
            self.assertEqual(swarmbench("plan", "--json", path).stdout,
                             swarmbench("plan", "--json", path).stdout)

    def test_each_fits_the_schema(self):
        try:
            import jsonschema
            import yaml_core
        except ImportError as missing:
            self.skipTest(f"{missing.name} is not installed")
        schema = json.loads(swarmbench("schema").stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for path in EXAMPLES:
            with self.subTest(path.name):
                problems = list(validator.iter_errors(yaml_core.load(path.read_text())))
                self.assertEqual(problems, [])


class Readme(unittest.TestCase):
    def test_its_experiment_has_a_plan(self):
        text = (ROOT / "README.md").read_text().split("```yaml\n")[1].split("```")[0]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            result = swarmbench("plan", file.name)
            self.assertEqual((result.returncode, result.stderr), (DONE, ""))


class Malformed(unittest.TestCase):
    def test_each_is_refused_with_its_place_before_anything_starts(self):
        self.assertGreaterEqual(len(MALFORMED), 1)
        for path in MALFORMED:
            with self.subTest(path.name):
                result = swarmbench("plan", path)
                self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""))
                self.assertRegex(result.stderr.splitlines()[0],
                                 rf"^{path}:[1-9][0-9]*:[1-9][0-9]*: ")

    def test_run_refuses_as_plan_does_and_makes_no_results_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in MALFORMED[:20]:
                refused = swarmbench("run", path, "-o", f"{folder}/r.db")
                self.assertEqual(refused.returncode, BAD_INPUT)
                self.assertEqual(refused.stderr, swarmbench("plan", path).stderr)
            listing = subprocess.run(["ls", "-A", folder], capture_output=True, check=True)
            self.assertEqual(listing.stdout, b"")


class Output(unittest.TestCase):
    def test_a_reader_that_goes_away_is_no_crash(self):
        done = subprocess.run(f"{command.COMMAND} plan --json {EXAMPLES[0]} | head -c 10",
                              shell=True, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, len(done.stdout)), (0, 10))
        self.assertNotIn("Sanitizer", done.stderr)


if __name__ == "__main__":
    command.main()
