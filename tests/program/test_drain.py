from __future__ import annotations

from accelsim.layers import Epilogue
from accelsim.program.drain import TileDrain, post_operations, uses_function_unit
from accelsim.program.operations import PassOperation, Token
from accelsim.timing.work import Block
from tests.hand_built import accumulated, machine, work

BLOCKS = (Block(1, 5, 3),)


def tile(epilogue: Epilogue, window: int = 1, *, requantizes: bool = False) -> TileDrain:
    return TileDrain(
        name="m0",
        epilogue=epilogue,
        requantizes=requantizes,
        window=window,
        blocks=BLOCKS,
        source_full=(Token.ACCUMULATOR_FULL,),
        source_free=(Token.ACCUMULATOR_FREE,),
        parameter_full=(Token.PARAMETER_FULL,) if epilogue.batchnorm else (),
        parameter_free=(Token.PARAMETER_FREE,) if epilogue.batchnorm else (),
        ofmap_free=(Token.OFMAP_FREE,),
        ofmap_full=(Token.OFMAP_FULL,),
    )


EVERYTHING = Epilogue(batchnorm=True, residual=True, activation="relu")


def passes(epilogue: Epilogue, window: int = 1) -> list[PassOperation]:
    return tile(epilogue, window).as_passes()


class TestDrain:
    def test_tokens_stand_in_the_order_in_which_they_are_looked_at(self) -> None:
        drain = tile(EVERYTHING).as_drain()
        assert drain.takes == (
            Token.ACCUMULATOR_FULL,
            Token.PARAMETER_FULL,
            Token.RESIDUAL_FULL,
            Token.OFMAP_FREE,
        )
        assert set(drain.gives) == {
            Token.ACCUMULATOR_FREE,
            Token.PARAMETER_FREE,
            Token.RESIDUAL_FREE,
            Token.OFMAP_FULL,
        }

    def test_every_output_passes_the_activation_stage(self) -> None:
        assert tile(Epilogue()).as_drain().stages == ("activation",)

    def test_stages_that_a_layer_needs(self) -> None:
        assert tile(EVERYTHING).as_drain().stages == ("bn_stage", "residual_add", "activation")
        assert tile(Epilogue(pooling=True)).as_drain().stages == ("pooling", "activation")
        assert tile(EVERYTHING, requantizes=True).as_drain().stages == (
            "bn_stage",
            "requantizer",
            "residual_add",
            "activation",
        )
        # A bias is in the accumulator already.
        assert tile(Epilogue(bias=True)).as_drain().stages == ("activation",)


class TestPasses:
    def test_one_after_the_other(self) -> None:
        assert [operation.kind for operation in passes(EVERYTHING)] == [
            "batchnorm",
            "residual_add",
            "activation",
            "readout",
        ]
        assert [operation.kind for operation in passes(Epilogue())] == ["readout"]

    def test_the_first_takes_the_tile_and_the_readout_gives_it_back(self) -> None:
        batchnorm, residual, activation, readout = passes(EVERYTHING)
        assert batchnorm.takes == (Token.ACCUMULATOR_FULL, Token.PARAMETER_FULL)
        assert batchnorm.gives == (Token.PARAMETER_FREE,)
        assert (residual.takes, residual.gives) == ((Token.RESIDUAL_FULL,), (Token.RESIDUAL_FREE,))
        assert (activation.takes, activation.gives) == ((), ())
        assert readout.takes == (Token.OFMAP_FREE,)
        assert set(readout.gives) == {Token.ACCUMULATOR_FREE, Token.OFMAP_FULL}
        assert passes(Epilogue())[0].takes == (Token.ACCUMULATOR_FULL, Token.OFMAP_FREE)

    def test_the_first_pass_that_needs_words_takes_them_and_gives_their_half_back(self) -> None:
        batchnorm, requantize, *_ = tile(EVERYTHING, requantizes=True).as_passes()
        assert (batchnorm.kind, requantize.kind) == ("batchnorm", "requantize")
        assert batchnorm.gives == (Token.PARAMETER_FREE,)
        assert (requantize.takes, requantize.gives) == ((), ())
        drained = tile(Epilogue(residual=True), requantizes=True)
        words = drained._replace(parameter_full=(Token.PARAMETER_FULL,), parameter_free=(Token.PARAMETER_FREE,))
        requantize, residual, _ = words.as_passes()
        assert (requantize.kind, residual.kind) == ("requantize", "residual_add")
        assert requantize.takes == (Token.ACCUMULATOR_FULL, Token.PARAMETER_FULL)
        assert requantize.gives == (Token.PARAMETER_FREE,)

    def test_only_pooling_reads_windows(self) -> None:
        found = passes(Epilogue(pooling=True, activation="relu"), window=9)
        assert [(operation.kind, operation.window) for operation in found] == [
            ("pooling", 9),
            ("activation", 1),
            ("readout", 1),
        ]


class TestPlacement:
    TILES = (tile(EVERYTHING), tile(Epilogue()))

    def test_the_post_pipeline_drains_tiles(self) -> None:
        for placement in ("inline", "offchip"):
            config = machine(bn={"placement": placement})
            assert not uses_function_unit(config)
            drains, function_unit = post_operations(config, self.TILES, [[], []])
            assert [drain.label for drain in drains] == ["drain m0", "drain m0"]
            assert function_unit == []

    def test_the_function_unit_accumulates_a_tile_before_its_passes(self) -> None:
        config = machine(bn={"placement": "pass"})
        assert uses_function_unit(config)
        accumulate = accumulated(work(5, 4, 3))[1]
        drains, function_unit = post_operations(config, self.TILES, [[accumulate, accumulate], [accumulate]])
        assert drains == []
        assert [operation.label.split()[0] for operation in function_unit] == [
            *("accumulate", "accumulate", "batchnorm", "residual_add", "activation", "readout"),
            *("accumulate", "readout"),
        ]
