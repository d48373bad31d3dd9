"""What a machine's memories take: bits × the area of a bit in published macros.

The macros are those that OpenRAM (Guthaus et al., ICCAD 2016) generated for the same 130 nm process, by SIZE of their
LEF: ``sky130_sram_2kbyte_1rw_32x512_8`` (repository VLSIDA/sky130_sram_macros, commit 6489706) with one port, for the
buffers, whose halves are filled and used in turn; ``sky130_sram_2kbyte_1rw1r_32x512_8`` (VLSIDA/openram_testchip2,
commit 36b119e) for the accumulator, which is read and written in every cycle. Small memories take more a bit than
this, because their periphery does not shrink with them, and banks for several words a cycle do, too.
"""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import KIB, MachineConfig

BITS_PER_BYTE = 8

MACRO_BITS = 2 * KIB * BITS_PER_BYTE

ONE_PORT_UM2_PER_BIT = 483.86 * 326.1 / MACRO_BITS

READ_AND_WRITE_UM2_PER_BIT = 696.7 * 418.58 / MACRO_BITS

BUFFERS = ("ifmap", "weight", "parameter", "residual", "ofmap")


class Memory(NamedTuple):
    """A memory of the machine."""

    name: str
    bits: int
    area_um2: float


def memories(machine: MachineConfig) -> list[Memory]:
    """Return buffers and accumulator; fusing changes none of them."""
    buffers = [(f"{name} buffer", getattr(machine.buffers, name).kib * KIB * BITS_PER_BYTE) for name in BUFFERS]
    psums = machine.half_psums * machine.accumulator.halves * machine.array.psum_bits
    return [
        *(Memory(name, bits, bits * ONE_PORT_UM2_PER_BIT) for name, bits in buffers),
        Memory("accumulator", psums, psums * READ_AND_WRITE_UM2_PER_BIT),
    ]
