"""What design points have in common, computed once: tilings and totals of layers on machines that differ elsewhere."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.machine_views import seen_by_mapper, seen_by_program, seen_by_units
from accelsim.mapping.pixel_cuts import pixel_cuts
from accelsim.mapping.search import choose_tiling
from accelsim.program.layer import layer_program
from accelsim.program.outline import Outline, outline_of
from accelsim.recurrence import layer_totals

if TYPE_CHECKING:
    from accelsim.config.machine import MachineConfig
    from accelsim.config.run import Objective
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
        epilogue = layer.epilogue
        if not epilogue.batchnorm:
            mapping = replace(mapping, second_phase=None)
        convolution = isinstance(layer.shape, ConvShape)
        view = self._view(machine, epilogue, convolution=convolution, second_phase=mapping.second_phase is not None)
        return self._totals(view, layer.shape, epilogue, mapping)

    def _choose(self, problem: MappingProblem, objective: Objective) -> Tiling:
        return choose_tiling(problem, objective, self._cuts)

    def _simulate(
        self, view: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, mapping: LayerMapping
    ) -> LayerTotals:
        return layer_totals(view, self._outline(seen_by_program(view), shape, epilogue, mapping))


def _outline(view: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, mapping: LayerMapping) -> Outline:
    nameless = Layer("", "", shape, epilogue, (), ())
    return outline_of(layer_program(view, nameless, mapping))
