"""The mapping of a whole network."""

from __future__ import annotations

import pytest

from accelsim.config.run import TilingConfig
from accelsim.errors import MappingError
from accelsim.mapping.plan import map_layers
from accelsim.workload.nodes import BatchNorm, Conv, Linear, Pool
from accelsim.workload.shapes import Window
from tests.mapping.small_networks import conv, machine, network


def test_a_tiling_of_an_unknown_layer_is_refused() -> None:
    with pytest.raises(MappingError) as caught:
        map_layers(machine(), network(conv("first", "input")), {"frist": TilingConfig()})
    assert str(caught.value) == "run.tiling.frist: no layer has this name; did you mean 'first'?"


def test_a_layer_that_fits_in_no_way_is_told_what_the_smallest_tile_lacks() -> None:
    # One pixel of one output channel still needs a whole window of one input channel: 40x40 bytes, and as many weights.
    huge = Conv(name="huge", inputs=("input",), in_channels=2, out_channels=2, window=Window(kernel=(40, 40)))
    with pytest.raises(MappingError) as caught:
        map_layers(machine(), network(huge, channels=2, side=50), {})
    assert caught.value.message == (
        "layer 'huge': no tile fits, not even the smallest (1 x 1x1 pixels, 1 x 1 output channels, 1 input channels, "
        "reuse weight): it needs 1600 bytes of the ifmap buffer, one half of which holds 1024; it needs 1600 bytes "
        "of the weight buffer, one half of which holds 1024"
    )
    assert caught.value.key is None


def test_more_operations_than_anyone_would_wait_for_are_refused() -> None:
    # With room for one psum, each of 32 * 200 * 200 outputs is a tile of its own.
    with pytest.raises(MappingError, match=r"takes 1280000 operations when tiled by 1 x 1x1 .*, more than 500000: "):
        map_layers(machine(accumulator={"psums": 1}), network(conv("a", "input", out=32), side=200), {})


def test_an_offchip_batchnorm_has_a_tiling_of_its_own_even_where_the_first_is_fixed() -> None:
    layers = network(conv("a", "input", out=16), BatchNorm(name="bn", inputs=("a",)))
    offchip = machine(bn={"lanes": 8, "placement": "offchip"})
    chosen = map_layers(offchip, layers, {})["a"]
    asked = map_layers(offchip, layers, {"a": TilingConfig(out_channels=5)})["a"]
    assert asked.tiling.out_channels == 5
    assert asked.second_phase == chosen.second_phase is not None
    assert map_layers(machine(), layers, {})["a"].second_phase is None


def test_parameters_come_at_once_if_those_of_the_unfused_variant_fit() -> None:
    # Two words of 4 bytes a channel: 128 channels are 1,024 bytes, 129 are too many. The fused variant's would fit.
    for out, at_once in ((128, True), (129, False)):
        layers = network(conv("a", "input", out=out), BatchNorm(name="bn", inputs=("a",)))
        assert map_layers(machine(), layers, {})["a"].parameters_at_once is at_once


def test_equal_layers_are_mapped_equally_and_all_are_mapped() -> None:
    chain = network(
        conv("a", "input"), conv("b", "a"), Linear(name="fc", inputs=("b",), in_features=128, out_features=10)
    )
    mapped = map_layers(machine(), chain, {})
    assert list(mapped) == ["a", "b", "fc"]
    assert mapped["a"] == mapped["b"] != mapped["fc"]


def test_pooling_before_a_narrower_activation_is_refused() -> None:
    pool = Pool(name="pool", inputs=("input",), kind="max", window=Window((2, 2), (2, 2)))
    narrow = machine(activation={"lanes": 4})
    with pytest.raises(MappingError, match="layer 'pool': pooling cannot be followed by an activation of fewer lanes"):
        map_layers(narrow, network(pool), {})
    map_layers(narrow, network(conv("conv", "input")), {})
