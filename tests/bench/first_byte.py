#!/usr/bin/env python3
"""First-byte times against a packet capture.

Runs an experiment of one seeder and one leecher a run with each client while
tcpdump records the loopback interface, then compares, for every download, the
moment of the first packet that carries content to the leecher with the
interval that swarmbench stored. A packet is seen before the client has read
and written it, so swarmbench is late by that and by its own watching. Prints
one line a download and, at the end, the median and the largest lateness;
fails where one is over 5 ms.

Needs root (tcpdump) and a built swarmbench.
"""

import argparse
import pathlib
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time

EXPERIMENT = """\
swarmbench: 1
name: first-byte
seed: 7
modes:
  deluge: {{driver: deluge}}
  qbittorrent: {{driver: qbittorrent}}
file_size: {size}
size: 2
seeders: 1
repetitions: {repetitions}
"""

# Nothing but a `piece` message (BEP 3) makes a segment this long: blocks have 16 KiB, the handshakes
# and the bitfield of so small a torrent a few hundred bytes.
CONTENT_SEGMENT_BYTES = 2000
# Where the local deployer has its nodes take peers; one end of every connection between them.
DATA_PORT = 6881
ETHERNET, LINUX_SLL, LINUX_SLL2 = 1, 113, 276
LINK_HEADER = {ETHERNET: 14, LINUX_SLL: 16, LINUX_SLL2: 20}


def packets(path):
    """Yields (Unix time in ns, destination address, TCP payload bytes) of a nanosecond pcap file."""
    with open(path, "rb") as file:
        header = file.read(24)
        if struct.unpack("<I", header[:4])[0] != 0xA1B23C4D:
            sys.exit(f"{path}: not a little-endian nanosecond pcap file")
        link = LINK_HEADER[struct.unpack("<I", header[20:])[0]]
        while record := file.read(16):
            seconds, nanos, kept, _ = struct.unpack("<IIII", record)
            frame = file.read(kept)[link:]
            if len(frame) < 40 or frame[9] != 6:
                continue
            ip_bytes = (frame[0] & 15) * 4
            tcp_bytes = (frame[ip_bytes + 12] >> 4) * 4
            address = ".".join(str(byte) for byte in frame[16:20])
            payload_bytes = int.from_bytes(frame[2:4], "big") - ip_bytes - tcp_bytes
            yield seconds * 10**9 + nanos, address, payload_bytes


def first_blocks(path):
    """All moments at which a segment with content went to each address."""
    seen = {}
    for when, address, payload_bytes in packets(path):
        if payload_bytes >= CONTENT_SEGMENT_BYTES:
            seen.setdefault(address, []).append(when)
    return seen


def run(swarmbench, options, folder):
    """Runs the experiment under tcpdump; returns the results file and the capture."""
    experiment = folder / "first-byte.yaml"
    experiment.write_text(EXPERIMENT.format(**options))
    capture, results = folder / "lo.pcap", folder / "results.db"
    dump = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-s", "96", "-B", "65536", "-w", str(capture), "--nano",
         "-Z", "root", f"tcp port {DATA_PORT}"],
        stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        subprocess.run([swarmbench, "run", str(experiment), "-o", str(results), "--quiet"], check=True)
    finally:
        time.sleep(1)
        dump.send_signal(signal.SIGINT)
        dump.wait()
    return results, capture


def downloads(results):
    query = """
        SELECT run.plan_index, run.mode, node.address,
               run.begun_wall_ns + download.intended_ns AS start,
               download.first_byte_lo_ns, download.first_byte_hi_ns, download.first_byte_source,
               download.ended_ns
        FROM download JOIN run ON run.id = download.run
        JOIN node ON node.run = download.run AND node.node = download.node
        WHERE download.verified ORDER BY run.plan_index"""
    with sqlite3.connect(results) as database:
        return database.execute(query).fetchall()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("swarmbench", nargs="?", default="build/release/bindings/cli/swarmbench")
    parser.add_argument("--size", default="20MB")
    parser.add_argument("--repetitions", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        results, capture = run(options.swarmbench, vars(options), pathlib.Path(name))
        rows, blocks = downloads(results), first_blocks(capture)
    late = {}
    for number, mode, address, start, low, high, source, ended in rows:
        times = [t - start for t in blocks.get(address, []) if 0 <= t - start <= ended]
        if not times:
            sys.exit(f"run {number}: no block to {address} was captured")
        truth = min(times)
        late.setdefault(mode, []).append((high - truth) / 1e6)
        print(f"run {number:3} {mode:12} capture {truth / 1e6:9.3f} ms   "
              f"swarmbench [{low / 1e6:9.3f}, {high / 1e6:9.3f}] ms by {source:8} "
              f"late by {(high - truth) / 1e6:6.3f} ms")
    for mode, values in late.items():
        print(f"{mode}: late by {statistics.median(values):.3f} ms (median), "
              f"{max(values, key=abs):.3f} ms (worst) over {len(values)} downloads")
    worst = max(abs(value) for values in late.values() for value in values)
    return 0 if worst <= 5 else 1


if __name__ == "__main__":
    sys.exit(main())
