"""The plan of an experiment: its cells, its runs, and what they will cost."""

from __future__ import annotations

import datetime

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence, TypeVar, Union, overload

from . import _capi, _html
from ._text import written_by
from .units import human_bytes, human_time

if TYPE_CHECKING:
    import pandas

    from .experiment import Experiment

T = TypeVar("T")

#: Rows that a notebook shows of a long table.
_ROWS_SHOWN = 20


@dataclass(frozen=True)
class Cell:
    """One point of the matrix, without the mode."""

    index: int  #: position in the plan, from 0
    label: str  #: the axes and their values
    file_size_bytes: int  #: size of the content
    size: int  #: nodes in the swarm
    seeders: int  #: nodes that have the content at the start


@dataclass(frozen=True)
class PlannedRun:
    """One repetition of one mode in one cell."""

    index: int  #: position in the order of execution, from 0
    cell: Cell
    mode: str
    block: int  #: runs of a block share cell, repetition and seed
    seeder_set: int  #: which choice of seeders, from 0
    repetition: int  #: from 0
    optional: bool  #: whether `repetitions` may stop before it
    content_seed: int  #: seed of the block's content
    run_seed: int  #: seed of the run's other random choices


@dataclass(frozen=True)
class Estimate:
    """What a plan will cost: a model, not a promise."""

    time_min_ns: int  #: all runs up to repetitions.min
    time_max_ns: int  #: all runs up to repetitions.max, each within its limits
    disk_peak_bytes: int  #: most disk that a run needs at once
    memory_peak_bytes: int  #: most memory that a run needs at once
    traffic_bytes: int  #: content bytes delivered to leechers, up to repetitions.min
    runs_min: int  #: runs up to repetitions.min
    runs_max: int  #: runs up to repetitions.max
    downloads_min: int  #: leecher downloads up to repetitions.min

    @property
    def time_min(self) -> datetime.timedelta:
        """`time_min_ns` as a timedelta."""
        return datetime.timedelta(microseconds=self.time_min_ns / 1000)

    @property
    def time_max(self) -> datetime.timedelta:
        """`time_max_ns` as a timedelta."""
        return datetime.timedelta(microseconds=self.time_max_ns / 1000)

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("runs", f"{self.runs_min} to {self.runs_max}"),
            ("time", f"about {human_time(self.time_min_ns)}"),
            ("time by the limits", f"at most {human_time(self.time_max_ns)}"),
            ("disk at once", human_bytes(self.disk_peak_bytes)),
            ("memory at once", human_bytes(self.memory_peak_bytes)),
            ("traffic", human_bytes(self.traffic_bytes)),
        ]

    def _repr_html_(self) -> str:
        return _html.table(("estimate", ""), self._rows())


class _Lazy(Sequence[T]):
    """A sequence whose items are made when they are asked for."""

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: Union[int, slice]) -> Any:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._count))]
        at = index + self._count if index < 0 else index
        if not 0 <= at < self._count:
            raise IndexError(f"there is no number {index} among {self._count}")
        return self._make(at)

    def __iter__(self) -> Iterator[T]:
        return (self._make(i) for i in range(self._count))


class Plan:
    """What an experiment would do. Iterating gives its runs, in the order they would happen.

    >>> for run in exp.plan():
    ...     print(run.mode, run.cell.label)
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment  # the plan borrows it
        self._handle = _capi.swb_plan_create(experiment._handle)
        self._modes = experiment.modes

    def __del__(self) -> None:
        # Before the experiment that the plan borrows, whatever the order of attributes.
        if getattr(self, "_handle", None) is not None:
            _capi.swb_plan_destroy(self._handle)

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells, in order; made when they are looked at, so that millions are no burden."""
        return _Lazy(_capi.swb_plan_cell_count(self._handle), self._cell)

    @property
    def runs(self) -> Sequence[PlannedRun]:
        """The runs, in the order they would happen; made when they are looked at."""
        return _Lazy(len(self), self._run)

    @property
    def estimate(self) -> Estimate:
        """What it will cost."""
        row = _capi.swb_plan_estimate(self._handle)
        return Estimate(**{name: getattr(row, name) for name in Estimate.__dataclass_fields__})

    def _cell(self, index: int) -> Cell:
        row = _capi.swb_plan_cell(self._handle, index)
        return Cell(row.index, row.label, row.file_size_bytes, row.size, row.seeders)

    def _run(self, index: int) -> PlannedRun:
        row = _capi.swb_plan_run(self._handle, index)
        return PlannedRun(
            row.index,
            self._cell(row.cell),
            self._modes[row.mode],
            row.block,
            row.seeder_set,
            row.repetition,
            bool(row.optional),
            row.content_seed,
            row.run_seed,
        )

    def __len__(self) -> int:
        """Runs at most: up to repetitions.max."""
        return int(_capi.swb_plan_run_count(self._handle))

    def __iter__(self) -> Iterator[PlannedRun]:
        return iter(self.runs)

    @overload
    def __getitem__(self, index: int) -> PlannedRun: ...
    @overload
    def __getitem__(self, index: slice) -> list[PlannedRun]: ...
    def __getitem__(self, index: Union[int, slice]) -> Any:
        return self.runs[index]

    def to_pandas(self) -> pandas.DataFrame:
        """The runs as a table: a row each."""
        import pandas

        rows = ({**asdict(run), **_cell_columns(run.cell)} for run in self)
        frame = pandas.DataFrame.from_records(list(rows), exclude=["index"])
        for name in ("content_seed", "run_seed"):
            frame[name] = frame[name].astype("uint64")
        return frame.rename_axis("run")

    def cells_to_pandas(self) -> pandas.DataFrame:
        """The cells as a table: a row each."""
        import pandas

        rows = [asdict(cell) for cell in self.cells]
        return pandas.DataFrame.from_records(rows, index="index").rename_axis("cell")

    def __str__(self) -> str:
        return written_by(
            lambda fd: _capi.swb_plan_write(self._handle, _capi.SWB_FORMAT_TEXT, fd)
        )

    def __repr__(self) -> str:
        return f"<Plan of {self._experiment.name!r}: {len(self.cells)} cells, {len(self)} runs>"

    def _repr_html_(self) -> str:
        cells = self.cells
        rows = [
            (cell.index, cell.label, human_bytes(cell.file_size_bytes), cell.size, cell.seeders)
            for cell in cells[:_ROWS_SHOWN]
        ]
        more = len(cells) - len(rows)
        return (
            self.estimate._repr_html_()
            + _html.table(("cell", "label", "file size", "nodes", "seeders"), rows)
            + (f"<p>and {more} more cells</p>" if more > 0 else "")
        )


def _cell_columns(cell: Cell) -> dict[str, Any]:
    columns = asdict(cell)
    return {
        "cell": columns.pop("index"),
        "cell_label": columns.pop("label"),
        **columns,
    }
