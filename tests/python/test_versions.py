"""Every Python from 3.9 to 3.13 that this machine has builds the module and uses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict

import environment
import pytest

SOURCE = Path(__file__).resolve().parents[2]
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
USE = """
import sys, swarmbench as sb
sys.path.insert(0, sys.argv[2])
import tiny
results = tiny.experiment(runs=2, size=3).run(sys.argv[1])
assert list(results.runs["run_state"]) == ["done"] * 2
assert list(results.downloads["verified"]) == [True] * 4
assert str(results.downloads["completion_hi_ns"].dtype) == "Int64"
assert len(results.where(run=1).samples) > 0 and len(results.summary()) == 1
assert results.chart("completion").spec["$schema"]
try:
    sb.Experiment(modes={"a": {"driver": "b"}}, file_size=1, size=2)
except sb.InputError as error:
    assert error.path == "modes.a.driver"
print(sys.version)
"""


def interpreters() -> Dict[str, str]:
    """Programs by version: of PATH, and those that pyenv keeps beside it."""
    found = {}
    for version in VERSIONS:
        kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        candidates = [*map(str, kept), shutil.which(f"python{version}") or ""]
        for program in filter(None, candidates):
            if subprocess.run([program, "-c", "import venv, ensurepip"],
                              capture_output=True).returncode == 0:  # fmt: skip
                found[version] = program
                break
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, built once for all interpreters and installed as a distribution would."""
    build, prefix = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("prefix")
    for command in (
        ["cmake", "-S", SOURCE, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DSWB_PYTHON=OFF",
         "-DSWB_BUILD_TESTS=OFF", "-DSWB_BUILD_EXAMPLES=OFF", "-DSWB_BUILD_CLI=OFF",
         f"-DCMAKE_INSTALL_PREFIX={prefix}"],
        ["cmake", "--build", build, "--parallel", "2"],
        ["cmake", "--install", build],
    ):  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
    return prefix


@pytest.mark.parametrize("version", VERSIONS)
def test_python_version(version: str, installed: Path, folder: Path) -> None:
    program = interpreters().get(version)
    if program is None:
        pytest.skip(f"there is no Python {version} here")
    home = folder / "venv"
    subprocess.run([program, "-m", "venv", home], check=True)
    python = home / "bin" / "python"
    os.environ.pop("PYTHONPATH", None)
    try:
        environment.pip(python, str(SOURCE / "bindings" / "python"),
                        "--config-settings=cmake.define.SWB_PYTHON_INSTALLED=ON",
                        f"--config-settings=cmake.define.CMAKE_PREFIX_PATH={installed}")  # fmt: skip
    except SystemExit as ended:
        if ended.code == 77:
            pytest.skip("pip reaches no index")
        raise
    done = subprocess.run([python, "-W", "error::FutureWarning", "-c", USE, folder / "r.db",
                           SOURCE / "tests" / "python"],
                          capture_output=True, text=True, cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(version)


def test_this_python_is_one_of_them() -> None:
    assert ".".join(map(str, sys.version_info[:2])) in VERSIONS
