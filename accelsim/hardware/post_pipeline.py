"""The streaming post-pipeline: BN stage, residual add, pooling, activation (docs/microarchitecture.md, §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simpy import Environment

from accelsim.config.machine import MachineConfig
from accelsim.hardware.account import Account
from accelsim.hardware.tokens import Tokens
from accelsim.hardware.unit import Unit
from accelsim.program.operations import STAGES, DrainOperation
from accelsim.timing.post import rows_cycles

LATENCY = "pipeline_latency"
"""What a stage waits for while a drain passes the latencies of the pipeline."""

OTHER_DRAIN = "post_pipeline"
"""What a stage waits for while the pipeline drains a tile that does not need it."""


class PostPipeline(Unit[DrainOperation]):
    """Drains one tile at a time through the stages it needs, which start and end together."""

    def __init__(
        self,
        environment: Environment,
        tokens: Tokens,
        operations: Sequence[DrainOperation],
        machine: MachineConfig,
    ) -> None:
        super().__init__("post_pipeline", environment, tokens, operations)
        self._machine = machine
        self._accounts = {stage: Account(stage) for stage in STAGES}
        self._last_drain = {stage: number for number, operation in enumerate(operations) for stage in operation.stages}
        self._drain_cycles: dict[tuple[object, ...], tuple[list[int], int]] = {}

    @property
    def accounts(self) -> Sequence[Account]:
        """The time of each stage, in pipeline order."""
        return tuple(self._accounts.values())

    def cycles(self, operation: DrainOperation) -> int:
        """Cycles of the narrowest stage, and the latencies of all."""
        busy, latency = self._drain(operation)
        return max(busy) + latency

    def busy_cycles(self, operation: DrainOperation) -> Mapping[str, int]:
        """Cycles of each stage that it passes."""
        busy, _ = self._drain(operation)
        return dict(zip(operation.stages, busy, strict=True))

    def record_wait(self, cause: str, start: int, end: int) -> None:
        """Write down a wait in the accounts of all stages that have something left to do."""
        for stage, last in self._last_drain.items():
            if last >= self.done:
                self._accounts[stage].stall(cause, start, end)

    def record(self, operation: DrainOperation, start: int, end: int) -> None:
        """Write down a drain: stages that are less busy than the narrowest wait for it, others wait for the drain."""
        busy, latency = self._drain(operation)
        longest = max(busy)
        narrowest = operation.stages[busy.index(longest)]
        for stage, cycles in zip(operation.stages, busy, strict=True):
            account = self._accounts[stage]
            account.execute(operation.label, start, end, cycles)
            account.stall(narrowest, start + cycles, start + longest)
            account.stall(LATENCY, end - latency, end)
        for stage, last in self._last_drain.items():
            if last > self.done and stage not in operation.stages:
                self._accounts[stage].stall(OTHER_DRAIN, start, end)

    def _drain(self, operation: DrainOperation) -> tuple[list[int], int]:
        """Busy cycles of each stage, and the sum of their latencies."""
        key = (operation.stages, operation.window, operation.blocks)
        drain = self._drain_cycles.get(key)
        if drain is None:
            busy = [
                rows_cycles(
                    operation.blocks, self._machine.stage(stage).lanes, operation.window if stage == "pooling" else 1
                )
                for stage in operation.stages
            ]
            latency = sum(self._machine.stage(stage).latency_cycles for stage in operation.stages)
            drain = self._drain_cycles[key] = busy, latency
        return drain
