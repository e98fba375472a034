#!/usr/bin/env python3
"""The report page in Chromium, opened from disk, with no network."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import command
from command import DONE, swarmbench

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
PLAYWRIGHT = CACHE / "swarmbench/npm/node_modules/playwright-core"
LOOK = pathlib.Path(__file__).with_name("look.mjs")
CHARTS = ["completion", "progress", "first-byte", "ratio", "bytes", "cpu", "reliability", "matrix"]


def doctor_finding(name):
    findings = json.loads(swarmbench("doctor", "--json").stdout)["findings"]
    return next(finding for finding in findings if finding["name"] == name)


def look_at(page, scheme):
    """What a browser saw of a page, in a colour scheme; its picture is kept beside the page."""
    chromium = shutil.which("chromium")
    result = subprocess.run(
        ["node", LOOK, PLAYWRIGHT, chromium, page, page.with_suffix(".png"), scheme],
        capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("node", "chromium"):
            if shutil.which(program) is None:
                raise unittest.SkipTest(f"{program} is not installed")
        if not PLAYWRIGHT.is_dir():
            raise unittest.SkipTest("playwright-core is not there: examples/install-npm.sh test")
        if not doctor_finding("charts in pages")["ok"]:
            raise unittest.SkipTest("this build has no charts in pages: examples/install-npm.sh")
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.few, cls.few_page = cls.make("few", "light")
        cls.many, cls.many_page = cls.make("many", "dark", "9")

    @classmethod
    def make(cls, name, scheme, *arguments):
        results, page = cls.folder / f"{name}.db", cls.folder / f"{name}.html"
        subprocess.run([os.environ["SWB_MAKE_FILE"], results, *arguments], check=True)
        written = swarmbench("report", results, "-o", page)
        assert (written.returncode, written.stderr) == (DONE, ""), written.stderr
        seen = look_at(page, scheme)
        keep = os.environ.get("SWB_KEEP_PICTURES")
        if keep:
            shutil.copy(page.with_suffix(".png"), keep)
        return seen, page.read_text()

    def test_every_chart_is_drawn(self):
        for seen in (self.few, self.many):
            self.assertTrue(seen["finished"])
            self.assertEqual([chart["name"] for chart in seen["charts"]], CHARTS)
            for chart in seen["charts"]:
                self.assertEqual(chart["drawn"], "yes", chart)
                self.assertGreaterEqual(chart["marks"], 4, chart["name"])
                self.assertGreater(chart["width"], 300, chart["name"])
                self.assertLess(chart["width"], 960, chart["name"])
                self.assertGreater(chart["height"], 100, chart["name"])
                self.assertGreater(len(chart["label"]), 40, "what a screen reader says")

    def test_nothing_is_complained_of_and_nothing_is_fetched(self):
        for seen in (self.few, self.many):
            self.assertEqual(seen["errors"], [])
            self.assertEqual(seen["warnings"], [])
            self.assertEqual([re.sub(r"^file:.*/", "", url) for url in seen["requests"]][1:], [])
            self.assertTrue(seen["requests"][0].startswith("file:///"))

    def test_charts_tell_units_stand_ins_and_failures(self):
        texts = {chart["name"]: chart["texts"] for chart in self.few["charts"]}
        self.assertIn("time since the intended start (s)", texts["completion"])
        self.assertIn("codex-ec (stand-in)", texts["completion"])
        self.assertIn("modes marked (stand-in) or (simulated) are not the real program",
                      texts["completion"])
        self.assertIn("not inferior", texts["ratio"])
        self.assertIn("2.05 s", texts["matrix"])
        self.assertIn("failed", {text for chart in self.many["charts"] if chart["name"] == "matrix"
                                 for text in chart["texts"]})

    def test_a_cell_of_many_is_chosen_from_a_list(self):
        completion = self.many["charts"][0]
        self.assertEqual(len(completion["choices"]), 9)
        self.assertTrue(self.many["choice_changes"])
        self.assertEqual(self.few["charts"][0]["choices"], [])

    def test_charts_follow_the_colours_of_the_page(self):
        self.assertEqual(self.few["label_colour"], self.many["other_label_colour"])
        self.assertEqual(self.many["label_colour"], self.few["other_label_colour"])
        self.assertNotEqual(self.few["label_colour"], self.few["other_label_colour"])

    def test_page_has_what_the_markdown_has(self):
        markdown = swarmbench("report", self.folder / "few.db", "--format", "markdown").stdout
        seen = re.sub(r"\s+", " ", self.few["text"])
        headings = {heading[3:] for heading in self.few["headings"]}
        for line in markdown.splitlines():
            line = re.sub(r"\\(.)", r"\1", line)
            if line.startswith("#"):
                self.assertIn(line.lstrip("# "), headings)
            elif line.startswith("- ") or re.match(r"[A-Z0-9]", line):
                self.assertIn(re.sub(r"\s+", " ", line.removeprefix("- ")), seen)
        self.assertIn("undecided; more runs may not decide it", seen)

    def test_headings_are_nested_and_tables_named(self):
        for seen in (self.few, self.many):
            levels = [int(heading[1]) for heading in seen["headings"]]
            self.assertEqual(levels[0], 1)
            for above, below in zip(levels, levels[1:]):
                self.assertLessEqual(below, above + 1)
            self.assertGreaterEqual(len(seen["tables"]), 5)
            for table in seen["tables"]:
                self.assertTrue(table["caption"])

    def test_names_cannot_become_markup(self):
        self.assertEqual(self.many["bold"], 0)
        self.assertIn("H1 </script><b>many & 'odd'", self.many["headings"])
        self.assertEqual(self.many["title"], "</script><b>many & 'odd': swarmbench report")
        # (The scripts are the page's own: four, and the charts' data.)
        self.assertEqual(self.many_page.count("</script>"), 4 + len(CHARTS))

    def test_policy_allows_no_network_and_no_other_script(self):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', self.few_page).group(1)
        self.assertIn("default-src 'none'", policy)
        self.assertEqual(policy.count("'sha256-"), 4)
        script = re.search(r"script-src ([^;]*)", policy).group(1)
        self.assertNotRegex(script, "unsafe|http|self")


if __name__ == "__main__":
    command.main()
