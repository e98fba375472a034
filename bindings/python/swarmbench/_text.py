"""Text that the library writes to a file descriptor, as a str."""

from __future__ import annotations

import os
import tempfile
from typing import Callable


def written_by(write: Callable[[int], object]) -> str:
    """What `write(fd)` writes. It may be larger than a pipe takes, hence a file."""
    with tempfile.TemporaryFile() as file:
        write(file.fileno())
        file.seek(0, os.SEEK_SET)
        return file.read().decode("utf-8", errors="replace")
