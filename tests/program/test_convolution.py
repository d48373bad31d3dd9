"""The program of a small convolution, operation by operation.

1×1, 4 input and 6 output channels, 2 images of 1×2 pixels. Tiles of one image (m0, m1) and 3 channels (n0, n1);
where K is cut, 2 input channels at a time (k0, k1). All buffers have two halves.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest

from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.mapping.plan import LayerMapping
from accelsim.mapping.residency import Residency
from accelsim.mapping.tiling import Tiling
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program, Token
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import machine

SHAPE = ConvShape(2, Shape(4, 1, 2), Shape(6, 1, 2), Window(), 1)


def written(
    epilogue: Epilogue,
    *,
    reuse: Literal["ifmap", "weight"] = "weight",
    in_channels: int = 4,
    at_once: bool = True,
    kept: Residency = Residency(),  # noqa: B008  a tuple
    **sections: dict[str, Any],
) -> Program:
    tiling = Tiling(images=1, out_height=1, out_width=2, groups=1, out_channels=3, in_channels=in_channels, reuse=reuse)
    layer = Layer("conv", "conv", SHAPE, epilogue, ("conv",), ("input", "skip"))
    return layer_program(machine(**sections), layer, LayerMapping(kept, tiling, at_once))


def labels(program: Program) -> list[str]:
    return [operation.label for operation in program.transfers]


class TestOrderOfTransfers:
    def test_weights_stay_while_pixels_change(self) -> None:
        assert labels(written(Epilogue(batchnorm=True))) == [
            *("load parameters", "load ifmap g0 m0 k0", "load weight g0 n0 k0"),
            "load ifmap g0 m1 k0",
            *("load ifmap g0 m0 k0", "load weight g0 n1 k0"),  # m0 is gone: m1 was used since
            "store ofmap g0 m0 n0",  # behind the loads of the second operation after its own
            "load ifmap g0 m1 k0",
            "store ofmap g0 m1 n0",
            "store ofmap g0 m0 n1",
            "store ofmap g0 m1 n1",
        ]

    def test_an_ifmap_stays_while_channels_change(self) -> None:
        assert labels(written(Epilogue(batchnorm=True), reuse="ifmap", at_once=False)) == [
            *("load parameters g0 n0", "load ifmap g0 m0 k0", "load weight g0 n0 k0"),
            *("load parameters g0 n1", "load weight g0 n1 k0"),
            *("load parameters g0 n0", "load ifmap g0 m1 k0", "load weight g0 n0 k0"),
            "store ofmap g0 m0 n0",
            *("load parameters g0 n1", "load weight g0 n1 k0"),
            "store ofmap g0 m0 n1",
            "store ofmap g0 m1 n0",
            "store ofmap g0 m1 n1",
        ]

    def test_k_is_innermost(self) -> None:
        assert labels(written(Epilogue(residual=True), in_channels=2)) == [
            *("load ifmap g0 m0 k0", "load weight g0 n0 k0"),
            # The residual operand is loaded with the last operation of its tile.
            *("load ifmap g0 m0 k1", "load weight g0 n0 k1", "load residual g0 m0 n0"),
            *("load ifmap g0 m1 k0", "load weight g0 n0 k0"),
            *("load ifmap g0 m1 k1", "load weight g0 n0 k1", "load residual g0 m1 n0"),
            "store ofmap g0 m0 n0",
            *("load ifmap g0 m0 k0", "load weight g0 n1 k0"),
            *("load ifmap g0 m0 k1", "load weight g0 n1 k1"),
            # The third residual operand takes the first one's half, which drain 0 gives back: it has all it needs.
            "load residual g0 m0 n1",
            "store ofmap g0 m1 n0",
            *("load ifmap g0 m1 k0", "load weight g0 n1 k0"),
            *("load ifmap g0 m1 k1", "load weight g0 n1 k1", "load residual g0 m1 n1"),
            "store ofmap g0 m0 n1",
            "store ofmap g0 m1 n1",
        ]

    def test_fewer_halves_mean_less_lookahead(self) -> None:
        single = {name: {"kib": 1, "halves": 1 if name == "weight" else 2} for name in BUFFERS}
        found = labels(written(Epilogue(), buffers=single))
        # Behind the loads of the next operation, not of the one after it.
        assert found[:4] == [
            "load ifmap g0 m0 k0",
            "load weight g0 n0 k0",
            "load ifmap g0 m1 k0",
            "store ofmap g0 m0 n0",
        ]

    def test_a_store_that_a_load_waits_for_comes_first(self) -> None:
        # A single residual half and a single ofmap half: the operand of tile 2 waits for drain 1, which waits for
        # store 0. Three halves of ifmap and weights would put the store behind that.
        halves = {"ifmap": 3, "weight": 3, "parameter": 1, "residual": 1, "ofmap": 1}
        buffers = {name: {"kib": 1, "halves": count} for name, count in halves.items()}
        assert labels(written(Epilogue(residual=True), buffers=buffers)) == [
            *("load ifmap g0 m0 k0", "load weight g0 n0 k0", "load residual g0 m0 n0"),
            *("load ifmap g0 m1 k0", "load residual g0 m1 n0"),
            *("load ifmap g0 m0 k0", "load weight g0 n1 k0"),
            *("store ofmap g0 m0 n0", "load residual g0 m0 n1"),
            "load ifmap g0 m1 k0",
            *("store ofmap g0 m1 n0", "load residual g0 m1 n1"),
            *("store ofmap g0 m0 n1", "store ofmap g0 m1 n1"),
        ]


BUFFERS = ("ifmap", "weight", "parameter", "residual", "ofmap")


class TestTokens:
    """Of the array's four operations, with reuse weight: m0 n0, m1 n0, m0 n1, m1 n1."""

    def test_only_the_first_use_takes_and_the_last_gives(self) -> None:
        array = written(Epilogue()).array
        assert [Token.WEIGHT_FULL in operation.takes for operation in array] == [True, False, True, False]
        assert [Token.WEIGHT_FREE in operation.gives for operation in array] == [False, True, False, True]
        assert all(Token.IFMAP_FULL in operation.takes for operation in array)
        assert all(Token.IFMAP_FREE in operation.gives for operation in array)

    def test_a_tile_takes_the_accumulator_once_and_gives_it_to_the_drain_once(self) -> None:
        program = written(Epilogue(), in_channels=2)
        assert [Token.ACCUMULATOR_FREE in operation.takes for operation in program.array] == [True, False] * 4
        assert [Token.ACCUMULATOR_FULL in operation.gives for operation in program.array] == [False, True] * 4
        assert len(program.drains) == 4

    def test_they_are_looked_at_in_the_order_of_the_contract(self) -> None:
        program = written(Epilogue(bias=True), bn={"placement": "pass"})
        assert program.array[0].takes == (
            Token.IFMAP_FULL,
            Token.WEIGHT_FULL,
            Token.BIAS_FULL,
            Token.ACCUMULATOR_FREE,
            Token.FUNCTION_UNIT_READY,
        )
        assert program.array[0].announces == (Token.ARRAY_STREAM,)

    @pytest.mark.parametrize(
        ("epilogue", "gives"),
        [
            (Epilogue(bias=True), (Token.BIAS_FULL,)),
            (Epilogue(batchnorm=True), (Token.PARAMETER_FULL,)),
            (Epilogue(bias=True, batchnorm=True), (Token.BIAS_FULL, Token.PARAMETER_FULL)),
        ],
    )
    def test_who_is_told_of_parameters(self, epilogue: Epilogue, gives: tuple[Token, ...]) -> None:
        assert written(epilogue).transfers[0].gives == gives

    def test_the_array_gives_a_half_of_biases_back_when_the_last_tile_has_begun(self) -> None:
        # Two operations a tile: the bias of n0 goes into the accumulator with the first one of m1 n0, the third.
        array = written(Epilogue(bias=True), in_channels=2, at_once=False).array
        given = [Token.PARAMETER_FREE in operation.gives for operation in array]
        assert given == [False, False, True, False, False, False, True, False]
        assert [Token.BIAS_FULL in operation.takes for operation in array] == [True, *[False] * 3] * 2

    def test_the_drains_give_a_half_with_bn_parameters_back(self) -> None:
        program = written(Epilogue(bias=True, batchnorm=True), at_once=False)
        assert [Token.PARAMETER_FREE in drain.gives for drain in program.drains] == [False, True, False, True]
        assert [Token.PARAMETER_FULL in drain.takes for drain in program.drains] == [True, False, True, False]
        assert not any(Token.PARAMETER_FREE in operation.gives for operation in program.array)

    def test_the_drains_work_on_psums_as_the_array_leaves_them(self) -> None:
        # 2 pixels of 3 channels on 3 columns.
        program = written(Epilogue())
        assert {drain.blocks for drain in program.drains} == {((1, 2, 3),)}


class TestKeptOnChip:
    def test_an_ifmap_on_chip_is_not_loaded_and_its_half_given_back_once(self) -> None:
        program = written(Epilogue(), kept=Residency(ifmap=True))
        assert not any("ifmap" in label for label in labels(program))
        assert [Token.OFMAP_FREE in operation.gives for operation in program.array] == [False] * 3 + [True]
        assert not any(Token.IFMAP_FULL in operation.takes for operation in program.array)
        assert program.tokens[Token.OFMAP_FREE] == 1

    def test_an_ofmap_that_stays_takes_one_half_and_is_not_stored(self) -> None:
        program = written(Epilogue(), kept=Residency(ofmap=True))
        assert not any("store" in label for label in labels(program))
        assert [Token.OFMAP_FREE in drain.takes for drain in program.drains] == [True] + [False] * 3
        assert not any(Token.OFMAP_FULL in drain.gives for drain in program.drains)
