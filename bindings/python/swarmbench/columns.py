"""What the columns of the results mean: units and words, for `attrs` of the tables."""

from __future__ import annotations

from typing import Dict, Optional

#: Units that a column's name does not end with.
_UNITS = {
    "bytes": "bytes",
    "bytes_done": "bytes",
    "payload_received": "bytes",
    "payload_sent": "bytes",
    "wasted": "bytes",
    "bad_offset": "bytes",
    "size": "nodes",
    "seeders": "nodes",
    "seeder_share": "ratio",
    "reliability": "ratio",
    "reliability_low": "ratio",
    "reliability_high": "ratio",
    "stability": "ratio",
    "ratio": "ratio",
    "ratio_low": "ratio",
    "ratio_high": "ratio",
    "margin": "ratio",
    "confidence": "ratio",
}
_ENDINGS = {"_ns": "ns", "_bytes": "bytes", "_bps": "bit/s"}

_WORDS = {
    "experiment": "name of the experiment",
    "run": "position of the run in the plan",
    "attempt": "which try of the run, from 1",
    "run_state": "running, done, failed (after all retries), retried or interrupted",
    "cell": "position of the cell in the plan",
    "cell_label": "the axes of the matrix and their values",
    "mode": "what is compared",
    "seeder_set": "which choice of the seeding nodes, from 0",
    "repetition": "from 0",
    "block": "runs of a block share cell, repetition and seed",
    "node": "index of the node in its run",
    "node_name": "name of the node",
    "role": "seeder, leecher or service",
    "driver": "the system that the node runs",
    "file_size_bytes": "size of the content",
    "size": "nodes in the swarm",
    "seeders": "nodes that have the content at the start",
    "begun_wall_ns": "when it began, on the calendar",
    "ended_wall_ns": "when it ended, on the calendar",
    "started_ns": "of a run: deployment began; of a node: its process started; of a download: "
    "the command was sent, since the intended start",
    "intended_ns": "intended start, since the run's begin",
    "ended_ns": "teardown finished; of a download: completed, failed or given up",
    "accepted_ns": "the node had acknowledged the command, since the intended start",
    "makespan_ns": "from the intended start to the last leecher's completion",
    "spread_ns": "the last leecher's completion minus the first one's",
    "start_skew_ns": "latest minus earliest actual start of leechers meant to start together",
    "seeder_share": "content bytes that all seeders sent, over the file's size",
    "deploy_ns": "time to bring the nodes up",
    "content_ns": "time to make the content",
    "first_byte_lo_ns": "first content byte on the node: not before this, since the intended start",
    "first_byte_hi_ns": "first content byte on the node: at this at the latest",
    "half_lo_ns": "50 % on the node: not before this",
    "half_hi_ns": "50 % on the node: at this at the latest",
    "ninety_lo_ns": "90 % on the node: not before this",
    "ninety_hi_ns": "90 % on the node: at this at the latest",
    "completion_lo_ns": "all of the content on the node: not before this",
    "completion_hi_ns": "all of the content on the node: at this at the latest; this is the time "
    "of a download",
    "bytes": "content bytes",
    "bytes_done": "content bytes on the node at the end",
    "payload_received": "content bytes received, repeated ones included, as the client tells",
    "payload_sent": "content bytes sent, as the client tells",
    "wasted": "content bytes received again or thrown away, as the client tells",
    "stalls": "periods longer than 2 s without progress",
    "stalled_ns": "their total",
    "verified": "every byte was compared and right",
    "bad_offset": "first byte that differs",
    "status": "SWB_OK, or why it failed",
    "error": "why it failed, in words",
    "time_ns": "since the run's begin",
    "since_start_ns": "since the intended start of the run's leechers",
    "cpu_ns": "CPU time of the node's processes",
    "rss_bytes": "resident memory",
    "rss_anon_bytes": "resident memory without file pages",
    "rss_peak_bytes": "most resident memory",
    "rss_anon_peak_bytes": "most resident memory without file pages",
    "disk_read_bytes": "read from disk",
    "disk_written_bytes": "written to disk",
    "wire_in_bytes": "received on the network, with all overhead",
    "wire_out_bytes": "sent on the network, with all overhead",
    "kind": "what happened",
    "text": "in words",
    "coding": "the erasure code of the content, such as 4+2 by library",
    "coded_bytes": "size of the whole code; over file_size_bytes it is the overhead",
    "decode_ns": "decoding the parts; within the completion",
    "beyond_bytes": "fetched of parts that were not needed in the end",
    "part": "0 to k-1 data, k to k+m-1 parity",
    "fate": "held by a seeder; used, spare, cancelled, stalled or failed of a leecher",
    "stand_in": "not the real program",
    "runs": "runs that came to an end, failed ones included",
    "runs_failed": "runs that failed after all retries",
    "downloads": "downloads attempted, in retried runs too",
    "downloads_verified": "downloads completed and verified",
    "reliability": "downloads verified, over downloads attempted",
    "reliability_low": "lower end of its Wilson 95 % interval",
    "reliability_high": "upper end of its Wilson 95 % interval",
    "stability": "coefficient of variation of completed makespans",
    "ratio": "median makespan over the baseline's, over the blocks that have both",
    "simulated": "a stand-in or a simulation made the numbers",
}
_QUANTILES = {
    "median": "median over runs",
    "low": "lower end of the 95 % interval of the median",
    "high": "upper end of the 95 % interval of the median",
    "p25": "first quartile over runs",
    "p75": "third quartile over runs",
}

BOOLEANS = {"verified", "stand_in", "allow_stand_in", "simulated"}
SEEDS = {"seed", "content_seed", "run_seed"}
#: Text that is repeated in many rows.
REPEATED = {
    "experiment",
    "run_state",
    "cell_label",
    "mode",
    "role",
    "driver",
    "group_name",
    "status",
    "kind",
    "fate",
    "coding",
    "first_byte_source",
    "half_source",
    "ninety_source",
    "completion_source",
}


def unit(name: str) -> Optional[str]:
    """Unit of a column; None where it has none."""
    if name.endswith("_wall_ns"):
        return None
    for ending, of in _ENDINGS.items():
        if name.endswith(ending):
            return of
    return _UNITS.get(name)


def description(name: str) -> Optional[str]:
    """What a column means, in words."""
    if name in _WORDS:
        return _WORDS[name]
    for quantile, words in _QUANTILES.items():
        if f"_{quantile}_" in name:
            return f"{name.split('_' + quantile)[0].replace('_', ' ')}: {words}"
    return None


def attributes(names: list[str]) -> Dict[str, Dict[str, str]]:
    """The `attrs` of a table with these columns."""
    units = {name: unit(name) for name in names}
    words = {name: description(name) for name in names}
    return {
        "units": {name: of for name, of in units.items() if of is not None},
        "descriptions": {name: of for name, of in words.items() if of is not None},
    }
