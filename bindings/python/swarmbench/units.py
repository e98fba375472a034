"""Numbers as people and experiments write them."""

from __future__ import annotations

import datetime

#: Bytes, for sizes in experiments that are built in Python: ``file_size=[10 * MB, 1 * GB]``.
kB, MB, GB, TB = 10**3, 10**6, 10**9, 10**12
KiB, MiB, GiB, TiB = 2**10, 2**20, 2**30, 2**40

_DURATIONS = (
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
)
_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def duration(value: datetime.timedelta) -> str:
    """A timedelta as an experiment writes it: "90s", "1500ms"."""
    microseconds = value // datetime.timedelta(microseconds=1)
    for unit, size in _DURATIONS:
        if microseconds % size == 0 and (microseconds or unit == "s"):
            return f"{microseconds // size}{unit}"
    return f"{microseconds}us"


def human_time(ns: float) -> str:
    """Nanoseconds for people: "1.5 s", "2.3 h"."""
    seconds = ns / 1e9
    for size, unit in _TIMES:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return "0 s" if ns == 0 else f"{ns:.3g} ns"


def human_bytes(count: float) -> str:
    """Bytes for people, decimal: "100 MB"."""
    for unit, size in (("TB", TB), ("GB", GB), ("MB", MB), ("kB", kB)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count:.0f} B"
