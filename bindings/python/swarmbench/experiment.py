"""Experiments: loaded from a file, or built in Python."""

from __future__ import annotations

import os
from html import escape
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Mapping,
    Optional,
    Tuple,
    Union,
)

from . import _capi, _html, _yaml
from .errors import InputError
from .plan import Plan

if TYPE_CHECKING:
    from .results import Results
    from .run import Event, Run

PathLike = Union[str, "os.PathLike[str]"]

_ANONYMOUS = "<experiment>"


class Experiment:
    """A checked experiment. It never changes; `with_` makes another one.

    Built in Python, it takes what an experiment file has, as keywords::

        exp = Experiment(
            name="first",
            modes={"deluge": {"driver": "deluge"}, "qbittorrent": {"driver": "qbittorrent"}},
            matrix={"file_size": [10 * MB], "size": numpy.arange(2, 9, 2)},
            repetitions=3,
        )

    Lists may be tuples, ranges, numpy arrays or pandas series; a plain number of `file_size` is
    bytes; a `datetime.timedelta` is a duration. Where only one mode is asked for, `matrix` may be
    left out and the settings of the only cell given as keywords.

    :param modes: what is compared: names and, for each, its driver with its options.
    :param matrix: the axes and their values.
    :param settings: any other key of the experiment file.
    :raises InputError: with `path`, the key that is wrong.
    """

    def __init__(
        self,
        *,
        modes: Mapping[str, Any],
        matrix: Optional[Mapping[str, Any]] = None,
        **settings: Any,
    ) -> None:
        given: Dict[str, Any] = {"swarmbench": 1, **settings, "modes": modes}
        if matrix is not None:
            given["matrix"] = matrix
        text = _yaml.dump(_yaml.plain({k: v for k, v in given.items() if v is not None}))
        self._set(text, _ANONYMOUS)

    def _set(self, text: str, name: str) -> None:
        self._handle = _parse(text, name)
        self._built = name == _ANONYMOUS

    @classmethod
    def load(cls, path: PathLike) -> Experiment:
        """Reads an experiment file.

        :raises InputError: with `file`, `line`, `column` and `path` of what is wrong.
        :raises NotFound: there is no such file.
        """
        made = cls.__new__(cls)
        name = os.fspath(path)
        try:
            made._handle = _capi.swb_experiment_load(name)
        except InputError as error:
            raise _placed(error, _text_of(name)) from None
        made._built = False
        return made

    @classmethod
    def parse(cls, text: str, name: str = "experiment.yaml") -> Experiment:
        """Reads an experiment from YAML text; `name` stands for the file in messages.

        :raises InputError: as `load`.
        """
        made = cls.__new__(cls)
        made._set(text, name)
        return made

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return str(_capi.swb_experiment_name(self._handle))

    @property
    def seed(self) -> int:
        """Seed of everything random in it."""
        return int(_capi.swb_experiment_seed(self._handle))

    @property
    def modes(self) -> Tuple[str, ...]:
        """Names of the modes, in order."""
        count = _capi.swb_experiment_mode_count(self._handle)
        return tuple(_capi.swb_experiment_mode_name(self._handle, i) for i in range(count))

    @property
    def baseline(self) -> str:
        """The mode that the others are compared with."""
        return self.modes[_capi.swb_experiment_baseline(self._handle)]

    @property
    def settings(self) -> Dict[str, Any]:
        """All keys of the experiment, as plain data: a copy."""
        out: Dict[str, Any] = _yaml.plain(_yaml.load(self.to_yaml()))
        return out

    def to_yaml(self) -> str:
        """The experiment as the text of an experiment file."""
        return str(_capi.swb_experiment_text(self._handle))

    def save(self, path: PathLike) -> None:
        """Writes the experiment file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.to_yaml())

    def with_(self, changes: Optional[Mapping[str, Any]] = None, **settings: Any) -> Experiment:
        """The same experiment with other settings; comments of its file stay.

        ``exp.with_(seed=7, repetitions={"min": 3, "max": 9})`` replaces whole keys,
        ``exp.with_({"repetitions.max": 9, "matrix.size": [2, 4]})`` single ones. None removes a
        key.

        :raises InputError: as the constructor.
        """
        text = _yaml.load(self.to_yaml())
        for key, value in {**(changes or {}), **settings}.items():
            _yaml.settle(text, key, value)
        made = type(self).__new__(type(self))
        made._set(_yaml.dump(text), _ANONYMOUS)
        return made

    def plan(self) -> Plan:
        """The cells, and the runs in the order they would happen. Starts nothing.

        :raises InputError: no cell is left, or one is impossible.
        """
        return Plan(self)

    def start(
        self,
        results: PathLike,
        *,
        resume: bool = False,
        only: Optional[str] = None,
        on: Optional[str] = None,
        work_dir: Optional[PathLike] = None,
        keep_data: bool = False,
    ) -> Run:
        """Starts the experiment; iterating over what it returns drives it, event by event.

        ::

            with exp.start("results.db") as run:
                for event in run:
                    print(event)

        :param results: the results file; made where it is missing.
        :param resume: go on with what is missing in the results file.
        :param only: only cells whose index or label matches, ``*`` stands for any text.
        :param on: a place instead of the experiment's.
        :param work_dir: where nodes keep their data; by default $TMPDIR, else /var/tmp.
        :param keep_data: keep the nodes' data, for a post-mortem.
        :raises EnvironmentLacks: something is missing here: the message says how to get it.
        :raises AlreadyExists: the results file holds this experiment, and `resume` is False.
        :raises Busy: another runner writes to the file.
        """
        from .run import Run

        return Run(self, results, resume, only, on, work_dir, keep_data)

    def run(
        self,
        results: PathLike,
        *,
        progress: Union[bool, str] = False,
        on_event: Optional[Callable[[Event], None]] = None,
        resume: bool = False,
        only: Optional[str] = None,
        on: Optional[str] = None,
        work_dir: Optional[PathLike] = None,
        keep_data: bool = False,
    ) -> Results:
        """Runs the experiment and returns its results.

        Ctrl-C, or interrupting the kernel, ends the present run in order and raises
        `KeyboardInterrupt`; what was measured is in the results file, and ``resume=True`` goes on
        from there. Runs that failed do not raise: they are rows of the results.

        :param progress: True for tqdm's bars where it is installed and plain lines elsewhere,
            "text" for plain lines.
        :param on_event: called with each event.

        The other parameters and errors are those of `start`.
        """
        from .progress import display
        from .results import Results

        show = display(progress)
        with self.start(
            results, resume=resume, only=only, on=on, work_dir=work_dir, keep_data=keep_data
        ) as run, show:
            for event in run:
                show.event(event)
                if on_event is not None:
                    on_event(event)
        run.raise_for_ending()
        return Results(results)

    async def run_async(
        self,
        results: PathLike,
        *,
        progress: Union[bool, str] = False,
        on_event: Optional[Callable[[Event], None]] = None,
        resume: bool = False,
        only: Optional[str] = None,
        on: Optional[str] = None,
        work_dir: Optional[PathLike] = None,
        keep_data: bool = False,
    ) -> Results:
        """As `run`, on asyncio's loop. Cancelling the task ends the experiment in order."""
        from .progress import display
        from .results import Results

        show = display(progress)
        async with self.start(
            results, resume=resume, only=only, on=on, work_dir=work_dir, keep_data=keep_data
        ) as run:
            with show:
                async for event in run:
                    show.event(event)
                    if on_event is not None:
                        on_event(event)
        run.raise_for_ending()
        return Results(results)

    def __repr__(self) -> str:
        return f"<Experiment {self.name!r}: {', '.join(self.modes)}>"

    def _repr_html_(self) -> str:
        modes = self.settings.get("modes", {})
        rows = [(name, _told(modes.get(name)), "baseline" if name == self.baseline else "")
                for name in self.modes]
        axes = [(axis, _told(values)) for axis, values in
                (self.settings.get("matrix") or {}).items()]
        return (
            f"<p><b>{escape(self.name)}</b>, seed {self.seed}</p>"
            + _html.table(("mode", "what it is", ""), rows)
            + (_html.table(("axis", "values"), axes) if axes else "")
        )


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_told(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_told(item) for item in value)
    return str(value)


def _text_of(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def _parse(text: str, name: str) -> _capi.swb_experiment:
    try:
        return _capi.swb_experiment_parse(text, name)
    except InputError as error:
        raise _placed(error, text) from None


def _placed(error: InputError, text: Optional[str]) -> InputError:
    """The error with the key it is about; for one built in Python, the key stands for the place."""
    error.source = text
    if text is not None and error.line > 0:
        error.path = _yaml.path_at(text, error.line, error.column)
    place = f"{error.file}:{error.line}:{error.column}: "
    if error.file == _ANONYMOUS and error.message.startswith(place):
        words = error.message[len(place):]
        path = error.path or ""
        error.message = words if not path or words.startswith(path) else f"{path}: {words}"
    return error


def schema() -> Dict[str, Any]:
    """The JSON Schema (draft 2020-12) of experiment files, for editors and checkers."""
    import json

    from ._text import written_by

    out: Dict[str, Any] = json.loads(written_by(_capi.swb_schema_write))
    return out


