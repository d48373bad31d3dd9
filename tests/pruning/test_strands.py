from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from accelsim.pruning.strands import Channels, Strands

NAN = float("nan")


def test_ties_lead_on() -> None:
    strands = Strands()
    first, second, third, alone = (strands.begin(2) for _ in range(4))
    strands.tie(third, second)
    strands.tie(second[::-1], first)
    # 2 and 3 are tied to 1 and 0, and 4 and 5 to 2 and 3.
    assert strands.groups().tolist() == [0, 1, 1, 0, 1, 0, *alone]


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_groups_are_what_can_be_reached(ties: list[tuple[int, int]]) -> None:
    strands = Strands()
    every = strands.begin(20)
    for one, other in ties:
        strands.tie(every[[one]], every[[other]])
    reached = {strand: {strand} for strand in range(20)}
    for one, other in ties:
        together = reached[one] | reached[other]
        reached |= dict.fromkeys(together, together)
    assert strands.groups().tolist() == [min(reached[strand]) for strand in range(20)]


def test_the_first_obstacle_of_a_group_is_its_reason() -> None:
    strands = Strands()
    some, others = strands.begin(3), strands.begin(3)
    strands.tie(some, others)
    strands.hold(others[1:2], "the first")
    strands.hold(some[:2], "the second")
    assert strands.reasons(strands.groups()) == {1: "the first", 0: "the second"}


def test_what_made_it_vary_is_the_better_reason() -> None:
    strands = Strands()
    some = strands.begin(3)
    strands.note_loss(some[:1], "an addition")
    strands.hold_varying(Channels(some, np.array([NAN, NAN, 1.0]), "maker"), "reader")
    assert strands.reasons(strands.groups()) == {0: "an addition", 1: "'reader' reads them where they vary"}
