#!/usr/bin/env python3
"""Times content and its torrent side by side with mktorrent and with openssl's bare SHA-1.

usage: content.py [--program build/release/tests/bench/content_bench] [--folder DIR]
                  [--bytes N] [--rounds N]

Every round times every contender once, in turn, so that a slow moment of the machine meets all of
them. What is timed is the whole process from outside, the same for all. See README.md.
"""

import argparse
import hashlib
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SEED = "42"


def cpu_s():
    """Processor seconds, in user space and kernel, of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command):
    """(wall-clock, processor) seconds of a command, and what it printed."""
    before, start = cpu_s(), time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return (time.monotonic() - start, cpu_s() - before), done.stdout


def openssl_sha1():
    """SHA-1 bytes a second of one core, by openssl's own benchmark."""
    output = subprocess.run(["openssl", "speed", "-seconds", "2", "-bytes", "16384", "sha1"],
                            check=True, capture_output=True, text=True).stdout
    return float(re.search(r"^sha1\s+([0-9.]+)k", output, re.MULTILINE).group(1)) * 1000


class Bench:
    def __init__(self, arguments, folder):
        self.size = arguments.bytes
        self.folder = folder
        self.program = arguments.program
        # At most 2,048 pieces, as the library chooses; mktorrent is told the same.
        self.piece = max(32768, 1 << ((self.size - 1) // 2048).bit_length())
        self.cores = len(os.sched_getaffinity(0))
        self.source = folder / "source.bin"
        self.target = folder / "target.bin"

    def ours(self, what, *path):
        return timed([self.program, what, SEED, str(self.size), str(self.piece), *path])

    def mktorrent(self, path):
        torrent = self.folder / "mktorrent.torrent"
        torrent.unlink(missing_ok=True)  # it replaces no file
        seconds, _ = timed(["mktorrent", "-d", "-t", str(self.cores), "-n", "content.bin",
                            "-l", str(self.piece.bit_length() - 1), "-a", "http://127.0.0.1/",
                            "-o", torrent, path])
        metainfo = torrent.read_bytes()
        return seconds, hashlib.sha1(metainfo[metainfo.index(b"4:info") + 6:-1]).hexdigest()

    def write_then_mktorrent(self):
        written, _ = self.ours("write", self.target)
        hashed, infohash = self.mktorrent(self.target)
        return (written[0] + hashed[0], written[1] + hashed[1]), infohash

    def settle(self):
        """Brings machine and caches to the same state before each step.

        The source is in the page cache, no dirty page is left, and as much memory as a file needs
        was used a moment ago: a virtual machine may have given back to its host what lay free for
        some seconds, and to get that again costs several times what is measured here.
        """
        with open(self.source, "rb") as source:
            while source.read(1 << 20):
                pass
        os.sync()
        self.ours("write", self.target)
        self.target.unlink()

    def steps(self):
        return {
            "content + torrent, in memory": lambda: self.ours("torrent"),
            "content + torrent, file written": lambda: self.ours("torrent", self.target),
            "mktorrent on an existing file": lambda: self.mktorrent(self.source),
            "content to a file, then mktorrent": self.write_then_mktorrent,
            "content to a file": lambda: self.ours("write", self.target),
            "verification of a file": lambda: self.ours("verify", self.source),
        }

    def run(self, rounds):
        self.ours("write", self.source)
        seconds, sha1, infohashes = {}, [], set()
        for _ in range(rounds):
            sha1.append(openssl_sha1())
            for name, step in self.steps().items():
                self.settle()
                took, output = step()
                seconds.setdefault(name, []).append(took)
                infohashes.update(re.findall(r"\b[0-9a-f]{40}\b", output))
        assert len(infohashes) == 1, f"infohashes differ: {infohashes}"
        return seconds, sha1


def report(bench, seconds, sha1):
    limit = statistics.median(sha1) * bench.cores
    base = statistics.median(wall for wall, _ in seconds["mktorrent on an existing file"])
    print(f"{bench.size} bytes, pieces of {bench.piece}, {bench.cores} cores, "
          f"{len(sha1)} rounds; openssl SHA-1 x cores: {limit / 1e9:.2f} GB/s\n")
    print(f"{'':<34}{'wall s, median':>15}{'least':>7}{'most':>7}{'CPU s':>7}{'GB/s':>7}"
          f"{'of openssl':>12}{'of mktorrent':>14}")
    for name, took in seconds.items():
        walls = sorted(wall for wall, _ in took)
        median = statistics.median(walls)
        cpu = statistics.median(cpu for _, cpu in took)
        print(f"{name:<34}{median:>15.3f}{walls[0]:>7.3f}{walls[-1]:>7.3f}{cpu:>7.3f}"
              f"{bench.size / median / 1e9:>7.2f}{bench.size / median / limit:>12.0%}"
              f"{median / base:>13.2f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/release/tests/bench/content_bench")
    parser.add_argument("--folder", help="where the files are written (default: a temporary one)")
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    for tool in ("mktorrent", "openssl", arguments.program):
        if shutil.which(tool) is None:
            print(f"SKIP: {tool} is not there")
            sys.exit(77)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        report(bench, *bench.run(arguments.rounds))


if __name__ == "__main__":
    main()
