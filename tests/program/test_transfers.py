"""The order of loads and stores, on steps that each load something and each finish a tile."""

from __future__ import annotations

from accelsim.program.transfers import NOTHING, Load, Step, ordered
from tests.hand_built import read, write


def order(waits_for: list[int], lookahead: int, ofmap_halves: int, *, unfinished: tuple[int, ...] = ()) -> str:
    """Order steps of one load each; ``waits_for`` is the drain each load waits for, ``unfinished`` have no store."""
    steps = [
        Step(
            [Load(read("ifmap", 1)._replace(label=f"L{number}"), drain)],
            None if number in unfinished else write(1)._replace(label=f"S{number}"),
        )
        for number, drain in enumerate(waits_for)
    ]
    return " ".join(operation.label for operation in ordered(steps, lookahead, ofmap_halves))


FREE = [NOTHING] * 4


def test_a_store_comes_behind_the_loads_that_can_be_prefetched() -> None:
    assert order(FREE, 1, 2) == "L0 L1 S0 L2 S1 L3 S2 S3"
    assert order(FREE, 2, 2) == "L0 L1 L2 S0 L3 S1 S2 S3"
    assert order(FREE, 9, 2) == "L0 L1 L2 L3 S0 S1 S2 S3"


def test_only_finished_tiles_are_stored() -> None:
    # Steps 0 and 1 accumulate into the tile that step 1 finishes.
    assert order(FREE, 1, 2, unfinished=(0, 2)) == "L0 L1 L2 S1 L3 S3"


def test_a_store_comes_before_a_load_that_needs_it_out_of_the_way() -> None:
    # One residual half, say: load n waits for drain n − 1. With two ofmap halves drain n − 1 needs store n − 3.
    assert order([-1, 0, 1, 2], 9, 2) == "L0 L1 L2 S0 L3 S1 S2 S3"
    # With one, drain n − 1 needs store n − 2.
    assert order([-1, 0, 1, 2], 9, 1) == "L0 L1 S0 L2 S1 L3 S2 S3"


def test_several_stores_may_have_to_come_first() -> None:
    assert order([-1, -1, -1, 2], 9, 1) == "L0 L1 L2 S0 S1 L3 S2 S3"


def test_every_load_of_a_step_is_looked_at() -> None:
    def load(label: str, waits_for: int) -> Load:
        return Load(read("ifmap", 1)._replace(label=label), waits_for)

    stores = [write(1)._replace(label=label) for label in ("S0", "S1")]
    steps = [Step([], stores[0]), Step([], stores[1]), Step([load("a", -1), load("b", 1)], None)]
    # b waits for drain 1, which needs the only ofmap half, and so store 0; a waits for nothing.
    assert [operation.label for operation in ordered(steps, 9, 1)] == ["a", "S0", "b", "S1"]
