#!/usr/bin/env python3
"""Times erasure coding side by side with ISA-L's own functions on the same buffers.

usage: erasure.py [--program build/release/tests/bench/erasure_bench] [--codes 4+2,10+4]
                  [--bytes N] [--rounds N] [--through N]

The program times every contender once in each round, in turn. See README.md.
"""

import argparse
import shutil
import statistics
import subprocess
import sys

# What is timed, and what it is held against.
PAIRS = [
    ("encode", "encode", "raw-encode"),
    ("decode", "decode", "raw-decode"),
    ("decode while parts arrive", "stream", "raw-copy-decode"),
    ("parity from nothing", "make-parity", "make-data"),
]


def run(*command):
    """What the program prints: a list of numbers for each name."""
    output = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    numbers = {}
    for line in output.splitlines():
        name, number = line.split()
        numbers.setdefault(name, []).append(float(number))
    return numbers


def report(code, size, seconds):
    print(f"{code}, {size} bytes, {len(seconds['encode'])} rounds; CPU seconds, medians\n")
    print(f"{'':<28}{'ours':>9}{'GB/s':>8}{'other':>10}{'GB/s':>8}{'speed of it':>13}"
          f"{'least':>7}{'most':>7}")
    for title, ours, other in PAIRS:
        ratios = sorted(theirs / mine for mine, theirs in zip(seconds[ours], seconds[other]))
        mine, theirs = (statistics.median(seconds[name]) for name in (ours, other))
        print(f"{title:<28}{mine:>9.4f}{size / mine / 1e9:>8.2f}{theirs:>10.4f}"
              f"{size / theirs / 1e9:>8.2f}{statistics.median(ratios):>13.0%}"
              f"{ratios[0]:>7.0%}{ratios[-1]:>7.0%}")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/release/tests/bench/erasure_bench")
    parser.add_argument("--codes", default="4+2,10+4", help="data+parity, separated by commas")
    parser.add_argument("--bytes", type=int, default=100_000_000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--through", type=int, default=5_000_000_000,
                        help="bytes that go through a stream; 0 = none")
    arguments = parser.parse_args()
    if shutil.which(arguments.program) is None:
        print(f"SKIP: {arguments.program} is not there; it is built where ISA-L is found")
        sys.exit(77)
    for code in arguments.codes.split(","):
        parts = code.split("+")
        report(code, arguments.bytes,
               run(arguments.program, "rounds", *parts, arguments.bytes, arguments.rounds))
        if arguments.through > 0:
            through = run(arguments.program, "through", *parts, arguments.through)
            print(f"{code}, {arguments.through} bytes made, decoded and verified in "
                  f"{through['through'][0]:.1f} CPU seconds with at most "
                  f"{through['peak'][0] / 1e6:.1f} MB of memory\n")


if __name__ == "__main__":
    main()
