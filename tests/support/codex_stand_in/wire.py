"""How stand-ins talk to each other: a JSON head and bytes after it, over TCP.

A request is a head alone, one at a time a connection; a reply is a head whose `size` says how
many bytes follow.
"""
import json
import socket
import struct
import threading
import time

_LENGTH = struct.Struct(">I")
_MAX_HEAD = 1 << 20


class Counters:
    """Counters that many threads add to."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = {}

    def add(self, name, amount=1):
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + amount

    def __getitem__(self, name):
        return self._counts.get(name, 0)


class Link:
    """One connection to a peer. Every failure is an OSError."""

    def __init__(self, connection, counters, timeout):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(timeout)
        self._connection = connection
        self._counters = counters

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._connection.close()

    def send(self, head, body=b""):
        data = json.dumps(head).encode()
        self._connection.sendall(_LENGTH.pack(len(data)) + data)
        if body:
            self._connection.sendall(body)
        self._counters.add("bytes_out", _LENGTH.size + len(data) + len(body))

    def receive(self):
        """The next head."""
        length = _LENGTH.unpack(self.receive_bytes(_LENGTH.size))[0]
        if length > _MAX_HEAD:
            raise ConnectionError("the peer's message is too long")
        try:
            head = json.loads(self.receive_bytes(length))
        except ValueError as error:
            raise ConnectionError("the peer's message is not JSON") from error
        if not isinstance(head, dict):
            raise ConnectionError("the peer's message is no object")
        return head

    def receive_bytes(self, size):
        buffer = bytearray(size)
        self.receive_into(memoryview(buffer))
        return bytes(buffer)

    def receive_into(self, view):
        size = len(view)
        while view:
            count = self._connection.recv_into(view)
            if count == 0:
                raise ConnectionError("the peer has gone")
            view = view[count:]
        self._counters.add("bytes_in", size)

    def ask(self, head):
        """One request; the reply's head and the bytes after it."""
        self.send(head)
        reply = self.receive()
        return reply, self.receive_bytes(int(reply.get("size", 0)))


def connect(address, counters, timeout):
    return Link(socket.create_connection(address, timeout=timeout), counters, timeout)


def listen(address):
    """A listening socket of exactly this address."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(256)
    return listener


def serve(listener, handle):
    """Hands every connection that comes to handle(), in a thread of its own."""
    def accept():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:  # too many open files: one may be closed soon
                time.sleep(0.05)
                continue
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
