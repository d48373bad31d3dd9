"""What a layer comes to: cycles of every unit, and bytes; without a list of what happened when."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.simulation import LayerRecord
from accelsim.timing.array import ArrayTotals


class UnitTotals(NamedTuple):
    """A unit's time in a layer: until ``end_cycle`` it was busy or stalled, then idle."""

    unit: str
    busy_cycles: int
    end_cycle: int
    """The first cycle after its last operation; 0 if it had none."""

    @property
    def stalled_cycles(self) -> int:
        """Cycles in which it had an operation left and could not work on it."""
        return self.end_cycle - self.busy_cycles


class LayerTotals(NamedTuple):
    """What the machine did for one layer, in sum."""

    cycles: int
    units: tuple[UnitTotals, ...]
    dram_read_bytes: int
    dram_write_bytes: int
    executed: ArrayTotals

    @property
    def main_unit(self) -> UnitTotals:
        """The unit that did the layer's arithmetic: the array or, without a convolution, the busiest behind it."""
        array = next(unit for unit in self.units if unit.unit == "conv_array")
        behind = [unit for unit in self.units if unit.unit not in ("dma", "conv_array")]
        return array if array.end_cycle else max(behind, key=lambda unit: unit.busy_cycles)


def totals_of(record: LayerRecord) -> LayerTotals:
    """Sum up what happened."""
    units = tuple(UnitTotals(account.unit, account.busy_cycles, account.end_cycle) for account in record.accounts)
    dma = next(account for account in record.accounts if account.unit == "dma")
    transfers = [execution.transfer for execution in dma.executions if execution.transfer]
    written = sum(transfer.bytes for transfer in transfers if transfer.direction == "write")
    read = sum(transfer.bytes for transfer in transfers) - written
    return LayerTotals(record.cycles, units, read, written, record.executed)
