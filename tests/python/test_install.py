"""The package as its users install it: from a clone, by sdist and by wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import environment
import pytest
from test_notebooks import NEEDS, NOTEBOOKS

SOURCE = Path(__file__).resolve().parents[2]
#: Executes a notebook and counts its charts, with nothing but what is installed.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
import swarmbench
assert swarmbench.__file__.startswith(sys.prefix), swarmbench.__file__
book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=600, kernel_name="python3").execute()
outputs = [key for cell in book.cells for output in cell.get("outputs", ())
           for key in output.get("data", {})]
assert sum(key.startswith("application/vnd.vegalite.") for key in outputs) == 1, outputs
print("one chart")
"""


def clean_environment() -> dict:
    """Without what leads to the build tree."""
    return {key: value for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "LD_", "SWB_"))}  # fmt: skip


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=clean_environment(),
                          capture_output=True, text=True, timeout=1200)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fresh(home: Path, *packages: object) -> Path:
    """A new environment with the package and what executes a notebook."""
    os.environ.pop("PYTHONPATH", None)
    try:
        return environment.make(home, *map(str, packages), "nbclient", "nbformat", "ipykernel", "tqdm")
    except SystemExit as ended:
        if ended.code == 77:
            pytest.skip("pip reaches no index")
        raise


def need_clients() -> None:
    for program in NEEDS["first-swarm"]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (examples/install-deps.sh clients)")


def test_pip_install_from_a_clone_runs_the_first_notebook(tmp_path: Path) -> None:
    need_clients()
    python = fresh(tmp_path / "venv", SOURCE / "bindings" / "python")
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(NOTEBOOKS / "first-swarm.ipynb", work)
    assert "one chart" in run(python, "-c", EXECUTE, "first-swarm.ipynb", cwd=work)
    left = subprocess.run(["git", "-c", "safe.directory=*", "status", "--short", "--", "bindings"],
                          cwd=SOURCE, capture_output=True, text=True)  # fmt: skip
    assert "core" not in left.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution of the clone, and a wheel made of that alone."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", out, SOURCE / "bindings" / "python",
        cwd=out)  # fmt: skip
    (sdist,) = out.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        file.extractall(out)
    (unpacked,) = (path for path in out.iterdir() if path.is_dir())
    run(sys.executable, "-m", "build", "--wheel", "--outdir", out, unpacked, cwd=out)
    shutil.rmtree(unpacked)
    return out


def test_sdist_has_the_library_and_nothing_that_was_built(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        names = [name.partition("/")[2] for name in file.getnames()]
    assert {"core/CMakeLists.txt", "core/libswarmbench/run/runner.c", "capi.i", "pyproject.toml",
            "core/include/swarmbench/swarmbench.h"} <= set(names)  # fmt: skip
    assert not [name for name in names if name.endswith((".so", ".o", ".a", ".pyc"))]


def test_wheel_has_the_package_and_only_that(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"swarmbench"}
    assert {"swarmbench/py.typed", "swarmbench/_capi.pyi"} <= set(names)
    modules = [name for name in names if name.endswith(".so")]
    assert len(modules) == 1 and "libswarmbench" in modules[0]


def hidden(command: list, cwd: Path) -> list:
    """The command where the source tree is out of reach, if this machine lets us hide it. Not in a
    namespace of users: a tracker that root starts changes its user, which fails there."""
    script = f'mount -t tmpfs none "{SOURCE}" && exec "$@"'
    hiding = ["unshare", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run([*hiding, "true"], cwd=cwd, capture_output=True)
    return [*hiding, *command] if done.returncode == 0 else command


def test_wheel_runs_with_the_source_tree_out_of_reach(built: Path, tmp_path: Path) -> None:
    need_clients()
    (wheel,) = built.glob("*.whl")
    python = fresh(tmp_path / "venv", wheel)
    shutil.copy(NOTEBOOKS / "first-swarm.ipynb", tmp_path)
    libraries = run("ldd", next((tmp_path / "venv").rglob("_libswarmbench*.so")), cwd=tmp_path)
    assert "not found" not in libraries and str(SOURCE) not in libraries
    assert "libswarmbench.so" not in libraries
    command = hidden([python, "-c", EXECUTE, "first-swarm.ipynb"], tmp_path)
    assert "one chart" in run(*command, cwd=tmp_path)
