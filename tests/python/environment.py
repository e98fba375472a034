"""Runs pytest on a file of this folder, in a virtual environment made for these tests.

usage: environment.py FILE...

The environment is made once, below the build directory, from PyPI; where pip reaches no index, the
tests are skipped with exit code 77. The module is that of the build tree.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def pip(python: Path, *arguments: str) -> None:
    """Runs pip; says SKIP and ends where it reaches no index, fails where it fails otherwise."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    if done.returncode == 0:
        return
    sys.stderr.write(done.stderr)
    unreachable = ("NewConnectionError", "ConnectTimeoutError", "No matching distribution",
                   "Max retries exceeded", "ProxyError")  # fmt: skip
    if any(words in done.stderr for words in unreachable):
        print(f"SKIP: pip cannot install {' '.join(arguments)} from an index")
        sys.exit(77)
    sys.exit(1)


def make(home: Path, *packages: str) -> Path:
    """A virtual environment with these packages; its interpreter."""
    import venv

    venv.create(home, with_pip=True, clear=True)
    python = home / "bin" / "python"
    pip(python, *packages)
    return python


def shared(build: Path) -> Path:
    """The environment of these tests: made by whoever comes first, anew when its list changes."""
    requirements = HERE / "requirements.txt"
    home, stamp = build / "venv", build / "venv.stamp"
    build.mkdir(parents=True, exist_ok=True)
    with open(build / "venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = f"{sys.version}\n{requirements.read_text()}"
        if not stamp.exists() or stamp.read_text() != wanted:
            make(home, "-r", str(requirements))
            stamp.write_text(wanted)
    return home / "bin" / "python"


def main() -> int:
    build = Path(os.environ["SWB_BUILD"])
    python = shared(build)
    source = Path(os.environ["SWB_SOURCE"])
    paths = [os.environ["SWB_MODULE"], str(HERE), str(source / "examples")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if "SWB_PRELOAD" in os.environ:
        variables["LD_PRELOAD"] = os.environ["SWB_PRELOAD"]
    files = [str(HERE / name) for name in sys.argv[1:]]
    command = [str(python), "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--color=no"]
    done = subprocess.run([*command, *files], env=variables, cwd=build, stdout=subprocess.PIPE,
                          text=True)  # fmt: skip
    print(done.stdout)
    last = done.stdout.strip().rsplit("\n", 1)[-1]
    if done.returncode == 0 and "passed" not in last and "skipped" in last:
        reasons = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
        print(f"SKIP: {reasons[0].split(': ', 1)[-1] if reasons else last}")
        return 77
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
