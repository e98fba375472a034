"""A running experiment, and its events."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, AsyncIterator, Iterator, Optional

from . import _capi, _html
from .errors import Busy, Closed, from_status
from .units import human_bytes, human_time

if TYPE_CHECKING:
    from .experiment import Experiment, PathLike
    from .results import Results

# Python looks for a Ctrl-C between two polls, so none lasts longer.
_POLL_MS = 100

_NONE_64 = 2**64 - 1
_NONE_32 = 2**32 - 1
_TIMED = {"run_ended", "node_ready", "first_byte", "completed"}


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    kind: str  #: "run_started", "first_byte", "completed", ...: see `event_kinds`
    status: int  #: a status where the kind has one, else 0
    time_ns: int  #: monotonic clock of the runner
    run: Optional[int]  #: index of the run in the plan
    mode: Optional[str]
    node: Optional[int]  #: index of the node in its run
    value: int  #: nanoseconds, bytes or a count, as the kind says
    total: int  #: what `value` counts towards, 0 where nothing
    name: str  #: the node's or mode's name
    text: str  #: a label, a phase, a cause, as the kind says

    @property
    def seconds(self) -> Optional[float]:
        """`value` in seconds, of kinds that tell a time."""
        return self.value / 1e9 if self.kind in _TIMED else None

    def __str__(self) -> str:
        parts = [self.kind.replace("_", " "), self.name]
        if self.kind in _TIMED and self.value:
            parts.append(human_time(self.value))
        elif self.kind == "progress":
            parts.append(f"{human_bytes(self.value)} of {human_bytes(self.total)}")
        if self.status != _capi.SWB_OK:
            parts.append(_capi.swb_status_text(self.status))
        parts.append(self.text)
        return " ".join(part for part in parts if part)


def event_kinds() -> list[str]:
    """Names of all kinds of events."""
    names: list[str] = []
    while True:
        name = _capi.swb_event_kind_name(len(names) + 1)
        if name == "unknown":
            return names
        names.append(name)


class Run:
    """A running experiment. Iterating over it drives it: nothing happens in between.

    Use it with ``with`` (or ``async with``): leaving the block early ends the experiment in order.
    One thread at a time may drive it; `stop` may be called from any.
    """

    def __init__(
        self,
        experiment: Experiment,
        results: PathLike,
        resume: bool,
        only: Optional[str],
        on: Optional[str],
        work_dir: Optional[PathLike],
        keep_data: bool,
    ) -> None:
        self._experiment = experiment  # the runner borrows it
        self._modes = experiment.modes
        self._driving = threading.Lock()
        self._guard = threading.Lock()  # of the handle, for stop() by another thread
        self.path = os.fspath(results)  #: the results file
        self.ending: Optional[Event] = None  #: the event "experiment_ended", once it came
        self._handle: Optional[_capi.swb_runner] = _capi.runner_create(
            experiment._handle,
            self.path,
            os.fspath(work_dir) if work_dir is not None else None,
            on,
            only,
            int(bool(resume)),
            int(bool(keep_data)),
        )

    def _open_handle(self) -> _capi.swb_runner:
        if self._handle is None:
            raise Closed("the run is closed")
        return self._handle

    @property
    def done(self) -> bool:
        """Whether the experiment has ended and all events were taken."""
        return self._handle is None or bool(_capi.swb_runner_done(self._handle))

    @property
    def failed_runs(self) -> int:
        """Runs that failed so far, after their retries."""
        return int(_capi.swb_runner_failed_runs(self._open_handle()))

    @property
    def results(self) -> Results:
        """The results so far."""
        from .results import Results

        return Results(self.path)

    def poll(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None where time ran out or the experiment has ended (`done` tells).

        :param timeout: seconds to wait; None: without limit.
        """
        left_ms = -1 if timeout is None else max(0, round(timeout * 1000))
        with self._drive() as handle:
            while True:
                wait_ms = _POLL_MS if left_ms < 0 else min(left_ms, _POLL_MS)
                row = _capi.swb_runner_poll(handle, wait_ms)
                if row is not None:
                    return self._event(row)
                left_ms -= wait_ms if left_ms > 0 else 0
                if left_ms == 0 or _capi.swb_runner_done(handle):
                    return None

    def stop(self) -> None:
        """Asks the experiment to end: the present run is torn down and marked as interrupted.
        Events go on until "experiment_ended". From any thread; later calls change nothing."""
        with self._guard:
            if self._handle is not None:
                _capi.swb_runner_stop(self._handle)

    def finish(self) -> None:
        """Asks the experiment to end, and waits until it has."""
        self.stop()
        while not self.done:
            self.poll()

    def close(self) -> None:
        """Ends at once what still runs, and frees the runner; what was measured stays. The second
        call does nothing."""
        with self._driving, self._guard:
            handle, self._handle = self._handle, None
        if handle is not None:
            _capi.swb_runner_destroy(handle)

    def __del__(self) -> None:
        # Before the experiment that the runner borrows is let go, whatever the order of attributes.
        if getattr(self, "_handle", None) is not None:
            self.close()

    def raise_for_ending(self) -> None:
        """Raises the error that ended the experiment early, if one did; being stopped is none."""
        status = self.ending.status if self.ending is not None else _capi.SWB_OK
        if self.ending is not None and status not in (_capi.SWB_OK, _capi.SWB_EINTERRUPTED):
            raise from_status(status, self.ending.text)

    def _drive(self) -> _Driving:
        return _Driving(self)

    def _event(self, row: Any) -> Event:
        event = Event(
            _capi.swb_event_kind_name(row.kind),
            row.status,
            row.time_ns,
            None if row.run == _NONE_64 else row.run,
            None if row.mode == _NONE_32 else self._modes[row.mode],
            None if row.node == _NONE_32 else row.node,
            row.value,
            row.total,
            row.name,
            row.text,
        )
        if row.kind == _capi.SWB_EVENT_EXPERIMENT_ENDED:
            self.ending = event
        return event

    # --- by iteration ---

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            event = self.poll()
        except KeyboardInterrupt:
            self._interrupted()
            raise
        if event is None:
            raise StopIteration
        return event

    def _interrupted(self) -> None:
        """Ends in order; who interrupts again wants it at once."""
        try:
            self.finish()
        except KeyboardInterrupt:
            self.close()

    def __enter__(self) -> Run:
        self._open_handle()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.finish()
        finally:
            self.close()

    # --- on asyncio's loop ---

    async def _poll_async(self) -> Optional[Event]:
        while not self.done:
            with self._drive() as handle:
                row = _capi.swb_runner_poll(handle, 0)
                if row is not None:
                    return self._event(row)
                if _capi.swb_runner_done(handle):
                    return None
                wait_ms = _capi.swb_runner_timeout_ms(handle)
                fd = _capi.swb_runner_fd(handle)
            await _readable(fd, None if wait_ms < 0 else wait_ms / 1000)
        return None

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        event = await self._poll_async()
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> Run:
        return self.__enter__()

    async def __aexit__(self, *exception: object) -> None:
        try:
            self.stop()
            while not self.done:
                await self._poll_async()
        finally:
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self._handle is None else "ended" if self.done else "running"
        return f"<Run of {self._experiment.name!r} into {self.path!r}: {state}>"

    def _repr_html_(self) -> str:
        rows = [("experiment", self._experiment.name), ("results", self.path), ("run", repr(self))]
        return _html.table((), rows)


class _Driving:
    """One thread at a time drives a runner; a second one is told."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> _capi.swb_runner:
        if not self._run._driving.acquire(blocking=False):
            raise Busy("another thread drives this run")
        try:
            return self._run._open_handle()
        except BaseException:
            self._run._driving.release()
            raise

    def __exit__(self, *exception: object) -> None:
        self._run._driving.release()


async def _readable(fd: int, timeout: Optional[float]) -> None:
    """Waits until the descriptor is readable, or the time is over."""
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    loop.add_reader(fd, woken.set)
    try:
        await asyncio.wait_for(woken.wait(), timeout)
    except asyncio.TimeoutError:
        pass
    finally:
        loop.remove_reader(fd)
