"""Announces to a tracker, over HTTP and UDP (BEP 3, 15, 23): single ones, and many at once.

The load is one thread over epoll, bounded by its number of announces and by a limit in time.
"""

import select
import socket
import struct
import time
import urllib.parse

import host

EVENTS = {"": 0, "completed": 1, "started": 2, "stopped": 3}
LOST_S = 5  # an announce without an answer for so long is lost


class Announce:
    """One peer's announce."""

    def __init__(self, infohash, port, left, event="", want=30):
        self.infohash, self.port, self.left, self.event, self.want = infohash, port, left, event, want
        self.peer_id = b"-SB0100-" + b"%012d" % port

    def http(self, address):
        query = urllib.parse.urlencode({
            "info_hash": self.infohash, "peer_id": self.peer_id, "port": self.port, "uploaded": 0,
            "downloaded": 0, "left": self.left, "compact": 1, "numwant": self.want})
        event = f"&event={self.event}" if self.event else ""
        return (f"GET /announce?{query}{event} HTTP/1.1\r\nHost: {address}\r\n"
                "Connection: close\r\n\r\n").encode()

    def udp(self, connection, transaction):
        return struct.pack(">QII20s20sQQQIIIiH", connection, 1, transaction, self.infohash,
                           self.peer_id, 0, self.left, 0, EVENTS[self.event], 0, self.port,
                           self.want, self.port)


class Answer:
    """What a tracker said: peers as (address, port), or why it refused."""

    def __init__(self, refused="", interval=0, complete=0, incomplete=0, peers=b""):
        self.refused, self.interval = refused, interval
        self.complete, self.incomplete = complete, incomplete
        self.compact = isinstance(peers, bytes)
        self.peers = [(socket.inet_ntoa(peers[at:at + 4]), int.from_bytes(peers[at + 4:at + 6], "big"))
                      for at in range(0, len(peers), 6)] if self.compact else peers


def of_http(reply):
    body = reply.partition(b"\r\n\r\n")[2]
    if not body.startswith(b"d"):
        return Answer(refused=repr(reply[:60]))
    told = host.bdecode(body)[0]
    if b"failure reason" in told:
        return Answer(refused=told[b"failure reason"].decode())
    return Answer("", told[b"interval"], told.get(b"complete", -1), told.get(b"incomplete", -1),
                  told.get(b"peers", b""))


def of_udp(reply):
    if reply[:4] != b"\0\0\0\1" or len(reply) < 20:  # opentracker refuses by an announce cut short
        return Answer(refused=reply[8:].decode(errors="replace") or "an answer of no announce")
    interval, incomplete, complete = struct.unpack(">III", reply[8:20])
    return Answer("", interval, complete, incomplete, reply[20:])


def is_whole(reply):
    """Whether an HTTP reply has come in full, by its length or its bencoded end."""
    head, gap, body = reply.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if gap and line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


class Target:
    def __init__(self, protocol, address, port):
        self.protocol, self.place = protocol, (address, port)
        self.connection = 0

    def connect_udp(self, link):
        link.send(struct.pack(">QII", 0x41727101980, 0, 7))
        self.connection = struct.unpack(">IIQ", link.recv(64))[2]

    def ask(self, announce, limit_s=2):
        """One announce and its answer; raises OSError where none comes."""
        if self.protocol == "udp":
            with socket.socket(type=socket.SOCK_DGRAM) as link:
                link.settimeout(limit_s)
                link.connect(self.place)
                self.connect_udp(link)
                link.send(announce.udp(self.connection, 8))
                return of_udp(link.recv(65536))
        with socket.create_connection(self.place, limit_s) as link:
            link.sendall(announce.http(self.place[0]))
            reply = b""
            while not is_whole(reply) and (part := link.recv(65536)):
                reply += part
        return of_http(reply)


class Load:
    """Sends announces, `window` at once (closed loop), or at a rate whether answers come or not (open
    loop); then latencies count from the moment that each was meant to be sent."""

    def __init__(self, target, announces, window=0, rate=0.0):
        self.target, self.announces, self.window, self.rate = target, announces, window, rate
        self.latencies, self.lost, self.refused = [], 0, 0
        self.open = {}  # by file descriptor or transaction: [intended, sent, socket, request, reply]
        self.poll = select.epoll()

    def run(self):
        """Wall-clock seconds, and processor seconds of this generator."""
        begun, cpu = time.monotonic(), time.process_time()
        if self.target.protocol == "udp":
            self.udp_setup()
        self.begun = time.monotonic()
        next_ = 0
        while next_ < len(self.announces) or self.open:
            now = time.monotonic()
            while next_ < len(self.announces) and self.may_send(next_, now):
                intended = self.begun + next_ / self.rate if self.rate else now
                self.send(next_, intended)
                next_ += 1
                now = time.monotonic()
            self.receive(self.patience(next_, now))
            self.drop_lost()
        self.poll.close()
        return time.monotonic() - begun, time.process_time() - cpu

    def may_send(self, number, now):
        if self.rate:
            return now >= self.begun + number / self.rate and len(self.open) < 4096
        return len(self.open) < self.window

    def patience(self, number, now):
        if self.rate and number < len(self.announces):
            return max(0.0, min(0.1, self.begun + number / self.rate - now))
        return 0.1

    def udp_setup(self):
        self.link = socket.socket(type=socket.SOCK_DGRAM)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.link.settimeout(2)
        self.link.connect(self.target.place)
        self.target.connect_udp(self.link)
        self.link.setblocking(False)
        self.poll.register(self.link, select.EPOLLIN)

    def send(self, number, intended):
        announce = self.announces[number]
        if self.target.protocol == "udp":
            self.open[number + 100] = [intended]
            self.link.send(announce.udp(self.target.connection, number + 100))
            return
        link = socket.socket()
        link.setblocking(False)
        link.connect_ex(self.target.place)
        self.open[link.fileno()] = [intended, link, announce.http(self.target.place[0]), b""]
        self.poll.register(link, select.EPOLLOUT)

    def receive(self, timeout_s):
        for number, events in self.poll.poll(timeout_s):
            if self.target.protocol == "udp":
                self.receive_udp()
            else:
                self.advance_http(number, events)

    def receive_udp(self):
        for _ in range(64):
            try:
                reply = self.link.recv(65536)
            except BlockingIOError:
                return
            entry = self.open.pop(int.from_bytes(reply[4:8], "big"), None)
            if entry is not None:
                self.done(entry[0], reply[:4] == b"\0\0\0\1" and len(reply) >= 20)

    def advance_http(self, number, events):
        entry = self.open[number]
        link = entry[1]
        try:
            if events & select.EPOLLOUT:
                link.send(entry[2])  # a few hundred bytes: a new connection takes them whole
                self.poll.modify(link, select.EPOLLIN)
                return
            part = link.recv(65536)
        except OSError:
            self.lost += 1
            self.forget(number, link)
            return
        entry[3] += part
        if not part or is_whole(entry[3]):
            self.done(entry[0], b"8:interval" in entry[3])
            self.forget(number, link)

    def forget(self, number, link):
        self.poll.unregister(link)
        link.close()
        del self.open[number]

    def done(self, intended, is_fine):
        self.latencies.append(time.monotonic() - intended)
        self.refused += not is_fine

    def drop_lost(self):
        oldest = next(iter(self.open.values()), None)
        if oldest is None or time.monotonic() - oldest[0] < LOST_S:
            return
        number, entry = next(iter(self.open.items()))
        self.lost += 1
        if self.target.protocol == "udp":
            del self.open[number]
        else:
            self.forget(number, entry[1])

    def percentile_s(self, share):
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def hashes(count, first=0):
    return [(first + number).to_bytes(4, "big") * 5 for number in range(1, count + 1)]


def swarm(torrents, peers, event):
    """Announces of so many peers of each torrent, one in four a seeder."""
    return [Announce(hash_, 2000 + peer, 0 if peer % 4 == 0 else 1000, event)
            for peer in range(peers) for hash_ in torrents]
