"""Results: the tables, the summary and the charts of a results file."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import threading
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote

from . import _capi, _html
from ._text import written_by
from .charts import Chart, chart_kinds
from .columns import attributes
from .errors import Closed, InvalidArgument, NotFound, ResultsError
from .units import human_time

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from .experiment import PathLike

_FORMATS = {"text": 0, "markdown": 1, "json": 2, "csv": 3, "html": 4, "jsonl": 5}
_FILTERS = ("experiment", "run", "attempt", "cell", "mode", "state")
_QUANTITIES = (("makespan", "ns"), ("first_byte", "ns"), ("completion", "ns"),
               ("bandwidth", "bps"))  # fmt: skip
_PLAIN = (
    "experiment", "cell", "mode", "file_size_bytes", "size", "seeders", "runs", "runs_failed",
    "downloads", "downloads_verified",
)  # fmt: skip
_AFTER = ("stability", "seeder_share", "start_skew_ns", "cpu_ns", "ratio")


@dataclass(frozen=True)
class Progress:
    """How far an experiment has come."""

    experiment: str
    runs_planned: int  #: at most
    runs_done: int  #: completed and stored
    runs_failed: int  #: ended in failure after all retries
    runs_unfinished: int  #: running now, or cut short
    running: bool  #: a runner works on it
    ended: bool  #: nothing of it is left to do
    cells_planned: int  #: 0: not known, of a file of an older version
    cells_begun: int  #: cells that have a run


def table_names() -> List[str]:
    """Names of the tables of a results file."""
    names: List[str] = []
    while True:
        name = _capi.swb_results_table_name(len(names))
        if name is None:
            return names
        names.append(name)


class _File:
    """An open file, shared by a Results and what was made of it with `where`."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        self.handle: Optional[_capi.swb_results] = _capi.swb_results_open(path)
        # The file itself, or an up-to-date copy of one of an older format.
        readable = _capi.swb_results_database(self.handle)
        self.database = sqlite3.connect(
            f"file:{quote(readable)}?mode=ro", uri=True, check_same_thread=False
        )
        self.cache: Dict[Any, pandas.DataFrame] = {}
        self.version: Tuple[int, ...] = ()

    def close(self) -> None:
        with self.lock:
            handle, self.handle = self.handle, None
            self.cache.clear()
            self.database.close()
        if handle is not None:
            _capi.swb_results_close(handle)


class Results:
    """A results file, open for reading; a runner may be writing to it meanwhile.

    The tables are pandas DataFrames that are read when they are first looked at, and again when
    the file has changed. Unknown is `NA`. `frame.attrs["units"]` and `frame.attrs["descriptions"]`
    say what the columns are. `where` narrows all of them down, and then only those rows are read::

        results = Results("results.db")
        results.downloads.groupby("mode")["completion_hi_ns"].median()
        results.where(run=17).samples

    :raises NotFound: there is no such file.
    :raises ResultsError: it is no results file, or one of a newer format.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = os.fspath(path)
        self._filters: Dict[str, Any] = {}
        self._file = _File(self.path)

    def where(self, **filters: Any) -> Results:
        """The same file, narrowed down to some runs.

        :param filters: `experiment`, `run` (position in the plan), `attempt`, `cell` (position or
            label), `mode`, `state`: a value, or several.
        """
        for name in filters:
            if name not in _FILTERS:
                raise InvalidArgument(f"no filter {name!r}; there are {', '.join(_FILTERS)}")
        narrowed = Results.__new__(Results)
        narrowed.path = self.path
        narrowed._file = self._file
        narrowed._filters = {**self._filters, **filters}
        return narrowed

    def table(self, name: str) -> pandas.DataFrame:
        """A table by its name, one of `table_names`."""
        from ._frames import VIEWS, Reader, select

        if name not in VIEWS:
            raise NotFound(f"no table {name!r}; there are {', '.join(VIEWS)}")
        filters = {"run_state" if key == "state" else key: value
                   for key, value in self._filters.items()}  # fmt: skip
        key = (name, repr(sorted(filters.items())))
        with self._file.lock:
            self._open_handle()
            reader = Reader(self._file.database)
            try:
                if reader.version() != self._file.version:
                    self._file.cache.clear()
                    self._file.version = reader.version()
                if key not in self._file.cache:
                    keys = select(reader.runs(), filters) if filters else None
                    self._file.cache[key] = reader.table(name, keys)
            except sqlite3.Error as error:
                raise ResultsError(f"{self.path}: read the {name}: {error}") from error
            return self._file.cache[key].copy(deep=False)

    def _open_handle(self) -> _capi.swb_results:
        if self._file.handle is None:
            raise Closed(f"{self.path} is closed")
        return self._file.handle

    @property
    def experiments(self) -> pandas.DataFrame:
        """A row for each experiment in the file."""
        return self.table("experiments")

    @property
    def environment(self) -> pandas.DataFrame:
        """A row for each fact about the machine that an experiment ran on."""
        return self.table("environment")

    @property
    def cells(self) -> pandas.DataFrame:
        """A row for each point of the matrix."""
        return self.table("cells")

    @property
    def runs(self) -> pandas.DataFrame:
        """A row for each attempt at a run."""
        return self.table("runs")

    @property
    def nodes(self) -> pandas.DataFrame:
        """A row for each node of a run, with totals and peaks of its resources."""
        return self.table("nodes")

    @property
    def downloads(self) -> pandas.DataFrame:
        """A row for each leecher of a run, failed downloads too."""
        return self.table("downloads")

    @property
    def parts(self) -> pandas.DataFrame:
        """A row for each part of an erasure code that a node held or fetched."""
        return self.table("parts")

    @property
    def progress(self) -> pandas.DataFrame:
        """A row for each step of 1 % of a download."""
        return self.table("progress")

    @property
    def samples(self) -> pandas.DataFrame:
        """A row for each second of a node: CPU, memory, disk, wire. Long: narrow it down with
        `where`."""
        return self.table("samples")

    @property
    def events(self) -> pandas.DataFrame:
        """A row for each phase, exit and fault."""
        return self.table("events")

    @property
    def harness(self) -> pandas.DataFrame:
        """A row for each run: what the runner itself used."""
        return self.table("harness")

    def polars(self, name: str) -> polars.DataFrame:
        """A table as a polars DataFrame; polars must be installed."""
        import polars

        made = polars.from_arrow(self.arrow(name))
        assert isinstance(made, polars.DataFrame)
        return made

    def arrow(self, name: str) -> pyarrow.Table:
        """A table as an Arrow table, units in the fields' metadata; pyarrow must be installed."""
        import pyarrow

        frame = self.table(name)
        units = frame.attrs["units"]
        made = pyarrow.Table.from_pandas(frame, preserve_index=False)
        fields = [field.with_metadata({"unit": units[field.name]}) if field.name in units else field
                  for field in made.schema]  # fmt: skip
        return made.cast(pyarrow.schema(fields))

    def summary(self) -> pandas.DataFrame:
        """A row for each cell and mode: how many runs, how reliable, and the median over runs with
        its 95 % bootstrap interval (low, high) and quartiles (p25, p75) of each quantity; `ratio` is
        that of median makespans to the baseline's. A run that failed counts as longer than every
        other, so a time may be infinite.

        Filters by experiment, cell (its label) and mode hold.
        """
        import pandas

        with self._file.lock:
            rows = _capi.swb_results_summary(self._open_handle())
        frame = pandas.DataFrame([_summed_up(row) for row in rows], columns=_summary_columns())
        for name in ("experiment", "cell", "mode"):
            frame[name] = frame[name].astype("string")
            wanted = self._filters.get(name)
            if wanted is not None:
                values = [wanted] if isinstance(wanted, (str, int)) else list(wanted)
                frame = frame[frame[name].isin([str(value) for value in values])]
        frame = frame.reset_index(drop=True)
        frame.attrs.update(attributes(list(frame.columns)))
        return frame

    def report(self, format: str = "text") -> str:
        """The report: "text", "markdown", "html" (a page that needs no network) or "json"."""
        code = _format(format)
        with self._file.lock:
            handle = self._open_handle()
            return written_by(lambda fd: _capi.swb_results_report(handle, code, fd))

    def export(self, table: str, path: PathLike, format: str = "csv") -> None:
        """Writes a whole table to a file, as "csv", "json" or "jsonl"; any size in bounded memory."""
        code = _format(format)
        if os.path.exists(path) and os.path.samefile(path, self.path):
            raise ValueError(f"{os.fspath(path)!r} is what is read: export to another file")
        with self._file.lock, open(path, "wb") as file:
            _capi.swb_results_export(self._open_handle(), table, code, file.fileno())

    def chart(
        self,
        name: str,
        *,
        experiment: Optional[str] = None,
        cell: Union[int, str, None] = None,
        modes: Union[str, Iterable[str], None] = None,
        rows_max: int = 0,
        width: int = 0,
    ) -> Chart:
        """A chart; `chart_kinds` lists them. Drawn by JupyterLab and VS Code as it is.

        Filters of `where` by experiment, cell and mode hold where the parameter is not given.

        :param experiment: its name; by default the newest of the file.
        :param cell: only this cell, its number or label.
        :param modes: only these modes.
        :param rows_max: rows of data at most, 1000 to 100000; 0: 5000. Series are thinned to it.
        :param width: of a plot in pixels, 100 to 4000; 0: what fits a page.
        :raises NotFound: no such chart, experiment, cell or mode; the message lists what there is.
        """
        wanted = {
            "experiment": experiment if experiment is not None else self._filters.get("experiment"),
            "cell": cell if cell is not None else self._filters.get("cell"),
            "modes": modes if modes is not None else self._filters.get("mode"),
        }
        named, at, of = (_joined(key, value) for key, value in wanted.items())
        with self._file.lock:
            handle = self._open_handle()
            text = written_by(
                lambda fd: _capi.results_chart(handle, name, named, at, of, rows_max, width, fd)
            )
        return Chart(json.loads(text))

    def charts(self) -> Dict[str, Chart]:
        """All charts, by name."""
        return {kind.name: self.chart(kind.name) for kind in chart_kinds()}

    def verdicts(self) -> pandas.DataFrame:
        """A row for each mode in each cell that is compared with the baseline: the ratio of median
        makespans with its interval, Cliff's delta, and whether the mode is shown not to be slower
        by more than the margin."""
        import pandas

        rows = []
        for experiment in json.loads(self.report("json"))["experiments"]:
            for row in experiment["rows"]:
                if row.get("comparison") is not None:
                    named = {"experiment": experiment["name"], "cell": row["cell_label"],
                             "mode": row["mode"], "margin": experiment["margin"]}  # fmt: skip
                    rows.append({**named, **row["comparison"]})
        return pandas.DataFrame(rows)

    def state(self) -> List[Progress]:
        """How far the experiments have come, oldest first."""
        out: List[Progress] = []
        with self._file.lock:
            handle = self._open_handle()
            while True:
                try:
                    row = _capi.swb_results_progress(handle, len(out))
                except NotFound:
                    return out
                out.append(
                    Progress(row.experiment, row.runs_planned, row.runs_done, row.runs_failed,
                             row.runs_unfinished, bool(row.running), bool(row.ended),
                             row.cells_planned, row.cells_begun)
                )  # fmt: skip

    def close(self) -> None:
        """Closes the file, also for what was made with `where`. The second call does nothing."""
        self._file.close()

    def __enter__(self) -> Results:
        self._open_handle()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._file.handle is None:
            return f"<Results {self.path!r}: closed>"
        told = ", ".join(f"{row.experiment}: {row.runs_done} of {row.runs_planned} runs done"
                         for row in self.state())  # fmt: skip
        return f"<Results {self.path!r}: {told or 'empty'}>"

    def _repr_html_(self) -> str:
        if self._file.handle is None:
            return f"<p>{escape(repr(self))}</p>"
        rows = [
            (row.experiment, row.runs_done, row.runs_failed, row.runs_planned,
             "running" if row.running else "ended" if row.ended else "unfinished")
            for row in self.state()
        ]  # fmt: skip
        head = ("experiment", "runs done", "failed", "planned", "")
        return _html.table(head, rows, self.path) + _html.table(
            ("cell", "mode", "runs", "verified", "median makespan", "ratio"),
            [_short_row(row) for _, row in self.summary().iterrows()],
        )


def _format(name: str) -> int:
    if name not in _FORMATS:
        raise InvalidArgument(f"no format {name!r}; there are {', '.join(_FORMATS)}")
    return _FORMATS[name]


def _joined(key: str, value: Any) -> Optional[str]:
    """A filter as the C API takes it: a text; several modes are separated by commas."""
    if value is None:
        return None
    if isinstance(value, (str, int)):
        return str(value)
    if key == "modes":
        return ",".join(value)
    raise InvalidArgument(f"a chart is of one {key}, not of {value!r}")


def _summary_columns() -> List[str]:
    quantities = [
        f"{name}_{part}_{unit}"
        for name, unit in _QUANTITIES
        for part in ("median", "low", "high", "p25", "p75")
    ]
    return [*_PLAIN, "reliability", "reliability_low", "reliability_high", *quantities, *_AFTER,
            "simulated"]  # fmt: skip


def _summed_up(row: Any) -> Mapping[str, Any]:
    out: Dict[str, Any] = {name: getattr(row, name) for name in (*_PLAIN, *_AFTER)}
    out["reliability"] = row.downloads_verified / row.downloads if row.downloads else math.nan
    out["reliability_low"] = row.reliability_low
    out["reliability_high"] = row.reliability_high
    out["simulated"] = bool(row.simulated)
    for name, unit in _QUANTITIES:
        quantity = getattr(row, f"{name}_{unit}")
        for part in ("median", "low", "high", "p25", "p75"):
            out[f"{name}_{part}_{unit}"] = getattr(quantity, part)
    return out


def _short_row(row: Any) -> Tuple[Union[str, int], ...]:
    makespan = row["makespan_median_ns"]
    ratio = row["ratio"]
    return (
        row["cell"],
        row["mode"] + (" (simulated)" if row["simulated"] else ""),
        row["runs"],
        f"{row['downloads_verified']} of {row['downloads']}",
        human_time(makespan) if math.isfinite(makespan) else "-",
        f"{ratio:.3f}" if math.isfinite(ratio) else "-",
    )




def compare(
    before: Results,
    after: Results,
    *,
    experiment: Optional[str] = None,
    margin: float = 0.0,
    confidence: float = 0.0,
    format: str = "text",
) -> str:
    """What became of the makespans between two results files, each mode in each cell that both
    have: "text", "markdown" or "json".

    :param experiment: only experiments of this name.
    :param margin: by how much slower still counts as not slower, 0.2 = 20 %; 0: the experiment's.
    :param confidence: of the interval that decides; 0: the experiment's.
    :raises NotFound: the files have no experiment in common.
    """
    code = _format(format)
    with before._file.lock, after._file.lock:
        first, second = before._open_handle(), after._open_handle()
        return written_by(
            lambda fd: _capi.results_compare(first, second, experiment, margin, confidence, code,
                                             fd)
        )
