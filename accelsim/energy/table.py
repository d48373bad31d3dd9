"""What actions take in energy: a table in YAML, every entry of which names its source (docs/energy.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from accelsim.config.machine import Bits, Section
from accelsim.documents.validation import validated
from accelsim.documents.yaml_document import read_yaml
from accelsim.documents.yaml_text import yaml_text

CurvePj = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
"""An energy on a curve: it is interpolated by its logarithm, so it is more than 0. Nothing takes a millijoule."""

STEEPEST = 8
"""Power of width or capacity with which an energy may change; published ones change with the square at most."""

Pj = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]

Source = Annotated[str, Field(min_length=1, description="where the figures are from")]


class OperationPoint(Section):
    """What an operation of some width takes."""

    bits: Bits = Field(description="width of the operands")
    pj: CurvePj = Field(description="energy of one operation, in pJ")


class OperationEnergy(Section):
    """What an operation takes, by the width of its operands."""

    source: Source
    points: list[OperationPoint] = Field(min_length=2, description="widths with a known energy, ascending")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        _check_ascending("bits", (point.bits for point in self.points))
        _check_slopes("bits", [(point.bits, point.pj) for point in self.points])
        return self


class Operations(Section):
    """The arithmetic that machines do."""

    add: OperationEnergy = Field(description="an addition or subtraction")
    multiply: OperationEnergy = Field(description="a multiplication of two operands of one width")
    compare: OperationEnergy = Field(description="a comparison")


class SramPoint(Section):
    """What an access to a memory of some size takes."""

    kib: float = Field(gt=0, le=2**20, allow_inf_nan=False, description="capacity in KiB")
    read_pj: CurvePj = Field(description="energy of a read, in pJ")
    write_pj: CurvePj = Field(description="energy of a write, in pJ")


class SramEnergy(Section):
    """What an access to a memory on the chip takes, by its capacity."""

    source: Source
    access_bits: int = Field(ge=1, le=2**16, description="bits of one access")
    points: list[SramPoint] = Field(min_length=2, description="capacities with a known energy, ascending")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        _check_ascending("kib", (point.kib for point in self.points))
        _check_slopes("kib", [(point.kib, point.read_pj) for point in self.points])
        _check_slopes("kib", [(point.kib, point.write_pj) for point in self.points])
        return self


class DramEnergy(Section):
    """What an access to DRAM takes."""

    source: Source
    access_bits: int = Field(ge=1, le=2**16, description="bits of one access")
    read_pj: Pj = Field(description="energy of a read, in pJ")
    write_pj: Pj = Field(description="energy of a write, in pJ")


class StaticPower(Section):
    """What a component takes all the time."""

    source: Source
    mw: float = Field(ge=0, le=1e6, allow_inf_nan=False, description="power, in mW")


class StaticPowers(Section):
    """What components take all the time; nothing, if it is not said."""

    conv_array: StaticPower | None = None
    accumulator: StaticPower | None = None
    bn_stage: StaticPower | None = None
    requantizer: StaticPower | None = None
    residual_add: StaticPower | None = None
    pooling: StaticPower | None = None
    activation: StaticPower | None = None
    ifmap_buffer: StaticPower | None = None
    weight_buffer: StaticPower | None = None
    parameter_buffer: StaticPower | None = None
    residual_buffer: StaticPower | None = None
    ofmap_buffer: StaticPower | None = None
    dram: StaticPower | None = None


class EnergyTable(Section):
    """Energies of all actions, in one technology."""

    name: str = Field(min_length=1, max_length=200, description="what the figures are of")
    operations: Operations = Field(description="arithmetic")
    sram: SramEnergy = Field(description="buffers and accumulator")
    dram: DramEnergy = Field(description="the memory behind the DMA")
    static: StaticPowers = StaticPowers()


def read_energy_table(path: str | Path) -> EnergyTable:
    """Read a table.

    Raises
    ------
    InputError
        If the file cannot be read, or with line and key if an entry is missing, unknown, negative or no number.
    """
    return validated(EnergyTable, read_yaml(Path(path)))


def energy_table_yaml(table: EnergyTable) -> str:
    """Write a table as a file that :func:`read_energy_table` can read."""
    return yaml_text(table.model_dump(exclude_none=True))


def _check_slopes(name: str, points: Sequence[tuple[float, float]]) -> None:
    """Beyond the ends a curve goes on as steeply as between the last two: it must not get anywhere near infinity."""
    for (left, below), (right, above) in pairwise(points):
        steepness = max(Fraction(above) / Fraction(below), Fraction(below) / Fraction(above))
        if steepness > (Fraction(right) / Fraction(left)) ** STEEPEST:
            raise ValueError(
                f"points: from {left:g} to {right:g} {name} the energy changes from {below:g} to {above:g} pJ, by more "
                f"than the {STEEPEST}th power: leave one of them out"
            )


def _check_ascending(name: str, values: Iterable[float]) -> None:
    for before, value in pairwise(values):
        if value <= before:
            raise ValueError(f"points: {name} must ascend, but {value:g} follows {before:g}")
