"""Experiments: built, loaded, changed, planned; and what is wrong with them."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest
import swarmbench as sb
from swarmbench import errors

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MODES = {"deluge": {"driver": "deluge"}, "qb": {"driver": "qbittorrent"}}
FILE = """\
swarmbench: 1
name: two  # kept
modes:
  deluge: {driver: deluge}
  qb: {driver: qbittorrent}
matrix:
  file_size: [10MB]
  size: [2, 4]
deploy: {on: local}
"""


def build(**changes: object) -> sb.Experiment:
    given = {"modes": MODES, "matrix": {"file_size": [10 * sb.MB], "size": [2, 4]}, **changes}
    return sb.Experiment(**given)  # type: ignore[arg-type]


def test_built_and_loaded_experiments_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(FILE)
    loaded, built = sb.Experiment.load(path), build(name="two", deploy={"on": "local"})
    assert loaded.modes == built.modes == ("deluge", "qb")
    assert [run for run in loaded.plan()] == [run for run in built.plan()]
    assert loaded.baseline == "deluge" and loaded.seed == 1


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_examples_survive_the_way_through_python(path: Path) -> None:
    loaded = sb.Experiment.load(path)
    again = sb.Experiment(**{k: v for k, v in loaded.settings.items() if k != "swarmbench"})
    assert str(again.plan()) == str(loaded.plan())


def test_numpy_ranges_timedeltas_and_plain_byte_counts_are_taken() -> None:
    made = build(
        matrix={"file_size": np.array([1e6, 2e6]), "size": np.arange(2, 9, 2)},
        limits={"run": datetime.timedelta(minutes=3, seconds=30)},
        repetitions={"min": np.int64(2), "max": range(3, 4)[0], "half_width": 0.1},
        seed=np.uint16(7),
    )
    assert made.settings["matrix"] == {"file_size": ["1000000B", "2000000B"], "size": [2, 4, 6, 8]}
    assert made.settings["limits"]["run"] == "210s"
    assert made.seed == 7 and len(made.plan().cells) == 8


def test_with_changes_keys_and_keeps_comments() -> None:
    loaded = sb.Experiment.parse(FILE)
    other = loaded.with_({"repetitions.min": 2, "matrix.size": (2, 8)}, seed=5, deploy=None)
    assert "# kept" in other.to_yaml() and "deploy" not in other.settings
    assert other.seed == 5 and [cell.size for cell in other.plan().cells] == [2, 8]
    assert loaded.seed == 1 and loaded.to_yaml() == FILE


def test_saved_file_is_loaded_again(tmp_path: Path) -> None:
    build(name="saved").save(tmp_path / "x.yaml")
    assert sb.Experiment.load(tmp_path / "x.yaml").name == "saved"


def test_plan_is_iterable_lazy_and_a_table() -> None:
    plan = build(repetitions={"min": 2, "max": 3}).plan()
    runs = list(plan)
    assert len(runs) == len(plan) == 2 * 2 * 3
    assert {run.mode for run in runs} == {"deluge", "qb"} and plan[-1] == runs[-1]
    assert plan[0:2] == runs[0:2] and sum(run.optional for run in runs) == 4
    with pytest.raises(IndexError):
        plan[len(plan)]
    frame = plan.to_pandas()
    assert list(frame["mode"]) == [run.mode for run in runs]
    assert frame["content_seed"].dtype == "uint64"
    assert "deluge" in str(plan) and plan.estimate.runs_min == 8
    assert plan.estimate.time_min < plan.estimate.time_max
    assert "<table>" in plan._repr_html_() and "<table>" in build()._repr_html_()


def test_plan_of_a_million_cells_is_cheap() -> None:
    plan = build(matrix={"file_size": [f"{i}kB" for i in range(1, 1001)],
                         "size": range(2, 1002)}).plan()  # fmt: skip
    assert len(plan.cells) == 1_000_000 and plan.cells[999_999].size == 1001


def test_plan_outlives_the_experiment_it_borrows() -> None:
    assert len(build().plan().cells[1].label) > 0


def test_error_of_a_file_has_its_place_and_key(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(FILE.replace("[2, 4]", "[2, 1]"))
    with pytest.raises(sb.InputError) as caught:
        sb.Experiment.load(path)
    error = caught.value
    assert (error.file, error.line, error.path) == (str(path), 8, "matrix.size[1]")
    assert error.column == FILE.splitlines()[7].index("4") + 1
    assert str(error).startswith(f"{path}:8:{error.column}: ")
    assert isinstance(error, ValueError) and error.status_name == "SWB_EINPUT"


@pytest.mark.parametrize(
    "changes, path",
    [
        ({"modes": {"a": {"driver": "nonsense"}}}, "modes.a.driver"),
        ({"limits": {"run": 30}}, "limits.run"),
        ({"matrix": {"swarm": [{"size": 2, "seeders": [1, 2]}], "file_size": [5]}},
         "matrix.swarm[0].seeders[1]"),
        ({"repetitions": {"min": 0}}, "repetitions.min"),
        ({"nonsense": 1}, "nonsense"),
        ({"seed": float("nan")}, "seed"),
        ({"matrix": {"size": [object()]}}, "matrix.size[0]"),
        ({"limits": {3: "1s"}}, "limits"),
    ],
)  # fmt: skip
def test_error_of_one_built_in_python_names_the_key(changes: dict, path: str) -> None:
    with pytest.raises(sb.InputError) as caught:
        build(**changes)
    assert caught.value.path == path
    assert path.split("[")[0] in str(caught.value) and "<experiment>" not in str(caught.value)


def test_none_and_wrong_types_raise() -> None:
    with pytest.raises(TypeError):
        sb.Experiment.load(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sb.Experiment.parse(b"swarmbench: 1")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sb.Experiment()  # type: ignore[call-arg]
    with pytest.raises(sb.InputError):
        build(modes=None)
    with pytest.raises(sb.NotFound) as caught:
        sb.Experiment.load("/nonexistent.yaml")
    assert isinstance(caught.value, FileNotFoundError)


def test_low_level_calls_refuse_none_and_wrong_handles() -> None:
    capi = sb._capi
    experiment, plan = build(), build().plan()
    for call in (capi.swb_plan_create, capi.swb_experiment_name, capi.swb_experiment_text,
                 capi.swb_plan_run_count, capi.swb_runner_poll, capi.swb_runner_stop,
                 capi.swb_runner_done, capi.swb_results_summary):  # fmt: skip
        with pytest.raises((ValueError, TypeError)):
            call(None, *([0] if call is capi.swb_runner_poll else []))
        with pytest.raises(TypeError):
            call(plan if call is not capi.swb_plan_run_count else experiment)
    with pytest.raises(sb.InvalidArgument):
        capi.swb_plan_cell(plan._handle, 99)
    with pytest.raises(TypeError):
        capi.swb_plan_cell(plan._handle, "0")
    with pytest.raises((OverflowError, TypeError)):
        capi.swb_plan_cell(plan._handle, -1)


def test_every_status_has_its_exception() -> None:
    codes = {value for name, value in vars(sb._capi).items()
             if name.startswith("SWB_E") and isinstance(value, int) and -100 < value < 0}  # fmt: skip
    assert codes == set(errors.BY_STATUS)
    for code in codes:
        made = errors.from_status(code, "words")
        assert str(made) == "words" and made.status == code
        builtin = [base for base in type(made).__mro__ if base.__module__ == "builtins"]
        assert builtin[0] is not Exception, f"{type(made).__name__} inherits no builtin"
    assert isinstance(errors.from_status(-1000, "?"), sb.SwarmbenchError)


def test_machine_is_looked_at() -> None:
    told = sb.doctor()
    assert told.lacks >= 0 and "drivers" in str(told) and "<pre>" in told._repr_html_()
    assert sb.clean(dry_run=True).processes >= 0
    assert {"deluge", "qbittorrent"} <= {driver["name"] for driver in sb.drivers()}
    assert sb.schema()["$schema"].startswith("https://json-schema.org/")
