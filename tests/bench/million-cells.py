#!/usr/bin/env python3
"""Writes an experiment of a million cells: million-cells.py > FILE; plan_bench FILE"""


def axis(name, first, unit=""):
    return f"  {name}: [{', '.join(f'{first + i}{unit}' for i in range(100))}]"


print("swarmbench: 1\nmodes: {deluge: {driver: deluge}}\nrepetitions: 1")
print("order: {by: [size, file_size]}\nmatrix:")
print(axis("file_size", 1, "MB"))
print(axis("size", 101))
print(axis("seeders", 1))
