#!/usr/bin/python3
"""Five torrent clients at the same work, side by side: what docs/choice-of-client.md rests on.

usage: clients.py [--clients Deluge,aria2] [--bytes N] [--leechers N] [--rounds N] [--folder DIR]
                  [--answers]

A round runs every client once, in a drawn order: a tracker (opentracker), one seeder and the
leechers, all of the one client, each on an address of its own, in a network namespace that is made
for it and has nothing but its loopback device (so it needs root). Leechers are told to fetch one
after the other without a pause; what they fetched is compared with the content by SHA-256.
Prints Markdown tables: medians over the rounds, and the median of the ratios within each round to
the first client. With --answers it also asks each client what it says to mistakes. Clients that
are not installed are left out, with a reason. See README.md.
"""

import argparse
import importlib.util
import pathlib
import random
import statistics
import sys
import tempfile
import time

import client_drivers
import host

# Transmission takes no peers of 127.0.0.0/8, so these are others, on the loopback device all the same.
TRACKER, TRACKER_PORT, NODE = "10.84.0.1", 6969, "10.84.1.{}"
LIMIT_S = 120
LOOK_S, ASK_S = 0.002, 0.1  # how often files are looked at, and clients asked
CALLS = 200


def blocks_bytes(path):
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


class Leecher:
    """What one download went through; times in seconds since its own command."""

    def __init__(self, node, content):
        self.node, self.content = node, content
        self.begun = time.monotonic()
        node.add(content, False)
        self.accepted = time.monotonic() - self.begun
        self.first = self.on_disk = self.told = None
        self.asked = 0.0
        self.most_anon = 0

    def look(self):
        now = time.monotonic()
        have = blocks_bytes(self.node.file(self.content))
        if self.first is None and have > 0:
            self.first = now - self.begun
        if self.on_disk is None and have >= self.content.size:
            self.on_disk = now - self.begun
        if self.told is None and now - self.asked >= ASK_S:
            self.asked = now
            self.ask()

    def ask(self):
        self.most_anon = max(self.most_anon, self.node.process.memory("RssAnon"))
        state, done, _ = self.node.status(self.content)
        if state == "failed":
            raise RuntimeError("the client reports a failure")
        if state == "serving" and done >= self.content.size:
            self.told = time.monotonic() - self.begun


def start(kind, folder, count):
    """Starts nodes one after the other; gives them and the seconds until each one's API answered."""
    nodes, took = [], []
    for index in range(count):
        begun = time.monotonic()
        node = kind(folder / f"node{index}", index, NODE.format(index + 1))
        nodes.append(node)
        try:
            host.wait_until(node.ready, 30, f"{kind.program} to answer")
        except Exception:
            end(nodes)
            raise
        took.append(time.monotonic() - begun)
    return nodes, took


def end(nodes):
    for node in nodes:
        node.process.end()


def calls_cost(node, content):
    """Seconds of single status calls, sorted, and the client's processor seconds a call."""
    took, cpu = [], node.process.cpu_s()
    for _ in range(CALLS):
        begun = time.monotonic()
        node.status(content)
        took.append(time.monotonic() - begun)
    return sorted(took), (node.process.cpu_s() - cpu) / CALLS


def tracker_knows(content, seeders):
    reply = host.http_get(TRACKER, TRACKER_PORT, "/scrape?info_hash=" + "".join(
        f"%{content.infohash[i:i + 2]}" for i in range(0, 40, 2)))
    counts = host.bdecode(reply)[0][b"files"]
    return any(entry[b"complete"] >= seeders for entry in counts.values())


def seed(node, content):
    """Seconds from the command to seed until the client serves, and until the tracker knows."""
    node.file(content).write_bytes(content.data)
    begun = time.monotonic()
    node.add(content, True)
    host.wait_until(lambda: node.status(content)[0] == "serving", LIMIT_S, "the seeder to serve", 0.005)
    serves = time.monotonic() - begun
    host.wait_until(lambda: tracker_knows(content, 1), LIMIT_S, "the tracker to know the seeder", 0.005)
    return serves, time.monotonic() - begun


def idle(nodes):
    """Memory and processor seconds a second of nodes that have nothing to do."""
    before = sum(node.process.cpu_s() for node in nodes)
    time.sleep(2)
    cpu = sum(node.process.cpu_s() for node in nodes) - before
    return {"idle RSS": statistics.median(node.process.memory() for node in nodes),
            "idle RssAnon": statistics.median(node.process.memory("RssAnon") for node in nodes),
            "idle CPU": cpu / 2 / len(nodes)}


def fetch(nodes, content):
    """Has all but the first node fetch the content; the numbers of it."""
    cpu, own, all_, begun = (sum(node.process.cpu_s() for node in nodes), host.own_cpu_s(),
                             host.busy_s(), time.monotonic())
    leechers = [Leecher(node, content) for node in nodes[1:]]
    while not all(leecher.told for leecher in leechers):
        for leecher in leechers:
            leecher.look()
        if time.monotonic() - begun > LIMIT_S:
            raise TimeoutError(f"not complete within {LIMIT_S} s")
        time.sleep(LOOK_S)
    cpu = sum(node.process.cpu_s() for node in nodes) - cpu
    span = time.monotonic() - begun
    others = (host.busy_s() - all_ - cpu - (host.own_cpu_s() - own)) / span
    for leecher in leechers:
        if not content.is_in(leecher.node.file(content)):
            raise ValueError(f"{leecher.node.file(content)} is not the content")
        # A file whose last bytes are seen late on the disk is complete once the client says so.
        leecher.on_disk = min(leecher.on_disk or leecher.told, leecher.told)
    delivered = len(leechers) * content.size
    makespan = max(one.begun + one.on_disk for one in leechers) - leechers[0].begun
    return {"accepted": statistics.median(one.accepted for one in leechers),
            "first byte": statistics.median(one.first for one in leechers),
            "makespan": makespan, "throughput": delivered / makespan,
            "told late": statistics.median(one.told - one.on_disk for one in leechers),
            "CPU/GB": cpu / (delivered / 1e9),
            "peak RSS": max(node.process.memory("VmHWM") for node in nodes[1:]),
            "peak RssAnon": max(one.most_anon for one in leechers),
            "seeder sent": nodes[0].status(content)[2] / content.size, "others": others}


def stop(nodes):
    took = []
    for node in nodes:
        node.shut_down()
        took.append(node.process.wait(20))
    return {"stop": statistics.median(one if one is not None else 20.0 for one in took)}


def run(kind, content, folder, count):
    """One swarm of one client, from its start to its end."""
    command = host.opentracker_files(folder / "tracker", TRACKER, TRACKER_PORT, [content.infohash])
    tracker = host.Process(command, folder / "tracker.log")
    nodes = []
    try:
        host.wait_until(lambda: host.http_get(TRACKER, TRACKER_PORT, "/scrape"), 10, "the tracker")
        nodes, took = start(kind, folder, count)
        found = {"start": statistics.median(took),
                 "start CPU": statistics.median(node.process.cpu_s() for node in nodes)}
        found.update(idle(nodes))
        found["seed"], found["announced"] = seed(nodes[0], content)
        calls, found["CPU/call"] = calls_cost(nodes[0], content)
        found["call p50"], found["call p95"] = calls[CALLS // 2], calls[CALLS * 95 // 100]
        found.update(fetch(nodes, content))
        found.update(stop(nodes))
        return found
    finally:
        end(nodes)
        tracker.end()


# Heading, key, factor, format
COLUMNS = [
    ("start to API, s", "start", 1, ".2f"), ("CPU of a start, s", "start CPU", 1, ".2f"),
    ("idle RSS, MB", "idle RSS", 1e-6, ".0f"), ("idle RssAnon, MB", "idle RssAnon", 1e-6, ".0f"),
    ("idle CPU, ms/s", "idle CPU", 1e3, ".1f"), ("seed: serves after, s", "seed", 1, ".2f"),
    ("tracker knows after, s", "announced", 1, ".2f"), ("status call p50, ms", "call p50", 1e3, ".2f"),
    ("p95, ms", "call p95", 1e3, ".2f"), ("CPU a call, ms", "CPU/call", 1e3, ".2f"),
    ("accepted, ms", "accepted", 1e3, ".1f"), ("add to first byte, s", "first byte", 1, ".3f"),
    ("makespan, s", "makespan", 1, ".2f"), ("throughput, MB/s", "throughput", 1e-6, ".0f"),
    ("completion told late by, s", "told late", 1, ".2f"), ("CPU-s a GB", "CPU/GB", 1, ".2f"),
    ("peak RSS, MB", "peak RSS", 1e-6, ".0f"), ("peak RssAnon, MB", "peak RssAnon", 1e-6, ".0f"),
    ("seeder sent, x size", "seeder sent", 1, ".2f"), ("stop, s", "stop", 1, ".2f"),
    ("other work, cores", "others", 1, ".2f")]
RATIOS = ["first byte", "makespan", "CPU/GB", "peak RssAnon", "call p50", "start"]


def report(found, failed):
    names = list(found)
    median = {name: {key: statistics.median(run_[key] for run_ in runs.values())
                     for _, key, _, _ in COLUMNS} if runs else {} for name, runs in found.items()}
    rows = []
    for heading, key, factor, shape in COLUMNS:
        rows.append([heading] + [format(median[name][key] * factor, shape) if median[name] else "-"
                                 for name in names])
    rows.append(["verified / attempted"] + [f"{len(found[name])} / {len(found[name]) + failed[name]}"
                                            for name in names])
    print(host.table(["median over rounds"] + names, rows))
    rows = []
    for key in RATIOS:
        heading = next(column[0] for column in COLUMNS if column[1] == key).rsplit(",", 1)[0]
        cells = []
        for name in names:
            ratios = sorted(runs[key] / found[names[0]][number][key]
                            for number, runs in found[name].items() if number in found[names[0]])
            cells.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
                         if ratios else "-")
        rows.append([heading] + cells)
    print("\nRatios to the first, within each round: median (least to most)\n")
    print(host.table([""] + names, rows))


def said(call):
    try:
        told = call()
        return "accepted" if told is None else str(told)
    except client_drivers.Refused as error:
        return f"refused: {str(error)[:70]}"
    except NotImplementedError as error:
        return str(error)
    except OSError as error:
        return f"no answer: {error}"


def answers(kind, content, folder):
    """What a client says to mistakes, each tried on running nodes."""
    (node, other), _ = start(kind, folder, 2)
    try:
        found = {"version": node.version()}
        broken = host.Content(99, content.size, "http://10.84.0.1:1/announce")
        broken.torrent = b"no torrent"
        found["no torrent"] = said(lambda: node.add(broken, False))
        found["the torrent"] = said(lambda: node.add(content, False))
        time.sleep(1)
        found["the same again"] = said(lambda: node.add(content, False))
        wrong = bytearray(content.data)
        wrong[content.size // 2] ^= 1
        other.file(content).write_bytes(wrong)
        found["to seed, one byte wrong"] = said(lambda: other.add(content, True))
        time.sleep(3)
        found["then"] = said(lambda: "{0}, {1} bytes done".format(*other.status(content)))
        found["a peer by address"] = said(lambda: node.connect(content, other.address))
        found["wrong password"] = said(node.wrong_password)
        twin = kind(folder / "twin", 0, node.address)
        try:
            found["a second one on its ports"] = (f"ends after {took:.1f} s"
                                                  if (took := twin.process.wait(5)) else "runs on")
        finally:
            twin.process.end()
        return found
    finally:
        end([node, other])


def chosen(names):
    """The classes that can run here."""
    kinds = {}
    for name in names:
        kind = client_drivers.CLIENTS[name]
        lacks = [kind.program] if not host.is_here(kind.program) else [
            f"Python's {module}" for module in kind.needs if importlib.util.find_spec(module) is None]
        if lacks:
            print(f"{name} is left out: no {lacks[0]} (apt-get install {kind.package}; "
                  "Debian's modules need /usr/bin/python3)")
        else:
            kinds[name] = kind
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", default=",".join(client_drivers.CLIENTS))
    parser.add_argument("--bytes", type=int, default=100_000_000)
    parser.add_argument("--leechers", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", help="for the nodes' folders; else a temporary one")
    parser.add_argument("--answers", action="store_true")
    options = parser.parse_args()
    if not host.is_here("opentracker"):
        print("SKIP: opentracker is not installed (apt-get install opentracker)")
        return 77
    host.enter_namespace([TRACKER] + [NODE.format(i + 1) for i in range(max(2, options.leechers + 1))])
    kinds = chosen(options.clients.split(","))
    if not kinds:
        print("SKIP: none of the clients can run here")
        return 77
    print(f"{host.machine()}\n")
    for name, kind in kinds.items():
        print(f"- {name}: {kind.package} {host.debian_version(kind.package)}; {kind.api}")
    print(f"\n{options.bytes} bytes, 1 seeder, {options.leechers} leechers, {options.rounds} rounds\n")
    found, failed = {name: {} for name in kinds}, dict.fromkeys(kinds, 0)
    order = random.Random(1)
    for number in range(options.rounds):
        content = host.Content(number, options.bytes, f"http://{TRACKER}:{TRACKER_PORT}/announce")
        for name in order.sample(list(kinds), len(kinds)):
            with tempfile.TemporaryDirectory(dir=options.folder, prefix="b") as folder:
                try:
                    found[name][number] = run(kinds[name], content, pathlib.Path(folder),
                                              options.leechers + 1)
                except Exception as error:  # a run that fails is a result, the others go on
                    failed[name] += 1
                    print(f"round {number}, {name}: {type(error).__name__}: {error}", file=sys.stderr)
    report(found, failed)
    if options.answers:
        content = host.Content(options.rounds, 2_000_000, f"http://{TRACKER}:{TRACKER_PORT}/announce")
        told = {}
        for name, kind in kinds.items():
            with tempfile.TemporaryDirectory(dir=options.folder, prefix="b") as folder:
                told[name] = answers(kind, content, pathlib.Path(folder))
        rows = [[key] + [told[name][key] for name in told] for key in next(iter(told.values()))]
        print("\nAnswers\n")
        print(host.table([""] + list(told), rows))
    print(f"\nat the end: {host.machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
