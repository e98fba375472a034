#!/usr/bin/env python3
"""Checks that every folder includes only what docs/architecture.md allows it, without circles.

The table under "## Layers" in that page is the one place where the layers are declared.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<(swarmbench/[^>]+)>)', re.MULTILINE)
ROW = re.compile(r"^\| `([a-z/]+)` \|[^|]*\| ([^|]*) \|$", re.MULTILINE)


def read_layers(page):
    """Folder -> folders that it may include, from the page's table."""
    section = page.split("## Layers", 1)[1].split("\n## ", 1)[0]
    return {folder: set(re.findall(r"`([a-z]+)`", allowed)) for folder, allowed in
            ROW.findall(section)}


def includes(path):
    for quoted, public in INCLUDE.findall(path.read_text()):
        yield quoted or public


def check_library(layers):
    library = ROOT / "libswarmbench"
    folders = {path.name for path in library.iterdir() if path.is_dir()}
    for folder in sorted(folders ^ set(layers)):
        yield f"libswarmbench/{folder}: stands in only one of the table and the source tree"
    for path in sorted(library.rglob("*.[ch]")):
        layer = path.relative_to(library).parts[0]
        for name in includes(path):
            target = name.split("/", 1)[0]
            if target == "swarmbench":
                continue
            if target not in folders:
                yield f"{path.relative_to(ROOT)}: include \"{name}\" does not name its folder"
            elif target != layer and target not in layers.get(layer, set()):
                yield f"{path.relative_to(ROOT)}: {layer} may not include {target} ({name})"


def check_public():
    """Public headers include public headers; the command includes public headers and its own."""
    for path in sorted((ROOT / "include").rglob("*.h")):
        for name in includes(path):
            if not name.startswith("swarmbench/"):
                yield f"{path.relative_to(ROOT)}: a public header includes {name}"
    cli = ROOT / "bindings" / "cli"
    for path in sorted(cli.glob("*.[ch]")):
        for name in includes(path):
            if name.startswith("swarmbench/sys/"):
                yield f"{path.relative_to(ROOT)}: the command includes {name}"
            if not name.startswith("swarmbench/") and not (cli / name).exists():
                yield f"{path.relative_to(ROOT)}: the command includes {name}"


def find_circle(edges):
    """One circle in a graph, as a list of its nodes, or None."""
    state = {}

    def visit(node, path):
        state[node] = "open"
        for target in sorted(edges.get(node, ())):
            if state.get(target) == "open":
                return path[path.index(target):] + [target]
            if target not in state:
                circle = visit(target, path + [target])
                if circle:
                    return circle
        state[node] = "closed"
        return None

    for node in sorted(edges):
        if node not in state:
            circle = visit(node, [node])
            if circle:
                return circle
    return None


def header_graph():
    graph = {}
    for base in (ROOT / "libswarmbench", ROOT / "include"):
        for path in base.rglob("*.h"):
            graph[str(path.relative_to(base))] = set(includes(path))
    return graph


def main():
    layers = read_layers((ROOT / "docs" / "architecture.md").read_text())
    problems = [*check_library(layers), *check_public()]
    for what, graph in (("layers", layers), ("headers", header_graph())):
        circle = find_circle(graph)
        if circle:
            problems.append(f"{what} in a circle: {' -> '.join(circle)}")
    print("\n".join(problems) if problems else f"{len(layers)} layers, no include breaks them")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
