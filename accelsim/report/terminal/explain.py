"""How one layer runs: its matrix product, its tiles, the closed forms with their numbers, and its program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from accelsim.config import LoadedConfig
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.errors import InputError, did_you_mean
from accelsim.experiment import NetworkPlan, plan_network
from accelsim.layers import ConvShape, Layer
from accelsim.mapping.candidates import only
from accelsim.mapping.demand import demands
from accelsim.mapping.plan import LayerMapping, problem_of
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program
from accelsim.report.terminal.formulas import (
    Formula,
    array_formula,
    drain_formula,
    function_unit_formula,
    transfer_formula,
)
from accelsim.simulation import LayerRecord, simulate_program
from accelsim.timing.integers import ceil_div
from accelsim.timing.sparsity import kept_channels
from accelsim.weight_layout import index_bits, kept_weights

if TYPE_CHECKING:
    from accelsim.hardware.account import Execution
    from accelsim.program.operations import Token


class _Run(NamedTuple):
    variant: Variant
    program: Program
    record: LayerRecord


def explanation(config: LoadedConfig, name: str, operations: int) -> Iterator[RenderableType]:
    """Yield what there is to say about a layer, ready to print.

    Parameters
    ----------
    config
        The configuration.
    name
        The layer, by its name or by that of any node that it executes.
    operations
        How many operations of the program to show.

    Raises
    ------
    InputError
        If there is no such layer, or it does not fit.
    """
    machine = config.machine
    plan = plan_network(config)
    described, mapping = _find(plan, name)
    runs = []
    for variant in config.run.variants:
        for layer in plan.layers[variant]:
            if layer.name == described.name:
                program = layer_program(machine, layer, plan.mappings[variant][layer.name])
                runs.append(_Run(variant, program, simulate_program(machine, program)))
    yield from _headline(machine, plan.graph.name, described, mapping)
    yield _storage_table(machine, described, mapping)
    if not runs:
        yield Text("  folded away in the variant that is asked for: it takes no time")
        return
    if runs[0].record.executed.skipped_folds:
        yield Text(f"  skipped   {runs[0].record.executed.skipped_folds:,} folds of zero weights")
    for run in runs:
        yield _formula_table(machine, run)
    yield _units_table(runs)
    for run in runs:
        yield _program_table(run, operations)


def _find(plan: NetworkPlan, name: str) -> tuple[Layer, LayerMapping]:
    """Return the layer with this name or a node of this name, as it is unfused where it is not folded away, mapped."""
    variants: tuple[Variant, Variant] = ("unfused", "fused")
    for variant in variants:
        for layer in plan.layers[variant]:
            if name == layer.name or name in layer.nodes:
                return layer, plan.mappings[variant][layer.name]
    if name in plan.free_nodes:
        raise InputError(f"'{name}' takes no time: it is part of no layer", key="--layer")
    known = [layer.name for layer in plan.layers["unfused"]]
    raise InputError(f"no layer of the network is called '{name}'{did_you_mean(name, known)}", key="--layer")


def _headline(machine: MachineConfig, network: str, layer: Layer, mapping: LayerMapping) -> Iterator[RenderableType]:
    shape, window = layer.shape, layer.shape.window
    yield Text(f"{network}: {layer.name} on {machine.name}", style="bold")
    yield Text(f"  executes  {', '.join(layer.nodes)}")
    yield Text(
        f"  shape     {shape.input} -> {shape.output}, batch {shape.batch}; window {_pair(window.kernel)}, stride "
        f"{_pair(window.stride)}, padding {' '.join(map(str, window.padding))} (top left bottom right)"
    )
    if isinstance(shape, ConvShape):
        m = shape.batch * shape.output.pixels
        k = shape.input.channels // shape.groups * window.positions
        n = shape.output.channels // shape.groups
        groups = f"{shape.groups} groups of " if shape.groups > 1 else ""
        yield Text(f"  product   {groups}M x K x N = {m} x {k} x {n}, {layer.macs:,} MACs")
        yield from _sparsity_lines(machine, shape)
    yield Text(f"  tiling    {mapping.tiling}")
    if mapping.second_phase:
        yield Text(f"  BN phase  {mapping.second_phase}")
    kept = [f"{what} stays on chip" for what, stays in mapping.residency._asdict().items() if stays]
    if kept:
        yield Text(f"  on chip   {', '.join(kept)}")


def _sparsity_lines(machine: MachineConfig, shape: ConvShape) -> Iterator[Text]:
    """Say what is kept of the weights, and what their indices take, where the array is sparse."""
    array, channels = machine.array, shape.input.channels // shape.groups
    if array.sparsity.is_dense:
        return
    weights = kept_weights(array, shape, channels, shape.output.channels)
    kept = kept_channels(array.sparsity, channels)
    index_bytes = ceil_div(weights * index_bits(array, shape), 8)
    yield Text(
        f"  sparsity  {array.sparsity}: {kept} of {channels} input channels kept, {kept * shape.window.positions} rows "
        f"of K; {weights:,} weights kept, and {index_bytes:,} bytes of indices"
    )


def _storage_table(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> Table:
    table = _table("largest tile against one half of each storage", "storage", "needs", "holds", "unit", "used")
    problem = problem_of(machine, layer.shape, layer.epilogue, mapping.residency)
    for demand in demands(problem, only(problem, mapping.tiling)):
        needed = int(demand.needed[0])
        used = f"{100 * needed / demand.available:z.1f} %"
        table.add_row(demand.storage, f"{needed:,}", f"{demand.available:,}", demand.unit, used)
    return table


def _formula_table(machine: MachineConfig, run: _Run) -> Table:
    """One line for each kind of operation, with the numbers of the first of its kind."""
    table = _table(
        f"closed forms, {run.variant}", "first operation of its kind", "cycles", "closed form", "with numbers"
    )
    seen = set()
    for label, formula, execution in _formulas(machine, run):
        kind = " ".join(label.split()[:2]) if label.startswith(("load", "store")) else label.split()[0]
        if kind not in seen:
            seen.add(kind)
            is_accumulate = kind == "accumulate"
            cycles = execution.busy_cycles if is_accumulate else execution.end_cycle - execution.start_cycle
            table.add_row(Text(label), f"{cycles:,}", formula.symbols, formula.numbers)
    return table


def _formulas(machine: MachineConfig, run: _Run) -> Iterator[tuple[str, Formula, Execution]]:
    executions = {account.unit: account.executions for account in run.record.accounts}
    drained = executions["activation"]
    program = run.program
    for transfer, execution in zip(program.transfers, executions["dma"], strict=True):
        yield transfer.label, transfer_formula(machine, transfer), execution
    for multiplication, execution in zip(program.array, executions["conv_array"], strict=True):
        yield multiplication.label, array_formula(machine, multiplication), execution
    for drain, execution in zip(program.drains, drained, strict=True):
        yield drain.label, drain_formula(machine, drain), execution
    for operation, execution in zip(program.function_unit, executions["function_unit"], strict=True):
        yield operation.label, function_unit_formula(machine, operation), execution


def _units_table(runs: Sequence[_Run]) -> Table:
    table = _table("where the cycles went", "variant", "unit", "busy", "stalled", "idle", "stalled on")
    for run in runs:
        table.add_row(run.variant, "total", f"{run.record.cycles:,}", "", "", "", style="bold")
        for account in run.record.accounts:
            if account.executions:
                stalls = sorted(account.stalled_cycles.items(), key=lambda item: -item[1])
                table.add_row(
                    "",
                    account.unit,
                    f"{account.busy_cycles:,}",
                    f"{sum(cycles for _, cycles in stalls):,}",
                    f"{account.idle_cycles(run.record.cycles):,}",
                    ", ".join(f"{cause} {cycles:,}" for cause, cycles in stalls),
                )
    return table


def _program_table(run: _Run, operations: int) -> Table:
    """The operations that start first, of all units."""
    rows = sorted(_program_rows(run), key=lambda row: (row[0].start_cycle, row[0].end_cycle))
    title = f"program, {run.variant}: {min(operations, len(rows))} of {len(rows)} operations, by start"
    table = _table(title, "start", "end", "unit", "operation", "takes", "gives")
    for execution, unit, takes, gives in rows[:operations]:
        table.add_row(
            f"{execution.start_cycle:,}",
            f"{execution.end_cycle:,}",
            unit,
            Text(execution.operation),
            "\n".join(takes),
            "\n".join(gives),
        )
    return table


def _program_rows(run: _Run) -> Iterator[tuple[Execution, str, Sequence[Token], Sequence[Token]]]:
    executions = {account.unit: account.executions for account in run.record.accounts}
    columns = (
        ("dma", "dma", run.program.transfers),
        ("conv_array", "conv_array", run.program.array),
        ("activation", "post_pipeline", run.program.drains),
        ("function_unit", "function_unit", run.program.function_unit),
    )
    for account, unit, program in columns:
        for operation, execution in zip(program, executions[account], strict=True):
            yield execution, unit, operation.takes, operation.gives


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False, header_style="bold")
    for column in columns:
        numeric = column in ("needs", "holds", "used", "cycles", "busy", "stalled", "idle", "start", "end")
        table.add_column(column, justify="right" if numeric else "left")
    return table


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]}x{pair[1]}"
