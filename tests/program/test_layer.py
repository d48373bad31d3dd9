"""The program of a layer in all placements, and what holds for the programs of random layers and networks."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape, layers_of
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.mapping.residency import Residency
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program, Stage, Token, free_halves
from accelsim.simulation import simulate_program
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import BatchNorm, Conv, Node
from accelsim.workload.shapes import Shape, Window
from tests.dram_bytes import bytes_moved
from tests.hand_built import changed, machine
from tests.oracle.machine import run_per_cycle
from tests.oracle.words import phases_of
from tests.random_cases import random_case, random_machine, random_mapping, random_network, seeded

SEEDS = st.integers(0, 2**32)

SHAPE = ConvShape(1, Shape(3, 4, 4), Shape(5, 4, 4), Window((3, 3), padding=(1, 1, 1, 1)), 1)
TAIL = Epilogue(batchnorm=True, residual=True, activation="relu")


def conv_layer(epilogue: Epilogue) -> Layer:
    return Layer("conv", "conv", SHAPE, epilogue, ("conv",), ("input", "skip"))


def written(epilogue: Epilogue, placement: str, intermediate_bits: int = 8) -> Program:
    """Write the program of either variant, with the mapping of the unfused one."""
    bn = {"placement": placement, "intermediate_bits": intermediate_bits}
    config = machine(bn=bn, accumulator={"psums": 16})
    mapping = map_layers(config, [conv_layer(TAIL)], {})["conv"]
    return layer_program(config, conv_layer(epilogue), mapping)


FUSED = TAIL._replace(bias=True, batchnorm=False)


class TestPlacements:
    def test_inline(self) -> None:
        assert {drain.stages for drain in written(TAIL, "inline").drains} == {
            ("bn_stage", "residual_add", "activation")
        }
        assert {drain.stages for drain in written(FUSED, "inline").drains} == {("residual_add", "activation")}

    def test_pass(self) -> None:
        unfused, fused = written(TAIL, "pass"), written(FUSED, "pass")
        kinds = [[op.label.split()[0] for op in program.function_unit] for program in (unfused, fused)]
        assert "batchnorm" in kinds[0]
        assert [kind for kind in kinds[0] if kind != "batchnorm"] == kinds[1]
        assert not unfused.drains
        assert not fused.drains

    def test_off_chip(self) -> None:
        program = written(TAIL, "offchip")
        phases = [drain.stages for drain in program.drains]
        # 5 channels of 16 pixels, 16 psums at a time: 5 tiles at least; then the second phase.
        first: tuple[Stage, ...] = ("activation",)
        second: tuple[Stage, ...] = ("bn_stage", "residual_add", "activation")
        assert phases == [first] * phases.count(first) + [second] * phases.count(second)
        assert phases.count(first) >= 5
        assert phases.count(second) >= 1
        assert all(drain.takes[0] is Token.ACCUMULATOR_FULL for drain in program.drains if drain.stages == first)
        assert all(drain.takes[0] is Token.IFMAP_FULL for drain in program.drains if drain.stages == second)
        # Fused, there is no second phase, and the tail is the first one's.
        assert {drain.stages for drain in written(FUSED, "offchip").drains} == {("residual_add", "activation")}

    def test_off_chip_the_second_phase_reads_what_the_first_has_written(self) -> None:
        # 5·16 elements of 32 bits are written, then read, each once; then 5·16 of 8 bits are written.
        program = written(TAIL, "offchip", intermediate_bits=32)
        stored = [operation for operation in program.transfers if operation.label.startswith("store")]
        phase_two = next(i for i, op in enumerate(program.transfers) if op.label == "load parameters")
        intermediate = bytes_moved(program.transfers[:phase_two], "ofmap")
        reread = bytes_moved(program.transfers[phase_two:], "ifmap")
        assert intermediate == reread
        assert (len(intermediate), set(intermediate.values())) == (5 * 16 * 4, {1})
        assert sum(operation.transfer.bytes for operation in stored) == 5 * 16 * 4 + 5 * 16

    def test_off_chip_parameters_and_residual_operand_are_loaded_in_the_second_phase(self) -> None:
        loads = [operation.label for operation in written(TAIL, "offchip").transfers]
        last_store = max(i for i, label in enumerate(loads) if label.startswith("store ofmap g"))
        late = [i for i, label in enumerate(loads) if "parameters" in label or "residual" in label]
        assert late
        assert min(late) > last_store

    def test_the_second_phase_can_do_without_dram(self) -> None:
        kept = Residency(intermediate=True)
        config = machine(bn={"placement": "offchip"}, accumulator={"psums": 16})
        mapping = map_layers(config, [conv_layer(TAIL)], {})["conv"]
        on_chip = LayerMapping(kept, mapping.tiling, mapping.parameters_at_once, mapping.second_phase)
        program = layer_program(config, conv_layer(TAIL), on_chip)
        # 3·16 bytes of ifmap and none of the intermediate; 5·16 of ofmap.
        assert set(bytes_moved(program.transfers, "ifmap")) == set(range(48))
        assert sum(bytes_moved(program.transfers, "ofmap").values()) == 5 * 16


def test_all_halves_are_free_at_the_start_of_a_layer() -> None:
    halves = {"ifmap": 1, "weight": 2, "parameter": 3, "residual": 4, "ofmap": 5}
    config = machine(
        buffers={name: {"kib": 1, "halves": count} for name, count in halves.items()},
        accumulator={"psums": 1, "halves": 6},
    )
    free = {Token(f"{name}_free"): count for name, count in (halves | {"accumulator": 6}).items()}
    assert free_halves(config, False) == free
    # An ifmap on chip lies in one of the ofmap halves.
    assert free_halves(config, True) == free | {Token.OFMAP_FREE: 4}


def operations(program: Program) -> chain[Any]:
    return chain(program.transfers, program.array, program.drains, program.function_unit)


def left_over(program: Program) -> Counter[Token]:
    """Tokens that are there when all operations are over."""
    tokens = Counter(program.tokens)
    for operation in operations(program):
        tokens.subtract(operation.takes)
        tokens.update(operation.gives)
        tokens.update(getattr(operation, "announces", ()))
        tokens.update(getattr(operation, "offers", ()))
    return Counter({token: count for token, count in tokens.items() if count})


@given(SEEDS)
@settings(max_examples=150)
def test_every_token_given_is_taken_and_all_halves_are_free_at_the_end(seed: int) -> None:
    random = seeded(seed)
    case = random_case(random)
    for program in case.programs(random_mapping(random, case)):
        assert left_over(program) == free_halves(case.machine, False)


@given(SEEDS)
@settings(max_examples=50)
def test_an_ofmap_that_stays_is_all_that_is_left(seed: int) -> None:
    random = seeded(seed)
    config = random_machine(random).model_copy(update={"keep_on_chip": True})
    layers = layers_of(random_network(random, config), 1)
    mappings = map_layers(config, layers, {})
    ifmap_there = False
    for layer in layers:
        kept = mappings[layer.name].residency
        assert kept.ifmap == ifmap_there
        ifmap_there = kept.ofmap
        left = left_over(layer_program(config, layer, mappings[layer.name]))
        occupied = Counter({Token.OFMAP_FREE: int(kept.ofmap)})
        assert left == Counter(free_halves(config, False)) - occupied


@given(SEEDS, st.sampled_from([8, 16]), st.sampled_from([8, 16]))
@settings(max_examples=150)
def test_every_byte_of_a_layer_is_moved_as_often_as_it_has_to_be(seed: int, bits: int, weight_bits: int) -> None:
    random = seeded(seed)
    drawn = random_machine(random)
    widths = {"operand_bits": bits, "weight_bits": weight_bits}
    config = changed(drawn, array=widths, bn={"parameter_bits": 16, "intermediate_bits": 32})
    case = random_case(random, config)
    mapping = random_mapping(random, case)
    for layer, program in zip(case.layers, case.programs(mapping), strict=True):
        check_bytes(config, layer, program)


def check_bytes(config: MachineConfig, layer: Layer, program: Program) -> None:
    shape, size = layer.shape, config.array.operand_bits // 8
    moved = {name: bytes_moved(program.transfers, name) for name in ("ifmap", "weight", "parameter", "residual")}
    stored = bytes_moved(program.transfers, "ofmap")
    has_two_phases = config.bn.placement == "offchip" and layer.epilogue.batchnorm and bool(program.array)

    # Everything written is written once: the ofmap, and before it the intermediate.
    outputs = shape.batch * shape.output.elements
    assert set(stored.values()) == {1}
    assert len(stored) == outputs * size + (outputs * 4 if has_two_phases else 0)

    # The ifmap lies at the start; all of it that is needed is read, and besides it only the intermediate, once.
    inputs = shape.batch * shape.input.elements * size
    read = moved["ifmap"].keys()
    assert needed_bytes(shape, size) <= read
    intermediate = {address: count for address, count in moved["ifmap"].items() if address >= inputs}
    assert len(intermediate) == (outputs * 4 if has_two_phases else 0)
    assert intermediate.keys() <= stored.keys()
    assert set(intermediate.values()) <= {1}

    # The residual operand is read once; of weights and parameters every byte at least once.
    assert len(moved["residual"]) == (outputs * size if layer.epilogue.residual else 0)
    assert set(moved["residual"].values()) <= {1}
    weights = 0
    if isinstance(shape, ConvShape):
        weights = shape.input.channels // shape.groups * shape.output.channels * shape.window.positions
    assert len(moved["weight"]) == weights * config.weight_bits // 8
    words = sum(phase.words for phase in phases_of(config, layer))
    assert len(moved["parameter"]) == shape.output.channels * words * 2

    # No tensor lies where another does, and each begins at a burst.
    tensors = [set(range(inputs)), *(set(moved[name]) for name in ("weight", "parameter", "residual")), set(stored)]
    assert sum(map(len, tensors)) == len(set().union(*tensors))
    assert all(min(tensor) % config.dma.burst_bytes == 0 for tensor in tensors[1:2] + tensors[3:] if tensor)


def needed_bytes(shape: ConvShape | StreamShape, size: int) -> set[int]:
    """Bytes of the ifmap, which lies at address 0, that some output looks at."""
    window = shape.window
    rows, columns = (
        {
            output * window.stride[axis] - window.padding[axis] + offset * window.dilation[axis]
            for output in range(shape.output[1 + axis])
            for offset in range(window.kernel[axis])
        }
        & set(range(shape.input[1 + axis]))
        for axis in (0, 1)
    )
    planes = shape.batch * shape.input.channels
    return {
        ((plane * shape.input.height + row) * shape.input.width + column) * size + byte
        for plane in range(planes)
        for row in rows
        for column in columns
        for byte in range(size)
    }


class TestAChainOnChip:
    """Three 1×1 convolutions with BN; what passes between them, 2·16 bytes, fits one of two ofmap halves."""

    def graph(self) -> Graph:
        window = Window()
        nodes: list[Node] = []
        source = "input"
        for number in range(3):
            conv = Conv(name=f"c{number}", inputs=(source,), in_channels=2, out_channels=2, window=window)
            source = f"b{number}"
            nodes += [conv, BatchNorm(name=source, inputs=(conv.name,))]
        return Graph("chain", Shape(2, 4, 4), nodes)

    @pytest.mark.parametrize("placement", ["inline", "pass", "offchip"])
    def test_only_the_ends_travel(self, placement: str) -> None:
        config = machine(bn={"placement": placement}).model_copy(update={"keep_on_chip": True})
        layers = layers_of(self.graph(), 1)
        mappings = map_layers(config, layers, {})
        moved = []
        for layer in layers:
            program = layer_program(config, layer, mappings[layer.name])
            moved.append([sum(bytes_moved(program.transfers, name).values()) for name in ("ifmap", "ofmap")])
            # And it takes as long as the oracle says.
            assert simulate_program(config, program).cycles == run_per_cycle(config, program).total_cycles
        assert moved == [[32, 0], [0, 0], [0, 32]]

    def test_without_the_option_everything_travels(self) -> None:
        config = machine()
        layers = layers_of(self.graph(), 1)
        mappings = map_layers(config, layers, {})
        programs = [layer_program(config, layer, mappings[layer.name]) for layer in layers]
        for program in programs:
            assert sum(bytes_moved(program.transfers, "ifmap").values()) == 32
            assert sum(bytes_moved(program.transfers, "ofmap").values()) == 32
