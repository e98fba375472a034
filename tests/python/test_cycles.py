"""A thousand experiments in one process leave nothing behind."""

from __future__ import annotations

import gc
import os
import tracemalloc
from pathlib import Path

import swarmbench as sb
import tiny

# Under a sanitizer each run is slow; its runtime judges memory by itself.
CYCLES = 100 if "SWB_PRELOAD" in os.environ else 1000
# Caches settle in the first cycles. What stays after that may be this much for a whole series.
ALLOWED_BYTES = 64 * 1024


def cycle(folder: Path) -> None:
    path = folder / "r.db"
    results = tiny.experiment().run(path, work_dir=folder)
    assert results.state()[0].runs_done == 1
    results.close()
    for file in folder.iterdir():
        if file.is_file():
            file.unlink()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_cycles_leak_neither_memory_nor_descriptors(folder: Path) -> None:
    for _ in range(CYCLES // 10):
        cycle(folder)
    gc.collect()
    tracemalloc.start()
    files, resident = descriptors(), resident_bytes()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(CYCLES):
        cycle(folder)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < ALLOWED_BYTES, f"{after - before} bytes stayed in Python"
    assert descriptors() == files
    if "SWB_PRELOAD" not in os.environ:
        grown = resident_bytes() - resident
        assert grown < CYCLES * 8192, f"the process has grown by {grown} bytes"


def test_cycles_without_a_run_leak_nothing(folder: Path) -> None:
    def once(number: int) -> None:
        made = tiny.experiment(name=f"n{number % 3}")
        plan = made.plan()
        assert plan[0].cell.size == 2 and plan.estimate.runs_min == 1
        try:
            sb.Experiment.parse("swarmbench: 1\nmodes: {a: {driver: b}}\n")
        except sb.InputError:
            pass

    for number in range(100):
        once(number)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    resident = resident_bytes()
    for number in range(CYCLES):
        once(number)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < ALLOWED_BYTES
    assert "SWB_PRELOAD" in os.environ or resident_bytes() - resident < CYCLES * 2048
