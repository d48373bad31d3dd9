"""Compute cycles against those in a report of SCALE-Sim, layer by layer.

SCALE-Sim's "Total Cycles" is the index of the last cycle, counted from 0, and includes the cycles in which the array
waited for memory, its "Stall Cycles". What is compared is how long the array computes:
Total Cycles − Stall Cycles + 1, against the cycles of the conv array's operations here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from accelsim.config import LoadedConfig
from accelsim.config.machine import (
    MAX_KIB,
    AccumulatorConfig,
    ArrayConfig,
    BnConfig,
    BufferConfig,
    BuffersConfig,
    DramConfig,
    MachineConfig,
    StageConfig,
)
from accelsim.config.run import Config, RunConfig, TilingConfig
from accelsim.config.settings import Settings
from accelsim.documents.csv_document import CsvRow, read_csv, whole_number
from accelsim.documents.validation import validated
from accelsim.documents.wording import described
from accelsim.documents.yaml_document import Keys, dotted
from accelsim.errors import InputError, MappingError, did_you_mean
from accelsim.results.result import simulate
from accelsim.workload.nodes import Conv
from accelsim.workload.scalesim_frontend import read_topology
from accelsim.workload.shapes import MAX_ELEMENTS

TOTAL = "Total Cycles"
STALLED = "Stall Cycles"
LAYER_ID = "LayerID"

TOPOLOGY_SUFFIX = ".csv"


class LayerComparison(NamedTuple):
    """Cycles that the array computes for one layer, in either simulator."""

    layer: str
    scalesim_cycles: int
    accelsim_cycles: int

    @property
    def difference(self) -> int:
        """Cycles that accelsim counts more."""
        return self.accelsim_cycles - self.scalesim_cycles


def compare_with_scalesim(topology: Path, report: Path, rows: int, cols: int, dataflow: str) -> list[LayerComparison]:
    """Simulate a topology and compare the compute cycles of its layers with SCALE-Sim's.

    A depthwise convolution is one layer here and one for each channel in the report; their cycles are added.

    Parameters
    ----------
    topology
        The topology that SCALE-Sim simulated.
    report
        Its ``COMPUTE_REPORT.csv``.
    rows, cols, dataflow
        The array that it simulated: ``"ws"``, ``"is"`` or ``"os"``.

    Raises
    ------
    InputError
        If a file cannot be read, the report is not of this topology, there is no such array, or a layer is larger than
        the largest buffers.
    """
    array = validated(ArrayConfig, _Arguments({"rows": rows, "cols": cols, "dataflow": dataflow}))
    if topology.suffix.lower() != TOPOLOGY_SUFFIX:
        raise InputError(f"is no topology of SCALE-Sim, which is a {TOPOLOGY_SUFFIX} file", path=topology)
    convolutions = [node for node in read_topology(topology) if isinstance(node, Conv)]
    reported = iter(_reported_cycles(report, convolutions))
    theirs = {node.name: sum(islice(reported, node.groups)) for node in convolutions}
    ours = _simulated_cycles(topology, list(theirs), array)
    return [LayerComparison(name, theirs[name], ours[name]) for name in theirs]


class _Arguments(NamedTuple):
    """What a caller gave; a :class:`~accelsim.documents.validation.Document`."""

    data: dict[str, Any]

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error that names the argument."""
        return InputError(message, key=dotted(keys))


def _simulated_cycles(topology: Path, layers: list[str], array: ArrayConfig) -> dict[str, int]:
    """Cycles of the array's operations by layer, each layer in one tile."""
    run = RunConfig(workload=str(topology), variants=["fused"], tiling=dict.fromkeys(layers, TilingConfig()))
    config = Config(machine=_roomy_machine(array), run=run)
    try:
        events = simulate(LoadedConfig(config, topology, topology.resolve(), Settings({}, {}))).events
    except MappingError as error:
        raise InputError(error.message, path=topology) from None
    of_array = events[events["unit"] == "conv_array"]
    cycles = (of_array["end_cycle"] - of_array["start_cycle"]).groupby(of_array["layer"]).sum()
    return {layer: int(cycles[layer]) for layer in layers}


def _roomy_machine(array: ArrayConfig) -> MachineConfig:
    """A machine with room for a layer in one tile: SCALE-Sim streams whole layers, whatever its SRAMs hold."""
    buffer = BufferConfig(kib=MAX_KIB, halves=1)
    stage = StageConfig(lanes=array.cols)
    return MachineConfig(
        array=array,
        accumulator=AccumulatorConfig(psums=MAX_ELEMENTS, halves=1),
        buffers=BuffersConfig(ifmap=buffer, weight=buffer, parameter=buffer, residual=buffer, ofmap=buffer),
        dram=DramConfig(bytes_per_cycle=Fraction(2**16)),
        bn=BnConfig(lanes=array.cols),
        residual_add=stage,
        pooling=stage,
        activation=stage,
    )


def _reported_cycles(path: Path, convolutions: Sequence[Conv]) -> list[int]:
    """Cycles that the array computed, by layer of the report."""
    layers = sum(node.groups for node in convolutions)
    header, *rows = read_csv(path)
    columns = {title: _column(header, title, path) for title in (LAYER_ID, TOTAL, STALLED)}
    if len(rows) != layers:
        depthwise = " (one for each DP channel)" if layers > len(convolutions) else ""
        raise InputError(f"has {len(rows)} layers, but the topology has {layers}{depthwise}", path=path)
    cycles = []
    for index, row in enumerate(rows):
        layer_id, total, stalled = (_number(row, title, column, path) for title, column in columns.items())
        if layer_id != index:
            raise InputError(f"must be {index}, not {layer_id}", path=path, line=row.line, key=LAYER_ID)
        if stalled > total:
            message = f"must be at most the {total} of {TOTAL}, not {stalled}"
            raise InputError(message, path=path, line=row.line, key=STALLED)
        cycles.append(total - stalled + 1)
    return cycles


def _column(header: CsvRow, title: str, path: Path) -> int:
    if title not in header.fields:
        hint = did_you_mean(title, header.fields)
        raise InputError(f"has no column '{title}'{hint}", path=path, line=header.line)
    return header.fields.index(title)


def _number(row: CsvRow, title: str, column: int, path: Path) -> int:
    found = whole_number(row.fields[column]) if column < len(row.fields) else None
    if not isinstance(found, int) or found < 0:
        raise InputError(f"must be a number of cycles, not {described(found)}", path=path, line=row.line, key=title)
    return found
