"""The program of a small streamed layer: 4 channels, 2 images of 1×2 pixels, in tiles of one image and 2 channels."""

from __future__ import annotations

from accelsim.layers import Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping
from accelsim.mapping.residency import Residency
from accelsim.mapping.tiling import Tiling
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program, Token
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import machine

TILING = Tiling(images=1, out_height=1, out_width=2, groups=1, out_channels=2, in_channels=2)


def written(
    epilogue: Epilogue,
    *,
    at_once: bool = True,
    kept: Residency = Residency(),  # noqa: B008  a tuple
    placement: str = "inline",
    window: Window = Window(),  # noqa: B008
) -> Program:
    rows, columns = window.extent
    shape = StreamShape(2, Shape(4, rows, 1 + columns), Shape(4, 1, 2), window)
    layer = Layer("stream", "batchnorm", shape, epilogue, ("stream",), ("input", "skip"))
    return layer_program(machine(bn={"placement": placement}), layer, LayerMapping(kept, TILING, at_once))


def labels(program: Program) -> list[str]:
    return [operation.label for operation in program.transfers]


def test_channels_in_the_outer_loop_and_pixels_in_the_inner_one() -> None:
    program = written(Epilogue(batchnorm=True, residual=True), at_once=False)
    assert labels(program) == [
        *("load parameters n0", "load ifmap n0 m0", "load residual n0 m0"),
        *("load ifmap n0 m1", "load residual n0 m1"),
        *("load parameters n1", "load ifmap n1 m0", "load residual n1 m0"),
        "store ofmap n0 m0",
        *("load ifmap n1 m1", "load residual n1 m1"),
        *("store ofmap n0 m1", "store ofmap n1 m0", "store ofmap n1 m1"),
    ]
    assert program.array == []


def test_tokens() -> None:
    drains = written(Epilogue(batchnorm=True), at_once=False).drains
    assert drains[0].takes == (Token.IFMAP_FULL, Token.PARAMETER_FULL, Token.OFMAP_FREE)
    assert [Token.PARAMETER_FULL in drain.takes for drain in drains] == [True, False, True, False]
    assert [Token.PARAMETER_FREE in drain.gives for drain in drains] == [False, True, False, True]
    assert all(Token.IFMAP_FREE in drain.gives and Token.OFMAP_FULL in drain.gives for drain in drains)


def test_parameters_at_once_stay_to_the_end() -> None:
    drains = written(Epilogue(batchnorm=True)).drains
    assert [Token.PARAMETER_FULL in drain.takes for drain in drains] == [True, False, False, False]
    assert [Token.PARAMETER_FREE in drain.gives for drain in drains] == [False, False, False, True]


def test_pooling_reads_its_windows() -> None:
    # 2 pixels of 2 channels, a row each; 2×3 = 6 positions.
    drains = written(Epilogue(pooling=True), window=Window((2, 3))).drains
    assert {(drain.stages, drain.window, drain.blocks) for drain in drains} == {
        (("pooling", "activation"), 6, ((1, 2, 2),))
    }


def test_the_function_unit_passes_over_the_streamed_tile() -> None:
    program = written(Epilogue(batchnorm=True), placement="pass")
    first, last = program.function_unit[:2]
    assert [operation.label for operation in program.function_unit[:2]] == ["batchnorm n0 m0", "readout n0 m0"]
    assert first.takes == (Token.IFMAP_FULL, Token.PARAMETER_FULL)
    assert set(last.gives) == {Token.IFMAP_FREE, Token.OFMAP_FULL}
    assert program.drains == []


def test_an_ifmap_on_chip_is_given_back_with_the_last_tile() -> None:
    program = written(Epilogue(batchnorm=True), kept=Residency(ifmap=True))
    assert not any("ifmap" in label for label in labels(program))
    assert [drain.gives.count(Token.OFMAP_FREE) for drain in program.drains] == [0, 0, 0, 1]
    assert program.drains[0].takes == (Token.PARAMETER_FULL, Token.OFMAP_FREE)


def test_an_ofmap_that_stays_is_not_stored() -> None:
    program = written(Epilogue(batchnorm=True), kept=Residency(ofmap=True))
    assert not any("store" in label for label in labels(program))
    assert [Token.OFMAP_FREE in drain.takes for drain in program.drains] == [True, False, False, False]
