from __future__ import annotations

from accelsim.program.fillings import Fillings, Use


def test_a_half_is_filled_anew_wherever_the_tile_changes() -> None:
    fillings = Fillings(["a", "a", "b", "a"])
    assert fillings.uses == [
        Use(first=True, last=False, filling=0),
        Use(first=False, last=True, filling=0),
        Use(first=True, last=True, filling=1),
        Use(first=True, last=True, filling=2),  # the a of before is forgotten
    ]
    assert fillings.first_use == [0, 2, 3]
    assert fillings.last_use == [1, 2, 3]


def test_one_tile_for_all() -> None:
    fillings = Fillings([(), (), ()])
    assert [(use.first, use.last) for use in fillings.uses] == [(True, False), (False, False), (False, True)]
    assert (fillings.first_use, fillings.last_use) == ([0], [2])


def test_nothing() -> None:
    assert Fillings([]).uses == []
