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

import json
import logging
import os
import threading
import traceback
from dataclasses import dataclass, field
from typing import (
    Any,
    Dict,
    Generator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from . import _capi
from .errors import (
    AlreadyExists,
    AuthenticationRefused,
    InvalidArgument,
    NotFound,
    ProtocolError,
    RequestRefused,
    SwarmbenchError,
    Unsupported,
)

_log = logging.getLogger("swarmbench.driver")

_KINDS = {"torrent": 0, "store": 1, "service": 2}
_STATES = ("unknown", "checking", "fetching", "serving", "paused", "failed", "absent")
_TRANSPORTS = {"http": 0, "tls": 1}
_OPERATIONS = tuple(_capi.swb_operation_name(i) for i in range(_capi.SWB_OP_COUNT))
#: Operations that are about a node, not about content.
_OF_NODE = ("ready", "version", "stop", "able")
_ROLES = ("seeder", "leecher", "service")
_MESSAGE_MAX = 500  # bytes that the library keeps of a failure, less a little
_JSON_MAX_BYTES = 8 << 20

# ---- What an operation yields ----


@dataclass(frozen=True)
class Exchange:
    """One exchange with the node; made by `http`, `frame` and `next_frame`."""

    method: str = ""
    path: str = ""
    headers: Tuple[Tuple[str, str], ...] = ()
    body: Optional[bytes] = None
    content_type: Optional[str] = None
    form: Tuple[Tuple[str, str], ...] = ()
    parts: Tuple[Tuple[str, Optional[str], Optional[str], bytes], ...] = ()
    upload: bool = False
    download: bool = False
    port: str = "api"
    frame: Optional[bytes] = None
    await_frame: bool = False


def _pairs(mapping: Optional[Mapping[str, str]]) -> Tuple[Tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in (mapping or {}).items())


def http(
    method: str,
    path: str,
    *,
    json: Any = None,
    body: Optional[Union[bytes, str]] = None,
    content_type: Optional[str] = None,
    headers: Optional[Mapping[str, str]] = None,
    form: Optional[Mapping[str, str]] = None,
    parts: Sequence[Tuple[str, Optional[str], Optional[str], bytes]] = (),
    upload: bool = False,
    download: bool = False,
    port: str = "api",
) -> Exchange:
    """An HTTP request to the node.

    :param path: begins with "/", query included, percent-encoded.
    :param json: a value to send as JSON.
    :param body: bytes or text to send, of `content_type`.
    :param form: fields of a form, encoded here.
    :param parts: of a multipart form: (name, file name, type, bytes) each.
    :param upload: the body is the content itself, made while it is sent (SEED of a store).
    :param download: the reply's body is the content: verified as it arrives and not kept; the
        times are taken from it (LEECH and READ of a store).
    :param port: "api", "extra" or "wildcard": to which of the node's ports.
    """
    if json is not None:
        body, content_type = _encode(json), content_type or "application/json"
    if isinstance(body, str):
        body = body.encode()
    return Exchange(
        method, path, _pairs(headers), body, content_type, _pairs(form), tuple(parts), upload,
        download, port,
    )  # fmt: skip


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def frame(data: bytes) -> Exchange:
    """A frame on the TLS stream; the reply is the next frame that comes."""
    return Exchange(frame=data)


def next_frame() -> Exchange:
    """Sends nothing and waits for another frame: the last one was not the reply."""
    return Exchange(await_frame=True)


# ---- What it is given ----


@dataclass(frozen=True)
class Reply:
    """A reply of the node, whole. Nothing in it is to be trusted."""

    status: int  #: of HTTP, 100 to 599; 0 for a frame
    content_type: str  #: lower case, without parameters; "" where none was sent
    body: bytes  #: or one whole frame

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")

    def expect(self) -> Reply:
        """The reply itself where it tells success; else it raises what drivers agreed on: 401 and
        403 `AuthenticationRefused`, 404 `NotFound`, others `RequestRefused`, from 500 on worth
        another try."""
        if 200 <= self.status < 300:
            return self
        words = f"HTTP {self.status}"
        if self.status in (401, 403):
            raise AuthenticationRefused(words)
        if self.status == 404:
            raise NotFound(words)
        raise RequestRefused(words, retriable=self.status >= 500)

    def json(self) -> Any:
        """The body as JSON.

        :raises ProtocolError: it is none.
        """
        try:
            if len(self.body) > _JSON_MAX_BYTES:
                raise ValueError("too long")
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"the reply is no JSON: {error}"[:200]) from None


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
            texts = string.split("\x1f") if integer else []
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


# ---- Between the library and a driver ----


def _node_of(row: _capi.swb_node, options: Sequence[Option]) -> Node:
    values = {option.name: option.value(*row.option(i)) for i, option in enumerate(options)}
    return Node(
        row.name, _ROLES[row.role], row.address, row.data_port, row.api_port, row.extra_port,
        row.wildcard_port, row.program, row.home_dir, row.content_dir, row.user, row.password,
        row.content_name, row.content_bytes, row.swarm_size, row.tracker_url, row.infohash,
        row.bootstrap, row.stored_bytes, row.data_parts, row.parity_parts,
        tuple(row.torrents()), bool(row.attached), values,
    )  # fmt: skip


def _content_of(command: _capi.swb_command) -> Content:
    peers = tuple(command.peer(i) for i in range(command.peer_count))
    return Content(command.handle, command.torrent(), peers)


def _cut(text: str, limit: int = _MESSAGE_MAX) -> str:
    return text.encode()[:limit].decode(errors="ignore")


def _traceback(error: BaseException) -> str:
    """A traceback on one line that is short enough to be kept: the last call first."""
    what = "".join(traceback.format_exception_only(type(error), error)).strip()
    here = os.path.abspath(__file__)
    calls = [
        f"{os.path.basename(call.filename)}:{call.lineno} in {call.name}"
        for call in reversed(traceback.extract_tb(error.__traceback__))
        if os.path.abspath(call.filename) != here
    ]
    return _cut(" < ".join([_cut(what.replace("\n", " "), 300), *calls]))


def _failure(driver: Driver, what: str, error: BaseException) -> Tuple[int, bool, str]:
    """Status, whether it may be tried again, and the message of a failed call."""
    if isinstance(error, SwarmbenchError):
        return error.status, error.retriable, _cut(str(error).replace("\n", " "))
    if isinstance(error, KeyboardInterrupt):
        # It is meant for whoever drives the runner: it comes again once the library returns.
        import _thread

        _thread.interrupt_main()
        return _capi.SWB_EINTERRUPTED, True, "interrupted"
    _log.error("driver %s: %s failed", driver.name, what, exc_info=error)
    return _capi.SWB_EINVAL, False, _traceback(error)


class _Session:
    """The library's view of one node: performs operations, one at a time."""

    def __init__(self, adapter: _Adapter, row: _capi.swb_node) -> None:
        self._adapter = adapter
        self._node = _node_of(row, adapter.options)
        self._running: Optional[Operation] = None

    def step(self, operation: int, call: _capi.swb_call) -> int:
        """Goes on with an operation: what an operation function in C returns."""
        driver = self._adapter.driver
        try:
            return self._step(driver, _OPERATIONS[operation], call)
        except BaseException as error:
            self._running = None
            status, retriable, message = _failure(driver, _OPERATIONS[operation], error)
            return _capi.swb_call_fail(call, status, int(retriable), message)

    def _step(self, driver: Driver, name: str, call: _capi.swb_call) -> int:
        reply = _capi.swb_call_reply(call)
        if reply is None:
            self._running = None
            begun = self._begin(driver, name, call)
            if not isinstance(begun, Generator):
                return self._done(name, begun, call)
            self._running = begun
        assert self._running is not None
        try:
            if reply is None:
                exchange = next(self._running)
            else:
                got = Reply(reply.http_status, reply.content_type, reply.data())
                exchange = self._running.send(got)
        except StopIteration as stopped:
            self._running = None
            return self._done(name, stopped.value, call)
        return _send(exchange, name, call)

    def _begin(self, driver: Driver, name: str, call: _capi.swb_call) -> Any:
        method = getattr(driver, name)
        # What the library learns of a node while it runs.
        row = _capi.swb_call_node(call)
        for known in ("bootstrap", "tracker_url", "infohash", "password"):
            object.__setattr__(self._node, known, getattr(row, known))
        object.__setattr__(self._node, "infohashes", tuple(row.torrents()))
        if name in _OF_NODE:
            return method(self._node)
        return method(self._node, _content_of(_capi.swb_call_command(call)))

    def _done(self, name: str, value: Any, call: _capi.swb_call) -> int:
        _take_result(name, value, _capi.swb_call_result(call))
        return 0


_PORTS = {
    "api": _capi.swb_call_http,
    "extra": _capi.swb_call_http_extra,
    "wildcard": _capi.swb_call_http_wildcard,
}


def _send(exchange: object, name: str, call: _capi.swb_call) -> int:
    if not isinstance(exchange, Exchange):
        raise TypeError(f"{name} yielded {exchange!r}; yield what http() or frame() returns")
    if exchange.await_frame:
        return _capi.swb_call_next_frame(call)
    if exchange.frame is not None:
        return _capi.swb_call_frame(call, exchange.frame)
    if exchange.port not in _PORTS:
        raise ValueError(f"port {exchange.port!r} is none of {', '.join(_PORTS)}")
    answer = _PORTS[exchange.port](call, exchange.method, exchange.path)
    for header in exchange.headers:
        _capi.swb_call_header(call, *header)
    if exchange.body is not None:
        _capi.swb_call_body(call, exchange.content_type, exchange.body)
    for form_field in exchange.form:
        _capi.swb_call_field(call, *form_field)
    for part in exchange.parts:
        _capi.swb_call_part(call, *part)
    if exchange.upload:
        _capi.swb_call_upload_content(call)
    if exchange.download:
        _capi.swb_call_download_content(call)
    return answer


_COUNTERS = ("bytes_done", "payload_received", "payload_sent", "wasted", "wire_received",
             "wire_sent", "peers")  # fmt: skip


def _take_status(value: Status, result: _capi.swb_result) -> None:
    if value.state not in _STATES:
        raise ValueError(f"state {value.state!r} is none of {', '.join(_STATES)}")
    result.state = _STATES.index(value.state)
    result.detail = _cut(value.detail, 255)
    for name in _COUNTERS:
        count = getattr(value, name)
        if count is not None:
            setattr(result, name, count)


def _take_text(value: object, what: str, limit: int) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is to be a str, not {value!r}")
    if len(value.encode()) > limit:
        raise ProtocolError(f"{what} is longer than {limit} bytes")
    return value


def _take_result(name: str, value: Any, result: _capi.swb_result) -> None:
    """Fills the library's result from what an operation returned."""
    if name == "version":
        version = value if isinstance(value, Version) else Version(value)
        result.version = _take_text(version.version, "the version", 63)
        result.api_version = _take_text(version.api_version, "the API's version", 31)
        result.revision = _take_text(version.revision, "the revision", 63)
        result.stand_in = int(version.stand_in)
    elif name == "status":
        if not isinstance(value, Status):
            raise TypeError(f"status is to return a Status, not {value!r}")
        _take_status(value, result)
    elif name == "leech" and value is not None:
        _take_status(Status(value), result)
    elif name == "ready" and value is not None:
        result.bootstrap = _take_text(value, "what ready returns", 2047)
    elif name == "code":
        coded = value if isinstance(value, Coded) else Coded(value)
        result.handle = _take_text(coded.handle, "the handle", 511)
        if coded.stored_bytes is not None:
            result.stored_bytes = coded.stored_bytes
    elif name == "seed" and value is not None:
        result.handle = _take_text(value, "the handle", 511)


class _Adapter:
    """What the library keeps of a registered driver, for the life of the process."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.name = driver.name
        self.description = driver.description or driver.name
        self.program = driver.program
        self.program_env = driver.program_env
        self.package = driver.package
        self.service = driver.service
        self.kind = _one_of(_KINDS, driver.kind, f"driver {driver.name!r}: kind")
        self.transport = _one_of(_TRANSPORTS, driver.transport, f"driver {driver.name!r}: transport")
        self.codes = int(driver.codes)
        self.counts_node = int(driver.counts_node)
        self.needs_bootstrap = int(driver.needs_bootstrap)
        self.node_memory_bytes = int(driver.node_memory_bytes)
        self.counter_lag_ns = int(driver.counter_lag_ns)
        self.options = tuple(driver.options)
        for name in _OPERATIONS:
            setattr(self, f"has_{name}", int(self._has(name)))
            setattr(self, f"timeout_{name}", int(driver.timeouts.get(name, 0) * 1e9))

    def _has(self, name: str) -> bool:
        if name in ("act", "metrics"):  # of drivers written in C only
            return False
        own = getattr(type(self.driver), name) is not getattr(Driver, name)
        if name in ("able", "code"):
            return self.driver.codes and (own or name == "able")
        return own or name in ("peers", "stop")

    def facts(self) -> Dict[str, Any]:
        """All that the library was told and cannot be told again."""
        return {key: value for key, value in vars(self).items() if key != "driver"}

    def launch(self, row: _capi.swb_node, launch: _capi.swb_launch) -> Optional[Tuple[int, str]]:
        """Fills the library's launch; a status and a message where that failed."""
        try:
            made = self.driver.launch(_node_of(row, self.options))
            if not isinstance(made, Launch):
                raise TypeError(f"launch is to return a Launch, not {made!r}")
            _fill_launch(launch, made)
            return None
        except BaseException as error:
            status, _, message = _failure(self.driver, "launch", error)
            return status, message

    def frame(self, data: bytes) -> Optional[int]:
        """As `Driver.frame`; a failure is told, and there is no frame then."""
        try:
            return self.driver.frame(data)
        except BaseException as error:
            _failure(self.driver, "frame", error)
            return None

    def session(self, row: _capi.swb_node) -> _Session:
        """The view of a node."""
        return _Session(self, row)


def _one_of(choices: Mapping[str, int], value: str, what: str) -> int:
    if value not in choices:
        raise InvalidArgument(f"{what} {value!r} is none of {', '.join(choices)}")
    return choices[value]


def _fill_launch(launch: _capi.swb_launch, made: Launch) -> None:
    _capi.swb_launch_program(launch, made.program)
    for argument in made.args:
        _capi.swb_launch_arg(launch, str(argument))
    for name, value in made.env.items():
        _capi.swb_launch_env(launch, name, str(value))
    for directory in made.directories:
        _capi.swb_launch_dir(launch, directory, 0o755)
    for path, told in made.files.items():
        data, mode = told if isinstance(told, tuple) else (told, 0o644)
        _capi.swb_launch_file(launch, path, mode, data.encode() if isinstance(data, str) else data)


_adapters: Dict[str, _Adapter] = {}
_registering = threading.Lock()
D = TypeVar("D", bound=Union[Driver, Type[Driver]])


def register_driver(driver: D) -> D:
    """Makes a driver known, for the life of the process. Takes a `Driver` or a class of one, so it
    may stand as a decorator; returns what it was given.

    A driver of the same name may be registered again, as a notebook's cell does when it is run
    again: its methods are replaced. Its attributes and options are not: that needs a new process.

    :raises InvalidArgument: something is missing; the message names it.
    :raises AlreadyExists: there is another driver of this name.
    """
    made: Any = driver() if isinstance(driver, type) else driver
    if not isinstance(made, Driver):
        raise TypeError(f"a driver inherits swarmbench.Driver; {driver!r} does not")
    adapter = _Adapter(made)
    with _registering:
        known = _adapters.get(adapter.name)
        if known is None:
            _capi.bridge_register(adapter)
            _adapters[adapter.name] = adapter
        elif known.facts() == adapter.facts():
            known.driver = made
        else:
            raise AlreadyExists(
                f"driver {adapter.name!r} is registered with other attributes or options; "
                "to change these, start a new process (restart the kernel)"
            )
    return driver


def drivers() -> List[Dict[str, Any]]:
    """The drivers of this process, built-in ones first, with their options."""
    from ._text import written_by

    told = written_by(lambda fd: _capi.swb_drivers_write(_capi.SWB_FORMAT_JSON, fd))
    out: List[Dict[str, Any]] = json.loads(told)["drivers"]
    return out
