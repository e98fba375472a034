"""What the tests of the package share."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Journals of their own: what other runners of this user left behind is not these tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of results files are synced to disk."""
    root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="swb-python-", dir=root))
    yield made
    shutil.rmtree(made, ignore_errors=True)
