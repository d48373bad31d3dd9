"""Which tilings are well-shaped, where the least traffic does not show it."""

from __future__ import annotations

from accelsim.layers import ConvShape, Epilogue
from accelsim.mapping.candidates import enumerate_candidates
from accelsim.mapping.demand import legal
from accelsim.mapping.plan import problem_of
from accelsim.mapping.residency import Residency
from accelsim.mapping.shape import well_shaped
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import machine


def test_rows_are_filled_by_kept_weights() -> None:
    # A half of the ifmap buffer holds 512 bytes: 8 channels of a whole plane, of which 4 rows are kept, or 16 channels
    # of half a plane, which fill the 8 rows.
    sparse = machine(array={"rows": 8, "cols": 3, "sparsity": "2:4"})
    shape = ConvShape(1, Shape(64, 8, 8), Shape(3, 8, 8), Window(), 1)
    problem = problem_of(sparse, shape, Epilogue(), Residency())
    every = enumerate_candidates(problem)
    candidates = every.where(legal(problem, every))
    assert 8 in candidates.in_channels
    chosen = candidates.in_channels[well_shaped(problem, candidates)]
    assert 16 in chosen
    assert chosen.min() == 16
