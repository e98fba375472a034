"""A results file of ten million samples, as a long campaign would leave it.

usage: many_samples.py FILE [SAMPLES]
"""

from __future__ import annotations

import sqlite3
import sys

import swarmbench as sb

SAMPLES_OF_A_RUN = 2000
NODES = 10


class Nothing(sb.Driver):
    """A system that is never started: the file is filled without it."""

    name = "nothing"
    description = "A driver of nothing"
    program = "true"

    def launch(self, node: sb.Node) -> sb.Launch:
        return sb.Launch(node.program)

    def ready(self, node: sb.Node) -> None:
        return None

    version = ready
    seed = leech = status = remove = read = lambda self, node, content: None  # type: ignore


def make_empty(path: str, runs: int) -> None:
    """A file with the experiment and no run, by a runner that is closed before it begins."""
    sb.register_driver(Nothing)
    repetitions = -(-runs // 16)
    experiment = sb.Experiment(
        name="many-samples",
        modes={f"mode-{i}": {"driver": "nothing"} for i in range(4)},
        matrix={"file_size": [sb.MB, 10 * sb.MB, 100 * sb.MB, sb.GB]},
        size=NODES,
        seeders=2,
        repetitions=repetitions,
    )
    experiment.start(path).close()


RUNS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :runs)
INSERT INTO run (id, experiment, cell, plan_index, attempt, mode, block, seeder_set, repetition,
                 content_seed, run_seed, state, begun_wall_ns, started_ns, intended_ns, ended_ns,
                 makespan_ns, spread_ns, status)
SELECT i + 1, 1, 1 + i % 4, i, 1, 'mode-' || (i / 4 % 4), i / 16, 0, i / 16, '18446744073709551615',
       i, 'done', 1700000000000000000 + i * 1000000000, 1000, 5000000000, 205000000000,
       200000000000 + i, 1000000, 'SWB_OK' FROM n
"""
CELLS = """
INSERT OR IGNORE INTO cell (id, experiment, plan_index, label, file_size_bytes, size, seeders)
VALUES (?, 1, ?, ?, ?, 10, 2)
"""
NODE_ROWS = """
INSERT INTO node (run, node, name, role, driver, version, stand_in)
SELECT run.id, n.i, run.mode || '-' || n.i, CASE WHEN n.i < 2 THEN 'seeder' ELSE 'leecher' END,
       'nothing', '1.0', 1 FROM run, n
"""
DOWNLOADS = """
INSERT INTO download (run, node, bytes, intended_ns, started_ns, accepted_ns, first_byte_lo_ns,
                      first_byte_hi_ns, first_byte_source, half_lo_ns, half_hi_ns, half_source,
                      ninety_lo_ns, ninety_hi_ns, ninety_source, completion_lo_ns,
                      completion_hi_ns, completion_source, ended_ns, bytes_done, payload_received,
                      payload_sent, wasted, stalls, stalled_ns, verified, bad_offset, status, cause)
SELECT run.id, n.i, 1000000, 5000000000, 1000, 2000, 3000, 4000 + n.i, 'stream', 5000, 6000,
       'stream', 7000, 8000, 'stream', 190000000000, 190000000000 + n.i, 'stream', 190000001000,
       1000000, 1000000, NULL, 0, 0, NULL, 1, NULL, 'SWB_OK', NULL
FROM run, n WHERE n.i >= 2
"""
SAMPLES = """
INSERT INTO sample (run, time_ns, node, cpu_ns, rss_bytes, rss_anon_bytes, disk_read_bytes,
                    disk_written_bytes, wire_in_bytes, wire_out_bytes)
SELECT run.id, t.i * 1000000000, n.i, t.i * 10000000, 100000000 + t.i, 50000000, t.i * 4096, NULL,
       NULL, NULL
FROM run, t, n WHERE run.id BETWEEN ? AND ? ORDER BY run.id, t.i, n.i
"""


def fill(path: str, samples: int) -> None:
    """Rows straight into the tables, whose layout docs/results.md describes."""
    runs = samples // SAMPLES_OF_A_RUN
    file = sqlite3.connect(path)
    file.execute("PRAGMA synchronous = OFF")
    labels = ("1MB", "10MB", "100MB", "1GB")
    for i, label in enumerate(labels):
        file.execute(CELLS, (i + 1, i, f"file_size={label}", 10 ** (6 + i)))
    file.execute(RUNS, {"runs": runs})
    file.execute("CREATE TEMP TABLE n AS SELECT value AS i FROM json_each(?)",
                 (str(list(range(NODES))),))
    file.execute("CREATE TEMP TABLE t AS SELECT value AS i FROM json_each(?)",
                 (str(list(range(SAMPLES_OF_A_RUN // NODES))),))
    file.execute(NODE_ROWS)
    file.execute(DOWNLOADS)
    for first in range(1, runs + 1, 500):
        file.execute(SAMPLES, (first, first + 499))
    file.commit()
    file.close()


if __name__ == "__main__":
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    make_empty(sys.argv[1], wanted // SAMPLES_OF_A_RUN)
    fill(sys.argv[1], wanted)
