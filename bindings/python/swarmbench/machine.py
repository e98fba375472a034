"""The machine: what it can do, and what runners that died left on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any, Dict

from . import _capi
from ._text import written_by


@dataclass(frozen=True)
class Cleaned:
    """What `clean` did, or would do."""

    journals: int  #: dead runners whose journal was found
    processes: int  #: processes of theirs that were ended
    directories: int  #: data directories of theirs that were removed
    live: int  #: runners that are alive and were left alone
    objects: int  #: objects of theirs in clusters that were removed
    held: str  #: contents that may still be on nodes that were attached, a line for each


def clean(*, dry_run: bool = False) -> Cleaned:
    """Ends and removes what runners that died left behind, as their journals tell."""
    row = _capi.swb_clean(int(dry_run))
    return Cleaned(
        row.journals, row.processes, row.directories, row.live, row.objects, row.held_text
    )


class Doctor:
    """What this machine can do; `lacks` is the number of things that are missing."""

    def __init__(self) -> None:
        self.lacks = 0

        def write(fd: int) -> None:
            self.lacks = _capi.swb_doctor(_capi.SWB_FORMAT_JSON, fd)

        self.facts: Dict[str, Any] = json.loads(written_by(write))
        self._text = written_by(lambda fd: _capi.swb_doctor(_capi.SWB_FORMAT_TEXT, fd))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<Doctor: {self.lacks} things are missing>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self._text)}</pre>"


def doctor() -> Doctor:
    """Looks at this machine: clients, kernel features, limits, disk and memory, and for each lack
    how to get it."""
    return Doctor()
