"""Makes a results file to try an analysis on, without running anything.

    python make_results.py results.db

The numbers come from a model (the least time of a swarm, stretched by a factor of each system, with
noise), so every node is marked as a stand-in: reports and charts say so. What the columns are is in
docs/results.md.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from typing import Any, Dict

import swarmbench as sb

S = 10**9
#: How much longer than the least time a mode takes, its noise, and its time to the first byte.
SYSTEMS = {
    "deluge": (1.35, 0.05, 0.20),
    "qbittorrent": (1.25, 0.05, 0.15),
    "codex": (1.60, 0.12, 0.60),
    "codex-erasure": (1.45, 0.08, 0.70),
}
UP_BPS = DOWN_BPS = 100e6
FAILURES = 0.02


@sb.register_driver
class Model(sb.Driver):
    """Nothing is started: the file is filled without it."""

    name = "model"
    description = "A model of a content network"
    program = "true"
    package = "coreutils"

    def launch(self, node: sb.Node) -> sb.Launch:
        return sb.Launch(node.program)

    def ready(self, node: sb.Node) -> None:
        return None

    def version(self, node: sb.Node) -> str:
        return "model"

    def seed(self, node: sb.Node, content: sb.Content) -> None:
        return None

    leech = status = remove = read = seed


def experiment() -> sb.Experiment:
    """Four modes over sizes, seeders and files, as in a study of Codex against BitTorrent."""
    return sb.Experiment(
        name="codex-vs-bittorrent",
        seed=42,
        modes={name: {"driver": "model"} for name in SYSTEMS},
        baseline="deluge",
        matrix={
            "file_size": [100 * sb.MB, sb.GB],
            "swarm": [
                {"size": 2, "seeders": 1},
                {"size": 8, "seeders": [1, 2, 4]},
                {"size": 16, "seeders": [1, 4]},
            ],
        },
        repetitions=8,
        allow_stand_in=True,
    )


def least_time_ns(cell: sb.Cell) -> float:
    """The fluid bound of Kumar and Ross, in ns."""
    leechers = cell.size - cell.seeders
    bits = cell.file_size_bytes * 8
    return S * max(
        bits / DOWN_BPS,
        bits / (cell.seeders * UP_BPS),
        leechers * bits / (cell.size * UP_BPS),
    )


def insert(file: sqlite3.Connection, table: str, row: Dict[str, Any]) -> int:
    """Adds a row; its key."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    return file.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()]).lastrowid or 0


class Filler:
    """Fills the file, run by run."""

    def __init__(self, file: sqlite3.Connection, seed: int) -> None:
        self.file = file
        self.random = random.Random(seed)
        self.cells: Dict[int, int] = {}
        self.now_ns = 1_700_000_000 * S

    def cell(self, cell: sb.Cell) -> int:
        """The key of a cell."""
        if cell.index not in self.cells:
            self.cells[cell.index] = insert(self.file, "cell", {
                "experiment": 1, "plan_index": cell.index, "label": cell.label,
                "file_size_bytes": cell.file_size_bytes, "size": cell.size,
                "seeders": cell.seeders, "ending": "all its repetitions were run"})  # fmt: skip
        return self.cells[cell.index]

    def run(self, run: sb.PlannedRun) -> None:
        """One run: its row, its nodes, its downloads and their progress."""
        factor, noise, first_s = SYSTEMS[run.mode]
        mean_ns = least_time_ns(run.cell) * factor * self.random.lognormvariate(0, noise)
        times = sorted(mean_ns * self.random.uniform(0.93, 1.0)
                       for _ in range(run.cell.size - run.cell.seeders))  # fmt: skip
        failed = self.random.random() < FAILURES
        intended_ns = 2 * S
        key = insert(self.file, "run", {
            "experiment": 1, "cell": self.cell(run.cell), "plan_index": run.index, "attempt": 1,
            "mode": run.mode, "block": run.block, "seeder_set": run.seeder_set,
            "repetition": run.repetition, "content_seed": str(run.content_seed),
            "run_seed": str(run.run_seed), "state": "failed" if failed else "done",
            "begun_wall_ns": self.now_ns, "started_ns": 0, "intended_ns": intended_ns,
            "ended_ns": intended_ns + int(times[-1]) + S, "start_skew_ns": 2_000_000,
            "makespan_ns": None if failed else int(times[-1]),
            "spread_ns": None if failed else int(times[-1] - times[0]),
            "seeder_share": 1.0 + self.random.random() * run.cell.size / run.cell.seeders / 4,
            "status": "SWB_ESTALLED" if failed else "SWB_OK",
            "cause": "no progress for 2 min" if failed else None})  # fmt: skip
        for node in range(run.cell.size):
            self.node(key, run, node)
        for at, time_ns in enumerate(times):
            lost = failed and at == len(times) - 1
            self.download(key, run, run.cell.seeders + at, int(time_ns), first_s, lost)
        self.now_ns += int(times[-1]) + 5 * S

    def node(self, key: int, run: sb.PlannedRun, node: int) -> None:
        size = run.cell.file_size_bytes
        insert(self.file, "node", {
            "run": key, "node": node, "name": f"{run.mode}-{node:02}", "stand_in": 1,
            "role": "seeder" if node < run.cell.seeders else "leecher", "driver": "model",
            "version": "model", "started_ns": 0, "ready_ns": S,
            "cpu_ns": int(size * (4 if "codex" in run.mode else 2) * self.random.uniform(0.9, 1.1)),
            "rss_peak_bytes": 80_000_000, "rss_anon_peak_bytes": 50_000_000,
            "wire_in_bytes": int(size * 1.04), "wire_out_bytes": int(size * 1.02)})  # fmt: skip

    def download(self, key: int, run: sb.PlannedRun, node: int, time_ns: int, first_s: float,
                 lost: bool) -> None:  # fmt: skip
        first_ns = int(first_s * S * self.random.uniform(0.5, 2.0))
        time_ns += first_ns
        size = run.cell.file_size_bytes
        row: Dict[str, Any] = {"run": key, "node": node, "bytes": size, "intended_ns": 2 * S, "started_ns": 100_000,
               "accepted_ns": 1_000_000, "ended_ns": time_ns, "bytes_done": size, "stalls": 0,
               "stalled_ns": 0, "verified": 1, "status": "SWB_OK"}  # fmt: skip
        for name, share in (("first_byte", 0.0), ("half", 0.5), ("ninety", 0.9), ("completion", 1.0)):
            at_ns = first_ns + int((time_ns - first_ns) * share)
            if not (lost and share > 0.5):
                row.update({f"{name}_lo_ns": at_ns - 2_000_000, f"{name}_hi_ns": at_ns,
                            f"{name}_source": "blocks"})  # fmt: skip
        if lost:
            row.update({"verified": 0, "status": "SWB_ESTALLED", "cause": "no progress for 2 min",
                        "bytes_done": size // 2})  # fmt: skip
        insert(self.file, "download", row)
        for percent in range(10, 51 if lost else 101, 10):
            at_ns = first_ns + (time_ns - first_ns) * percent // 100
            insert(self.file, "progress", {"run": key, "time_ns": 2 * S + at_ns, "node": node,
                                           "bytes": size * percent // 100})  # fmt: skip


def make(path: str) -> None:
    """Makes the file. The library lays it out, by a runner that is closed before it begins."""
    made = experiment()
    made.start(path).close()
    file = sqlite3.connect(path)
    filler = Filler(file, made.seed)
    for run in made.plan():
        filler.run(run)
    file.execute("UPDATE experiment SET ending = 'done', ended_wall_ns = ?", [filler.now_ns])
    file.commit()
    file.close()


if __name__ == "__main__":
    make(sys.argv[1])
