"""Results: tables, their types and units, filters, summary, charts; closed and broken files."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import swarmbench as sb
import tiny


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two modes in two cells, one of them with a driver whose leechers fail."""

    def leech(self: tiny.Tiny, node: sb.Node, content: sb.Content) -> sb.Operation:
        (yield sb.http("GET", "/no-such-thing")).expect()

    broken = type("Broken", (tiny.Tiny,), {"name": "broken", "leech": leech})
    sb.register_driver(broken)
    made = sb.Experiment(
        name="pair",
        modes={"tiny": {"driver": "tiny"}, "other": {"driver": "tiny"}, "bad": {"driver": "broken"}},
        matrix={"size": [2, 3]},
        file_size=1000,
        repetitions=3,
        retries=0,
        allow_stand_in=True,
    )
    path = tmp_path_factory.mktemp("results") / "r.db"
    made.run(path).close()
    return path


@pytest.mark.parametrize("name", sb.table_names())
def test_tables_are_the_views_with_types(path: Path, name: str) -> None:
    with sb.Results(path) as results:
        table = results.table(name)
    singular = {"environment": "environment", "harness": "harness", "progress": "progress"}
    view = singular.get(name, name[:-1]) + "_view"
    raw = sqlite3.connect(path).execute(f"SELECT * FROM {view}")
    assert list(table.columns) == [column[0] for column in raw.description]
    rows = raw.fetchall()
    assert len(table) == len(rows)
    for at, column in enumerate(table.columns):
        if column.endswith("_wall_ns"):
            continue
        got = [None if pd.isna(value) else value for value in table[column]]
        want = [row[at] for row in rows]
        if column in ("seed", "content_seed", "run_seed"):
            want = [int(value) for value in want]
        assert got == want, column


def test_types_are_right(path: Path) -> None:
    results = sb.Results(path)
    downloads, runs = results.downloads, results.runs
    assert str(downloads["completion_hi_ns"].dtype) == "Int64"
    assert downloads["completion_hi_ns"].isna().sum() == (downloads["mode"] == "bad").sum() == 9
    assert str(downloads["verified"].dtype) == "boolean"
    assert str(runs["content_seed"].dtype) == "UInt64"
    assert str(runs["begun_wall_ns"].dtype) == "datetime64[ns, UTC]"
    assert runs["begun_wall_ns"].iloc[0].year >= 2024
    assert str(runs["seeder_share"].dtype) == "Float64"
    assert list(runs["cell_label"].cat.categories)[0] == "size=2", "in the plan's order"
    assert runs.attrs["units"]["makespan_ns"] == "ns"
    assert downloads.attrs["units"]["payload_sent"] == "bytes"
    assert "verified" in downloads.attrs["descriptions"]


def test_every_column_is_described(path: Path) -> None:
    with sb.Results(path) as results:
        for name in ("runs", "downloads", "samples"):
            table = results.table(name)
            for column in table.columns:
                timed = column.endswith("_ns") and not column.endswith("_wall_ns")
                assert not timed or table.attrs["units"][column] == "ns"
        summary = results.summary()
        missing = set(summary.columns) - set(summary.attrs["descriptions"])
        assert missing == set()


def test_filters_hold_for_all_tables(path: Path) -> None:
    results = sb.Results(path)
    one = results.where(run=4)
    assert len(one.runs) == 1 and set(one.downloads["run"]) == {4} == set(one.samples["run"])
    assert set(one.events["run"]) == {4} and set(one.harness["run"]) == {4}
    narrow = results.where(mode=["tiny", "bad"]).where(cell="size=3", state="done")
    assert set(narrow.runs["mode"]) == {"tiny"} and set(narrow.nodes["cell"]) == {1}
    assert len(results.where(run=[]).downloads) == 0
    assert list(results.where(run=[]).downloads.columns) == list(results.downloads.columns)
    assert set(results.where(mode="tiny").summary()["mode"]) == {"tiny"}
    with pytest.raises(sb.InvalidArgument, match="no filter 'colour'"):
        results.where(colour="red")
    with pytest.raises(sb.NotFound, match="there are experiments"):
        results.table("nonsense")


def test_tables_are_read_once_and_again_when_the_file_changes(folder: Path) -> None:
    made = tiny.experiment(runs=4)
    with made.start(folder / "r.db") as run:
        while run.poll().kind != "run_ended":  # type: ignore[union-attr]
            pass
        results = sb.Results(folder / "r.db")
        some = len(results.runs)
        first = results.downloads
        first["mine"] = 1
        assert "mine" not in results.downloads
        for _ in run:
            pass
    assert some < len(results.runs) == 4


def test_summary_has_what_was_measured(path: Path) -> None:
    summary = sb.Results(path).summary().set_index(["cell", "mode"])
    row = summary.loc[("size=2", "tiny")]
    assert row["runs"] == 3 and row["reliability"] == 1.0 and row["simulated"]
    assert 0 < row["makespan_low_ns"] <= row["makespan_median_ns"] <= row["makespan_high_ns"]
    assert row["makespan_p25_ns"] <= row["makespan_median_ns"] <= row["makespan_p75_ns"]
    bad = summary.loc[("size=3", "bad")]
    assert bad["reliability"] == 0.0 and bad["runs_failed"] == 3
    assert summary.loc[("size=2", "other"), "ratio"] > 0
    makespans = sb.Results(path).where(mode="tiny", cell="size=2").runs["makespan_ns"]
    assert row["makespan_median_ns"] == pytest.approx(float(makespans.median()))


def test_verdicts_compare_with_the_baseline(path: Path) -> None:
    verdicts = sb.Results(path).verdicts()
    assert set(verdicts["mode"]) <= {"other", "bad"} and "other" in set(verdicts["mode"])
    assert {"ratio", "low", "high", "verdict", "cliffs_delta"} <= set(verdicts.columns)


def test_arrow_and_polars(path: Path) -> None:
    results = sb.Results(path)
    arrow, polars = results.arrow("downloads"), results.polars("downloads")
    assert arrow.num_rows == len(polars) == len(results.downloads)
    assert arrow.schema.field("completion_hi_ns").metadata == {b"unit": b"ns"}
    assert polars["completion_hi_ns"].null_count() == 9


def test_every_chart_is_valid_vega_lite(path: Path) -> None:
    import altair

    results = sb.Results(path)
    kinds = sb.chart_kinds()
    assert {"completion", "progress", "first-byte", "ratio", "bytes", "cpu"} <= {
        kind.name for kind in kinds
    }
    for name, chart in results.charts().items():
        altair.Chart.from_dict(chart.spec, validate=False)
        bundle = chart._repr_mimebundle_()
        assert bundle[chart.media_type] is chart.spec and chart.spec["$schema"], name
        assert json.loads(chart.to_json()) == chart.spec
    assert "<table>" in kinds._repr_html_()


def test_charts_follow_filters_and_refuse_nonsense(path: Path, tmp_path: Path) -> None:
    results = sb.Results(path)
    narrow = results.where(mode="tiny", cell="size=2").chart("completion").to_json()
    assert '"other' not in narrow and "size=3" not in narrow
    with pytest.raises(sb.NotFound, match="completion"):
        results.chart("nonsense")
    with pytest.raises(sb.InvalidArgument):
        results.chart("completion", rows_max=5)
    results.chart("bytes").save(tmp_path / "c.html")
    assert "vegaEmbed" in (tmp_path / "c.html").read_text()


def test_reports_exports_and_comparisons(path: Path, tmp_path: Path) -> None:
    results = sb.Results(path)
    assert "pair" in results.report() and results.report("markdown").startswith("#")
    assert json.loads(results.report("json"))["experiments"][0]["name"] == "pair"
    results.export("downloads", tmp_path / "d.csv")
    assert len(pd.read_csv(tmp_path / "d.csv")) == len(results.downloads)
    with pytest.raises(sb.InvalidArgument):
        results.report("pdf")
    with pytest.raises(sb.NotFound):
        results.export("nonsense", tmp_path / "x.csv")
    assert "tiny" in sb.compare(results, sb.Results(path))


def test_notebooks_show_it(path: Path) -> None:
    results = sb.Results(path)
    html = results._repr_html_()
    assert "pair" in html and "size=2" in html and "<script" not in html
    assert results.state()[0].runs_done == 12 and "12 of 18" in repr(results)


def test_closed_results_raise(path: Path) -> None:
    results = sb.Results(path)
    narrowed = results.where(run=1)
    results.close()
    results.close()
    for use in (lambda: results.runs, results.summary, results.report, results.state,
                lambda: narrowed.downloads, lambda: results.chart("cpu"), results.__enter__):  # fmt: skip
        with pytest.raises(sb.Closed):
            use()
    assert "closed" in repr(results) and "closed" in results._repr_html_()


def test_files_that_are_no_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sb.Results(tmp_path / "missing.db")
    (tmp_path / "text.db").write_text("no database at all " * 100)
    with pytest.raises(sb.ResultsError):
        sb.Results(tmp_path / "text.db")
    with pytest.raises(TypeError):
        sb.Results(None)  # type: ignore[arg-type]


def test_file_of_an_older_format_is_read_through_a_copy(folder: Path) -> None:
    path = folder / "old.db"
    made = sqlite3.connect(path)
    made.executescript((Path(__file__).parents[1] / "support/results-format-2.sql").read_text())
    made.close()
    path.chmod(0o444)
    before = path.read_bytes()
    results = sb.Results(path)
    assert len(results.runs) == 12 and results.runs["coding"].isna().all()
    assert len(results.parts) == 0 and not results.nodes["warm"].any()
    assert "12 runs done" in results.report()
    results.close()
    assert path.read_bytes() == before
