"""Actions of layers, counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import accelsim
from accelsim.config.load import load_config
from accelsim.config.machine import MachineConfig
from accelsim.energy.action import Action
from accelsim.energy.layer import layer_actions, transfer_actions
from accelsim.energy.network import experiment_actions
from accelsim.experiment import plan_network
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import map_layers
from accelsim.program.layer import layer_program
from accelsim.timing.work import Transfer
from accelsim.workload.shapes import Shape, Window, ZeroKernels
from tests.energy.cases import actions_on, by_name, convolution, machine
from tests.oracle.words import phases_of
from tests.random_cases import random_case, random_mapping, seeded

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


class TestArray:
    """4 pixels, K of 8, 4 output channels on an array of 4 rows and 3 columns; everything fits."""

    def test_weight_stationary(self) -> None:
        # 2 blocks of K × 2 of channels: the ifmap streams past both column blocks, weights are preloaded once;
        # every output comes twice, and the first time it is only written
        counts = actions_on(machine(), convolution())
        assert counts["conv_array.multiply"] == counts["conv_array.add"] == 4 * 8 * 4
        assert counts["ifmap_buffer.read"] == 2 * 4 * 8
        assert counts["weight_buffer.read"] == 8 * 4
        assert counts["accumulator.write"] == 2 * 16
        assert counts["accumulator.read"] == 16 + 16  # to accumulate, and to drain
        assert counts["accumulator.add"] == 16

    def test_input_stationary(self) -> None:
        # 2 blocks of K × 2 of pixels: the ifmap is preloaded once, weights stream past both column blocks
        counts = actions_on(machine(array={"dataflow": "is"}), convolution())
        assert counts["conv_array.multiply"] == 4 * 8 * 4
        assert counts["ifmap_buffer.read"] == 4 * 8
        assert counts["weight_buffer.read"] == 2 * 8 * 4
        assert counts["accumulator.write"] == 2 * 16
        assert counts["accumulator.read"] == 16 + 16

    def test_output_stationary(self) -> None:
        # 1 block of pixels × 2 of channels: psums stay in the array until they are complete
        counts = actions_on(machine(array={"dataflow": "os"}), convolution())
        assert counts["conv_array.multiply"] == 4 * 8 * 4
        assert counts["ifmap_buffer.read"] == 2 * 4 * 8
        assert counts["weight_buffer.read"] == 8 * 4
        assert counts["accumulator.write"] == 16
        assert counts["accumulator.read"] == 16  # to drain
        assert "accumulator.add" not in counts

    def test_raster(self) -> None:
        # 4 offsets × 1 block of input channels × 2 of output channels, each streams all 9 positions; of what comes out
        # the accumulator keeps 4 pixels, 4 times
        counts = actions_on(machine(array={"ifmap_streaming": "raster"}), convolution())
        assert counts["conv_array.multiply"] == 9 * 8 * 4
        assert counts["ifmap_buffer.read"] == 2 * 4 * 2 * 9
        assert counts["weight_buffer.read"] == 8 * 4
        assert counts["accumulator.write"] == 4 * 16
        assert counts["accumulator.read"] == 3 * 16 + 16

    def test_padding_is_multiplied_but_not_read(self) -> None:
        # 1x2x2, kernel 3x3, padded by 1: each of the 4 outputs meets all 4 inputs and 5 zeros
        shape = ConvShape(1, Shape(1, 2, 2), Shape(1, 2, 2), Window((3, 3), padding=(1, 1, 1, 1)), 1)
        layer = Layer("conv", "conv", shape, Epilogue(), ("conv",), ("input",))
        counts = actions_on(machine(), layer)
        assert counts["conv_array.multiply"] == layer.macs == 4 * 9
        assert counts["ifmap_buffer.read"] == 4 * 4
        # raster: 16 positions stream past 9 offsets, 4 of them inside
        counts = actions_on(machine(array={"ifmap_streaming": "raster"}), layer)
        assert counts["conv_array.multiply"] == 16 * 9
        assert counts["ifmap_buffer.read"] == 9 * 4

    @pytest.mark.parametrize("grouped", ["sequential", "block_diagonal"])
    def test_groups_side_by_side_multiply_no_zeros(self, grouped: str) -> None:
        # depthwise, kernel 2x1: two groups share a fold of 4 rows and 3 columns; what is not on the diagonal is idle
        shape = ConvShape(1, Shape(3, 2, 1), Shape(3, 1, 1), Window((2, 1)), 3)
        layer = Layer("conv", "conv", shape, Epilogue(), ("conv",), ("input",))
        counts = actions_on(machine(array={"grouped": grouped}), layer)
        assert counts["conv_array.multiply"] == layer.macs == 3 * 2
        assert counts["ifmap_buffer.read"] == counts["weight_buffer.read"] == 3 * 2
        assert counts["accumulator.write"] == 3

    def test_a_bias_is_read_once_a_channel_and_added_to_every_output(self) -> None:
        counts = actions_on(machine(), convolution(bias=True))
        assert counts["parameter_buffer.read"] == 4
        assert counts["accumulator.add"] == 16 + 16
        # with columns of pixels, once for each block of them
        counts = actions_on(machine(array={"dataflow": "is"}), convolution(bias=True))
        assert counts["parameter_buffer.read"] == 2 * 4


class TestSkippedFolds:
    """The same on an array that skips them: a block of K is what one of 2 input channels gives."""

    def counts(self, zeros: tuple[ZeroKernels, ...], *, bias: bool = False, **array: str) -> dict[str, int]:
        layer = convolution(bias=bias)
        assert isinstance(layer.shape, ConvShape)
        layer = replace(layer, shape=layer.shape._replace(zero_kernels=zeros))
        return actions_on(machine(array={"skip_zero_folds": True, **array}), layer)

    def test_weight_stationary(self) -> None:
        # 3 of 4 folds have weights: the second block of channels (1 of 4) has no weights from the second input (4 of 8)
        counts = self.counts((ZeroKernels(3, 4, 1, 2),))
        assert counts["conv_array.multiply"] == counts["conv_array.add"] == 4 * (8 * 3 + 4)
        assert counts["ifmap_buffer.read"] == 4 * (8 + 4)
        assert counts["weight_buffer.read"] == 8 * 3 + 4
        assert counts["weight_buffer.write"] == 8 * 4  # all are loaded
        assert counts["accumulator.write"] == 4 * (2 * 3 + 1)
        assert counts["accumulator.read"] == 4 * 3 + 16  # to accumulate, and to drain
        assert counts["accumulator.add"] == 4 * 3

    def test_one_kernel_that_is_not_zero_keeps_a_fold(self) -> None:
        assert self.counts((ZeroKernels(0, 2, 0, 2),)) == self.counts(())

    def test_outputs_without_a_fold_are_written_once(self) -> None:
        # the second block of channels has no weights: 3 channels get 2 psums each, the fourth none
        zeros = (ZeroKernels(3, 4, 0, 2),)
        counts = self.counts(zeros)
        assert counts["conv_array.multiply"] == 4 * 8 * 3
        assert counts["accumulator.write"] == 4 * (2 * 3 + 1)
        assert counts["accumulator.add"] == 4 * 3
        assert counts["accumulator.read"] == 4 * 3 + 16
        # with a bias the fourth holds that, and nothing is added to it
        counts = self.counts(zeros, bias=True)
        assert counts["accumulator.write"] == 4 * (2 * 3 + 1)
        assert counts["accumulator.add"] == 4 * 3 + 4 * 3
        assert counts["parameter_buffer.read"] == 4

    def test_input_stationary(self) -> None:
        # of 2 blocks of K the second is needed by nobody: 2 folds of pixels
        counts = self.counts((ZeroKernels(0, 4, 1, 2),), dataflow="is")
        assert counts["conv_array.multiply"] == 4 * 4 * 4
        assert counts["ifmap_buffer.read"] == 4 * 4
        assert counts["weight_buffer.read"] == 2 * 4 * 4
        assert counts["accumulator.write"] == 16
        assert counts["accumulator.read"] == 16

    def test_output_stationary(self) -> None:
        # a fold is all of K, and half of it is not enough
        assert self.counts((ZeroKernels(0, 4, 1, 2),), dataflow="os") == self.counts((), dataflow="os")
        counts = self.counts((ZeroKernels(0, 3, 0, 2),), dataflow="os")
        assert counts["conv_array.multiply"] == 4 * 8
        assert counts["ifmap_buffer.read"] == 4 * 8
        assert counts["weight_buffer.read"] == 8
        assert counts["accumulator.write"] == 16

    def test_raster(self) -> None:
        # folds of both input channels at each of 4 offsets: those of the second block of output channels are skipped
        counts = self.counts((ZeroKernels(3, 4, 0, 2),), ifmap_streaming="raster")
        assert counts["conv_array.multiply"] == 9 * 8 * 3
        assert counts["ifmap_buffer.read"] == 4 * 2 * 9
        assert counts["accumulator.write"] == 4 * (4 * 3 + 1)
        assert counts["accumulator.read"] == 4 * 3 * 3 + 16

    @pytest.mark.parametrize(("zero_groups", "left"), [(1, 3), (2, 1), (3, 0)])
    def test_groups_side_by_side_are_skipped_together(self, zero_groups: int, left: int) -> None:
        # depthwise, kernel 2x1: groups 0 and 1 share a fold of 4 rows and 3 columns, group 2 has one of its own
        shape = ConvShape(1, Shape(3, 2, 1), Shape(3, 1, 1), Window((2, 1)), 3, (ZeroKernels(0, zero_groups, 0, 1),))
        layer = Layer("conv", "conv", shape, Epilogue(), ("conv",), ("input",))
        counts = actions_on(machine(array={"grouped": "block_diagonal", "skip_zero_folds": True}), layer)
        for name in ("conv_array.multiply", "ifmap_buffer.read", "weight_buffer.read"):
            assert counts.get(name, 0) == left * 2
        assert counts["accumulator.write"] == 3
        # one after another, each has a fold
        counts = actions_on(machine(array={"skip_zero_folds": True}), layer)
        assert counts.get("conv_array.multiply", 0) == (3 - zero_groups) * 2

    def test_a_layer_of_zeros_alone(self) -> None:
        counts = self.counts((ZeroKernels(0, 4, 0, 2),))
        assert not {"conv_array.multiply", "conv_array.add", "ifmap_buffer.read", "weight_buffer.read"} & set(counts)
        assert "accumulator.add" not in counts
        assert counts["accumulator.write"] == counts["accumulator.read"] == 16

    def test_channels_of_a_block_are_read_by_the_folds_that_are_left(self) -> None:
        # 1:2, a kernel of 2x2, one row: of 4 channels 2 blocks, each read for each of 4 positions, 2 channels at a time
        shape = ConvShape(1, Shape(4, 2, 2), Shape(1, 1, 1), Window((2, 2)), 1, (ZeroKernels(0, 1, 2, 4),))
        layer = Layer("conv", "conv", shape, Epilogue(), ("conv",), ("input",))
        counts = actions_on(machine(array={"rows": 1, "sparsity": "1:2", "skip_zero_folds": True}), layer)
        assert counts["ifmap_buffer.read"] == 4 * 2
        assert counts["weight_buffer.read"] == counts["accumulator.write"] == 4


class TestBehindTheAccumulator:
    def test_every_output_is_converted(self) -> None:
        counts = actions_on(machine(), convolution())
        assert counts["activation.compare"] == 2 * 16
        assert counts["ofmap_buffer.write"] == 16
        assert actions_on(machine(), convolution(activation="relu"))["activation.compare"] == 3 * 16

    def test_a_residual_operand_is_read_and_added(self) -> None:
        counts = actions_on(machine(), convolution(residual=True))
        assert counts["residual_add.add"] == counts["residual_buffer.read"] == 16

    def test_scale_and_shift(self) -> None:
        counts = actions_on(machine(), convolution(batchnorm=True))
        assert counts["bn_stage.multiply"] == counts["bn_stage.add"] == 16
        # a lane for each column keeps its two words for all pixels
        assert counts["parameter_buffer.read"] == 2 * 4

    def test_lanes_that_have_several_columns_read_their_words_anew(self) -> None:
        # blocks of 3 columns and of 1, 2 lanes: lane 0 changes between columns 0 and 2 in each of 4 rows, lane 1 keeps
        # column 1; then lane 0 keeps the column of the second block
        counts = actions_on(machine(bn={"lanes": 2}), convolution(batchnorm=True))
        assert counts["parameter_buffer.read"] == 2 * (2 * 4 + 1 + 1)

    def test_lanes_over_pixels_share_the_words_of_a_row(self) -> None:
        counts = actions_on(machine(array={"dataflow": "is"}, bn={"lanes": 2}), convolution(batchnorm=True))
        assert counts["parameter_buffer.read"] == 2 * (2 * 4)

    def test_raw_parameters_take_a_root_and_a_division(self) -> None:
        # words of 8 bits, psums of 32: x − μ has 33 bits, γ · (x − μ) has 41, √ of 10 bits has 5
        on = machine(bn={"parameters": "raw", "parameter_bits": 8})
        layer = convolution(batchnorm=True)
        actions = layer_actions(on, layer, map_layers(on, [layer], {})["conv"])
        assert [action for action in actions if action.component == "bn_stage"] == [
            Action("bn_stage", "multiply", 33, 8, 16),
            Action("bn_stage", "add", 6, 0, 16 * 41),
            Action("bn_stage", "add", 10, 0, 4 * 5),  # a root as a lane turns to one of 4 channels
            Action("bn_stage", "add", 32, 0, 16),
            Action("bn_stage", "add", 33, 0, 16),
        ]
        assert by_name(actions)["parameter_buffer.read"] == 4 * 4

    def test_a_function_unit_takes_psums_and_gives_them_back_with_every_pass(self) -> None:
        on = machine(bn={"placement": "pass"})
        counts = actions_on(on, convolution(batchnorm=True, residual=True, activation="relu"))
        assert counts["accumulator.write"] == 2 * 16 + 3 * 16
        assert counts["accumulator.read"] == 16 + 3 * 16 + 16  # ... and the read-out

    def test_off_chip_an_output_is_stored_and_streamed_back(self) -> None:
        on = machine(bn={"placement": "offchip", "intermediate_bits": 16})
        layer = convolution(batchnorm=True, activation="relu")
        actions = layer_actions(on, layer, map_layers(on, [layer], {})["conv"])
        counts = by_name(actions)
        assert Action("ofmap_buffer", "write", 16, 0, 16) in actions
        assert Action("ofmap_buffer", "write", 8, 0, 16) in actions
        assert Action("ifmap_buffer", "read", 16, 0, 16) in actions
        assert counts["activation.compare"] == 2 * 16 + 3 * 16
        assert counts["accumulator.read"] == 16 + 16
        assert counts["dram.write"] == 16 * 2 + 16
        assert counts["dram.read"] == 18 + 32 + 2 * 4 * 4 + 16 * 2  # ifmap, weights, parameters, and back again

    @pytest.mark.parametrize("placement", ["inline", "pass"])
    def test_pooling(self, placement: str) -> None:
        # windows of 2x2 over 3x3, padded at the right and below: 4 outputs a channel meet 9 inputs and 7 zeros
        shape = StreamShape(1, Shape(5, 3, 3), Shape(5, 2, 2), Window((2, 2), (2, 2), (0, 0, 1, 1)))
        layer = Layer("pool", "pool", shape, Epilogue(pooling=True), ("pool",), ("input",))
        counts = actions_on(machine(bn={"placement": placement}), layer)
        assert counts["ifmap_buffer.read"] == 5 * 9
        assert counts["pooling.compare"] == 5 * 4 * 3
        assert counts["ofmap_buffer.write"] == 5 * 4
        # a pass puts its results into the accumulator, from where they are read out
        passed = 5 * 4 if placement == "pass" else 0
        assert counts.get("accumulator.write", 0) == counts.get("accumulator.read", 0) == passed
        assert "conv_array.multiply" not in counts


class TestAlpha5:
    """The source document's machine, all of it by hand: 36 positions, 9 offsets, 8x8 channels, 16 pixels."""

    COMMON = (
        ("conv_array.multiply", 36 * 9 * 8 * 8),
        ("conv_array.add", 36 * 9 * 8 * 8),
        ("ifmap_buffer.read", 9 * 8 * 16),
        ("ifmap_buffer.write", 8 * 4 * 2),
        ("weight_buffer.read", 9 * 8 * 8),
        ("weight_buffer.write", 9 * 8 * 8 // 2),
        ("activation.compare", 3 * 128),
        ("ofmap_buffer.write", 128),
        ("ofmap_buffer.read", 64),
        ("dram.write", 64),
    )

    def test_unfused(self, repository: Path) -> None:
        expected = dict(self.COMMON) | {
            "accumulator.add": 8 * 128,
            "accumulator.read": 8 * 128 + 3 * 128,  # BatchNorm, activation, read-out
            "accumulator.write": 9 * 128 + 2 * 128,
            "bn_stage.multiply": 128,
            "bn_stage.add": 128,
            "parameter_buffer.read": 2 * 8,
            "parameter_buffer.write": 2 * 8,
            "dram.read": 64 + 288 + 16,
        }
        assert self.counts(repository, "unfused") == expected

    def test_fused(self, repository: Path) -> None:
        expected = dict(self.COMMON) | {
            "accumulator.add": 9 * 128,
            "accumulator.read": 8 * 128 + 2 * 128,
            "accumulator.write": 9 * 128 + 128,
            "parameter_buffer.read": 8,
            "parameter_buffer.write": 8,
            "dram.read": 64 + 288 + 8,
        }
        assert self.counts(repository, "fused") == expected

    def counts(self, repository: Path, variant: str) -> dict[str, int]:
        config = load_config(repository / "configs" / "alpha5.yaml")
        plan = plan_network(config)
        (layer,) = plan.layers[variant]  # type: ignore[index]
        mapping = plan.mappings[variant][layer.name]  # type: ignore[index]
        return by_name(layer_actions(config.machine, layer, mapping))


def test_the_dma_reads_and_writes_at_both_ends() -> None:
    transfers = [
        Transfer("read", "weight", 0, 10),
        Transfer("read", "ifmap", 0, 3, rows=4, planes=2),
        Transfer("read", "weight", 10, 5),
        Transfer("write", "ofmap", 20, 7, rows=2),
    ]
    assert transfer_actions(transfers) == [
        Action("dram", "read", 8, 0, 39),
        Action("dram", "write", 8, 0, 14),
        Action("weight_buffer", "write", 8, 0, 15),
        Action("ifmap_buffer", "write", 8, 0, 24),
        Action("ofmap_buffer", "read", 8, 0, 14),
    ]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_bytes_of_dram_and_macs_are_those_of_the_results(config: Path) -> None:
    result = accelsim.simulate(config)
    layers = experiment_actions(result.config.machine, result.experiment)
    counts = [by_name(layer.actions) for layer in layers]
    frame = result.layers
    assert [(layer.variant, layer.layer) for layer in layers] == list(
        zip(frame["variant"], frame["layer"], strict=True)
    )
    assert [count.get("dram.read", 0) for count in counts] == frame["dram_read_bytes"].to_list()
    assert [count.get("dram.write", 0) for count in counts] == frame["dram_write_bytes"].to_list()
    if result.config.machine.array.ifmap_streaming == "im2col":
        assert [count.get("conv_array.multiply", 0) for count in counts] == frame["macs"].to_list()


@pytest.mark.parametrize("seed", range(40))
class TestRandomLayers:
    def test_macs_are_those_of_the_network_or_of_all_positions_that_stream_past(self, seed: int) -> None:
        random = seeded(seed)
        case = random_case(random)
        mapping = random_mapping(random, case)
        for layer, program in zip(case.layers, case.programs(mapping), strict=True):
            macs = by_name(layer_actions(case.machine, layer, mapping)).get("conv_array.multiply", 0)
            if case.machine.array.ifmap_streaming == "im2col":
                assert macs == layer.macs
            else:
                works = [operation.work for operation in program.array]
                assert macs == sum(work.macs // work.pixels * work.positions for work in works)

    def test_every_word_that_is_read_was_written_before(self, seed: int) -> None:
        random = seeded(seed)
        case = random_case(random)
        mapping = random_mapping(random, case)
        for layer in case.layers:
            actions = layer_actions(case.machine, layer, mapping)
            counts = by_name(actions)
            for component, words, width in needed(case.machine, layer):
                assert counts.get(f"{component}.read", 0) >= words
                assert 8 * counts.get(f"{component}.write", 0) >= words * width
            stored = sum(
                a.width_bits * a.count for a in actions if (a.component, a.action) == ("ofmap_buffer", "write")
            )
            assert 8 * counts["ofmap_buffer.read"] >= stored
            assert counts["dram.write"] == counts["ofmap_buffer.read"]
            fills = [f"{name}_buffer.write" for name in ("ifmap", "weight", "parameter", "residual")]
            assert counts["dram.read"] == sum(counts.get(fill, 0) for fill in fills)

    def test_fusing_leaves_no_batchnorm_and_takes_away_nothing_else(self, seed: int) -> None:
        random = seeded(seed)
        case = random_case(random)
        mapping = random_mapping(random, case)
        unfused, fused = (by_name(layer_actions(case.machine, layer, mapping)) for layer in case.layers[:2])
        if case.fused == case.unfused:
            assert fused == unfused
            return
        assert not any(name.startswith("bn_stage") for name in fused)
        outputs = case.unfused.shape.batch * case.unfused.shape.output.elements
        assert unfused["bn_stage.add"] >= outputs
        for name in ("conv_array.multiply", "conv_array.add", "weight_buffer.read", "weight_buffer.write"):
            assert fused[name] == unfused[name]
        for name in ("dram.read", "dram.write", "accumulator.read", "accumulator.write", "parameter_buffer.write"):
            assert fused[name] <= unfused[name]


def needed(machine: MachineConfig, layer: Layer) -> Iterator[tuple[str, int, int]]:
    """Words that a layer cannot do without, by buffer, and their width."""
    shape, epilogue, operand_bits = layer.shape, layer.epilogue, machine.array.operand_bits
    met = [len(inputs_met(shape, axis)) for axis in (0, 1)]
    yield "ifmap_buffer", shape.batch * shape.input.channels * met[0] * met[1], operand_bits
    if isinstance(shape, ConvShape):
        weights = shape.output.channels * shape.input.channels // shape.groups * shape.window.positions
        yield "weight_buffer", weights, machine.weight_bits
    words = sum(phase.words for phase in phases_of(machine, layer))
    yield "parameter_buffer", shape.output.channels * words, machine.bn.parameter_bits
    yield "residual_buffer", shape.batch * shape.output.elements * epilogue.residual, operand_bits


def inputs_met(shape: ConvShape | StreamShape, axis: int) -> set[int]:
    """Rows (columns) of the input that some window meets: a stride may skip the others."""
    window, outputs, inputs = shape.window, shape.output[1 + axis], shape.input[1 + axis]
    met = {
        output * window.stride[axis] - window.padding[axis] + tap * window.dilation[axis]
        for output in range(outputs)
        for tap in range(window.kernel[axis])
    }
    return met & set(range(inputs))


def test_transfers_that_are_known_need_no_program() -> None:
    on, layer = machine(), convolution(bias=True)
    mapping = map_layers(on, [layer], {})["conv"]
    program = layer_program(on, layer, mapping)
    transfers = [operation.transfer for operation in program.transfers]
    assert layer_actions(on, layer, mapping, transfers) == layer_actions(on, layer, mapping)
    assert "dram.read" not in by_name(layer_actions(on, layer, mapping, []))


@pytest.mark.parametrize(
    ("epilogue", "weight_scales", "words"),
    [
        # With a lane for each of 3 columns: the multipliers of 4 channels once (a block of 3 and one of 1).
        (Epilogue(bias=True), "per_channel", 4 + 4),
        (Epilogue(bias=True), "per_tensor", 4),
        (Epilogue(bias=True, folded_scale=True), "per_tensor", 4 + 4),
        (Epilogue(batchnorm=True), "per_channel", 2 * 4),  # the scales of the weights are in BN's
    ],
)
def test_the_requantiser_multiplies_rounds_and_clips_every_output(
    epilogue: Epilogue, weight_scales: str, words: int
) -> None:
    on = machine(requantization={"lanes": 3, "weight_scales": weight_scales})
    counts = actions_on(on, convolution(**epilogue._asdict()))
    # 4 channels of 4 pixels
    assert counts["requantizer.multiply"] == counts["requantizer.add"] == 16
    assert counts["requantizer.compare"] == 2 * 16
    assert counts["parameter_buffer.read"] == words


def test_a_pass_of_the_requantiser_takes_the_psums_and_puts_them_back() -> None:
    layer = convolution(bias=True)
    without = actions_on(machine(bn={"placement": "pass"}), layer)
    counts = actions_on(machine(bn={"placement": "pass"}, requantization={"lanes": 3}), layer)
    for name in ("accumulator.read", "accumulator.write"):
        assert counts[name] == without[name] + 16
