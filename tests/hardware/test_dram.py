from __future__ import annotations

from accelsim.hardware.dram import IdealDram
from accelsim.timing.work import Transfer
from tests.hand_built import machine


def test_a_transfer_holds_the_port_for_its_bursts() -> None:
    # Bursts of 64 at 12.8 bytes per cycle: 100 bytes take 5 + ⌈36/12.8⌉ = 8 cycles, 64 bytes 5.
    dram = IdealDram(machine(dma={"burst_bytes": 64}, dram={"bytes_per_cycle": 12.8}))
    assert dram.port_cycles(Transfer("read", "ifmap", 0, 100)) == 8
    assert dram.port_cycles(Transfer("write", "ofmap", 0, 64)) == 5
    # 2 planes of 3 rows of 100 bytes: asked again for runs it has seen, it counts all six.
    assert dram.port_cycles(Transfer("read", "ifmap", 0, 100, 3, 200, 2, 600)) == 48


def test_all_reads_are_as_late() -> None:
    dram = IdealDram(machine(dram={"read_latency_cycles": 40}))
    assert dram.read_latency_cycles(Transfer("read", "ifmap", 0, 1)) == 40
    assert dram.read_latency_cycles(Transfer("read", "weight", 0, 1000)) == 40
