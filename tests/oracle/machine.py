"""The machine of docs/microarchitecture.md, one clock cycle at a time.

This is the oracle that the event-driven model is tested against. It was written from that document alone:
it takes the plain data types from ``accelsim`` (operations, shapes, configuration) and shares no timing code.

Nothing here computes how long something takes. An operation is a generator that yields once per clock cycle
what the accounts of its unit do in that cycle, and is over when it yields no more: bursts move beat by beat,
folds are walked one by one, vectors cross the array diagonal by diagonal, rows leave in chunks as wide as the
lanes. It is slow, and meant to be obvious.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from accelsim.program.operations import (
    STAGES,
    AccumulateOperation,
    ArrayOperation,
    DrainOperation,
    PassOperation,
    Token,
    TransferOperation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from accelsim.config.machine import ArrayConfig, BnConfig, MachineConfig, StageConfig
    from accelsim.program.operations import Pass, Program, Stage, Tokens
    from accelsim.timing.work import ArrayWork, Block, Transfer

BUSY = "busy"
IDLE = "idle"
PIPELINE_LATENCY = "pipeline_latency"

DMA = "dma"
CONV_ARRAY = "conv_array"
POST_PIPELINE = "post_pipeline"
FUNCTION_UNIT = "function_unit"

Cycle = dict[str, str]
"""What the accounts of a unit do in one cycle of an operation: ``BUSY``, or what they are stalled on."""

Operation = TransferOperation | ArrayOperation | DrainOperation | AccumulateOperation | PassOperation
Op = TypeVar("Op", bound=Operation)

BEHIND_THE_ARRAY = (
    Token.ARRAY_STREAM,
    Token.ACCUMULATOR_FULL,
    Token.IFMAP_FULL,
    Token.PARAMETER_FULL,
    Token.RESIDUAL_FULL,
    Token.OFMAP_FREE,
)
LOOKED_AT: dict[str, tuple[Token, ...]] = {
    CONV_ARRAY: (
        Token.IFMAP_FULL,
        Token.WEIGHT_FULL,
        Token.BIAS_FULL,
        Token.ACCUMULATOR_FREE,
        Token.FUNCTION_UNIT_READY,
    ),
    POST_PIPELINE: BEHIND_THE_ARRAY,
    FUNCTION_UNIT: BEHIND_THE_ARRAY,
    DMA: (Token.OFMAP_FULL,),
}
"""The order in which a unit looks at the tokens that its next operation takes (§2); others come behind."""


@dataclass
class OracleResult:
    """What happened, up to and including the last cycle in which an operation was under way."""

    total_cycles: int
    busy: dict[str, int]
    stalled: dict[str, dict[str, int]]
    idle: dict[str, int]
    deadlocked: bool
    dram_read_bytes: int
    dram_write_bytes: int
    starts: dict[str, list[int]]


# --- DMA (§6) -----------------------------------------------------------------------------------------------


def bursts(transfer: Transfer, burst_bytes: int) -> Iterator[int]:
    """Cut every run of a transfer, from its start, into bursts; yield their sizes."""
    for _plane in range(transfer.images * transfer.planes):
        for _row in range(transfer.rows):
            left = transfer.row_bytes
            while left > 0:
                yield min(left, burst_bytes)
                left -= burst_bytes


def transfer_cycles(machine: MachineConfig, operation: TransferOperation) -> Iterator[Cycle]:
    """Move the bursts beat by beat; a burst begins with a beat of its own."""
    for burst in bursts(operation.transfer, machine.dma.burst_bytes):
        room: Fraction | int = 0
        while room < burst:
            room += machine.dram.bytes_per_cycle
            yield {DMA: BUSY}


# --- Conv array (§3) ----------------------------------------------------------------------------------------


class Fold(NamedTuple):
    """One block of the stationary operand."""

    vectors: int
    """Vectors that stream past it, T."""
    rows_out: int
    """Rows of psums that stream out of it."""


class Row(NamedTuple):
    """One kept weight of every output channel: at a kernel offset, in a block of input channels of a group."""

    block: range
    offset: int
    slot: int
    """Which of the kept weights of the block this is."""


def kept_rows(array: ArrayConfig, work: ArrayWork[int]) -> list[Row]:
    """Lay the kept weights of a group's kernels into rows: block by block, offset by offset."""
    rows = []
    for first in range(0, work.in_channels, array.sparsity.block):
        block = range(first, min(first + array.sparsity.block, work.in_channels))
        for offset in range(work.kernel_positions):
            rows += [Row(block, offset, slot) for slot in range(min(array.sparsity.kept, len(block)))]
    return rows


def is_zero(work: ArrayWork[int], row: Row, output: int) -> bool:
    """Tell whether a weight in this row is zero: the kept ones of a block come first that are not."""
    others = 0
    for channel in row.block:
        others += not any(
            zero.first_output <= output < zero.end_output and zero.first_input <= channel < zero.end_input
            for zero in work.zero_kernels
        )
    return row.slot >= others


def packs(array: ArrayConfig, work: ArrayWork[int], depth: int) -> Iterator[list[int]]:
    """Share the groups out among folds; yield the groups that lie side by side."""
    together = 1
    if array.grouped == "block_diagonal":
        while (together + 1) * depth <= array.rows and (together + 1) * work.out_channels <= array.cols:
            together += 1
    for first in range(0, work.groups, together):
        yield list(range(first, min(first + together, work.groups)))


def folds(array: ArrayConfig, work: ArrayWork[int]) -> Iterator[Fold]:
    """Walk the folds of an operation; leave out, on an array that skips such, those with zero weights alone."""
    raster = array.ifmap_streaming == "raster"
    kept = kept_rows(array, work)
    of_offsets = [[row for row in kept if row.offset == offset] for offset in range(work.kernel_positions)]
    for groups in packs(array, work, len(of_offsets[0]) if raster else len(kept)):
        outputs = [(group, channel) for group in groups for channel in range(work.out_channels)]
        for of_group in of_offsets if raster else [kept]:
            rows = [(group, row) for group in groups for row in of_group]
            for fold, its_rows, its_outputs in folds_of(array, work, rows, outputs):
                weights = (
                    is_zero(work, row, group * work.out_channels + channel)
                    for row_group, row in its_rows
                    for group, channel in its_outputs
                    if row_group == group
                )
                if not (array.skip_zero_folds and all(weights)):
                    yield fold


Rows = list[tuple[int, Row]]
Outputs = list[tuple[int, int]]


def folds_of(
    array: ArrayConfig, work: ArrayWork[int], rows: Rows, outputs: Outputs
) -> Iterator[tuple[Fold, Rows, Outputs]]:
    """Cut what is stationary into folds; yield each with the weights that it meets, as rows and output channels."""
    if array.dataflow == "ws":
        streamed = work.positions if array.ifmap_streaming == "raster" else work.pixels
        for first_row in range(0, len(rows), array.rows):
            for first in range(0, len(outputs), array.cols):
                yield (
                    Fold(streamed, streamed),
                    rows[first_row : first_row + array.rows],
                    outputs[first : first + array.cols],
                )
    elif array.dataflow == "is":
        for first_row in range(0, len(rows), array.rows):
            for _pixels in range(0, work.pixels, array.cols):
                yield Fold(len(outputs), len(outputs)), rows[first_row : first_row + array.rows], outputs
    else:
        for _pixels in range(0, work.pixels, array.rows):
            for first in range(0, len(outputs), array.cols):
                yield Fold(len(rows), array.rows), rows, outputs[first : first + array.cols]


def array_cycles(array: ArrayConfig, work: ArrayWork[int]) -> Iterator[Cycle]:
    """Preload and stream fold after fold.

    A vector enters PE (0, 0) and reaches diagonal ``d``, the PEs (r, c) with r + c = d, ``d`` cycles later.
    With the cycle that it spends on the last diagonal, PE (R−1, C−1), it has left the array.
    """
    rows_to_preload = 0 if array.dataflow == "os" else array.rows
    shadow = array.stationary_double_buffer
    waiting = deque(folds(array, work))
    if not waiting:  # an operation of skipped folds alone
        yield {CONV_ARRAY: BUSY}
        return
    vectors_to_enter = 0
    preload = rows_to_preload
    diagonals = deque([False] * (array.rows + array.cols - 1), maxlen=array.rows + array.cols - 1)
    while True:
        diagonals.appendleft(False)
        if not waiting and not vectors_to_enter and not any(diagonals):
            return
        registers_free = not vectors_to_enter and (shadow or not any(diagonals))
        if waiting and not preload and registers_free:
            vectors_to_enter = waiting.popleft().vectors
            preload = rows_to_preload
            registers_free = False
        if waiting and preload and (shadow or registers_free):
            preload -= 1
        if vectors_to_enter:
            vectors_to_enter -= 1
            diagonals[0] = True
        yield {CONV_ARRAY: BUSY}


# --- Post-pipeline and function unit (§4, §5) ---------------------------------------------------------------


def chunks(blocks: Iterable[Block[int]], lanes: int, window: int = 1) -> Iterator[int]:
    """Hand out the rows one after another, every row in chunks of ``lanes``; yield the size of each chunk."""
    for block in blocks:
        for _block in range(block.repeat):
            for _row in range(block.rows):
                for _position in range(window):
                    left = block.columns
                    while left > 0:
                        yield min(left, lanes)
                        left -= lanes


def section(machine: MachineConfig, what: Stage | Pass) -> BnConfig | StageConfig:
    """Return the part of the configuration that holds the lanes (and latency) of a stage or of a pass."""
    sections: dict[str, BnConfig | StageConfig] = {
        "bn_stage": machine.bn,
        "batchnorm": machine.bn,
        "residual_add": machine.residual_add,
        "pooling": machine.pooling,
        "activation": machine.activation,
        "readout": machine.activation,
    }
    if machine.requantization is not None:
        sections |= dict.fromkeys(("requantizer", "requantize"), machine.requantization)
    return sections[what]


def drain_cycles(machine: MachineConfig, operation: DrainOperation) -> Iterator[Cycle]:
    """Let every stage chew through its chunks, then let the pipeline run empty."""
    stages = [stage for stage in STAGES if stage in operation.stages]

    def chunks_of(stage: Stage) -> Iterator[int]:
        window = operation.window if stage == "pooling" else 1
        return chunks(operation.blocks, section(machine, stage).lanes, window)

    narrowest = max(stages, key=lambda stage: sum(1 for _ in chunks_of(stage)))
    left = {stage: chunks_of(stage) for stage in stages}
    while True:
        cycle: Cycle = {stage: BUSY if next(left[stage], 0) else narrowest for stage in stages}
        if cycle[narrowest] != BUSY:
            break
        yield cycle
    for stage in stages:
        for _ in range(section(machine, stage).latency_cycles):
            yield dict.fromkeys(stages, PIPELINE_LATENCY)


def accumulate_cycles(machine: MachineConfig, work: ArrayWork[int]) -> Iterator[Cycle]:
    """Accumulate for as long as the array operation takes; how many of its cycles are busy is what counts."""
    busy_left = 0
    for fold in folds(machine.array, work):
        busy_left += fold.rows_out
        busy_left += machine.bn.flush_cycles
    for _ in array_cycles(machine.array, work):
        yield {FUNCTION_UNIT: BUSY if busy_left else CONV_ARRAY}
        busy_left = max(0, busy_left - 1)
    assert not busy_left, "the folds leave the function unit too few cycles"


def pass_cycles(machine: MachineConfig, operation: PassOperation) -> Iterator[Cycle]:
    """Pass once over the blocks, then flush."""
    window = operation.window if operation.kind == "pooling" else 1
    for _chunk in chunks(operation.blocks, section(machine, operation.kind).lanes, window):
        yield {FUNCTION_UNIT: BUSY}
    for _ in range(machine.bn.flush_cycles):
        yield {FUNCTION_UNIT: BUSY}


def function_unit_cycles(machine: MachineConfig, operation: AccumulateOperation | PassOperation) -> Iterator[Cycle]:
    """Do what the function unit has to do."""
    if isinstance(operation, AccumulateOperation):
        return accumulate_cycles(machine, operation.work)
    return pass_cycles(machine, operation)


# --- Units, tokens and time (§2) ----------------------------------------------------------------------------


class Unit(Generic[Op]):
    """A unit with its list of operations, and one account or (the post-pipeline) several."""

    def __init__(
        self,
        name: str,
        operations: Sequence[Op],
        cycles_of: Callable[[Op], Iterator[Cycle]],
        accounts_of: Callable[[Op], Sequence[str]],
    ) -> None:
        self.name = name
        self.waiting = deque(operations)
        self.cycles_of = cycles_of
        self.accounts_of = accounts_of
        self.account_needed = Counter(account for op in operations for account in accounts_of(op))
        self.current: Op | None = None
        self.cycles: Iterator[Cycle] = iter(())
        self.cycle: Cycle = {}
        self.needed: list[tuple[Token, int]] = []
        self.has_offered = False
        self.starts: list[int] = []
        self.look_ahead()

    def advance(self) -> Op | None:
        """Go on to the next cycle; return the operation whose last cycle was the previous one."""
        following = next(self.cycles, None)
        self.cycle = following or {}
        if following is not None:
            return None
        ended, self.current = self.current, None
        return ended

    def offer(self) -> Tokens:
        """Return the tokens that a ready unit gives before its next operation, once."""
        if self.current or not self.waiting or self.has_offered:
            return ()
        self.has_offered = True
        following = self.waiting[0]
        return following.offers if isinstance(following, AccumulateOperation) else ()

    def look_ahead(self) -> None:
        """Count what the next operation needs of each token, in the order in which the unit looks at them."""
        needed = Counter(self.waiting[0].takes if self.waiting else ())
        order = dict.fromkeys((*LOOKED_AT[self.name], *needed))
        self.needed = [(token, needed[token]) for token in order if needed[token]]

    def lacks(self, tokens: Counter[Token]) -> Token | None:
        """Return the first token that the next operation lacks."""
        for token, count in self.needed:
            if tokens[token] < count:
                return token
        return None

    def start(self, now: int) -> Op:
        """Start the next operation; this is its first cycle."""
        self.current = self.waiting.popleft()
        self.look_ahead()
        self.account_needed.subtract(self.accounts_of(self.current))
        self.cycles = self.cycles_of(self.current)
        self.cycle = next(self.cycles, {})
        if not self.cycle:
            raise ValueError(f"{self.name}: {self.current.label} takes no cycle")
        self.has_offered = False
        self.starts.append(now)
        return self.current

    def state(self, account: str, tokens: Counter[Token]) -> str:
        """Say what one of the accounts does in this cycle."""
        if account in self.cycle:
            return self.cycle[account]
        if not self.account_needed[account]:
            return IDLE
        return self.name if self.current else str(self.lacks(tokens))


@dataclass
class Flight:
    """Tokens of a read that is on its way from DRAM."""

    cycles_left: int
    tokens: Tokens


class Machine:
    """All units and tokens; the methods are the parts of one clock cycle, in order."""

    def __init__(self, machine: MachineConfig, program: Program) -> None:
        self.read_latency = machine.dram.read_latency_cycles
        self.tokens: Counter[Token] = Counter(program.tokens)
        self.flights: list[Flight] = []
        dma = Unit(DMA, program.transfers, lambda op: transfer_cycles(machine, op), lambda _: [DMA])
        array = Unit(CONV_ARRAY, program.array, lambda op: array_cycles(machine.array, op.work), lambda _: [CONV_ARRAY])
        post = Unit(POST_PIPELINE, program.drains, lambda op: drain_cycles(machine, op), lambda op: op.stages)
        function_unit = Unit(
            FUNCTION_UNIT,
            program.function_unit,
            lambda op: function_unit_cycles(machine, op),
            lambda _: [FUNCTION_UNIT],
        )
        self.units: list[
            Unit[TransferOperation]
            | Unit[ArrayOperation]
            | Unit[DrainOperation]
            | Unit[AccumulateOperation | PassOperation]
        ] = [dma, array, post, function_unit]

    def end_operations(self) -> None:
        """Give what has become usable: of reads that arrive, and of operations that have ended."""
        for flight in self.flights:
            flight.cycles_left -= 1
        for unit in self.units:
            if ended := unit.advance():
                is_read = isinstance(ended, TransferOperation) and ended.transfer.direction == "read"
                self.flights.append(Flight(self.read_latency if is_read else 0, ended.gives))
        for flight in self.flights:
            if not flight.cycles_left:
                self.tokens.update(flight.tokens)
        self.flights = [flight for flight in self.flights if flight.cycles_left]

    def start_operations(self, now: int) -> None:
        """Start what can start, until what that gives in this same cycle makes nothing else start."""
        for unit in self.units:
            if offered := unit.offer():
                self.tokens.update(offered)
        started = True
        while started:
            started = False
            for unit in self.units:
                if unit.current or not unit.waiting or unit.lacks(self.tokens):
                    continue
                operation = unit.start(now)
                self.tokens.subtract(operation.takes)
                if isinstance(operation, ArrayOperation):
                    self.tokens.update(operation.announces)
                started = True

    @property
    def is_working(self) -> bool:
        """Whether an operation is under way."""
        return any(unit.current for unit in self.units)

    @property
    def has_operations_left(self) -> bool:
        """Whether an operation has not started yet."""
        return any(unit.waiting for unit in self.units)


def accounts(program: Program) -> dict[str, str]:
    """Return the accounts that are kept, each with the unit that it belongs to."""
    kept = {DMA: DMA, CONV_ARRAY: CONV_ARRAY}
    kept |= {s: POST_PIPELINE for s in STAGES if any(s in drain.stages for drain in program.drains)}
    return kept | ({FUNCTION_UNIT: FUNCTION_UNIT} if program.function_unit else {})


def run_per_cycle(machine: MachineConfig, program: Program, *, max_cycles: int = 200_000) -> OracleResult:
    """Run a program, one clock cycle after another.

    Raises
    ------
    RuntimeError
        If it has not come to its end after ``max_cycles``.
    ValueError
        If an operation takes no cycle at all.
    """
    model = Machine(machine, program)
    units = {unit.name: unit for unit in model.units}
    unit_of = accounts(program)
    history: dict[str, list[str]] = {account: [] for account in unit_of}
    now = total = 0
    while True:
        model.end_operations()
        model.start_operations(now)
        if model.is_working:
            total = now + 1
        elif not (model.has_operations_left and model.flights):
            break
        if now >= max_cycles:
            raise RuntimeError(f"not at an end after {max_cycles} cycles")
        for account, unit in unit_of.items():
            history[account].append(units[unit].state(account, model.tokens))
        now += 1
    counts = {account: Counter(states[:total]) for account, states in history.items()}
    moved: Counter[str] = Counter()
    for operation in list(program.transfers)[: len(units[DMA].starts)]:
        for burst in bursts(operation.transfer, machine.dma.burst_bytes):
            moved[operation.transfer.direction] += burst
    return OracleResult(
        total_cycles=total,
        busy={account: count.pop(BUSY, 0) for account, count in counts.items()},
        idle={account: count.pop(IDLE, 0) for account, count in counts.items()},
        stalled={account: dict(count) for account, count in counts.items()},
        deadlocked=model.has_operations_left,
        dram_read_bytes=moved["read"],
        dram_write_bytes=moved["write"],
        starts={name: unit.starts for name, unit in units.items()},
    )
