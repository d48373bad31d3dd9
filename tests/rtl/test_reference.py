"""By hand, on layers of a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accelsim.config.machine import MachineConfig
from accelsim.layers import Layer
from accelsim.program.phases import layer_phases
from accelsim.rtl.operands import Operands, Pooling
from accelsim.rtl.reference import converted, fitting_shift, phase_psums
from accelsim.workload.shapes import Window
from tests.rtl.layers import alike, convolution, mapped, streamed

NONE = np.empty((0,), dtype=np.int64)


def psums_of(layer: Layer, ifmap: Any, machine: MachineConfig | None = None, **operands: Any) -> list[Any]:
    machine = machine or alike()
    default = Operands(NONE, NONE, NONE, NONE, 0, NONE, Pooling(average=False, reciprocal=0), clip_high=0)
    given = default._replace(**{name: _array(value) for name, value in operands.items()})
    (phase,) = layer_phases(machine, layer, mapped(machine, layer))
    values: list[Any] = phase_psums(machine, phase, given, np.array(ifmap)).tolist()
    return values


def _array(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


def test_convolution_and_bias() -> None:
    layer = convolution(1, 1, side=2, kernel=2, bias=True)
    # 1·1 + 2·2 + 3·3 + 4·4 + 100
    assert psums_of(layer, [[[[1, 2], [3, 4]]]], weights=[[[[1, 2], [3, 4]]]], bias=[[100]]) == [[[[130]]]]


def test_groups_see_their_own_channels_only() -> None:
    layer = convolution(2, 2, side=1, groups=2)
    assert psums_of(layer, [[[[3]], [[5]]]], weights=[[[[2]]], [[[7]]]]) == [[[[6]], [[35]]]]


def test_psums_wrap_at_their_width() -> None:
    layer = convolution(2, 1, side=1)
    machine = alike(array={"operand_bits": 4, "psum_bits": 8})
    assert psums_of(layer, [[[[-8]], [[-8]]]], machine, weights=[[[[-8]], [[-8]]]]) == [[[[-128]]]]


def test_scale_and_shift() -> None:
    layer = streamed(1, side=1, batchnorm=True)
    # 3 · 1.5 = 4.5, rounded down, − 10; 32-bit words have 16 bits behind the point
    assert psums_of(layer, [[[[3]]]], bn_words=[[3 * 2**15, -10]]) == [[[[-6]]]]


def test_raw_statistics() -> None:
    layer = streamed(1, side=1, batchnorm=True)
    machine = alike(bn={"parameters": "raw"})
    # 7 · (−5 − 2) / √(15 + 1) + 100 = −12.25 + 100, rounded towards zero before the addition
    assert psums_of(layer, [[[[-5]]]], machine, bn_words=[[7, 100, 2, 15]]) == [[[[88]]]]


@pytest.mark.parametrize(
    ("psum", "mantissa", "shift", "result"),
    [
        (5, 3, 0, 15),  # nothing to round
        (5, 3, 1, 8),  # 7.5: a half goes up ...
        (-5, 3, 1, -7),  # ... also below 0
        (5, -3, 2, -4),  # −3.75
        (1, 1, 63, 0),
        (-1, 1, 63, 0),
        (100, 3, 0, 127),
        (-100, 3, 1, -128),
    ],
)
def test_requantisation_rounds_a_half_up_and_clips(psum: int, mantissa: int, shift: int, result: int) -> None:
    layer, machine = convolution(1, 1, side=1), alike(requantization={"lanes": 3, "weight_scales": "per_tensor"})
    psums = psums_of(layer, [[[[1]]]], machine, weights=[[[[psum]]]], multiplier=mantissa * 64 + shift)
    assert psums == [[[[result]]]]


def test_every_channel_has_its_multiplier() -> None:
    layer, machine = convolution(1, 2, side=1), alike(requantization={"lanes": 3})
    words = {"weights": [[[[7]]], [[[7]]]], "multipliers": [[2 * 64], [-1 * 64 + 1]]}
    assert psums_of(layer, [[[[1]]]], machine, **words) == [
        [
            [
                [14],
            ],
            [[-3]],
        ]
    ]


def test_what_is_requantised_is_normalised_before_and_added_to_behind() -> None:
    layer = streamed(1, side=1, batchnorm=True, residual=True)
    machine = alike(requantization={"lanes": 3})
    # (3 · 2 + 1) / 2 = 3.5, rounded up, + 100
    operands = {"bn_words": [[2 * 2**16, 1]], "multiplier": 64 + 1, "residual": [[[[100]]]]}
    assert psums_of(layer, [[[[3]]]], machine, **operands) == [[[[104]]]]


def test_what_nothing_normalises_is_not_requantised() -> None:
    layer, machine = streamed(1, side=1, activation="relu"), alike(requantization={"lanes": 3})
    assert psums_of(layer, [[[[3]]]], machine, multiplier=0) == [[[[3]]]]


def test_residual_then_activation() -> None:
    layer = streamed(1, side=2, residual=True, activation="relu6")
    psums = psums_of(layer, [[[[1, 2], [3, 4]]]], residual=[[[[-5, 0], [3, 100]]]], clip_high=50)
    assert psums == [[[[0, 2], [6, 50]]]]


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        (Pooling(average=False, reciprocal=0), [[-4, -3], [-2, -1]]),
        # the sum of the 4 positions, 3 of them padding, times a quarter, rounded down
        (Pooling(average=True, reciprocal=16384), [[-1, -1], [-1, -1]]),
    ],
)
def test_padding_is_no_maximum_and_counts_in_an_average(pooling: Pooling, pooled: list[list[int]]) -> None:
    window = Window((2, 2), stride=(2, 2), padding=(1, 1, 1, 1))
    layer = streamed(1, side=2, window=window, pooling=True)
    assert psums_of(layer, [[[[-4, -3], [-2, -1]]]], pooling=pooling) == [[pooled]]


def test_conversion_shifts_and_saturates() -> None:
    assert converted(np.array([-300, -5, 5, 300]), 1, 8).tolist() == [-128, -3, 2, 127]


@pytest.mark.parametrize(("largest", "shift"), [(127, 0), (255, 0), (256, 1), (-1024, 3)])
def test_the_shift_leaves_the_largest_value_one_bit_too_wide_at_most(largest: int, shift: int) -> None:
    assert fitting_shift(np.array([0, largest]), 8) == shift
