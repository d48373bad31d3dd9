"""Waveforms hold what the frames hold: cycle by cycle, and nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim.experiment import UNITS
from accelsim.report.selection import Activity, Window, select
from accelsim.report.traces.vcd import write_save_file, write_vcd
from accelsim.report.traces.waves import result_waves, whole_window
from tests.report.traces.waveform import Waveform, read_vcd
from tests.results.runs import CASES, result_of


def written(folder: Path, case: str, activity: Activity | None = None) -> Waveform:
    result = result_of(case)
    activity = activity or select(result)
    write_vcd(result_waves(result, activity), whole_window(activity), folder / "waves.vcd")
    return read_vcd(folder / "waves.vcd")


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def waveform(case: str, tmp_path_factory: pytest.TempPathFactory) -> Waveform:
    return written(tmp_path_factory.mktemp("waves"), case)


def units(case: str) -> list[tuple[str, str]]:
    """Return variants and their units."""
    rows = result_of(case).units[["variant", "unit"]].drop_duplicates()
    return list(rows.itertuples(index=False, name=None))


def test_every_unit_of_every_variant_has_its_signals(case: str, waveform: Waveform) -> None:
    signals = {f"{variant}.{unit}" for variant, unit in units(case)}
    expected = {f"{unit}.{name}" for unit in signals for name in ("busy", "stalled", "operation", "stalled_on")}
    others = {path for path in waveform.steps if ".buffers." not in path} - expected
    assert others == {f"{variant}.{name}" for variant, _ in units(case) for name in ("layer", "dma.bytes")}
    assert {path.split(".")[1] for path in expected} <= set(UNITS)
    assert expected < waveform.steps.keys()


def test_busy_and_stalled_cycles_are_those_of_units_csv(case: str, waveform: Waveform) -> None:
    result = result_of(case)
    rows = result.units.merge(result.layers, on=["variant", "layer"])
    columns = ["variant", "unit", "start_cycle", "cycles", "busy_cycles", "stalled_cycles"]
    levels = {path: waveform.level(path) for path in waveform.steps if path.endswith(("busy", "stalled"))}
    for variant, unit, start, cycles, busy, stalled in rows[columns].itertuples(index=False, name=None):
        of_layer = slice(start, start + cycles)
        assert levels[f"{variant}.{unit}.busy"][of_layer].sum() == busy
        assert levels[f"{variant}.{unit}.stalled"][of_layer].sum() == stalled


def test_a_unit_is_never_busy_and_stalled_at_once(case: str, waveform: Waveform) -> None:
    for variant, unit in units(case):
        busy, stalled = (waveform.level(f"{variant}.{unit}.{signal}") for signal in ("busy", "stalled"))
        assert (busy + stalled).max(initial=0) <= 1


def test_a_unit_is_stalled_where_it_says_on_what(case: str, waveform: Waveform) -> None:
    for variant, unit in units(case):
        causes = waveform.spans(f"{variant}.{unit}.stalled_on")
        assert waveform.spans(f"{variant}.{unit}.stalled") == joined([(start, end, 1) for start, end, _ in causes])


def test_operations_and_causes_are_those_of_the_frames(case: str, waveform: Waveform) -> None:
    result = result_of(case)
    frames = {"operation": (result.events, "operation"), "stalled_on": (result.stalls, "stalled_on")}
    for variant, unit in units(case):
        for signal, (frame, column) in frames.items():
            rows = frame.query("variant == @variant and unit == @unit")[["start_cycle", "end_cycle", column]]
            assert waveform.spans(f"{variant}.{unit}.{signal}") == joined(list(rows.itertuples(index=False, name=None)))


def joined(spans: list[tuple[int, int, Any]]) -> list[tuple[int, int, Any]]:
    """Return spans in which neighbours with the same value are one: a waveform shows no edge between them."""
    found: list[tuple[int, int, Any]] = []
    for start, end, value in spans:
        if found and found[-1][1:] == (start, value):
            start = found.pop()[0]
        found.append((start, end, value))
    return found


def test_bytes_are_those_of_the_transfers(case: str, waveform: Waveform) -> None:
    for variant in ("fused", "unfused"):
        rows = result_of(case).events.query("variant == @variant and unit == 'dma'")
        spans = rows[["start_cycle", "end_cycle", "bytes"]].itertuples(index=False, name=None)
        assert waveform.spans(f"{variant}.dma.bytes") == joined(list(spans))


def test_layers_follow_one_another(case: str, waveform: Waveform) -> None:
    layers = result_of(case).layers.assign(end_cycle=lambda rows: rows["start_cycle"] + rows["cycles"])
    for variant, rows in layers.groupby("variant"):
        spans = rows[["start_cycle", "end_cycle", "layer"]].itertuples(index=False, name=None)
        assert waveform.spans(f"{variant}.layer") == list(spans)


def test_buffers_hold_what_buffers_csv_says(case: str, waveform: Waveform) -> None:
    for variant, window in select(result_of(case)).windows.items():
        changes = result_of(case).buffers.query("variant == @variant")
        for buffer, rows in changes.groupby("buffer"):
            expected = np.repeat(rows["halves_in_use"].to_numpy(), np.diff([*rows["cycle"], window.end_cycle]))
            assert np.array_equal(waveform.level(f"{variant}.buffers.{buffer}")[: window.end_cycle], expected)


def test_the_save_file_names_signals_that_are_there(case: str, waveform: Waveform, tmp_path: Path) -> None:
    activity = select(result_of(case))
    waves = result_waves(result_of(case), activity)
    write_save_file(waves, whole_window(activity), "waves.vcd", tmp_path / "waves.gtkw")
    lines = (tmp_path / "waves.gtkw").read_text().splitlines()
    shown = [line.split("} ")[1] for line in lines if line.startswith("+{")]
    assert sorted(shown) == sorted(waveform.steps)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    texts = set()
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        written(folder, "alpha5")
        texts.add((folder / "waves.vcd").read_bytes())
    assert len(texts) == 1


def test_a_layer_keeps_its_time(tmp_path: Path) -> None:
    result = result_of("resnet18")
    activity = select(result, ["layer1.0.conv1"])
    part = written(tmp_path, "resnet18", activity)
    assert (part.start, part.end) == whole_window(activity)
    for variant, window in activity.windows.items():
        assert part.spans(f"{variant}.layer") == [(*window, "layer1.0.conv1")]


def test_a_window_is_cut_out_of_the_whole(tmp_path: Path) -> None:
    # The array works from cycle 100 to before 622 (fused), the function unit then to before 638 and 654.
    whole = written(tmp_path, "alpha5")
    part = written(tmp_path, "alpha5", select(result_of("alpha5"), window=Window(610, 640)))
    assert (part.start, part.end) == (610, 640)
    assert part.spans("fused.conv_array.operation") == [(610, 622, "multiply g0 m0 n0 k0")]
    for path in part.steps:
        # Buffers that are in use at the end of the window are shown as empty from there on, which is behind it.
        assert np.array_equal(part.level(path), whole.level(path)[610:640])
