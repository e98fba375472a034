#!/usr/bin/env python3
"""Checks what the libraries export: usage check_symbols.py LIB.so LIB.a INCLUDE_DIR

The shared library exports exactly what the public headers declare; in the static one every global
name begins with swb_, so that it cannot clash with its user's.
"""
import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(r"\bSWB_API\b[^;(]*?\b(swb_\w+)\s*\(", re.DOTALL)


def symbols(library, *options):
    lines = subprocess.run(["nm", "--defined-only", *options, library], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    return {line.split()[2] for line in lines if len(line.split()) == 3}


def declared(include_dir):
    return {name for header in pathlib.Path(include_dir).rglob("*.h")
            for name in DECLARED.findall(re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S))}


def main():
    shared, static, include_dir = sys.argv[1:]
    public = declared(include_dir)
    exported = symbols(shared, "--dynamic", "--extern-only")
    problems = [f"exported, but in no public header: {name}" for name in sorted(exported - public)]
    problems += [f"declared, but not exported: {name}" for name in sorted(public - exported)]
    problems += [f"global name without the prefix swb_: {name}"
                 for name in sorted(symbols(static, "--extern-only"))
                 if not re.match(r"_*(swb_|asan|odr_asan|ubsan)", name)]
    print("\n".join(problems) if problems else f"{len(exported)} symbols exported, all declared")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
