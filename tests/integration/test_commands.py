#!/usr/bin/env python3
"""The command line itself: help, errors, the manual, completions. Nothing is run."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import command
from command import BAD_INPUT, DONE, ROOT, swarmbench


def command_names():
    listed = swarmbench("help").stdout.split("Commands:", 1)[1]
    return re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)


class Help(unittest.TestCase):
    def test_every_command_explains_itself(self):
        names = command_names()
        self.assertIn("run", names)
        for name in names:
            by_option, by_command = swarmbench(name, "--help"), swarmbench("help", name)
            self.assertEqual((by_option.returncode, by_option.stderr), (DONE, ""), name)
            self.assertEqual(by_option.stdout, by_command.stdout)
            for section in (f"Usage: swarmbench {name}", "Options:", "Exit codes:", "Example:"):
                self.assertIn(section, by_option.stdout)

    def test_help_fits_a_terminal_of_80_columns(self):
        for name in command_names():
            for line in swarmbench(name, "--help").stdout.split("Example:")[0].splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_no_command_is_bad_input(self):
        result = swarmbench()
        self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""))
        self.assertIn("Usage:", result.stderr)

    def test_version_is_printed_both_ways(self):
        self.assertEqual(swarmbench("version").stdout, swarmbench("--version").stdout)
        self.assertRegex(swarmbench("version").stdout, r"^swarmbench \d+\.\d+\.\d+\n$")


class Errors(unittest.TestCase):
    def assert_refused(self, arguments, message):
        result = swarmbench(*arguments)
        self.assertEqual((result.returncode, result.stdout), (BAD_INPUT, ""))
        self.assertEqual(result.stderr, f"swarmbench: {message}\n")

    def test_misspelt_words_get_a_suggestion(self):
        self.assert_refused(["rnu"], "unknown command 'rnu'; did you mean 'run'?")
        self.assert_refused(["run", "--resum", "x"],
                            "run: unknown option '--resum'; did you mean '--resume'?")
        self.assert_refused(["export", "x.db", "--table=dwnloads"],
                            "export: 'dwnloads' is no NAME of --table; did you mean 'downloads'?")

    def test_words_like_no_other_get_none(self):
        self.assert_refused(["xyzzy"], "unknown command 'xyzzy'; see 'swarmbench help'")
        self.assert_refused(["run", "-Z", "x"],
                            "run: unknown option '-Z'; see 'swarmbench run --help'")

    def test_operands_are_counted(self):
        self.assert_refused(["plan"], "plan: FILE is missing; see 'swarmbench plan --help'")
        self.assert_refused(["plan", "a", "b"],
                            "plan: unexpected argument 'b'; see 'swarmbench plan --help'")
        self.assert_refused(["merge"], "merge: OUT is missing; see 'swarmbench merge --help'")
        self.assert_refused(["merge", "a"], "merge: FILE is missing; see 'swarmbench merge --help'")
        self.assert_refused(["schema", "a"],
                            "schema: unexpected argument 'a'; see 'swarmbench schema --help'")

    def test_values_are_required_and_refused_where_they_are(self):
        self.assert_refused(["schema", "--output"], "schema: --output needs a FILE")
        self.assert_refused(["plan", "--json=yes", "x"], "plan: --json takes no value")
        self.assert_refused(["export", "x.db"],
                            "export: --table is missing; see 'swarmbench export --help'")

    def test_files_that_are_missing_are_bad_input(self):
        for arguments in (["plan", "/nonexistent.yaml"], ["run", "/nonexistent.yaml"],
                          ["status", "/nonexistent.db"], ["report", "/nonexistent.db"],
                          ["export", "-tdownloads", "/nonexistent.db"]):
            result = swarmbench(*arguments)
            self.assertEqual(result.returncode, BAD_INPUT, arguments)
            self.assertRegex(result.stderr, r"^swarmbench: .*nonexistent")

    def test_a_file_that_is_no_database_is_bad_input(self):
        with tempfile.NamedTemporaryFile(suffix=".db") as file:
            file.write(b"this is no database, and long enough to have a header\n" * 4)
            file.flush()
            result = swarmbench("report", file.name)
            self.assertEqual(result.returncode, BAD_INPUT)
            self.assertIn(file.name, result.stderr)

    def test_an_output_that_cannot_be_written_is_named(self):
        result = swarmbench("schema", "-o", "/nonexistent/schema.json")
        self.assertEqual(result.returncode, command.ENVIRONMENT)
        self.assertIn("cannot write '/nonexistent/schema.json'", result.stderr)


class Manual(unittest.TestCase):
    def test_the_page_in_docs_is_the_one_that_the_command_writes(self):
        self.assertEqual((ROOT / "docs/man/swarmbench.1").read_text(),
                         swarmbench("manual").stdout,
                         "run: swarmbench manual > docs/man/swarmbench.1")

    def test_mandoc_finds_no_fault(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        lint = subprocess.run(["mandoc", "-T", "lint", ROOT / "docs/man/swarmbench.1"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(lint.stdout, "")

    def test_every_option_is_in_the_page(self):
        page = swarmbench("manual").stdout
        for name in command_names():
            for option in re.findall(r"--([a-z-]+)", swarmbench(name, "--help").stdout
                                     .split("Options:")[1].split("Exit codes:")[0]):
                self.assertIn(f"Fl Fl {option}", page)


class References(unittest.TestCase):
    def test_the_format_page_in_docs_is_the_one_that_the_command_writes(self):
        self.assertEqual((ROOT / "docs/experiment-format.md").read_text(),
                         swarmbench("reference").stdout,
                         "run: swarmbench reference -o docs/experiment-format.md")

    def test_output_to_a_file_is_what_stdout_gets(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "schema.json"
            self.assertEqual(swarmbench("schema", "-o", path).returncode, DONE)
            self.assertEqual(path.read_text(), swarmbench("schema").stdout)


class Completion(unittest.TestCase):
    def script(self, shell):
        result = swarmbench("completion", shell)
        self.assertEqual(result.returncode, DONE)
        return result.stdout

    def test_scripts_parse(self):
        for shell in ("bash", "zsh", "fish"):
            with self.subTest(shell), tempfile.NamedTemporaryFile("w") as file:
                if not shutil.which(shell):
                    print(f"\nSKIP: completion {shell}: {shell} is not installed")
                    continue
                file.write(self.script(shell))
                file.flush()
                parsed = subprocess.run([shell, "-n", file.name], capture_output=True, text=True,
                                        check=False)
                self.assertEqual((parsed.returncode, parsed.stderr), (0, ""))

    def complete(self, *words):
        """What bash offers for the last of the words."""
        line = " ".join(f"'{word}'" for word in words)
        script = (f"{self.script('bash')}\ncompopt() {{ :; }}\nCOMP_WORDS=({line})\n"
                  f"COMP_CWORD={len(words) - 1}\n_swarmbench\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        return done.stdout.split()

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(self.complete("swarmbench", "exp"), ["export", "export-workflow"])
        self.assertEqual(self.complete("swarmbench", "run", "--res"), ["--resume"])
        self.assertIn("downloads", self.complete("swarmbench", "export", "--table", ""))
        self.assertEqual(self.complete("swarmbench", "report", "-f", "mark"), ["markdown"])
        self.assertEqual(self.complete("swarmbench", "completion", "z"), ["zsh"])

    def test_bash_completes_files_of_the_right_kind(self):
        self.assertEqual(self.complete("swarmbench", "plan", str(ROOT / "CMakeL")), [])
        self.assertEqual(self.complete("swarmbench", "plan", str(ROOT / "exam")),
                         [f"{ROOT}/examples/"])

    def test_an_unknown_shell_is_bad_input(self):
        self.assertEqual(swarmbench("completion", "tcsh").returncode, BAD_INPUT)


if __name__ == "__main__":
    command.main()
