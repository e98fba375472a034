"""The reference pages: Sphinx of the package, Doxygen of the headers, both without a warning."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
DOCS = SOURCE / "docs" / "python"


def test_python_pages_are_built_without_warnings(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d",
                           tmp_path / "doctrees", DOCS, tmp_path / "html"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    import swarmbench as sb

    pages = "".join(path.read_text() for path in (tmp_path / "html").glob("*.html"))
    constants = {"GB", "GiB", "KiB", "MB", "MiB", "TB", "TiB", "kB", "errors", "units",
                 "Operation", "__version__"}  # fmt: skip
    for name in set(sb.__all__) - constants:
        assert f"swarmbench.{name}" in pages or f"swarmbench.errors.{name}" in pages, name


@pytest.mark.skipif(shutil.which("doxygen") is None, reason="doxygen is not installed")
def test_c_pages_are_built_without_warnings(tmp_path: Path) -> None:
    text = (DOCS / "Doxyfile").read_text()
    text += f"INPUT = {SOURCE / 'include'}\nOUTPUT_DIRECTORY = {tmp_path}\n"
    text += f"STRIP_FROM_PATH = {SOURCE / 'include'}\n"
    done = subprocess.run(["doxygen", "-"], input=text, capture_output=True, text=True,
                          cwd=tmp_path, env=dict(os.environ))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c" / "index.html").exists()
