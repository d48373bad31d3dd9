"""Tilings that were asked for: used as given, or refused with what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from accelsim.config.run import TilingConfig
from accelsim.errors import MappingError
from accelsim.layers import layers_of
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.mapping.tiling import Tiling
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Add, BatchNorm, Conv
from accelsim.workload.shapes import Shape, Window
from tests.mapping.small_networks import conv, machine, network

GROUPED = Conv(
    name="grouped",
    inputs=("input",),
    in_channels=12,
    out_channels=24,
    window=Window(kernel=(3, 3), padding=(1, 1, 1, 1)),
    groups=4,
)
"""Of each of 4 groups, 3 input and 6 output channels, on 8x8 pixels."""


def fixed(tiling: dict[str, Any], batch: int = 1, **sections: Any) -> LayerMapping:
    layers = layers_of(Graph("net", Shape(12, 8, 8), [GROUPED]), batch)
    roomy: dict[str, Any] = {"accumulator": {"psums": 65536}, **sections}
    return map_layers(machine(**roomy), layers, {"grouped": TilingConfig.model_validate(tiling)})["grouped"]


def sizes(*values: int, reuse: Any = "weight") -> Tiling:
    names = ("images", "out_height", "out_width", "groups", "out_channels", "in_channels")
    return Tiling(**dict(zip(names, values, strict=True)), reuse=reuse)


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        # what is left out is whole, but images are cut with the image, and groups with their channels
        ({"groups": 1}, sizes(2, 8, 8, 1, 6, 3)),
        ({"groups": 2, "out_height": 3}, sizes(1, 3, 8, 2, 6, 3)),
        ({"out_height": 1, "out_width": 5, "groups": 1, "reuse": "ifmap"}, sizes(1, 1, 5, 1, 6, 3, reuse="ifmap")),
        ({"out_channels": 4}, sizes(2, 8, 8, 1, 4, 3)),
        ({"in_channels": 2, "images": 1}, sizes(1, 8, 8, 1, 6, 2)),
        ({"out_channels": 5, "in_channels": 1, "out_height": 7}, sizes(1, 7, 8, 1, 5, 1)),
    ],
)
def test_a_fixed_tiling_is_used_as_given(asked: dict[str, Any], used: Tiling) -> None:
    assert fixed(asked, batch=2).tiling == used


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"out_height": 9}, "out_height is 9, but the layer has only 8"),
        ({"images": 3}, "images is 3, but the layer has only 2"),
        ({"groups": 5}, "groups is 5, but the layer has only 4"),
        ({"out_channels": 7}, "out_channels is 7, but the layer has only 6"),
        ({"in_channels": 4}, "in_channels is 4, but the layer has only 3"),
        ({"images": 2, "out_height": 4}, "images must be 1, not 2, where out_height or out_width cut the image"),
        ({"out_width": 4, "out_height": 2}, "out_height must be 1, not 2, where out_width cuts the rows"),
        ({"groups": 2, "out_channels": 3}, "groups must be 1, not 2, where out_channels or in_channels cut a group"),
    ],
)
def test_a_tiling_of_the_wrong_structure_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(MappingError) as caught:
        fixed(asked, batch=2)
    assert caught.value.message == f"layer 'grouped': {words}"
    assert caught.value.key == "run.tiling.grouped"


@pytest.mark.parametrize(
    ("small", "needs"),
    [
        # 16 channels of 4x4 pixels of 4 bytes
        ("ifmap", "1024 bytes of the ifmap buffer, one half of which holds 512"),
        # 128 * 16 weights of 4 bytes
        ("weight", "8192 bytes of the weight buffer, one half of which holds 512"),
        # 128 channels of 4x4 pixels of 4 bytes, and their residual operand
        ("ofmap", "8192 bytes of the ofmap buffer, one half of which holds 512"),
        ("residual", "8192 bytes of the residual buffer, one half of which holds 512"),
        # a bias and four words of BN, of 4 bytes, for 128 channels
        ("parameter", "2560 bytes of the parameter buffer, one half of which holds 512"),
        # 128 channels of 16 pixels
        ("accumulator", "2048 psums of the accumulator, one half of which holds 100"),
    ],
)
def test_a_tile_that_does_not_fit_is_told_what_it_needs(small: str, needs: str) -> None:
    nodes = [
        conv("skip", "input", 16, 128),
        Conv(name="wide", inputs=("input",), in_channels=16, out_channels=128, window=Window(), bias=True),
        BatchNorm(name="bn", inputs=("wide",)),
        Add(name="sum", inputs=("bn", "skip")),
    ]
    layers = network(*nodes, channels=16)
    roomy: dict[str, Any] = {
        "array": {"rows": 8, "cols": 8, "operand_bits": 32, "psum_bits": 64},
        "accumulator": {"psums": 100 if small == "accumulator" else 2**20},
        "buffers": {name: {"kib": 1 if name == small else 64} for name in machine().buffers.model_dump()},
        "bn": {"lanes": 8, "parameters": "raw"},
    }
    with pytest.raises(MappingError) as caught:
        map_layers(machine(**roomy), layers, {"wide": TilingConfig()})
    tile = "1 x 4x4 pixels, 1 x 128 output channels, 16 input channels, reuse weight"
    assert caught.value.message == f"layer 'wide': a tile of {tile} does not fit: it needs {needs}"


def test_a_tiling_of_more_operations_than_anyone_would_wait_for_is_refused() -> None:
    # 32 channels of 200 x 200 pixels, one by one
    layers = network(conv("a", "input", out=32), side=200)
    tiling = TilingConfig(out_height=1, out_width=1, out_channels=1)
    with pytest.raises(MappingError, match="takes 1280000 operations"):
        map_layers(machine(), layers, {"a": tiling})
