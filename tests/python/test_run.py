"""Runs: driven by iteration, at once, on asyncio's loop; stopped, interrupted, in threads."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, List

import pytest
import swarmbench as sb
import tiny

PACKAGE = str(Path(sb.__file__).parent)


def test_events_tell_the_story_of_a_run(folder: Path) -> None:
    with tiny.experiment(size=3).start(folder / "r.db") as run:
        kinds = [event.kind for event in run]
    assert kinds[0] == "experiment_started" and kinds[-1] == "experiment_ended"
    assert kinds.count("run_started") == kinds.count("run_ended") == 1
    assert kinds.count("node_ready") == 3 and kinds.count("completed") == 2
    assert set(kinds) <= set(sb.event_kinds())


def test_event_is_plain_data(folder: Path) -> None:
    events: List[sb.Event] = []
    tiny.experiment().run(folder / "r.db", on_event=events.append)
    completed = [event for event in events if event.kind == "completed"]
    assert len(completed) == 1 and completed[0].mode == "tiny" and completed[0].run == 0
    assert completed[0].seconds is not None and 0 < completed[0].seconds < 60
    assert events[0].run is None and events[0].mode is None and events[0].node is None
    assert "completed" in str(completed[0])


def test_run_returns_results_and_shows_progress(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tiny.experiment(runs=2).run(folder / "r.db", progress="text")
    assert "[2/2] tiny: " in capsys.readouterr().err
    assert list(results.runs["run_state"]) == ["done", "done"]
    tiny.experiment(runs=3).run(folder / "bars.db", progress=True)
    assert "3/3" in capsys.readouterr().err
    with pytest.raises(ValueError):
        tiny.experiment().run(folder / "x.db", progress="loud")


def test_same_experiment_is_refused_unless_resumed(folder: Path) -> None:
    tiny.experiment().run(folder / "r.db")
    with pytest.raises(sb.AlreadyExists) as caught:
        tiny.experiment().run(folder / "r.db")
    assert isinstance(caught.value, FileExistsError)
    assert len(tiny.experiment().run(folder / "r.db", resume=True).runs) == 1


def test_what_is_missing_is_told(folder: Path) -> None:
    lacks = sb.Experiment(modes={"codex": {"driver": "codex", "binary": "/nonexistent/codex"}},
                          file_size=1000, size=2)  # fmt: skip
    with pytest.raises(sb.EnvironmentLacks):
        lacks.run(folder / "r.db")
    with pytest.raises(sb.InputError):
        tiny.experiment().run(folder / "r.db", on="nowhere")


def test_stop_keeps_what_was_measured(folder: Path) -> None:
    with tiny.experiment(runs=50).start(folder / "r.db") as run:
        for event in run:
            if event.kind == "run_ended":
                run.stop()
        assert run.ending is not None and run.ending.status == sb.Interrupted.status
        run.raise_for_ending()
    states = list(sb.Results(folder / "r.db").runs["run_state"])
    assert "done" in states and len(states) < 50


def test_leaving_the_block_ends_the_run(folder: Path) -> None:
    with tiny.experiment(runs=50).start(folder / "r.db") as run:
        assert next(iter(run)).kind == "experiment_started"
    assert run.done and "closed" in repr(run)
    with pytest.raises(sb.Closed):
        run.poll()
    with pytest.raises(ValueError):
        run.failed_runs
    run.close()
    run.stop()


def test_run_that_is_dropped_leaves_nothing(folder: Path) -> None:
    run = tiny.experiment(runs=50).start(folder / "r.db")
    for event in run:
        if event.kind == "node_ready":
            break
    del run
    assert sb.clean(dry_run=True).processes == 0
    assert len(sb.Results(folder / "r.db").runs) == 1


class Silent(tiny.Tiny):
    """Its nodes never tell their version: nothing happens, and no code of Python's is called."""

    name = "silent"
    timeouts = {"version": 600.0}
    asked = 0

    def version(self, node: sb.Node) -> sb.Operation:
        Silent.asked += 1
        yield sb.http("GET", "/silence")


def silent_run(folder: Path) -> sb.Run:
    """A run that waits for its nodes, which have been asked."""
    sb.register_driver(Silent)
    Silent.asked = 0
    run = tiny.experiment(driver="silent").start(folder / "r.db")
    while Silent.asked < 2:
        run.poll(0.1)
    while run.poll(0) is not None:
        pass
    return run


def test_poll_takes_the_time_that_it_is_told(folder: Path) -> None:
    with silent_run(folder) as run:
        begun = time.monotonic()
        assert run.poll(0.3) is None and not run.done
        assert 0.3 <= time.monotonic() - begun < 10
        run.stop()
        assert [event.kind for event in run][-1] == "experiment_ended"
        begun = time.monotonic()
        assert run.poll(60) is None and run.done and time.monotonic() - begun < 30


def test_two_threads_run_two_experiments_at_once(folder: Path) -> None:
    outcome: List[object] = []

    def work(number: int) -> None:
        try:
            made = tiny.experiment(runs=5, name=f"thread-{number}")
            outcome.append(list(made.run(folder / f"{number}.db").runs["run_state"]))
        except BaseException as error:
            outcome.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcome == [["done"] * 5] * 2


def test_others_run_while_it_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait lasts 0.1 s. With the GIL held there, another thread would have one turn in each."""
    waits = 0
    wait = sb._capi.swb_runner_poll

    def counted(*arguments: Any) -> Any:
        nonlocal waits
        waits += 1
        return wait(*arguments)

    def turns() -> None:
        for _ in range(300):
            time.sleep(0.001)
        run.stop()

    with silent_run(folder) as run:
        monkeypatch.setattr(sb._capi, "swb_runner_poll", counted)
        thread = threading.Thread(target=turns)
        thread.start()
        run.poll()
        thread.join()
    assert 0 < waits <= 100


def test_one_thread_at_a_time_drives_a_run(folder: Path) -> None:
    with tiny.experiment(runs=30).start(folder / "r.db") as run:
        told: List[BaseException] = []

        def other() -> None:
            for _ in range(1000):
                try:
                    run.poll(0)
                except sb.Busy as error:
                    told.append(error)
                    return

        thread = threading.Thread(target=other)
        thread.start()
        try:
            for _ in run:
                pass
        except sb.Busy as error:
            told.append(error)
        thread.join()
    assert told and isinstance(told[0], RuntimeError)


def test_await_runs_beside_other_tasks(folder: Path) -> None:
    async def both() -> List[sb.Results]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        made = [tiny.experiment(runs=3, name=f"async-{i}") for i in range(2)]
        out = await asyncio.gather(
            *(one.run_async(folder / f"{i}.db") for i, one in enumerate(made))
        )
        ticking.cancel()
        assert ticks > 10
        return list(out)

    for results in asyncio.run(both()):
        assert list(results.runs["run_state"]) == ["done"] * 3


def test_cancelling_the_task_ends_the_run_in_order(folder: Path) -> None:
    async def cancelled() -> None:
        def told(event: sb.Event) -> None:
            if event.kind == "run_ended":
                task.cancel()

        made = tiny.experiment(runs=100)
        task = asyncio.create_task(made.run_async(folder / "r.db", on_event=told))
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    results = sb.Results(folder / "r.db")
    states = list(results.runs["run_state"])
    assert not results.state()[0].running and "done" in states and len(states) < 100
    assert sb.clean(dry_run=True).processes == 0


SCRIPT = """
import sys, tiny
try:
    tiny.experiment(runs=1000).run(sys.argv[1], on_event=lambda event: print(event.kind, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_keeps_what_was_measured(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder / "r.db")],
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout is not None
    ended = 0
    for line in process.stdout:
        ended += line.strip() == "run_ended"
        if ended == 3:
            break
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and rest.strip().endswith("interrupted")
    results = sb.Results(folder / "r.db")
    states = list(results.runs["run_state"])
    assert states.count("done") >= 3 and set(states) <= {"done", "interrupted"}
    assert not results.state()[0].running and sb.clean(dry_run=True).processes == 0
    resumed = tiny.experiment(runs=1000).start(folder / "r.db", resume=True)
    assert next(resumed).value <= 1000 - states.count("done")
    resumed.close()


@pytest.mark.parametrize("where", ["launch", "session", "step", "_failure"])
def test_interrupt_is_not_lost_where_the_library_calls_back(folder: Path, where: str) -> None:
    """A signal may strike in any line, also in those between the library and a driver."""
    struck: List[str] = []

    def strike(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == where and not struck:
            if frame.f_code.co_filename.startswith(PACKAGE):
                struck.append(where)
                raise KeyboardInterrupt

    def fails(self: tiny.Tiny, node: sb.Node) -> object:
        raise sb.Busy("as it is to call _failure", retriable=len(struck) == 0)

    methods = {"version": fails} if where == "_failure" else {}
    sb.register_driver(type("Struck", (tiny.Tiny,), {"name": "struck", **methods}))
    sys.setprofile(strike)
    try:
        with pytest.raises(KeyboardInterrupt):
            tiny.experiment(runs=3, driver="struck").run(folder / "r.db")
    finally:
        sys.setprofile(None)
    assert struck == [where]
    assert set(sb.Results(folder / "r.db").runs["run_state"]) <= {"interrupted", "failed"}


def test_work_directory_and_kept_data(folder: Path) -> None:
    tiny.experiment().run(folder / "r.db", work_dir=folder / "work", keep_data=True)
    assert os.listdir(folder / "work")
