"""The oracle itself, against cases worked out by hand from docs/microarchitecture.md."""

from __future__ import annotations

from typing import Any

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.program.operations import (
    AccumulateOperation,
    ArrayOperation,
    DrainOperation,
    FunctionUnitOperation,
    Pass,
    PassOperation,
    Program,
    Stage,
    Token,
    Tokens,
    TransferOperation,
)
from accelsim.timing.work import ArrayWork, Block, Transfer
from tests.oracle.machine import OracleResult, run_per_cycle

BUFFERS = {b: {"kib": 1} for b in ("ifmap", "weight", "parameter", "residual", "ofmap")}
FILLS: dict[str, Token] = {
    "ifmap": Token.IFMAP_FULL,
    "weight": Token.WEIGHT_FULL,
    "parameter": Token.PARAMETER_FULL,
    "residual": Token.RESIDUAL_FULL,
}


def machine(**sections: dict[str, Any]) -> MachineConfig:
    """Build a machine with a 4×3 array, a port of 1 byte per cycle and stages that all differ."""
    defaults: dict[str, dict[str, Any]] = {
        "array": {"rows": 4, "cols": 3},
        "accumulator": {"psums": 1024},
        "dram": {"bytes_per_cycle": 1},
        "dma": {"burst_bytes": 256},
        "bn": {"lanes": 4, "latency_cycles": 2},
        "residual_add": {"lanes": 2, "latency_cycles": 1},
        "pooling": {"lanes": 1},
        "activation": {"lanes": 8, "latency_cycles": 3},
    }
    merged = {name: default | sections.get(name, {}) for name, default in defaults.items()}
    return MachineConfig.model_validate({"buffers": BUFFERS, **merged})


def program(
    *,
    transfers: tuple[TransferOperation, ...] = (),
    array: tuple[ArrayOperation, ...] = (),
    drains: tuple[DrainOperation, ...] = (),
    function_unit: tuple[FunctionUnitOperation, ...] = (),
    tokens: dict[Token, int] | None = None,
) -> Program:
    return Program(transfers=transfers, array=array, drains=drains, function_unit=function_unit, tokens=tokens or {})


def work(
    pixels: int, kc: int, n: int, *, kernel: int = 1, groups: int = 1, positions: int | None = None
) -> ArrayWork[int]:
    return ArrayWork(
        pixels=pixels,
        positions=pixels if positions is None else positions,
        kernel_positions=kernel,
        in_channels=kc,
        out_channels=n,
        groups=groups,
    )


def convolve(shape: ArrayWork[int], takes: Tokens = (), gives: Tokens = ()) -> ArrayOperation:
    return ArrayOperation("convolve", shape, takes, gives)


def read(buffer: Any, row_bytes: int, takes: Tokens = (), **shape: int) -> TransferOperation:
    return TransferOperation(f"load {buffer}", Transfer("read", buffer, 0, row_bytes, **shape), takes, (FILLS[buffer],))


def write(row_bytes: int, takes: Tokens = (), gives: Tokens = ()) -> TransferOperation:
    return TransferOperation("store", Transfer("write", "ofmap", 0, row_bytes), takes, gives)


def drain(stages: tuple[Stage, ...], *blocks: Block[int], takes: Tokens = (), window: int = 1) -> DrainOperation:
    return DrainOperation("drain", stages, window, blocks, takes, ())


def array_cycles(shape: ArrayWork[int], **array: Any) -> int:
    """Run one array operation on its own."""
    result = run_per_cycle(machine(array=array), program(array=(convolve(shape),)))
    assert result.busy["conv_array"] == result.total_cycles
    return result.total_cycles


def transfer_cycles(operation: TransferOperation, *, burst_bytes: int, bytes_per_cycle: float | str) -> int:
    """Run one transfer on its own."""
    config = machine(dma={"burst_bytes": burst_bytes}, dram={"bytes_per_cycle": bytes_per_cycle})
    result = run_per_cycle(config, program(transfers=(operation,)))
    assert result.busy["dma"] == result.total_cycles
    return result.total_cycles


def account(result: OracleResult, unit: str) -> tuple[int, dict[str, int], int]:
    """Return busy, stalled and idle cycles of a unit, which must make up the total."""
    busy, stalled, idle = result.busy[unit], result.stalled[unit], result.idle[unit]
    assert busy + sum(stalled.values()) + idle == result.total_cycles
    return busy, stalled, idle


class TestConvArray:
    """R = 4 and C = 3 unless a test says otherwise."""

    def test_one_ws_fold(self) -> None:
        # k = 4 fills the rows, n = 3 the columns. Preload in cycles 0–3; the T = 5 vectors enter in 4–8; the
        # last one reaches PE (3, 2), 3 + 2 diagonals on, in cycle 13, the fourteenth: 2·4 + 3 + 5 − 2.
        assert array_cycles(work(pixels=5, kc=4, n=3)) == 14

    def test_one_is_fold(self) -> None:
        # The P = 3 pixels lie in the columns and T = n = 7 kernels stream: 2·4 + 3 + 7 − 2.
        assert array_cycles(work(pixels=3, kc=4, n=7), dataflow="is") == 16

    def test_one_os_fold(self) -> None:
        # Nothing to preload. The k = 6 operand pairs enter PE (0, 0) in 0–5; PE (3, 2) has its last one in
        # cycle 10.
        assert array_cycles(work(pixels=4, kc=6, n=3), dataflow="os") == 11

    def test_an_edge_fold_pays_the_whole_array(self) -> None:
        assert array_cycles(work(pixels=5, kc=1, n=1)) == 14
        assert array_cycles(work(pixels=1, kc=6, n=1), dataflow="os") == 11

    def test_the_smallest_array(self) -> None:
        # 1×1: one cycle of preload and one of work; output-stationary, one of work.
        assert array_cycles(work(pixels=1, kc=1, n=1), rows=1, cols=1) == 2
        assert array_cycles(work(pixels=1, kc=1, n=1), rows=1, cols=1, dataflow="os") == 1

    def test_folds_of_ragged_operands(self) -> None:
        # ws: k = 5·2 = 10 in 3 row blocks, n = 4 in 2 column blocks, 2 groups: 12 folds of 2·4 + 3 + 5 − 2 =
        # 14.
        assert array_cycles(work(pixels=5, kc=5, n=4, kernel=2, groups=2)) == 12 * 14
        # is: 3 row blocks, P = 5 in 2 column blocks: 12 folds of 2·4 + 3 + 4 − 2 = 13.
        assert array_cycles(work(pixels=5, kc=5, n=4, kernel=2, groups=2), dataflow="is") == 12 * 13
        # os: P = 5 in 2 row blocks, n = 4 in 2 column blocks: 8 folds of 4 + 3 + 10 − 2 = 15.
        assert array_cycles(work(pixels=5, kc=5, n=4, kernel=2, groups=2), dataflow="os") == 8 * 15

    @pytest.mark.parametrize("dataflow", ["ws", "is"])
    @pytest.mark.parametrize(
        ("T", "shadow", "cycles"),
        [
            # One after the other: 2·(2·4 + 3 + T − 2).
            (6, False, 30),
            (2, False, 22),
            # T > R: preload in 0–3, the first fold enters in 4–9, the second in 10–15, the last of it reaches
            # PE (3, 2) five cycles later, in cycle 20.
            (6, True, 21),
            # T < R: the first fold enters in 4–5, its shadow registers fill in 4–7, the second fold enters
            # in 8–9 and has left with cycle 14.
            (2, True, 15),
            # T = R: the folds enter in 4–7 and 8–11; the last vector has left with cycle 16.
            (4, True, 17),
        ],
    )
    def test_two_folds(self, dataflow: str, T: int, *, shadow: bool, cycles: int) -> None:
        # 8 rows of K make two row blocks; one column block of 3.
        shape = work(pixels=T, kc=8, n=3) if dataflow == "ws" else work(pixels=3, kc=8, n=T)
        assert array_cycles(shape, dataflow=dataflow, stationary_double_buffer=shadow) == cycles

    def test_shadow_registers_do_not_reach_across_operations(self) -> None:
        # Two operations of one fold each: 2·14, preloads and all.
        config = machine(array={"stationary_double_buffer": True})
        operations = (convolve(work(pixels=5, kc=4, n=3)),) * 2
        result = run_per_cycle(config, program(array=operations))
        assert result.starts["conv_array"] == [0, 14]
        assert result.total_cycles == 28

    def test_raster(self) -> None:
        # A 4×4 output of a 3×3 kernel: all 36 positions pass each of 9 offsets: 9·(2·8 + 8 + 36 − 2).
        raster = {"rows": 8, "cols": 8, "ifmap_streaming": "raster"}
        assert array_cycles(work(16, 8, 8, kernel=9, positions=36), **raster) == 522
        # With shadow registers the folds enter every 36 cycles: 8 + 8·36 + (36 + 8 + 8 − 2).
        shape = work(16, 8, 8, kernel=9, positions=36)
        assert array_cycles(shape, stationary_double_buffer=True, **raster) == 346
        # 10 input channels need two row blocks at every offset, though 10·9 rows would fill 12 blocks of 8.
        assert array_cycles(work(16, 10, 8, kernel=9, positions=36), **raster) == 18 * 58

    def test_block_diagonal(self) -> None:
        # k = 2 and n = 1 fit side by side min(⌊8/2⌋, ⌊3/1⌋) = 3 times, so 7 groups make packs of 3, 3 and 1,
        # each one fold of 2·8 + 3 + 5 − 2 = 22.
        shape = work(pixels=5, kc=1, n=1, kernel=2, groups=7)
        assert array_cycles(shape, rows=8, grouped="block_diagonal") == 3 * 22
        assert array_cycles(shape, rows=8) == 7 * 22
        # k = 9 is more than the 8 rows: one group at a time, in two row blocks.
        deep = work(pixels=5, kc=1, n=1, kernel=9, groups=2)
        assert array_cycles(deep, rows=8, grouped="block_diagonal") == 4 * 22

    def test_block_diagonal_raster(self) -> None:
        # kc = 1 fits min(8, 3) = 3 times; 3 packs at each of 2 offsets, 2·8 + 3 + 6 − 2 = 23 cycles each.
        shape = work(pixels=5, kc=1, n=1, kernel=2, groups=7, positions=6)
        assert array_cycles(shape, rows=8, grouped="block_diagonal", ifmap_streaming="raster") == 6 * 23

    @pytest.mark.parametrize(("R", "C", "T"), [(4, 3, 5), (1, 4, 2), (5, 1, 1), (3, 3, 9)])
    def test_registers_and_numbers_say_the_same(self, R: int, C: int, T: int) -> None:
        vectors = [[3 * j + r + 1 for r in range(R)] for j in range(T)]
        weights = [[r - 2 * c + 5 for c in range(C)] for r in range(R)]
        cycles, product = weight_stationary_array(vectors, weights)
        assert product == [[sum(vectors[j][r] * weights[r][c] for r in range(R)) for c in range(C)] for j in range(T)]
        assert array_cycles(work(pixels=T, kc=R, n=C), rows=R, cols=C) == cycles


def weight_stationary_array(vectors: list[list[int]], weights: list[list[int]]) -> tuple[int, list[list[int]]]:
    """Move every operand through every register of a weight-stationary array; return cycles and product."""
    T, R, C = len(vectors), len(weights), len(weights[0])
    stationary = [[0] * C for _ in range(R)]
    cycles = 0
    for row in reversed(weights):  # the rows are pushed in from the top, the bottom one first
        stationary = [row, *stationary[:-1]]
        cycles += 1
    activations = [[0] * C for _ in range(R)]
    psums = [[0] * C for _ in range(R)]
    accumulator = [[0] * C for _ in range(T)]
    outputs_to_come = T * C
    step = 0
    while outputs_to_come:
        entering = [vectors[step - r][r] if 0 <= step - r < T else 0 for r in range(R)]
        activations = [[entering[r], *activations[r][:-1]] for r in range(R)]
        above = [[0] * C, *psums[:-1]]
        psums = [[above[r][c] + stationary[r][c] * activations[r][c] for c in range(C)] for r in range(R)]
        for c in range(C):
            vector = step - (R - 1) - c
            if 0 <= vector < T:
                accumulator[vector][c] += psums[-1][c]
                outputs_to_come -= 1
        step += 1
        cycles += 1
    return cycles, accumulator


class TestDma:
    def test_short_last_burst_at_12_8_bytes_per_cycle(self) -> None:
        # A run of 100 bytes is bursts of 64 and 36: exactly 5 cycles (64/12.8), and ⌈2.8125⌉ = 3. Three rows
        # in each of two planes are 6 such runs.
        load = read("ifmap", 100, rows=3, row_stride_bytes=200, planes=2, plane_stride_bytes=600)
        assert transfer_cycles(load, burst_bytes=64, bytes_per_cycle=12.8) == 6 * 8

    def test_a_third_of_a_byte_per_cycle(self) -> None:
        # Bursts of 2, 2 and 1 bytes: 6 + 6 + 3.
        assert transfer_cycles(read("weight", 5), burst_bytes=2, bytes_per_cycle="1/3") == 15

    def test_bursts_do_not_share_a_beat(self) -> None:
        # Two runs of 1 byte through a port of 16 bytes: a cycle each.
        load = read("ifmap", 1, rows=2, row_stride_bytes=4)
        assert transfer_cycles(load, burst_bytes=256, bytes_per_cycle=16) == 2

    def test_read_latencies_overlap(self) -> None:
        # The port is held in 0–3 and 4–7; data is there from 4 + 10 and 8 + 10 on.
        transfers = (read("ifmap", 4), read("weight", 4))
        takes = (Token.WEIGHT_FULL, Token.IFMAP_FULL)
        result = run_per_cycle(
            machine(dram={"read_latency_cycles": 10}),
            program(transfers=transfers, array=(convolve(work(pixels=5, kc=4, n=3), takes),)),
        )
        assert result.starts["dma"] == [0, 4]
        assert result.starts["conv_array"] == [18]
        assert result.total_cycles == 18 + 14
        # Looked at in the order of the table, not of ``takes``.
        assert account(result, "conv_array") == (14, {"ifmap_full": 14, "weight_full": 4}, 0)
        assert account(result, "dma") == (8, {}, 24)
        assert (result.dram_read_bytes, result.dram_write_bytes) == (8, 0)

    def test_waits_for_halves(self) -> None:
        # One ifmap half: the second load waits for the array, which has it from cycle 4 to 17. The store
        # waits for a drain that needs cycles 18–23 (3 rows of 1 chunk, 3 cycles of latency).
        transfers = (
            read("ifmap", 4, (Token.IFMAP_FREE,)),
            read("ifmap", 4, (Token.IFMAP_FREE,)),
            write(6, (Token.OFMAP_FULL,), (Token.OFMAP_FREE,)),
        )
        operation = convolve(work(pixels=5, kc=4, n=3), (Token.IFMAP_FULL,), (Token.IFMAP_FREE, Token.ACCUMULATOR_FULL))
        drained = drain(("activation",), Block(1, 3, 3), takes=(Token.ACCUMULATOR_FULL,))
        result = run_per_cycle(
            machine(),
            program(
                transfers=transfers,
                array=(operation,),
                drains=(drained._replace(gives=(Token.OFMAP_FULL,)),),
                tokens={Token.IFMAP_FREE: 1},
            ),
        )
        assert result.starts["dma"] == [0, 18, 24]
        assert result.total_cycles == 30
        assert account(result, "dma") == (14, {"ifmap_free": 14, "ofmap_full": 2}, 0)
        assert (result.dram_read_bytes, result.dram_write_bytes) == (8, 6)


class TestPostPipeline:
    """BN: 4 lanes, latency 2; residual add: 2 and 1; pooling: 1 and 0; activation: 8 and 3."""

    def test_three_stages_and_every_cause(self) -> None:
        # a, in 0–20: 5 rows of 6: BN 5·⌈6/4⌉ = 10, residual add 5·3 = 15, activation 5; latencies 2 + 1 + 3.
        # b, in 21–31: 2 blocks of 2 rows of 9: 4·⌈9/8⌉ = 8, latency 3. The BN stage waits for c meanwhile.
        # c, in 40–45: one chunk each, latencies 2 + 3; but its parameters are on the port in 0–39.
        a = drain(("bn_stage", "residual_add", "activation"), Block(1, 5, 6))
        b = drain(("activation",), Block(2, 2, 9))
        c = drain(("bn_stage", "activation"), Block(1, 1, 4), takes=(Token.PARAMETER_FULL,))
        result = run_per_cycle(machine(), program(transfers=(read("parameter", 40),), drains=(a, b, c)))
        assert result.starts["post_pipeline"] == [0, 21, 40]
        assert result.total_cycles == 46
        assert account(result, "bn_stage") == (
            10 + 1,
            {"residual_add": 5, "pipeline_latency": 6 + 5, "post_pipeline": 11, "parameter_full": 8},
            0,
        )
        assert account(result, "residual_add") == (15, {"pipeline_latency": 6}, 25)
        assert account(result, "activation") == (
            5 + 8 + 1,
            {"residual_add": 10, "pipeline_latency": 6 + 3 + 5, "parameter_full": 8},
            0,
        )
        assert account(result, "conv_array") == (0, {}, 46)
        assert "pooling" not in result.busy

    def test_a_stage_waits_with_the_pipeline(self) -> None:
        # The first drain has no BN but waits for a load of 4 cycles, the BN stage with it; then it takes 1 +
        # 3 cycles, which the BN stage waits for; then both run: 1 + 2 + 3.
        first = drain(("activation",), Block(1, 1, 1), takes=(Token.RESIDUAL_FULL,))
        second = drain(("bn_stage", "activation"), Block(1, 1, 1))
        result = run_per_cycle(machine(), program(transfers=(read("residual", 4),), drains=(first, second)))
        assert result.total_cycles == 4 + 4 + 6
        assert account(result, "bn_stage") == (
            1,
            {"residual_full": 4, "post_pipeline": 4, "pipeline_latency": 5},
            0,
        )

    def test_pooling_reads_whole_windows(self) -> None:
        # 4 rows of 3 in windows of 9 through 1 lane: 108; the activation sees 4 rows of one chunk; latencies
        # 0 + 3.
        result = run_per_cycle(machine(), program(drains=(drain(("pooling", "activation"), Block(1, 4, 3), window=9),)))
        assert result.total_cycles == 111
        assert account(result, "pooling") == (108, {"pipeline_latency": 3}, 0)
        assert account(result, "activation") == (4, {"pooling": 104, "pipeline_latency": 3}, 0)

    def test_the_first_of_equally_narrow_stages_is_named(self) -> None:
        # Rows of 1 keep the BN stage and the residual add busy for 5 cycles each; 2 + 1 + 0 + 3 of latency.
        narrow = drain(("residual_add", "bn_stage", "pooling", "activation"), Block(5, 1, 1))
        result = run_per_cycle(machine(bn={"lanes": 1}), program(drains=(narrow,)))
        assert all(result.busy[stage] == 5 for stage in narrow.stages)
        wide = drain(("residual_add", "bn_stage", "activation"), Block(1, 5, 8))
        result = run_per_cycle(machine(bn={"lanes": 2}), program(drains=(wide,)))
        assert account(result, "activation") == (5, {"bn_stage": 15, "pipeline_latency": 6}, 0)

    def test_an_emptying_pipeline_counts_towards_the_total(self) -> None:
        # Nothing is stored afterwards: 1 + 3 cycles all the same.
        result = run_per_cycle(machine(), program(drains=(drain(("activation",), Block(1, 1, 1)),)))
        assert result.total_cycles == 4


RASTER = {"rows": 8, "cols": 8, "ifmap_streaming": "raster"}
SHAPE = work(16, 8, 8, kernel=9, positions=36)


class TestFunctionUnit:
    """A 4×4 output of a 3×3 kernel on 8×8: 9 folds of 58 cycles, each with 36 positions to accumulate."""

    def units(self, *kinds: Pass, rows: int = 16) -> tuple[FunctionUnitOperation, ...]:
        """Accumulate and make passes; the first takes the accumulator, the last frees it."""
        accumulate = AccumulateOperation("accumulate", SHAPE, (Token.ARRAY_STREAM,), (), (Token.FUNCTION_UNIT_READY,))
        passes = [PassOperation(kind, kind, 1, (Block(1, rows, 8),), (), ()) for kind in kinds]
        passes[0] = passes[0]._replace(takes=(Token.ACCUMULATOR_FULL,))
        passes[-1] = passes[-1]._replace(gives=(Token.ACCUMULATOR_FREE,))
        return (accumulate, *passes)

    def tile(self, *takes: Token) -> ArrayOperation:
        return ArrayOperation(
            "convolve",
            SHAPE,
            (*takes, Token.ACCUMULATOR_FREE, Token.FUNCTION_UNIT_READY),
            (Token.ACCUMULATOR_FULL,),
            (Token.ARRAY_STREAM,),
        )

    def run(self, tiles: int, halves: int, flush: int = 0) -> OracleResult:
        config = machine(
            array=RASTER,
            bn={"placement": "pass", "lanes": 8, "latency_cycles": 99, "flush_cycles": flush},
        )
        return run_per_cycle(
            config,
            program(
                array=(self.tile(),) * tiles,
                function_unit=self.units("batchnorm", "activation", "readout") * tiles,
                tokens={Token.ACCUMULATOR_FREE: halves},
            ),
        )

    def test_accumulate_and_passes(self) -> None:
        # 9·36 = 324 busy cycles of the array's 522, then three passes of 16 rows.
        result = self.run(tiles=1, halves=2)
        assert result.starts["function_unit"] == [0, 522, 538, 554]
        assert result.total_cycles == 570
        assert account(result, "function_unit") == (324 + 3 * 16, {"conv_array": 198}, 0)
        assert account(result, "conv_array") == (522, {}, 48)
        assert result.starts["post_pipeline"] == []

    def test_flush(self) -> None:
        # 9·(36 + 3) = 351 of 522, then three passes of 16 + 3.
        result = self.run(tiles=1, halves=2, flush=3)
        assert result.total_cycles == 522 + 3 * 19
        assert account(result, "function_unit") == (351 + 57, {"conv_array": 171}, 0)

    def test_the_next_tile_waits_for_the_readout(self) -> None:
        # The array could have the other half, but the unit is ready for it only after the read-out.
        result = self.run(tiles=2, halves=2)
        assert result.starts["conv_array"] == [0, 570]
        assert result.starts["function_unit"][4] == 570
        assert account(result, "conv_array") == (1044, {"function_unit_ready": 48}, 48)
        # With a single half that is what it looks at first.
        assert self.run(tiles=2, halves=1).stalled["conv_array"] == {"accumulator_free": 48}

    def test_both_wait_for_a_load(self) -> None:
        # Ready from cycle 0 on, the unit waits for the array, and the array for 7 cycles of DMA.
        config = machine(array=RASTER, bn={"placement": "pass", "lanes": 8})
        result = run_per_cycle(
            config,
            program(
                transfers=(read("ifmap", 7),),
                array=(self.tile(Token.IFMAP_FULL),),
                function_unit=self.units("readout", rows=1),
                tokens={Token.ACCUMULATOR_FREE: 1},
            ),
        )
        assert result.starts["conv_array"] == result.starts["function_unit"][:1] == [7]
        assert result.total_cycles == 7 + 522 + 1
        assert account(result, "conv_array") == (522, {"ifmap_full": 7}, 1)
        assert account(result, "function_unit") == (325, {"array_stream": 7, "conv_array": 198}, 0)

    def test_output_stationary(self) -> None:
        # A fold of 4 + 3 + 6 − 2 = 11 cycles streams all R = 4 rows out, though P = 2, and flushes for 2.
        config = machine(array={"dataflow": "os"}, bn={"placement": "pass", "flush_cycles": 2})
        shape = work(pixels=2, kc=6, n=3)
        array = ArrayOperation("convolve", shape, (Token.FUNCTION_UNIT_READY,), (), announces=(Token.ARRAY_STREAM,))
        unit = AccumulateOperation("accumulate", shape, (Token.ARRAY_STREAM,), (), (Token.FUNCTION_UNIT_READY,))
        result = run_per_cycle(config, program(array=(array,), function_unit=(unit,)))
        assert account(result, "function_unit") == (6, {"conv_array": 5}, 0)

    @pytest.mark.parametrize(
        ("kind", "lanes"),
        [("batchnorm", 4), ("residual_add", 2), ("pooling", 1), ("activation", 8), ("readout", 8)],
    )
    def test_lanes_of_a_pass(self, kind: Pass, lanes: int) -> None:
        # 5 rows of 8 (pooling: in windows of 4), and no latency whatever the stages have.
        window = 4 if kind == "pooling" else 1
        operation = PassOperation(kind, kind, window, (Block(1, 5, 8),), (), ())
        config = machine(bn={"placement": "pass"})
        assert run_per_cycle(config, program(function_unit=(operation,))).total_cycles == (5 * window * 8 // lanes)


class TestTheWhole:
    def test_load_convolve_drain_store(self) -> None:
        # ifmap on the port in 0–7, usable at 10; weights in 8–13, usable at 16. Array 16–29. The drain, 5
        # rows of 3 through 2 lanes and 1 cycle of latency, 30–40. Store 41–55.
        array = convolve(work(pixels=5, kc=4, n=3), (Token.IFMAP_FULL, Token.WEIGHT_FULL), (Token.ACCUMULATOR_FULL,))
        drained = drain(("activation",), Block(1, 5, 3), takes=(Token.ACCUMULATOR_FULL,))
        result = run_per_cycle(
            machine(dram={"read_latency_cycles": 2}, activation={"lanes": 2, "latency_cycles": 1}),
            program(
                transfers=(read("ifmap", 8), read("weight", 6), write(15, (Token.OFMAP_FULL,))),
                array=(array,),
                drains=(drained._replace(gives=(Token.OFMAP_FULL,)),),
            ),
        )
        assert result.total_cycles == 56
        assert not result.deadlocked
        assert account(result, "dma") == (29, {"ofmap_full": 27}, 0)
        assert account(result, "conv_array") == (14, {"ifmap_full": 10, "weight_full": 6}, 26)
        assert account(result, "activation") == (10, {"accumulator_full": 30, "pipeline_latency": 1}, 15)

    def test_deadlock(self) -> None:
        # The DMA works in 0–7 and 8–11; nobody loads the weights.
        array = convolve(work(pixels=5, kc=4, n=3), (Token.IFMAP_FULL, Token.WEIGHT_FULL))
        result = run_per_cycle(machine(), program(transfers=(read("ifmap", 8), read("residual", 4)), array=(array,)))
        assert result.deadlocked
        assert result.total_cycles == 12
        assert account(result, "conv_array") == (0, {"ifmap_full": 8, "weight_full": 4}, 0)
        assert result.starts["conv_array"] == []

    def test_a_read_in_flight_is_no_deadlock_but_may_end_in_one(self) -> None:
        # The data arrives in cycle 8 + 5, and the array still lacks the weights; the last work was in cycle
        # 7.
        array = convolve(work(pixels=5, kc=4, n=3), (Token.IFMAP_FULL, Token.WEIGHT_FULL))
        result = run_per_cycle(
            machine(dram={"read_latency_cycles": 5}), program(transfers=(read("ifmap", 8),), array=(array,))
        )
        assert result.deadlocked
        assert result.total_cycles == 8
        assert account(result, "conv_array") == (0, {"ifmap_full": 8}, 0)

    def test_nothing_ever_starts(self) -> None:
        result = run_per_cycle(machine(), program(array=(convolve(work(1, 1, 1), (Token.IFMAP_FULL,)),)))
        assert result.deadlocked
        assert result.total_cycles == 0

    def test_nothing_to_do(self) -> None:
        result = run_per_cycle(machine(), program())
        assert not result.deadlocked
        assert (result.total_cycles, result.busy) == (0, {"dma": 0, "conv_array": 0})

    def test_a_read_that_nobody_waits_for_ends_with_the_port(self) -> None:
        result = run_per_cycle(machine(dram={"read_latency_cycles": 100}), program(transfers=(read("ifmap", 8),)))
        assert result.total_cycles == 8

    def test_too_long(self) -> None:
        assert run_per_cycle(machine(), program(transfers=(read("ifmap", 8),)), max_cycles=8)
        with pytest.raises(RuntimeError, match="not at an end after 7 cycles"):
            run_per_cycle(machine(), program(transfers=(read("ifmap", 8),)), max_cycles=7)

    def test_an_operation_without_a_cycle(self) -> None:
        with pytest.raises(ValueError, match="load ifmap takes no cycle"):
            run_per_cycle(machine(), program(transfers=(read("ifmap", 0),)))
