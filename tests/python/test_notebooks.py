"""The notebooks of examples/: executed from the first cell to the last; no output in git."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
#: Programs that a notebook needs.
NEEDS = {"first-swarm": ("deluged", "qbittorrent-nox", "opentracker")}


def execute(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Runs a notebook in a folder of its own, beside the modules that it imports."""
    for module in path.parent.glob("*.py"):
        shutil.copy(module, folder)
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=600, kernel_name="python3",
                   resources={"metadata": {"path": str(folder)}}).execute()  # fmt: skip
    return book


def charts_in(book: nbformat.NotebookNode) -> int:
    """How many outputs are charts that JupyterLab draws."""
    return sum(
        key.startswith("application/vnd.vegalite.") and bool(value["$schema"])
        for cell in book.cells
        for output in cell.get("outputs", ())
        for key, value in output.get("data", {}).items()
    )


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    for program in NEEDS.get(path.stem, ()):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (examples/install-deps.sh clients)")
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    book = execute(path, tmp_path)
    wanted = {"first-swarm": 1, "codex-against-bittorrent": 7, "writing-a-driver": 1}
    assert charts_in(book) == wanted.get(path.stem, 0)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_has_no_outputs_in_git(path: Path) -> None:
    for cell in json.loads(path.read_text())["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
