"""Names that nothing has yet."""

from __future__ import annotations

from accelsim.workload.unique_names import UniqueNames


def test_a_name_is_given_once() -> None:
    names = UniqueNames(["a", "a_2"])
    assert [names.new(wanted) for wanted in ("b", "a", "b", "a", "b")] == ["b", "a_3", "b_2", "a_4", "b_3"]


def test_those_that_are_taken_are_left_as_they_were() -> None:
    taken = {"a"}
    UniqueNames(taken).new("b")
    assert taken == {"a"}
