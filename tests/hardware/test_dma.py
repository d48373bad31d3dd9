"""The DMA alone; the port moves 1 byte per cycle."""

from __future__ import annotations

from accelsim.hardware.dma import Dma
from accelsim.hardware.dram import IdealDram
from accelsim.program.operations import Token, TransferOperation
from tests.hand_built import machine, read, write
from tests.hardware.bench import Bench, spans, stalls

LOAD_IFMAP = read("ifmap", 4, (Token.IFMAP_FREE,), (Token.IFMAP_FULL,))
LOAD_WEIGHT = read("weight", 6, (Token.WEIGHT_FREE,), (Token.WEIGHT_FULL,))
STORE = write(5, (Token.OFMAP_FULL,), (Token.OFMAP_FREE,))


def dma(bench: Bench, *operations: TransferOperation, latency: int = 0) -> Dma:
    dram = IdealDram(machine(dram={"read_latency_cycles": latency}))
    return Dma(bench.environment, bench.tokens, operations, dram)


def test_a_read_starts_with_its_half_and_gives_its_data_a_latency_after_the_port() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FREE, 7)
    arrived = bench.take(Token.IFMAP_FULL)
    unit = dma(bench, LOAD_IFMAP, latency=10)
    bench.run(unit)
    # 4 bytes hold the port in cycles 7 to 10; the data is there 10 cycles after the port is free.
    assert spans(unit.accounts[0]) == [(7, 11)]
    assert stalls(unit.accounts[0]) == [("ifmap_free", 0, 7)]
    assert arrived == [21]


def test_a_read_without_latency_is_there_when_the_port_is_free() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FREE, 0)
    arrived = bench.take(Token.IFMAP_FULL)
    bench.run(dma(bench, LOAD_IFMAP))
    assert arrived == [4]


def test_a_write_has_no_latency() -> None:
    bench = Bench()
    bench.give(Token.OFMAP_FULL, 2)
    freed = bench.take(Token.OFMAP_FREE)
    unit = dma(bench, STORE, latency=10)
    bench.run(unit)
    assert spans(unit.accounts[0]) == [(2, 7)]
    assert freed == [7]


def test_latencies_overlap() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FREE, 0, 0)
    bench.give(Token.WEIGHT_FREE, 0)
    ifmap, weight = bench.take(Token.IFMAP_FULL), bench.take(Token.WEIGHT_FULL)
    unit = dma(bench, LOAD_IFMAP, LOAD_WEIGHT, LOAD_IFMAP, latency=100)
    bench.run(unit)
    # The port is held without a gap, in 0–3, 4–9 and 10–13; each is 100 cycles later.
    assert spans(unit.accounts[0]) == [(0, 4), (4, 10), (10, 14)]
    assert (ifmap, weight) == ([104, 114], [110])
    assert stalls(unit.accounts[0]) == []
    assert unit.accounts[0].busy_cycles == 14


def test_transfers_keep_their_order() -> None:
    # The load could go at once, but stands behind a store whose tile is ready only in cycle 20.
    bench = Bench()
    bench.give(Token.IFMAP_FREE, 0)
    bench.give(Token.OFMAP_FULL, 20)
    unit = dma(bench, STORE, LOAD_IFMAP)
    bench.run(unit)
    assert spans(unit.accounts[0]) == [(20, 25), (25, 29)]
    assert stalls(unit.accounts[0]) == [("ofmap_full", 0, 20)]


def test_what_is_written_down() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FREE, 0)
    bench.give(Token.OFMAP_FULL, 0)
    unit = dma(bench, LOAD_IFMAP, STORE)
    bench.run(unit)
    assert [(e.operation, e.bytes, e.busy_cycles) for e in unit.accounts[0].executions] == [
        ("load ifmap", 4, 4),
        ("store ofmap", 5, 5),
    ]
