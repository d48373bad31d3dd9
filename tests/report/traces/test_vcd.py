from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accelsim.report.selection import Window
from accelsim.report.traces.vcd import Wave, write_save_file, write_vcd
from tests.report.traces.waveform import Waveform, read_vcd


def written(folder: Path, *waves: Wave, window: tuple[int, int] = (0, 10)) -> Waveform:
    path = folder / "waves.vcd"
    write_vcd(waves, Window(*window), path)
    return read_vcd(path)


def text(*steps: tuple[int, str]) -> Wave:
    return Wave(("top",), "what", "text", iter(steps))


def test_signals_of_all_kinds_are_read_back(tmp_path: Path) -> None:
    steps: dict[Any, list[tuple[int, Any]]] = {
        "bit": [(3, 1), (4, 0)],
        "number": [(2, 7), (3, 4096)],
        "text": [(3, "load ifmap"), (5, "")],
    }
    waves = [Wave(("top", "unit"), kind, kind, iter(changes)) for kind, changes in steps.items()]
    read = written(tmp_path, *waves)
    initial = {"bit": 0, "number": 0, "text": ""}
    assert read.steps == {f"top.unit.{kind}": [(0, initial[kind]), *changes] for kind, changes in steps.items()}


def test_it_begins_and_ends_with_the_window(tmp_path: Path) -> None:
    read = written(tmp_path, Wave(("top",), "busy", "bit", iter([(7, 1)])), window=(5, 20))
    assert (read.start, read.end) == (5, 20)
    assert read.level("top.busy").tolist() == [0] * 2 + [1] * 13


@pytest.mark.parametrize("name", ["plain", "two words", "back\\slash", "'\"<>$end#1"])
def test_texts_are_shown_as_they_are(name: str, tmp_path: Path) -> None:
    assert written(tmp_path, text((1, name))).steps["top.what"][1] == (1, name)


@pytest.mark.parametrize(
    ("name", "shown"), [("é", "\\xe9"), ("中", "\\u4e2d"), ("\x00", "\\x00"), ("tab\tand\nline", "tab\\tand\\nline")]
)
def test_what_is_no_printable_ascii_is_escaped(name: str, shown: str, tmp_path: Path) -> None:
    assert written(tmp_path, text((1, name))).steps["top.what"][1] == (1, shown)


def test_the_file_says_what_a_nanosecond_is_and_no_date(tmp_path: Path) -> None:
    written(tmp_path, text())
    header = (tmp_path / "waves.vcd").read_text().split("$scope")[0]
    assert header == "$comment 1 ns is 1 cycle $end\n$timescale 1 ns $end\n"


def test_the_save_file_shows_waves_in_the_groups_of_their_scopes(tmp_path: Path) -> None:
    waves = [
        Wave(("fused",), "layer", "text", iter(())),
        Wave(("fused", "dma"), "busy", "bit", iter(())),
        Wave(("fused", "dma"), "bytes", "number", iter(())),
        Wave(("unfused", "dma"), "stalled", "bit", iter(())),
    ]
    path = tmp_path / "waves.gtkw"
    write_save_file(waves, Window(100, 100 + 3 * 1024), "waves.vcd", path)
    lines = path.read_text().splitlines()
    assert lines[:3] == ['[dumpfile] "waves.vcd"', "[sst_expanded] 0", "[timestart] 100"]
    assert lines[3].startswith("*-10.000000 -1 ")  # 3 frames of 2^10 cycles
    assert [line for line in lines[4:] if not line.startswith("@")] == [
        "-fused",
        "+{layer} fused.layer",
        "-dma",
        "[color] 4",
        "+{busy} fused.dma.busy",
        "+{bytes} fused.dma.bytes",
        "-dma",
        "-fused",
        "-unfused",
        "-dma",
        "[color] 1",
        "+{stalled} unfused.dma.stalled",
        "-dma",
        "-unfused",
    ]
