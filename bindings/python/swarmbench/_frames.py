"""Tables of a results file as pandas DataFrames, read by column.

Long tables are read from their own rows; what a row's run and node are called is joined here, where
a name costs one number a row. Short tables are read through their views.
"""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy
import pandas

from .columns import BOOLEANS, REPEATED, SEEDS, attributes

# Their stubs are stricter than their own functions: columns are made of what sqlite3 gives.
np: Any = numpy
pd: Any = pandas

_CHUNK_ROWS = 65536
_BATCH_RUNS = 500

#: Tables, their views, and the table that a long one is read from.
VIEWS = {
    "experiments": "experiment_view",
    "environment": "environment_view",
    "cells": "cell_view",
    "runs": "run_view",
    "nodes": "node_view",
    "downloads": "download_view",
    "parts": "part_view",
    "progress": "progress_view",
    "samples": "sample_view",
    "events": "event_view",
    "harness": "harness_view",
}
_LONG = {
    "nodes": ("node", "run, node"),
    "downloads": ("download", "run, node"),
    "parts": ("part", "run, node, part"),
    "progress": ("progress", "run, time_ns, node"),
    "samples": ("sample", "run, time_ns, node"),
    "events": ("event", "id"),
}
_RENAMED = {"error": "cause", "node_name": "name"}
_RUN_COLUMNS = (
    "experiment", "run", "attempt", "run_state", "cell", "cell_label", "mode", "seeder_set",
    "repetition",
)  # fmt: skip
_RUNS_SQL = (
    "SELECT run.id, experiment.name, run.plan_index, run.attempt, run.state, cell.plan_index,"
    " cell.label, run.mode, run.seeder_set, run.repetition, run.intended_ns"
    " FROM run JOIN cell ON cell.id = run.cell JOIN experiment ON experiment.id = run.experiment"
    " ORDER BY run.id"
)

Filters = Mapping[str, Any]


def _integers(values: Sequence[Any], dtype: str = "int64") -> Any:
    """A nullable column of whole numbers; None is unknown."""
    target = "UInt64" if dtype == "uint64" else "Int64"
    try:
        return pd.array(np.array(values, dtype=dtype), dtype=target)
    except TypeError:
        mask = np.fromiter((value is None for value in values), dtype=bool, count=len(values))
        filled = np.fromiter(
            (0 if value is None else value for value in values), dtype=dtype, count=len(values)
        )
        return pd.arrays.IntegerArray(filled, mask)


def _column(name: str, kind: str, values: Sequence[Any]) -> Any:
    """Values of one column as what they are."""
    if name in SEEDS:
        return _integers([None if value is None else int(value) for value in values], "uint64")
    if name in BOOLEANS:
        return pd.array([None if value is None else bool(value) for value in values], "boolean")
    if name.endswith("_wall_ns"):
        return pd.to_datetime(pd.Series(_integers(values)), unit="ns", utc=True).array
    if kind == "INTEGER":
        return _integers(values)
    if kind == "REAL":
        return pd.array(list(values), dtype="Float64")
    if name in REPEATED:
        return pd.Categorical(values, categories=_in_order(values))
    return pd.array(list(values), dtype="string")


def _in_order(values: Iterable[Any]) -> List[Any]:
    """The different values in the order they come: cells in that of the plan, not of the alphabet."""
    return [value for value in dict.fromkeys(values) if value is not None]


def _join_parts(parts: List[Any]) -> Any:
    """Columns of chunks as one."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], pd.Categorical):
        from pandas.api.types import union_categoricals

        return union_categoricals(parts)
    return type(parts[0])._concat_same_type(parts)


def _finished(columns: Dict[str, Any]) -> pandas.DataFrame:
    frame: pandas.DataFrame = pd.DataFrame(columns, copy=False)
    frame.attrs.update(attributes(list(columns)))
    return frame


class Reader:
    """Reads tables through one connection. Not for several threads at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def version(self) -> Tuple[int, ...]:
        """Changes when the file was written to."""
        return tuple(self._db.execute("PRAGMA data_version").fetchone())

    def runs(self) -> pandas.DataFrame:
        """The runs by their key, with what rows of theirs are called."""
        rows = self._db.execute(_RUNS_SQL).fetchall()
        names = ("id", *_RUN_COLUMNS, "intended_ns")
        columns = list(zip(*rows)) if rows else [()] * len(names)
        texts = {"experiment", "run_state", "cell_label", "mode"}
        frame: pandas.DataFrame = pd.DataFrame(
            {
                name: _column(name, "TEXT" if name in texts else "INTEGER", values)
                for name, values in zip(names, columns)
            }
        )
        return frame

    def table(self, name: str, keys: Optional[pandas.DataFrame]) -> pandas.DataFrame:
        """A table; `keys` are the wanted ones of `runs()`, None for all."""
        if name in _LONG:
            return self._long(name, keys)
        return self._short(name, keys)

    def _view_columns(self, view: str) -> List[Tuple[str, str]]:
        rows = self._db.execute(f"PRAGMA table_info({view})").fetchall()
        return [(row[1], row[2]) for row in rows]

    def _short(self, name: str, keys: Optional[pandas.DataFrame]) -> pandas.DataFrame:
        view = VIEWS[name]
        columns = self._view_columns(view)
        rows = self._db.execute(f"SELECT * FROM {view}").fetchall()
        values = list(zip(*rows)) if rows else [()] * len(columns)
        frame = _finished(
            {
                column: _column(column, kind, found)
                for (column, kind), found in zip(columns, values)
            }
        )
        return frame if keys is None else _only(frame, keys)

    def _chunks(self, base: str, order: str, wanted: List[str],
                ids: Optional[List[int]]) -> Iterable[List[Tuple[Any, ...]]]:  # fmt: skip
        sql = f"SELECT {', '.join(wanted)} FROM {base}"
        batches: List[Optional[List[int]]] = [None]
        if ids is not None:
            batches = [ids[i : i + _BATCH_RUNS] for i in range(0, len(ids), _BATCH_RUNS)]
        for batch in batches:
            where = "" if batch is None else f" WHERE run IN ({', '.join('?' * len(batch))})"
            cursor = self._db.execute(f"{sql}{where} ORDER BY {order}", batch or ())
            while True:
                rows = cursor.fetchmany(_CHUNK_ROWS)
                if not rows:
                    break
                yield rows

    def _columns_of(self, base: str, order: str, kinds: Mapping[str, str],
                    ids: Optional[List[int]]) -> Dict[str, Any]:  # fmt: skip
        names = list(kinds)
        parts: List[List[Any]] = [[] for _ in names]
        for rows in self._chunks(base, order, names, ids):
            for at, (name, values) in enumerate(zip(names, zip(*rows))):
                parts[at].append(_column(name, kinds[name], values))
        return {
            name: _join_parts(part) if part else _column(name, kinds[name], ())
            for name, part in zip(names, parts)
        }

    def _long(self, name: str, keys: Optional[pandas.DataFrame]) -> pandas.DataFrame:
        base, order = _LONG[name]
        kinds = dict(self._view_columns(base))
        runs = self.runs() if keys is None else keys
        ids = None if keys is None else [int(i) for i in keys["id"]]
        own = self._columns_of(base, order, kinds, ids)
        at_run = np.searchsorted(runs["id"].to_numpy("int64"), own["run"].to_numpy("int64"))
        joined = {column: runs[column].array.take(at_run) for column in _RUN_COLUMNS}
        if "time_ns" in own:
            joined["since_start_ns"] = own["time_ns"] - runs["intended_ns"].array.take(at_run)
        if base != "node" and "node" in own:
            joined.update(self._node_columns(own, ids))
        columns = {}
        for column, _ in self._view_columns(VIEWS[name]):
            source = column if column in joined or column in own else _RENAMED[column]
            columns[column] = joined[column] if column in joined else own[source]
        return _finished(columns)

    def _node_columns(self, own: Mapping[str, Any], ids: Optional[List[int]]) -> Dict[str, Any]:
        """What the nodes are called, for each row."""
        kinds = {"run": "INTEGER", "node": "INTEGER", "name": "TEXT", "role": "TEXT",
                 "driver": "TEXT"}  # fmt: skip
        nodes = self._columns_of("node", "run, node", kinds, ids)
        known = _keys(nodes["run"], nodes["node"])
        wanted = _keys(own["run"], own["node"])
        at = np.searchsorted(known, wanted)
        if len(known) == 0:
            at[:] = -1
        else:
            at[at == len(known)] = 0
            at[(known[at] != wanted) | np.asarray(own["node"].isna())] = -1
        return {
            "node_name": nodes["name"].take(at, allow_fill=True),
            "role": nodes["role"].take(at, allow_fill=True),
            "driver": nodes["driver"].take(at, allow_fill=True),
        }


def _keys(runs: Any, nodes: Any) -> Any:
    """One number for a run's node."""
    filled = nodes.to_numpy("int64", na_value=0)
    return runs.to_numpy("int64") * (1 << 20) + filled


def _only(frame: pandas.DataFrame, keys: pandas.DataFrame) -> pandas.DataFrame:
    """The rows of a short table that belong to these runs."""
    by = [name for name in ("experiment", "run", "attempt") if name in frame]
    if "run" not in frame:
        by = [name for name in ("experiment", "cell") if name in frame]
    wanted = set(itertools.islice(zip(*(keys[name] for name in by)), None))
    mask = [row in wanted for row in zip(*(frame[name] for name in by))]
    kept: pandas.DataFrame = frame[np.array(mask, dtype=bool)].reset_index(drop=True)
    kept.attrs.update(frame.attrs)
    return kept


def select(runs: pandas.DataFrame, filters: Filters) -> pandas.DataFrame:
    """The runs that pass; a filter is a value or several."""
    mask = np.ones(len(runs), dtype=bool)
    for name, wanted in filters.items():
        values = [wanted] if isinstance(wanted, (str, int)) else list(wanted)
        if name == "cell":
            mask &= np.asarray(runs["cell"].isin([v for v in values if not isinstance(v, str)])
                               | runs["cell_label"].isin([v for v in values if isinstance(v, str)]))
        else:
            mask &= np.asarray(runs[name].isin(values), dtype=bool)
    passed: pandas.DataFrame = runs[mask]
    return passed
