"""What one action takes in energy, on one machine and by one table (docs/energy.md)."""

from __future__ import annotations

from math import sqrt

from accelsim.config.machine import KIB, MachineConfig
from accelsim.energy.action import BYTE_BITS, Action, Component
from accelsim.energy.curve import on_curve
from accelsim.energy.table import DramEnergy, EnergyTable, OperationEnergy, SramEnergy


def action_pj(machine: MachineConfig, table: EnergyTable, action: Action) -> float:
    """Return the energy of one of the actions (not of all ``count``), in pJ."""
    if action.action == "read" or action.action == "write":
        if action.component == "dram":
            return _dram_pj(table.dram, action)
        return _sram_pj(table.sram, action, memory_kib(machine, action.component))
    if action.action == "multiply":
        return _operation_pj(table.operations.multiply, sqrt(action.width_bits * action.by_bits))
    return _operation_pj(getattr(table.operations, action.action), action.width_bits)


def memory_kib(machine: MachineConfig, component: Component) -> float:
    """Return the capacity of a memory that is accessed: one half, since halves are filled and used in turn."""
    if component == "accumulator":
        return machine.half_psums * machine.array.psum_bits / BYTE_BITS / KIB
    return float(getattr(machine.buffers, component.removesuffix("_buffer")).half_bytes / KIB)


def _operation_pj(energy: OperationEnergy, bits: float) -> float:
    return on_curve([point.bits for point in energy.points], [point.pj for point in energy.points], bits)


def _sram_pj(energy: SramEnergy, action: Action, kib: float) -> float:
    energies = [point.read_pj if action.action == "read" else point.write_pj for point in energy.points]
    return on_curve([point.kib for point in energy.points], energies, kib) * action.width_bits / energy.access_bits


def _dram_pj(energy: DramEnergy, action: Action) -> float:
    access_pj = energy.read_pj if action.action == "read" else energy.write_pj
    return access_pj * action.width_bits / energy.access_bits
