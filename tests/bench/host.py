"""What the benches of clients and trackers share: contents and torrents, processes, the machine."""

import hashlib
import os
import pathlib
import platform
import random
import shutil
import socket
import subprocess
import sys
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PIECE_BYTES = 256 * 1024


def enter_namespace(addresses):
    """Starts this program again in namespaces of its own, and returns once it runs there: one for the
    network, whose loopback device has the addresses, and one for processes, so that none outlives
    this program, whatever ends it."""
    if os.environ.get("SWARMBENCH_BENCH_NAMESPACE") != "entered":
        if os.geteuid() != 0 or not is_here("unshare") or not is_here("ip"):
            print("SKIP: a network namespace needs root, unshare (util-linux) and ip (iproute2)")
            sys.exit(77)
        os.environ["SWARMBENCH_BENCH_NAMESPACE"] = "entered"
        os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                               sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def bdecode(data, at=0):
    """The value that begins at `at` and where it ends; keys and texts are bytes."""
    mark = data[at:at + 1]
    if mark == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if mark in (b"l", b"d"):
        items, at = [], at + 1
        while data[at:at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        return (items if mark == b"l" else dict(zip(items[::2], items[1::2]))), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end], end


class Content:
    """Bytes that follow from a seed, and their torrent."""

    def __init__(self, seed, size, announce):
        self.name, self.size = f"content-{seed}", size
        self.data = random.Random(seed).randbytes(size)
        self.sha256 = hashlib.sha256(self.data).digest()
        pieces = b"".join(hashlib.sha1(self.data[at:at + PIECE_BYTES]).digest()
                          for at in range(0, size, PIECE_BYTES))
        info = {"name": self.name, "length": size, "piece length": PIECE_BYTES, "pieces": pieces}
        self.infohash = hashlib.sha1(bencode(info)).hexdigest()
        self.torrent = bencode({"announce": announce, "info": info})

    def is_in(self, path):
        return hashlib.sha256(path.read_bytes()).digest() == self.sha256


class Process:
    """A process that was started here. It stays in this session: what the scheduler gives to a
    session it gives to bench and nodes together."""

    def __init__(self, command, log, **options):
        self.log = log
        with open(log, "wb") as file:
            self.popen = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                          stdout=file, stderr=file, **options)

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.popen.pid}/{name}").read_text()

    def cpu_s(self):
        """Processor seconds of all its threads, in user space and kernel; counted in ticks."""
        fields = self._proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def memory(self, key="VmRSS"):
        """Bytes: VmRSS, RssAnon (without pages of files) or VmHWM (most VmRSS so far)."""
        for line in self._proc("status").splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def ended(self):
        return self.popen.poll() is not None

    def wait(self, limit_s):
        """Seconds until it ended by itself, or None."""
        start = time.monotonic()
        try:
            self.popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        return time.monotonic() - start

    def end(self):
        if not self.ended():
            self.popen.kill()
            self.popen.wait()


def wait_until(test, limit_s, what, step_s=0.002):
    """Seconds until test() holds; connections that are refused mean not yet."""
    start = time.monotonic()
    while True:
        try:
            if test():
                return time.monotonic() - start
        except OSError:
            pass
        if time.monotonic() - start > limit_s:
            raise TimeoutError(f"{what}: not within {limit_s} s")
        time.sleep(step_s)


def http_get(address, port, path, limit_s=10):
    """Body of one request on a connection of its own."""
    with socket.create_connection((address, port), limit_s) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        reply = b""
        while part := link.recv(65536):
            reply += part
    return reply.partition(b"\r\n\r\n")[2]


def opentracker_files(folder, address, port, infohashes):
    """Writes what opentracker starts from, gives its command line. Debian's serves only what is in
    its whitelist, which it reads as nobody, after it changed its root directory to a folder."""
    root = folder / "root"
    root.mkdir(parents=True)
    for path in (root, *root.parents[:2]):
        path.chmod(path.stat().st_mode | 0o055)
    (root / "whitelist").write_text("".join(f"{hash_}\n" for hash_ in infohashes))
    (folder / "conf").write_text(f"listen.tcp {address}:{port}\nlisten.udp {address}:{port}\n"
                                 f"tracker.rootdir {root}\ntracker.user nobody\n"
                                 f"access.whitelist whitelist\naccess.stats 127.0.0.1\n")
    return ["opentracker", "-f", folder / "conf"]


def busy_s():
    """Processor seconds that the whole machine has worked so far."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * TICK_S


def own_cpu_s():
    return time.process_time()


def debian_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=False,
                          capture_output=True, text=True)
    return done.stdout or "?"


def machine():
    """One line on what the numbers were made on."""
    model = next((line.split(":")[1].strip() for line in
                  pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    total = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 2**20
    load = pathlib.Path("/proc/loadavg").read_text().split()[:3]
    return (f"{len(os.sched_getaffinity(0))} cores ({model}), {total:.0f} GiB, "
            f"Linux {platform.release()}, load {' '.join(load)}, "
            f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}")


def is_here(program):
    return shutil.which(program) is not None


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])
