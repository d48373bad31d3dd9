"""The memory behind the DMA: it is asked for a transfer's cycles on the bus, and how late its data is."""

from __future__ import annotations

from typing import Protocol

from accelsim.config.machine import MachineConfig
from accelsim.timing.dma import transfer_cycles
from accelsim.timing.work import Transfer


class Dram(Protocol):
    """What the DMA needs to know of a memory."""

    def port_cycles(self, transfer: Transfer) -> int:
        """Cycles for which a transfer holds the port."""

    def read_latency_cycles(self, transfer: Transfer) -> int:
        """Cycles from a read's last cycle on the port until its data can be used."""


class IdealDram:
    """A memory with a rate and a latency, and nothing else.

    Parameters
    ----------
    machine
        Gives the rate, the latency, and the length of the DMA's bursts.
    """

    def __init__(self, machine: MachineConfig) -> None:
        self._burst_bytes = machine.dma.burst_bytes
        self._bytes_per_cycle = machine.dram.bytes_per_cycle
        self._latency_cycles = machine.dram.read_latency_cycles

    def port_cycles(self, transfer: Transfer) -> int:
        """See :meth:`Dram.port_cycles`."""
        return transfer_cycles(transfer, self._burst_bytes, self._bytes_per_cycle)

    def read_latency_cycles(self, transfer: Transfer) -> int:  # noqa: ARG002  the same for all
        """See :meth:`Dram.read_latency_cycles`."""
        return self._latency_cycles
