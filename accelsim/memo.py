"""What design points have in common, computed once: tilings, totals and actions of layers."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from accelsim.energy.layer import layer_actions
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.machine_views import seen_by_counts, seen_by_mapper, seen_by_program, seen_by_units
from accelsim.mapping.pixel_cuts import pixel_cuts
from accelsim.mapping.search import choose_tiling
from accelsim.program.layer import layer_program
from accelsim.program.outline import Outline, outline_of
from accelsim.recurrence import layer_totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from accelsim.config.machine import MachineConfig
    from accelsim.config.run import Objective
    from accelsim.energy.action import Action
    from accelsim.mapping.plan import LayerMapping
    from accelsim.mapping.problem import MappingProblem
    from accelsim.mapping.tiling import Tiling
    from accelsim.totals import LayerTotals

# How many results are kept, those used last: enough for neighbouring points of a grid to share nearly everything, and
# few enough that all of them together take some 150 MiB (measured with ResNet-18 at random points of a large grid).
_MAX_CUTS = 1_000
_MAX_TILINGS = 8_000
_MAX_OUTLINES = 4_000
_MAX_TOTALS = 10_000
_MAX_VIEWS = 200


class Memo:
    """Remembers what it has computed, by the view of the machine that it was computed from.

    Layers are separated by barriers, so that the totals of one depend on nothing but its own work, its mapping and the
    machine; and of the machine on the fields that :mod:`accelsim.machine_views` leaves. What a memo returns is
    therefore exactly what would be computed anew.
    """

    def __init__(self) -> None:
        self._cuts = lru_cache(_MAX_CUTS)(pixel_cuts)
        self._tiling = lru_cache(_MAX_TILINGS)(self._choose)
        self._outline = lru_cache(_MAX_OUTLINES)(_outline)
        self._totals = lru_cache(_MAX_TOTALS)(self._simulate)
        self._view = lru_cache(_MAX_VIEWS)(seen_by_units)
        self._actions = lru_cache(_MAX_TOTALS)(self._count)
        self._view_of_counts = lru_cache(_MAX_VIEWS)(seen_by_counts)

    def choose_tiling(self, problem: MappingProblem, objective: Objective) -> Tiling:
        """Do the same as :func:`accelsim.mapping.search.choose_tiling`."""
        return self._tiling(replace(problem, machine=seen_by_mapper(problem)), objective)

    def layer_totals(self, machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> LayerTotals:
        """Return the totals of a layer on a machine, as :func:`accelsim.totals.totals_of` its record.

        Raises
        ------
        DeadlockError
            As :func:`accelsim.simulation.simulate_program`.
        """
        view, mapping = _seen(self._view, machine, layer, mapping)
        return self._totals(view, layer.shape, layer.epilogue, mapping)

    def layer_actions(self, machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> tuple[Action, ...]:
        """Do the same as :func:`accelsim.energy.layer.layer_actions`."""
        view, mapping = _seen(self._view_of_counts, machine, layer, mapping)
        return self._actions(view, layer.shape, layer.epilogue, mapping)

    def _choose(self, problem: MappingProblem, objective: Objective) -> Tiling:
        return choose_tiling(problem, objective, self._cuts)

    def _simulate(
        self, view: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, mapping: LayerMapping
    ) -> LayerTotals:
        return layer_totals(view, self._outline(seen_by_program(view), shape, epilogue, mapping))

    def _count(
        self, view: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, mapping: LayerMapping
    ) -> tuple[Action, ...]:
        outline = self._outline(seen_by_program(view), shape, epilogue, mapping)
        transfers = [outline.kinds.transfers[kind].transfer for kind in outline.transfers]
        return layer_actions(view, _nameless(shape, epilogue), mapping, transfers)


def _outline(view: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, mapping: LayerMapping) -> Outline:
    return outline_of(layer_program(view, _nameless(shape, epilogue), mapping))


def _nameless(shape: ConvShape | StreamShape, epilogue: Epilogue) -> Layer:
    return Layer("", "", shape, epilogue, (), ())


def _seen(
    view_of: Callable[..., MachineConfig], machine: MachineConfig, layer: Layer, mapping: LayerMapping
) -> tuple[MachineConfig, LayerMapping]:
    """Return machine and mapping as far as they matter to a layer: it may lack the second phase it is mapped with."""
    if not layer.epilogue.batchnorm:
        mapping = replace(mapping, second_phase=None)
    convolution, second_phase = isinstance(layer.shape, ConvShape), mapping.second_phase is not None
    return view_of(machine, layer.epilogue, convolution=convolution, second_phase=second_phase), mapping
