"""mypy --strict has nothing to say about the package and the examples."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PACKAGE = SOURCE / "bindings" / "python"


def test_package_and_examples_are_strictly_typed(tmp_path: Path) -> None:
    examples = [*SOURCE.glob("examples/*.py"), *SOURCE.glob("examples/notebooks/*.py")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(PACKAGE / "pyproject.toml"),
         "--cache-dir", str(tmp_path), str(PACKAGE / "swarmbench"), *map(str, examples)],
        capture_output=True, text=True, cwd=PACKAGE, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_stub_names_only_what_the_module_has() -> None:
    import swarmbench as sb

    stub = ast.parse((PACKAGE / "swarmbench" / "_capi.pyi").read_text())
    opaque = {"swb_launch", "swb_call"}  # pointers, of which SWIG makes no class
    for node in stub.body:
        if getattr(node, "name", None) in opaque:
            continue
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            assert hasattr(sb._capi, node.name), node.name
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                name = getattr(member, "name", None) or getattr(
                    getattr(member, "target", None), "id", None
                )
                assert name is None or hasattr(getattr(sb._capi, node.name), name), name
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            assert isinstance(getattr(sb._capi, node.target.id), int)


def test_everything_public_is_exported_and_has_words() -> None:
    import swarmbench as sb

    for name in sb.__all__:
        thing = getattr(sb, name)
        if isinstance(thing, type) or inspect.isfunction(thing):
            assert thing.__doc__, name


def test_version_is_that_of_the_library() -> None:
    import swarmbench as sb

    found = re.search(r'^version = "(.*)"$', (PACKAGE / "pyproject.toml").read_text(), re.MULTILINE)
    assert found is not None and found[1] == sb.__version__
