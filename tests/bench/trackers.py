#!/usr/bin/env python3
"""Trackers at the same work, side by side: what docs/choice-of-tracker.md rests on.

usage: trackers.py [--trackers opentracker,Torrust] [--rounds N] [--torrents N] [--peers N]
                   [--announces N] [--rate N] [--bin DIR] [--node-modules DIR]

A round runs every tracker once over each of its protocols, in a drawn order, as a fresh process in
a network namespace that is made for it: start; checks of what it answers; a swarm for each torrent;
a closed loop of announces, so many at once; an open loop at a rate, whose latencies count from the
moment each announce was meant to be sent. Prints Markdown tables: medians over rounds, and ratios
within each round to the first. Trackers that are not there are left out, with a reason.
Needs root. See README.md.
"""

import argparse
import functools
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

import announce_load as al
import host
import tracker_drivers

ADDRESS, PORT = "10.84.0.1", 6969
WINDOW = 16


def refuses(target, announce):
    try:
        return bool(target.ask(announce).refused)
    except OSError:  # UDP: some say nothing
        return True


def checks(tracker, target):
    """What it answers to one small swarm: name -> whether it is as the protocol has it."""
    hash_ = al.hashes(1, 900000)[0]
    seeder = al.Announce(hash_, 1001, 0, "started")
    leecher = al.Announce(hash_, 1002, 500, "started")
    found = {"refuses what is not listed": refuses(target, seeder)}
    begun = time.monotonic()
    tracker.list(hash_)
    host.wait_until(lambda: not refuses(target, seeder), 10, "a torrent that was listed", 0.001)
    took = time.monotonic() - begun
    first = target.ask(leecher)
    second = target.ask(al.Announce(hash_, 1003, 500, "started"))
    ports = [port for _, port in second.peers]
    found["compact peers"] = second.compact
    found["lists both peers"] = {1001, 1002} <= set(ports)
    found["leaves out who asks"] = 1003 not in ports
    # Some count without the one who asks, or without who asks for the first time.
    asker = second.incomplete - 1
    found["counts by left=0"] = second.complete == 1 and asker in (0, 1)
    found["counts who asks"] = asker == 1
    target.ask(al.Announce(hash_, 1002, 0, "completed"))
    told = target.ask(al.Announce(hash_, 1003, 500))
    found["completed moves a peer"] = told.complete == 2 and told.incomplete in (0, 1)
    target.ask(al.Announce(hash_, 1001, 0, "stopped"))
    told = target.ask(al.Announce(hash_, 1003, 500))
    found["stopped removes a peer"] = told.complete == 1 and 1001 not in [p for _, p in told.peers]
    found["numwant is kept to"] = len(target.ask(al.Announce(hash_, 1003, 500, want=1)).peers) <= 1
    begun_off = time.monotonic()
    tracker.unlist(hash_)
    try:
        host.wait_until(lambda: refuses(target, leecher), 3, "a torrent that was taken off", 0.001)
        off = time.monotonic() - begun_off
    except TimeoutError:
        off = float("nan")
    found["refuses what was taken off"] = off == off
    return found, {"interval": first.interval, "list": took}


def load(tracker, target, announces, **how):
    """Runs a load; gives it with rates and costs."""
    cpu, all_ = tracker.process.cpu_s(), host.busy_s()
    one = al.Load(target, announces, **how)
    wall, own = one.run()
    cpu = tracker.process.cpu_s() - cpu
    answered = max(1, len(one.latencies))
    return one, {"rate": len(one.latencies) / wall, "cpu": cpu / answered, "own": own / wall,
                 "others": (host.busy_s() - all_ - cpu - own) / wall,
                 "bad": one.lost + one.refused}


def run(kind, protocol, folder, port, options):
    torrents = al.hashes(options.torrents)
    begun = time.monotonic()
    tracker = kind(folder / "tracker", ADDRESS, port, torrents, options)
    target = al.Target(protocol, ADDRESS, port)
    try:
        probe = al.Announce(al.hashes(1, 800000)[0], 1000, 0)
        answers = functools.partial(host.wait_until, lambda: target.ask(probe, 0.2), 15,
                                    f"{kind.program} to answer")
        answers()
        found = {"start": time.monotonic() - begun}
        tracker.begin()
        rights, more = checks(tracker, target)
        found.update(more)
        answers()  # some are started anew for another list
        found["RSS"], found["RssAnon"] = tracker.process.memory(), tracker.process.memory("RssAnon")
        first, _ = load(tracker, target, al.swarm(torrents, options.peers, "started"), window=WINDOW)
        grown = tracker.process.memory("RssAnon") - found["RssAnon"]
        found["a peer"] = grown / (options.torrents * options.peers)
        again = al.swarm(torrents, options.peers, "")
        random.Random(1).shuffle(again)
        again = (again * (options.announces // len(again) + 1))[:options.announces]
        closed, costs = load(tracker, target, again, window=WINDOW)
        found.update({"closed rate": costs["rate"], "cpu": costs["cpu"], "own": costs["own"],
                      "closed p50": closed.percentile_s(0.5), "others": costs["others"]})
        paced, slow = load(tracker, target, again[:int(options.rate * 5)], rate=options.rate)
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            found["open " + name] = paced.percentile_s(share)
        found["open rate"] = slow["rate"]
        found["bad"] = first.lost + first.refused + costs["bad"] + slow["bad"]
        found["RSS loaded"] = tracker.process.memory()
        begun = time.monotonic()
        try:
            tracker.statistics()
            found["statistics"] = time.monotonic() - begun
        except NotImplementedError:
            found["statistics"] = float("nan")
        return found, rights
    except Exception as error:
        ended = "has ended" if tracker.process.ended() else "runs"
        raise RuntimeError(f"{type(error).__name__}: {error}; its process {ended}, its log: "
                           f"{tracker.process.log.read_text()[-300:]!r}") from error
    finally:
        tracker.process.end()


# Heading, key, factor, format
COLUMNS = [
    ("start to first answer, ms", "start", 1e3, ".0f"), ("interval told, s", "interval", 1, ".0f"),
    ("listing a torrent, to its first answer, ms", "list", 1e3, ".1f"),
    ("statistics, ms", "statistics", 1e3, ".1f"), ("RSS empty, MB", "RSS", 1e-6, ".1f"),
    ("RSS loaded, MB", "RSS loaded", 1e-6, ".1f"), ("RssAnon a peer, B", "a peer", 1, ".0f"),
    ("CPU an announce, us", "cpu", 1e6, ".0f"), ("closed loop, announces/s", "closed rate", 1, ".0f"),
    ("its p50, ms", "closed p50", 1e3, ".2f"), ("generator's CPU in it, cores", "own", 1, ".2f"),
    ("open loop p50, ms", "open p50", 1e3, ".2f"), ("p99, ms", "open p99", 1e3, ".2f"),
    ("its rate reached, /s", "open rate", 1, ".0f"), ("lost or refused", "bad", 1, ".0f"),
    ("other work, cores", "others", 1, ".2f")]
RATIOS = ["cpu", "closed rate", "open p50", "open p99", "RSS loaded"]


def report(found, rights, failed):
    for protocol in ("http", "udp"):
        names = [name for name, kind in found if kind == protocol]
        if not names:
            continue
        runs = {name: found[name, protocol] for name in names}
        rows = [[heading] + [format(statistics.median(one[key] for one in runs[name].values()) * factor, shape)
                             if runs[name] else "-" for name in names]
                for heading, key, factor, shape in COLUMNS]
        rows += [[check] + ["yes" if rights.get((name, protocol), {}).get(check) else "**no**"
                            if (name, protocol) in rights else "-" for name in names]
                 for check in next(iter(one for (_, p), one in rights.items() if p == protocol), {})]
        rows.append(["runs done / tried"] + [f"{len(runs[name])} / {len(runs[name]) + failed[name, protocol]}"
                                             for name in names])
        print(host.table([f"{protocol.upper()}, median"] + names, rows).replace(" nan ", " - "))
        rows = []
        for key in RATIOS:
            cells = []
            for name in names:
                ratios = sorted(one[key] / runs[names[0]][number][key]
                                for number, one in runs[name].items()
                                if runs[names[0]].get(number, {}).get(key))
                cells.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
                             if ratios else "-")
            rows.append([next(column[0] for column in COLUMNS if column[1] == key).rsplit(",", 1)[0]] + cells)
        print(f"\n{protocol.upper()}: ratios to the first, within each round: median (least to most)\n")
        print(host.table([""] + names, rows) + "\n")


def chosen(options):
    kinds = {}
    for name in options.trackers.split(","):
        kind = tracker_drivers.TRACKERS[name]
        if kind.found(options):
            kinds[name] = kind
        else:
            print(f"{name} is left out: not found ({kind.install})")
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trackers", default=",".join(tracker_drivers.TRACKERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--torrents", type=int, default=300)
    parser.add_argument("--peers", type=int, default=20, help="of each torrent")
    parser.add_argument("--announces", type=int, default=20000, help="of the closed loop")
    parser.add_argument("--rate", type=float, default=300, help="announces a second of the open loop")
    parser.add_argument("--bin", default=os.path.expanduser("~/.cargo/bin"), help="searched beside PATH")
    parser.add_argument("--node-modules", default="node_modules")
    options = parser.parse_args()
    options.path = options.bin + os.pathsep + os.environ.get("PATH", "")
    host.enter_namespace([ADDRESS])
    kinds = chosen(options)
    if not kinds:
        print("SKIP: none of the trackers is installed")
        return 77
    print(f"{host.machine()}\n\n{options.torrents} torrents, {options.peers} peers each, "
          f"{options.announces} announces in closed loop ({WINDOW} at once), "
          f"{options.rate:.0f}/s in open loop, {options.rounds} rounds\n")
    work = [(name, protocol) for name, kind in kinds.items() for protocol in kind.protocols]
    found, rights, failed = {one: {} for one in work}, {}, dict.fromkeys(work, 0)
    order = random.Random(1)
    # Each run has ports of its own: sockets of a program with io_uring outlive it for a while.
    ports = iter(range(PORT, 65535, 2))
    for number in range(options.rounds):
        for name, protocol in order.sample(work, len(work)):
            with tempfile.TemporaryDirectory(prefix="b") as folder:
                try:
                    found[name, protocol][number], rights[name, protocol] = run(
                        kinds[name], protocol, pathlib.Path(folder), next(ports), options)
                except Exception as error:  # a run that fails is a result, the others go on
                    failed[name, protocol] += 1
                    print(f"round {number}, {name}, {protocol}: {type(error).__name__}: {error}",
                          file=sys.stderr)
    report(found, rights, failed)
    print(f"at the end: {host.machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
