"""What can go wrong: one exception for each status of the library.

Every exception is a `SwarmbenchError` and inherits the builtin that a Python programmer expects:
`TimedOut` is a `TimeoutError`, `NotFound` a `FileNotFoundError`, `InputError` a `ValueError`.
"""

from __future__ import annotations

from typing import Dict, Optional, Type

from . import _capi


class SwarmbenchError(Exception):
    """Base of all errors of swarmbench.

    :ivar message: what happened to which thing, in words.
    :ivar status: the library's status code, negative (`SWB_EINVAL` is -2, ...).
    :ivar retriable: for drivers that raise it: whether trying again later may help.
    """

    status: int = _capi.SWB_EINVAL

    def __init__(self, message: str = "", *, retriable: bool = False) -> None:
        super().__init__(message or _capi.swb_status_text(self.status))
        self.message: str = message or _capi.swb_status_text(self.status)
        self.retriable = retriable

    def __str__(self) -> str:
        return self.message

    @property
    def status_name(self) -> str:
        """Symbolic name of the status, as in the results: "SWB_ETIMEDOUT"."""
        return str(_capi.swb_status_name(self.status))


class OutOfMemory(SwarmbenchError, MemoryError):
    """There is not enough memory."""

    status = _capi.SWB_ENOMEM


class InvalidArgument(SwarmbenchError, ValueError):
    """An argument is out of its range, or an object cannot be used so."""

    status = _capi.SWB_EINVAL


class Closed(InvalidArgument):
    """The object was closed."""


class InputError(SwarmbenchError, ValueError):
    """An experiment is wrong: the message names the value and says what would be right.

    :ivar file: the file; for an experiment that was built in Python, its name in angle brackets.
    :ivar line: line in the file, from 1; for one built in Python, in `source`. 0: no place.
    :ivar column: column in that line, in characters from 1. 0: no place.
    :ivar path: the key that is wrong, such as ``matrix.swarm[1].seeders``; None where unknown.
    :ivar source: the YAML text that was read, where it is at hand.
    """

    status = _capi.SWB_EINPUT

    def __init__(
        self,
        message: str = "",
        *,
        retriable: bool = False,
        file: Optional[str] = None,
        line: int = 0,
        column: int = 0,
        path: Optional[str] = None,
        source: Optional[str] = None,
    ) -> None:
        super().__init__(message, retriable=retriable)
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.source = source


class NotFound(SwarmbenchError, FileNotFoundError):
    """A file, table, experiment or content that there is not."""

    status = _capi.SWB_ENOENT


class InputOutputError(SwarmbenchError, OSError):
    """Reading or writing failed."""

    status = _capi.SWB_EIO


class EnvironmentLacks(SwarmbenchError, RuntimeError):
    """This machine lacks a program, a kernel feature, memory or disk; the message says how to get
    it."""

    status = _capi.SWB_EENV


class TimedOut(SwarmbenchError, TimeoutError):
    """It took longer than it may."""

    status = _capi.SWB_ETIMEDOUT


class ProtocolError(SwarmbenchError, RuntimeError):
    """A reply makes no sense."""

    status = _capi.SWB_EPROTO


class ConnectionFailed(SwarmbenchError, ConnectionError):
    """A node takes no connection."""

    status = _capi.SWB_ECONNECT


class AuthenticationRefused(SwarmbenchError, PermissionError):
    """A node refused the credentials."""

    status = _capi.SWB_EAUTH


class RequestRefused(SwarmbenchError, RuntimeError):
    """A node refused what it was asked."""

    status = _capi.SWB_EREMOTE


class ContentMismatch(SwarmbenchError, ValueError):
    """Content differs from what was seeded."""

    status = _capi.SWB_EMISMATCH


class Canceled(SwarmbenchError, RuntimeError):
    """It was ended before it was done."""

    status = _capi.SWB_ECANCELED


class Busy(SwarmbenchError, RuntimeError):
    """Something else is using it; from a driver: not yet, ask again."""

    status = _capi.SWB_EBUSY


class Unsupported(SwarmbenchError, NotImplementedError):
    """The driver, the place or this build cannot do it."""

    status = _capi.SWB_EUNSUPPORTED


class AlreadyExists(SwarmbenchError, FileExistsError):
    """It is there already: results of the experiment, a driver of the name, the content on the node."""

    status = _capi.SWB_EEXIST


class ResultsError(SwarmbenchError, RuntimeError):
    """A results file cannot be read or written, or is none."""

    status = _capi.SWB_EDB


class Interrupted(SwarmbenchError, InterruptedError):
    """It was asked to stop."""

    status = _capi.SWB_EINTERRUPTED


class EndedEarly(SwarmbenchError, EOFError):
    """A reply or a file ended too early."""

    status = _capi.SWB_ETRUNCATED


class NoSpace(SwarmbenchError, OSError):
    """There is no space left on the disk, or no room in a table."""

    status = _capi.SWB_ENOSPACE


class ProcessEnded(SwarmbenchError, ChildProcessError):
    """A process ended that nobody asked to end."""

    status = _capi.SWB_EEXITED


class Stalled(SwarmbenchError, TimeoutError):
    """There was no progress for too long."""

    status = _capi.SWB_ESTALLED


#: The exception of each status code.
BY_STATUS: Dict[int, Type[SwarmbenchError]] = {
    kind.status: kind
    for kind in (
        OutOfMemory,
        InvalidArgument,
        InputError,
        NotFound,
        InputOutputError,
        EnvironmentLacks,
        TimedOut,
        ProtocolError,
        ConnectionFailed,
        AuthenticationRefused,
        RequestRefused,
        ContentMismatch,
        Canceled,
        Busy,
        Unsupported,
        AlreadyExists,
        ResultsError,
        Interrupted,
        EndedEarly,
        NoSpace,
        ProcessEnded,
        Stalled,
    )
}


def from_status(
    status: int, message: str = "", file: str = "", line: int = 0, column: int = 0
) -> SwarmbenchError:
    """The exception for what a call of the library returned."""
    kind = BY_STATUS.get(status, SwarmbenchError)
    if issubclass(kind, InputError):
        return kind(message, file=file or None, line=line, column=column)
    error = kind(message)
    error.status = status
    return error
