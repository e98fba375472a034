"""Drivers in Python: teaching swarmbench a system without C.

A driver is a class. It does no I/O: `launch` says how a node is started, and each operation is a
generator that yields what to send and is given the reply. The library does the sending, and
measures. The contract is that of drivers in C.

::

    @sb.register_driver
    class Quill(sb.Driver):
        name = "quill"
        kind = "store"
        program = "quilld"

        def launch(self, node):
            return sb.Launch(node.program, ["--listen", f"{node.address}:{node.api_port}"])

        def version(self, node):
            reply = yield sb.http("GET", "/v1/version")
            return reply.expect().text

A failure of the system is raised as one of `swarmbench.errors`, with ``retriable=True`` where
asking again may help. Any other exception is a defect of the driver: it fails the run, and the
results say where it was raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Generator, Mapping, Optional, Sequence, Tuple, Union

from .errors import InvalidArgument, Unsupported
from .exchange import Exchange, Reply

# ---- What it is given ----


@dataclass(frozen=True)
class Node:
    """What a driver is told about a node."""

    name: str  #: unique in the run: "deluge-03"
    role: str  #: "seeder", "leecher" or "service"
    address: str  #: IP address of its own, for data and API
    data_port: int  #: for peers
    api_port: int  #: for the control API
    extra_port: int  #: for anything else
    wildcard_port: int  #: free on all addresses of the machine, for what cannot be bound to one
    program: str  #: what to start: option "binary", the environment's, or the driver's program
    home_dir: Optional[str]  #: the node's own directory; it starts here
    content_dir: Optional[str]  #: where it stores content, inside home_dir
    user: str  #: credentials made for this run
    password: str
    content_name: Optional[str]  #: file name of the content in content_dir
    content_bytes: int  #: its size
    swarm_size: int  #: nodes in the swarm
    tracker_url: Optional[str]  #: announce URL; None where the run has no tracker
    infohash: Optional[str]  #: 40 hex digits; None where there is no torrent
    bootstrap: Optional[str]  #: what `ready` of the run's first node returned
    stored_bytes: int  #: all that the node may come to store, for sizing limits
    data_parts: int  #: erasure code that the client is to make by itself, k + m; 0: none
    parity_parts: int
    infohashes: Tuple[str, ...]  #: of all torrents of the run
    attached: bool  #: it ran before the run, not by `launch`: directories and ports may be unknown
    options: Mapping[str, Any]  #: by name: sizes in bytes, durations in ns, rates in bit/s
    session: Dict[str, Any] = field(default_factory=dict)  #: yours, for as long as the node lives


@dataclass(frozen=True)
class Content:
    """What an operation is about."""

    handle: Optional[str]  #: how the content is named: infohash, CID
    torrent: bytes  #: bencoded metainfo; empty where there is none
    peers: Tuple[Tuple[str, int], ...] = ()  #: for `peers`: addresses and data ports


# ---- What it returns ----


@dataclass(frozen=True)
class Launch:
    """How a node is started. The same node must give the same launch: no clock, no chance.

    `files` and `directories` are relative to the node's home_dir; a file is text or bytes, or
    (text or bytes, permission bits).
    """

    program: str
    args: Sequence[object] = ()
    env: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Union[str, bytes, Tuple[Union[str, bytes], int]]] = field(
        default_factory=dict
    )
    directories: Sequence[str] = ()


@dataclass(frozen=True)
class Version:
    """What `version` returns, where the client's version alone does not say enough."""

    version: str
    api_version: str = ""
    revision: str = ""
    stand_in: bool = False  #: it says that it is not the real program


@dataclass(frozen=True)
class Status:
    """What `status` returns. Counters that the client does not tell stay None."""

    state: str  #: "unknown", "checking", "fetching", "serving", "paused", "failed" or "absent"
    bytes_done: Optional[int] = None  #: content bytes on the node, verified by the client
    payload_received: Optional[int] = None  #: content bytes received, repeated ones included
    payload_sent: Optional[int] = None
    wasted: Optional[int] = None  #: received again, or thrown away
    wire_received: Optional[int] = None  #: bytes on its connections, as the client counts them
    wire_sent: Optional[int] = None
    peers: Optional[int] = None  #: connected now
    detail: str = ""  #: the client's own words, where it failed


@dataclass(frozen=True)
class Coded:
    """What `code` returns."""

    handle: str  #: how the coded content is named
    stored_bytes: Optional[int] = None  #: size of what is stored in place of the content


@dataclass(frozen=True)
class Option:
    """An option of a driver: a key of `modes: {mine: {driver: name, KEY: value}}`."""

    name: str
    type: str = "string"
    """bool, integer, number, size, duration, rate, fraction, enum, string, frequency, list or map"""
    default: Optional[object] = None  #: as one writes it
    description: str = "An option."  #: one sentence
    choices: Sequence[str] = ()  #: of an enum
    least: float = 0.0  #: in the base unit; with both 0 the type's own limits hold
    most: float = 0.0

    @property
    def code(self) -> int:
        """The type's number in the C API."""
        types = ("bool", "integer", "number", "size", "duration", "rate", "fraction", "enum",
                 "string", "frequency", "list", "map")  # fmt: skip
        if self.type not in types:
            raise InvalidArgument(f"option {self.name}: type {self.type!r} is none of {types}")
        return types.index(self.type)

    @property
    def written(self) -> Optional[str]:
        """The default as an experiment file writes it."""
        if isinstance(self.default, bool):
            return "true" if self.default else "false"
        return None if self.default is None else str(self.default)

    @property
    def names(self) -> Optional[str]:
        """The choices as the C API takes them."""
        return "|".join(self.choices) if self.type == "enum" else None

    def value(self, integer: int, number: float, string: Optional[str]) -> Any:
        """The value as Python has it."""
        if self.type in ("number", "fraction", "frequency"):
            return number
        if self.type in ("enum", "string"):
            return string
        if self.type in ("list", "map"):
            texts = string.split("\x1f") if integer and string is not None else []
            return texts if self.type == "list" else dict(text.split("=", 1) for text in texts)
        return bool(integer) if self.type == "bool" else integer


Operation = Generator[Exchange, Reply, Any]


class Driver:
    """Base of drivers. The attributes describe the system; the methods speak to it.

    Each operation is a generator that yields exchanges (`http`, `frame`) and is given a `Reply`
    for each; what it returns is its result. One that has nothing to send may be a plain method.
    """

    name: str = ""  #: as in the experiment's `driver:`, [a-z0-9-]
    description: str = ""  #: one line
    kind: str = "store"  #: "torrent", "store" or "service"
    transport: str = "http"  #: or "tls": frames on one TLS stream
    program: str = ""  #: what is started: a path, or a name in PATH
    program_env: Optional[str] = None  #: environment variable that replaces it
    package: str = "unknown"  #: how to get it, one line
    service: Optional[str] = None  #: driver of the service that each run needs
    codes: bool = False  #: its clients erasure-code by themselves; stores only
    counts_node: bool = False  #: `status` counts for the node, over all its contents
    needs_bootstrap: bool = False  #: other nodes start after the first one is ready
    options: Sequence[Option] = (
        Option("binary", description="Path of the program, where it is not the one in PATH."),
    )
    node_memory_bytes: int = 256 * 10**6  #: memory that a node needs at most
    counter_lag_ns: int = 0  #: how late the counters of `status` may be; 0: they are live
    timeouts: Mapping[str, float] = {}  #: seconds, by operation; others have 30 s

    def launch(self, node: Node) -> Launch:
        """How the node is started."""
        raise NotImplementedError(f"driver {self.name!r} has no launch")

    def frame(self, data: bytes) -> Optional[int]:
        """TLS only: length of the first frame in `data`, 0 where more bytes are needed to tell,
        None where this is no frame."""
        raise NotImplementedError(f"driver {self.name!r} has no frame")

    def ready(self, node: Node) -> Union[Operation, Any]:
        """Does the API answer? Repeated until it does. May return what later nodes need to find
        this one (`node.bootstrap`)."""
        raise NotImplementedError(f"driver {self.name!r} has no ready")

    def version(self, node: Node) -> Union[Operation, Any]:
        """Returns the client's version, a str or a `Version`."""
        raise NotImplementedError(f"driver {self.name!r} has no version")

    def seed(self, node: Node, content: Content) -> Union[Operation, Any]:
        """Makes the content available; a store returns its handle."""
        raise NotImplementedError(f"driver {self.name!r} has no seed")

    def leech(self, node: Node, content: Content) -> Union[Operation, Any]:
        """Starts fetching, and is done when the node has accepted that. A store that streams the
        content is done with the download, and returns "serving"."""
        raise NotImplementedError(f"driver {self.name!r} has no leech")

    def status(self, node: Node, content: Content) -> Union[Operation, Any]:
        """Returns a `Status`."""
        raise NotImplementedError(f"driver {self.name!r} has no status")

    def remove(self, node: Node, content: Content) -> Union[Operation, Any]:
        """Forgets the content and deletes its data."""
        raise NotImplementedError(f"driver {self.name!r} has no remove")

    def peers(self, node: Node, content: Content) -> Union[Operation, Any]:
        """Introduces `content.peers`. By default nothing: nodes find each other by themselves."""
        return None

    def stop(self, node: Node) -> Union[Operation, Any]:
        """Asks the client to end itself. By default it ends by a signal."""
        raise Unsupported("ends by a signal only")

    def read(self, node: Node, content: Content) -> Union[Operation, Any]:
        """Stores only: streams the node's own copy, for verification."""
        raise NotImplementedError(f"driver {self.name!r} has no read")

    def able(self, node: Node) -> Union[Operation, Any]:
        """With `codes`: can this node make the code it is to make (`node.data_parts`)? Raises what
        it would need."""
        return None

    def code(self, node: Node, content: Content) -> Union[Operation, Any]:
        """With `codes`: has the client code the seeded content; returns `Coded`. Raises `Busy`,
        retriable, while the client works on it."""
        raise NotImplementedError(f"driver {self.name!r} has no code")
