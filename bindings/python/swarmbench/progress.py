"""What a person sees while an experiment runs."""

from __future__ import annotations

import sys
from typing import Any, Dict, Optional, Union

from .run import Event


class Display:
    """Shows nothing; the others inherit it."""

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def event(self, event: Event) -> None:
        """Takes note of an event."""


class Lines(Display):
    """A line for each run, on standard error: for logs, pipes, and where there is no tqdm."""

    def __init__(self) -> None:
        self._total = 0
        self._ended = 0

    def event(self, event: Event) -> None:
        if event.kind == "experiment_started":
            self._total = event.value
        elif event.kind == "run_ended":
            self._ended += 1
            outcome = event.text or f"{(event.seconds or 0):.3f} s"
            print(f"[{self._ended}/{self._total}] {event.mode}: {outcome}", file=sys.stderr)
        elif event.kind in ("warning", "retry", "fault"):
            print(f"{event.kind}: {event.text}", file=sys.stderr)


class Bars(Display):
    """Two bars of tqdm: runs, and the bytes of the present one. A widget in notebooks."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._runs: Optional[Any] = None
        self._bytes: Optional[Any] = None
        self._done: Dict[int, int] = {}
        self._label = ""

    def event(self, event: Event) -> None:
        handler = getattr(self, "_on_" + event.kind, None)
        if handler is not None:
            handler(event)

    def _on_experiment_started(self, event: Event) -> None:
        self._runs = self._tqdm(total=event.value, unit="run", desc=event.name)

    def _on_run_started(self, event: Event) -> None:
        self._label = f"{event.mode} {event.text}"
        self._done = {}

    def _on_phase(self, event: Event) -> None:
        if self._runs is not None:
            self._runs.set_postfix_str(f"{self._label}: {event.text}")

    def _on_progress(self, event: Event) -> None:
        if event.node is None:
            return
        if self._bytes is None:
            self._bytes = self._tqdm(total=0, unit="B", unit_scale=True, leave=False)
        known = self._done.get(event.node, 0)
        if event.node not in self._done:
            self._bytes.total += event.total
        self._done[event.node] = event.value
        self._bytes.update(event.value - known)

    def _on_run_ended(self, event: Event) -> None:
        if self._bytes is not None:
            self._bytes.close()
            self._bytes = None
        if self._runs is not None:
            self._runs.update(1)

    def _on_retry(self, event: Event) -> None:
        if self._runs is not None:
            self._runs.total += 1
            self._runs.refresh()

    def _on_warning(self, event: Event) -> None:
        self._tqdm.write(f"warning: {event.text}", file=sys.stderr)

    def __exit__(self, *exception: object) -> None:
        for bar in (self._bytes, self._runs):
            if bar is not None:
                bar.close()


def display(progress: Union[bool, str]) -> Display:
    """The display for the parameter `progress` of `Experiment.run`."""
    if progress not in (True, False, "text"):
        raise ValueError(f"progress is {progress!r}; it may be True, False or 'text'")
    if progress is False:
        return Display()
    if progress == "text":
        return Lines()
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return Lines()
    return Bars(tqdm)
