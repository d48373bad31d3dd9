from __future__ import annotations

from accelsim.config.run import TilingConfig
from accelsim.layout import Span
from accelsim.mapping.plan import map_layers
from accelsim.program.phases import Phase, layer_phases
from tests.rtl.layers import alike, convolution, mapped, streamed


def tiled(**tiling: int | str) -> Phase:
    machine, layer = alike(), convolution(4, 6, bias=True)
    config = TilingConfig.model_validate(tiling)
    (phase,) = layer_phases(machine, layer, map_layers(machine, [layer], {"conv": config})["conv"])
    return phase


def test_an_output_tile_is_drained_once_however_often_it_is_accumulated() -> None:
    phase = tiled(out_channels=3, in_channels=2)
    assert [(index.channel, index.k) for index in phase.order] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [tile.channels for tile in phase.tiles] == [Span(0, 3), Span(3, 3)]


def test_a_filling_serves_as_long_as_it_does_not_change() -> None:
    phase = tiled(out_channels=3, out_height=1, reuse="weight")
    # 3 rows for each of 2 channel tiles
    assert len(phase.tiles) == len(phase.ifmap_loads) == 6
    assert phase.weight_loads == [(Span(0, 3), Span(0, 4)), (Span(3, 3), Span(0, 4))]


def test_parameters_of_all_channels_are_one_load() -> None:
    assert tiled(out_channels=3).parameter_loads == [Span(0, 6)]


def test_what_needs_no_parameters_loads_none() -> None:
    machine, layer = alike(), convolution(4, 6)
    (phase,) = layer_phases(machine, layer, mapped(machine, layer))
    assert phase.parameter_loads == ()


def test_an_off_chip_bn_is_a_phase_of_its_own() -> None:
    machine = alike(bn={"placement": "offchip", "intermediate_bits": 16})
    layer = convolution(4, 6, bias=True, batchnorm=True, residual=True)
    first, second = layer_phases(machine, layer, mapped(machine, layer))
    assert (first.epilogue.bias, first.epilogue.batchnorm, first.epilogue.residual) == (True, False, False)
    assert (second.epilogue.bias, second.epilogue.batchnorm, second.epilogue.residual) == (False, True, True)
    assert (first.source_bits, first.stored_bits) == (8, 16)
    assert (second.source_bits, second.stored_bits) == (16, 8)
    assert (len(second.order), len(second.weight_loads)) == (0, 0)


def test_a_streamed_tile_loads_its_own_input() -> None:
    machine, layer = alike(), streamed(2)
    (phase,) = layer_phases(machine, layer, mapped(machine, layer))
    assert phase.ifmap_loads == [(tile.pixels, tile.channels) for tile in phase.tiles]
