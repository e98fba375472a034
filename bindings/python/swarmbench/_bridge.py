"""Between the library and drivers in Python: the library's calls become a driver's methods, and what
these return its results. bridge.c calls what is here."""

from __future__ import annotations

import json
import logging
import os
import threading
import traceback
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
from .driver import Coded, Content, Driver, Launch, Node, Operation, Option, Status, Version
from .errors import AlreadyExists, InvalidArgument, ProtocolError, SwarmbenchError
from .exchange import Exchange, Reply

_log = logging.getLogger("swarmbench.driver")

_KINDS = {"torrent": 0, "store": 1, "service": 2}
_STATES = ("unknown", "checking", "fetching", "serving", "paused", "failed", "absent")
_TRANSPORTS = {"http": 0, "tls": 1}
_OPERATIONS = tuple(_capi.swb_operation_name(i) for i in range(_capi.SWB_OP_COUNT))
#: Operations that are about a node, not about content.
_OF_NODE = ("ready", "version", "stop", "able")
_ROLES = ("seeder", "leecher", "service")
_MESSAGE_MAX = 500  # bytes that the library keeps of a failure, less a little


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
    here = os.path.dirname(os.path.abspath(__file__))
    calls = [
        f"{os.path.basename(call.filename)}:{call.lineno} in {call.name}"
        for call in reversed(traceback.extract_tb(error.__traceback__))
        if os.path.dirname(os.path.abspath(call.filename)) != here
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
