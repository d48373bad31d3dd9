"""What happens to a finished tile, written for the post-pipeline or, where there is one, for the function unit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import Epilogue
from accelsim.program.operations import (
    STAGES,
    AccumulateOperation,
    DrainOperation,
    FunctionUnitOperation,
    Pass,
    PassOperation,
    Stage,
    Token,
    Tokens,
)
from accelsim.timing.array import drain_blocks
from accelsim.timing.work import ArrayWork, Block


class TileDrain(NamedTuple):
    """One tile on its way out.

    ``source_full`` and ``source_free`` are the tokens of where it lies: the accumulator, or the ifmap half that was
    streamed in. An empty tuple means that no token changes hands (the half is used before or after, too).
    """

    name: str
    epilogue: Epilogue
    requantizes: bool
    """Whether it passes the requantiser."""
    window: int
    blocks: tuple[Block[int], ...]
    source_full: Tokens
    source_free: Tokens
    parameter_full: Tokens
    parameter_free: Tokens
    ofmap_free: Tokens
    ofmap_full: Tokens

    @property
    def _residual_full(self) -> Tokens:
        return (Token.RESIDUAL_FULL,) if self.epilogue.residual else ()

    @property
    def _residual_free(self) -> Tokens:
        return (Token.RESIDUAL_FREE,) if self.epilogue.residual else ()

    def as_drain(self) -> DrainOperation:
        """Return the one operation of the post-pipeline."""
        return DrainOperation(
            f"drain {self.name}",
            _stages(self.epilogue, self.requantizes),
            self.window,
            self.blocks,
            self.source_full + self.parameter_full + self._residual_full + self.ofmap_free,
            self.source_free + self.parameter_free + self._residual_free + self.ofmap_full,
        )

    def as_passes(self) -> list[PassOperation]:
        """Return the passes of the function unit; the first takes the tile, the last gives it back."""
        with_parameters: Pass = "batchnorm" if self.epilogue.batchnorm else "requantize"
        takes: dict[Pass, Tokens] = {
            with_parameters: self.parameter_full,
            "residual_add": self._residual_full,
            "readout": self.ofmap_free,
        }
        gives: dict[Pass, Tokens] = {
            with_parameters: self.parameter_free,
            "residual_add": self._residual_free,
            "readout": self.source_free + self.ofmap_full,
        }
        passes = []
        source = self.source_full
        for kind in _passes(self.epilogue, self.requantizes):
            window = self.window if kind == "pooling" else 1
            passes.append(
                PassOperation(
                    f"{kind} {self.name}",
                    kind,
                    window,
                    self.blocks,
                    source + takes.get(kind, ()),
                    gives.get(kind, ()),
                )
            )
            source = ()
        return passes


def post_operations(
    machine: MachineConfig, drains: Sequence[TileDrain], accumulates: Sequence[Sequence[AccumulateOperation]]
) -> tuple[list[DrainOperation], list[FunctionUnitOperation]]:
    """Return the operations of the post-pipeline, or those of the function unit: one of the lists is empty.

    Parameters
    ----------
    machine
        The machine, whose BN placement decides.
    drains
        The tiles, in order.
    accumulates
        For each tile what the function unit accumulates before its passes.
    """
    if not uses_function_unit(machine):
        return [drain.as_drain() for drain in drains], []
    operations: list[FunctionUnitOperation] = []
    for drain, accumulated in zip(drains, accumulates, strict=True):
        operations.extend(accumulated)
        operations.extend(drain.as_passes())
    return [], operations


def tile_blocks(machine: MachineConfig, work: ArrayWork[int]) -> tuple[Block[int], ...]:
    """Return the blocks of rows in which the result of ``work`` lies, without empty ones."""
    return tuple(block for block in drain_blocks(machine.array, work) if all(block))


def uses_function_unit(machine: MachineConfig) -> bool:
    """Whether what lies behind the array is one shared function unit."""
    return machine.bn.placement == "pass"


@cache
def _stages(epilogue: Epilogue, requantizes: bool) -> tuple[Stage, ...]:
    needed = {
        "bn_stage": epilogue.batchnorm,
        "requantizer": requantizes,
        "residual_add": epilogue.residual,
        "pooling": epilogue.pooling,
        "activation": True,
    }
    return tuple(stage for stage in STAGES if needed[stage])


@cache
def _passes(epilogue: Epilogue, requantizes: bool) -> tuple[Pass, ...]:
    needed: dict[Pass, bool] = {
        "batchnorm": epilogue.batchnorm,
        "requantize": requantizes,
        "residual_add": epilogue.residual,
        "pooling": epilogue.pooling,
        "activation": epilogue.activation is not None,
        "readout": True,
    }
    return tuple(kind for kind, wanted in needed.items() if wanted)
