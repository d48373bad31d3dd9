"""How full the buffers were: against a derivation by hand, and against what no machine can do."""

from __future__ import annotations

import pytest

from accelsim.results.buffers import BUFFERS, halves_of
from accelsim.results.result import Result
from tests.results.runs import CASES, result_of


@pytest.fixture(params=CASES)
def result(request: pytest.FixtureRequest) -> Result:
    return result_of(request.param)


def test_one_tile_fills_every_buffer_once() -> None:
    buffers = result_of("alpha5").buffers
    unfused = buffers[buffers["variant"] == "unfused"]
    steps = {
        buffer: list(zip(rows["cycle"], rows["halves_in_use"], strict=True))
        for buffer, rows in unfused.groupby("buffer", sort=False)
    }
    # Loads: parameters from cycle 0, ifmap from 4, weights from 20. The array multiplies from 102 to before 624 and
    # then needs neither ifmap nor weights. BatchNorm's pass ends before 640; the read-out, from 656 to before 672,
    # moves the accumulator into the ofmap buffer, which is stored before 688. See the events of this layer.
    assert steps == {
        "ifmap": [(0, 0), (4, 1), (624, 0)],
        "weight": [(0, 0), (20, 1), (624, 0)],
        "parameter": [(0, 1), (640, 0)],
        "residual": [(0, 0)],
        "accumulator": [(0, 0), (102, 1), (672, 0)],
        "ofmap": [(0, 0), (656, 1), (688, 0)],
    }


def test_no_more_halves_are_in_use_than_there_are(result: Result) -> None:
    for buffer, rows in result.buffers.groupby("buffer"):
        assert rows["halves_in_use"].between(0, halves_of(result.config.machine, str(buffer))).all()


def test_there_is_a_row_for_every_change_and_for_the_start_of_a_layer(result: Result) -> None:
    starts = result.layers.set_index(["variant", "layer"])["start_cycle"].to_dict()
    for (variant, layer, _), rows in result.buffers.groupby(["variant", "layer", "buffer"], sort=False):
        assert rows["cycle"].iloc[0] == starts[variant, layer]
        assert (rows["cycle"].diff().dropna() > 0).all()
        assert (rows["halves_in_use"].diff().dropna() != 0).all()
    assert set(result.buffers["buffer"]) == set(BUFFERS)


def test_at_the_end_of_a_layer_all_is_free_but_an_ofmap_that_stays(result: Result) -> None:
    last = result.buffers.groupby(["variant", "layer", "buffer"], sort=False)["halves_in_use"].last()
    still_used = last[last > 0].reset_index()
    assert set(still_used["buffer"]) <= {"ofmap"}
    assert still_used.empty or result.config.machine.keep_on_chip


def test_an_ofmap_that_stays_is_there_when_the_next_layer_starts() -> None:
    result = result_of("cifar, kept on chip")
    ofmap = result.buffers[result.buffers["buffer"] == "ofmap"].query("variant == 'fused'")
    by_layer = ofmap.groupby("layer", sort=False)["halves_in_use"]
    ends, starts = by_layer.last().tolist(), by_layer.first().tolist()
    assert starts[0] == 0
    assert sum(starts) > 0
    for start, end_before in zip(starts[1:], ends[:-1], strict=True):
        assert start in (end_before, end_before + 1)  # a pooling that has its ifmap there begins in its first cycle
