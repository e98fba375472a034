"""HTTP/1.1 as the node speaks it: one request a connection, replies with the node's headers."""
import json
import socket
import time
import urllib.parse

from . import wire

_MAX_LINE = 1 << 16
_SERVER = "nim-presto/0.0.3 (amd64/linux)"
_REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found",
            422: "Unprocessable Entity", 500: "Internal Server Error",
            503: "Service Unavailable"}

HTML, TEXT, JSON = "text/html", "text/plain", "application/json"


class BadRequest(Exception):
    """What came is no HTTP request."""


class Exchange:
    """A request and the connection to answer it on. A failing client is an OSError."""

    def __init__(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._input = connection.makefile("rb", 1 << 16)
        self._answered = False
        line = self._line().split(" ")
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            raise BadRequest(f"no request line: {line}")
        self.method = line[0]
        path, _, query = line[1].partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query))
        self.headers = dict(self._headers())

    def _line(self):
        line = self._input.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise BadRequest("the request ends early")
        return line.decode("latin-1").rstrip("\r\n")

    def _headers(self):
        while True:
            line = self._line()
            if not line:
                return
            name, _, value = line.partition(":")
            yield name.strip().lower(), value.strip()

    @property
    def has_body(self):
        return self._chunked or self.length > 0

    @property
    def length(self):
        text = self.headers.get("content-length", "0")
        if not text.isdigit():
            raise BadRequest(f"Content-Length {text!r}")
        return int(text)

    @property
    def _chunked(self):
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    def body(self, view):
        """The body in pieces that fill the view, but for the last: yields bytes in the view."""
        if self.headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        filled = 0
        for part in self._chunks() if self._chunked else [self.length]:
            while part:
                count = self._input.readinto(view[filled:filled + part])
                if not count:
                    raise ConnectionError("the client left in mid-upload")
                filled, part = filled + count, part - count
                if filled == len(view):
                    yield filled
                    filled = 0
        if filled:
            yield filled

    def _chunks(self):
        while True:
            size = int(self._line().split(";")[0], 16)
            if size == 0:
                while self._line():
                    pass
                return
            yield size
            self._line()

    def client_left(self):
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def begin(self, status, length, content_type=None, before=(), after=()):
        """Sends the head of a reply, whose headers stand in the node's order."""
        self._answered = True
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        headers = [("Connection", "close"), ("Server", _SERVER), *before,
                   ("Content-Length", length), ("Date", date)]
        if content_type:
            headers.append(("Content-Type", content_type))
        lines = "".join(f"{name}: {value}\r\n" for name, value in [*headers, *after])
        self._connection.sendall(f"HTTP/1.1 {status} {_REASONS[status]}\r\n{lines}\r\n"
                                 .encode("latin-1", "replace"))

    def send(self, data):
        self._connection.sendall(data)

    def reply(self, status, text="", content_type=HTML):
        if not self._answered:
            data = text.encode()
            self.begin(status, len(data), content_type if data else None)
            self.send(data)

    def reply_json(self, value, pretty=False):
        layout = {"indent": 2} if pretty else {"separators": (",", ":")}
        self.reply(200, json.dumps(value, **layout), JSON)

    def finish(self):
        """Reads on for a moment what the client still sends: else it may miss the reply."""
        try:
            if self._answered:
                self._connection.shutdown(socket.SHUT_WR)
                self._connection.settimeout(0.5)
                deadline = time.monotonic() + 2
                while time.monotonic() < deadline and self._connection.recv(1 << 16):
                    pass
        except OSError:
            pass


def serve(listener, answer):
    """Answers the request of every connection that comes to the listener."""
    def handle(connection):
        exchange = None
        try:
            exchange = Exchange(connection)
            answer(exchange)
        except (BadRequest, ValueError):
            if exchange:
                exchange.reply(400)
        except OSError:
            pass
        finally:
            if exchange:
                exchange.finish()
            connection.close()

    wire.serve(listener, handle)
