"""The rules of the Trace Event Format, and nothing lost: slices and counters give the frames back."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from accelsim.errors import InputError
from accelsim.experiment import UNITS
from accelsim.report.selection import Activity, Window, select
from accelsim.report.traces import trace_event
from accelsim.report.traces.trace_event import write_trace
from accelsim.report.unit_names import UNIT_NAMES
from accelsim.results.records import Records
from tests.results.runs import CASES, result_of

Event = dict[str, Any]


def document(folder: Path, records: Records, activity: Activity | None = None) -> dict[str, Any]:
    path = folder / "trace.json"
    write_trace(records, activity or select(records), path)
    read: dict[str, Any] = json.loads(path.read_text())
    return read


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def events(case: str, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    written: list[Event] = document(tmp_path_factory.mktemp("trace"), result_of(case))["traceEvents"]
    return written


def named(events: list[Event], what: str) -> dict[int, Any]:
    """Return the arguments of metadata by process (if it is of processes) or thread."""
    key = "pid" if what.startswith("process") else "tid"
    found = [event for event in events if event["ph"] == "M" and event["name"] == what]
    by_number = {event[key]: next(iter(event["args"].values())) for event in found}
    assert len(by_number) == len(found)
    return by_number


def slices(events: list[Event], category: str) -> list[Event]:
    return [event for event in events if event["ph"] == "X" and event["cat"] == category]


def counters(events: list[Event]) -> dict[tuple[int, str], list[tuple[int, float]]]:
    """Return steps (cycle, value) by process and counter."""
    steps = defaultdict(list)
    for event in events:
        if event["ph"] == "C":
            (value,) = event["args"].values()
            steps[event["pid"], event["name"]].append((event["ts"], value))
    return steps


def test_every_event_has_what_the_format_asks_for(events: list[Event]) -> None:
    for event in events:
        assert event["ph"] in ("M", "X", "C")
        assert isinstance(event["name"], str)
        assert all(isinstance(event[key], int) for key in ("pid", "tid", "ts"))
        assert event["ts"] >= 0
        assert isinstance(event["args"], dict)
        if event["ph"] == "X":
            assert isinstance(event["dur"], int)
            assert event["dur"] > 0


def test_processes_are_the_variants_and_threads_the_layers_and_units(case: str, events: list[Event]) -> None:
    result = result_of(case)
    assert named(events, "process_name") == dict(enumerate(result.summary.variants, 1))
    assert named(events, "process_sort_index") == {process: process for process in named(events, "process_name")}
    names, order = named(events, "thread_name"), named(events, "thread_sort_index")
    for process, variant in named(events, "process_name").items():
        threads = sorted({thread for thread in names if thread // 100 == process}, key=order.__getitem__)
        present = set(result.units[result.units["variant"] == variant]["unit"])
        units = [UNIT_NAMES[unit] for unit in UNITS if unit in present]
        assert [names[thread] for thread in threads] == ["layers", *units]
    assert {event["tid"] for event in events} == set(names)
    assert not set(names) & {1, 2}  # or a viewer takes the thread for the main thread of a process


def test_slices_of_a_thread_nest(events: list[Event]) -> None:
    by_thread = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            by_thread[event["tid"]].append(event)
    for thread in by_thread.values():
        assert [event["ts"] for event in thread] == sorted(event["ts"] for event in thread)
        open_until: list[int] = []
        for event in thread:
            while open_until and open_until[-1] <= event["ts"]:
                open_until.pop()
            end = event["ts"] + event["dur"]
            assert not open_until or end <= open_until[-1]
            # Only a stall lies in something: in the operation that it belongs to.
            assert not open_until or (event["cat"] == "stall" and len(open_until) == 1)
            open_until.append(end)


def test_operations_give_events_csv_back(case: str, events: list[Event]) -> None:
    variants, threads = named(events, "process_name"), named(events, "thread_name")
    units = {name: unit for unit, name in UNIT_NAMES.items()}
    rows = [
        (
            variants[event["pid"]],
            event["args"]["layer"],
            units[threads[event["tid"]]],
            f"{event['name']} {event['args']['tile']}".strip(),
            event["ts"],
            event["ts"] + event["dur"],
            event["args"].get("bytes", 0),
            event["args"]["busy_cycles"],
        )
        for event in slices(events, "operation")
    ]
    assert_same_rows(rows, result_of(case).events)


def test_stalls_give_stalls_csv_back(case: str, events: list[Event]) -> None:
    variants, threads = named(events, "process_name"), named(events, "thread_name")
    units = {name: unit for unit, name in UNIT_NAMES.items()}
    rows = [
        (
            variants[event["pid"]],
            event["args"]["layer"],
            units[threads[event["tid"]]],
            event["name"],
            event["ts"],
            event["ts"] + event["dur"],
        )
        for event in slices(events, "stall")
    ]
    assert_same_rows(rows, result_of(case).stalls)


def assert_same_rows(rows: list[tuple[Any, ...]], frame: pd.DataFrame) -> None:
    assert len(rows) == len(frame)
    assert sorted(rows) == sorted(frame.itertuples(index=False, name=None))


def test_layers_are_those_of_layers_csv(case: str, events: list[Event]) -> None:
    variants = named(events, "process_name")
    layers = result_of(case).layers
    assert [
        (variants[event["pid"]], event["name"], event["ts"], event["dur"], event["args"]["tiling"])
        for event in slices(events, "layer")
    ] == list(layers[["variant", "layer", "start_cycle", "cycles", "tiling"]].itertuples(index=False, name=None))


def test_counters_go_on_in_time_and_end_at_0(case: str, events: list[Event]) -> None:
    result = result_of(case)
    ends = {process: totals.cycles for process, totals in enumerate(result.summary.variants.values(), 1)}
    for (process, name), steps in counters(events).items():
        cycles = [cycle for cycle, _ in steps]
        assert all(cycle < later for cycle, later in pairwise(cycles))
        assert steps[-1][1] == 0
        if name != "DRAM bandwidth":
            assert (cycles[0], cycles[-1]) == (0, ends[process])


def test_bandwidth_adds_up_to_the_bytes(case: str, events: list[Event]) -> None:
    summary = result_of(case).summary
    for process, variant in named(events, "process_name").items():
        steps = counters(events)[process, "DRAM bandwidth"]
        moved = sum(rate * (end - start) for (start, rate), (end, _) in pairwise(steps))
        total = summary.variants[variant]
        assert moved == pytest.approx(total.dram_read_bytes + total.dram_write_bytes, rel=1e-9)


def test_halves_in_use_are_those_of_buffers_csv(case: str, events: list[Event]) -> None:
    result = result_of(case)
    for process, variant in named(events, "process_name").items():
        for buffer, changes in result.buffers.query("variant == @variant").groupby("buffer"):
            expected = dict(zip(changes["cycle"], changes["halves_in_use"], strict=True))
            end = result.summary.variants[variant].cycles
            assert dict(counters(events)[process, f"{buffer} buffer"]) == expected | {end: 0}


def test_it_says_what_a_microsecond_is(tmp_path: Path) -> None:
    about = document(tmp_path, result_of("alpha5"))["otherData"]
    assert about == {"network": "alpha5", "machine": "alpha5", "time": "1 us is 1 cycle"}


def test_a_part_is_written_with_the_times_it_has_in_the_whole(tmp_path: Path) -> None:
    result = result_of("resnet18")
    layer = result.layers[result.layers["layer"] == "layer1.0.conv1"]
    events = document(tmp_path, result, select(result, ["layer1.0.conv1"]))["traceEvents"]
    assert [(event["ts"], event["dur"]) for event in slices(events, "layer")] == list(
        zip(layer["start_cycle"], layer["cycles"], strict=True)
    )
    rows = [event for event in slices(events, "operation") if event["args"]["layer"] == "layer1.0.conv1"]
    assert len(rows) == len(slices(events, "operation")) == (result.events["layer"] == "layer1.0.conv1").sum()


def test_a_variant_alone_keeps_its_process(tmp_path: Path) -> None:
    result = result_of("alpha5")
    # Of 670 and 688 cycles.
    events = document(tmp_path, result, select(result, window=Window(680, 688)))["traceEvents"]
    assert named(events, "process_name") == {2: "unfused"}


def test_the_same_input_gives_the_same_bytes_also_compressed(tmp_path: Path) -> None:
    result = result_of("alpha5")
    plain = [tmp_path / "one.json", tmp_path / "two.json"]
    packed = [tmp_path / "one.json.gz", tmp_path / "two.json.gz"]
    for path in (*plain, *packed):
        write_trace(result, select(result), path)
    texts, archives = ([path.read_bytes() for path in paths] for paths in (plain, packed))
    assert texts[0] == texts[1] == gzip.decompress(archives[0])
    assert archives[0] == archives[1]
    assert archives[0][4:8] == bytes(4)  # no time


def test_any_name_of_a_layer_is_valid_json(tmp_path: Path) -> None:
    result = result_of("alpha5")
    name = '</script>"\\\n\x00\x1f é 中 \U0001f600'
    activity = select(result)
    frames = {key: getattr(activity, key).assign(layer=name) for key in ("layers", "events", "stalls", "buffers")}
    events = document(tmp_path, result, activity._replace(**frames))["traceEvents"]
    assert {event["name"] for event in slices(events, "layer")} == {name}
    assert {event["args"]["layer"] for event in slices(events, "operation")} == {name}


def test_more_than_viewers_can_load_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = result_of("alpha5")
    activity = select(result)
    slices = len(activity.events) + len(activity.stalls)
    monkeypatch.setattr(trace_event, "MAX_SLICES", slices)
    write_trace(result, activity, tmp_path / "trace.json")
    monkeypatch.setattr(trace_event, "MAX_SLICES", slices - 1)
    with pytest.raises(InputError) as refused:
        write_trace(result, activity, tmp_path / "other.json")
    assert str(refused.value) == (
        f"{slices} operations and stalls are more than the {slices - 1} that viewers can load; choose a part with "
        "`accelsim trace --layer NAME` or `--cycles START:END`, or write a VCD, which has no limit"
    )
    assert not (tmp_path / "other.json").exists()
