"""The order of layers of two variants."""

from __future__ import annotations

import pytest

from accelsim.report.layer_order import execution_order


@pytest.mark.parametrize(
    ("fused", "unfused", "order"),
    [("abc", "abc", "abc"), ("ac", "abc", "abc"), ("bc", "abc", "abc"), ("axc", "abc", "abxc"), ("ba", "ba", "ba")],
)
def test_the_order_is_that_of_both_variants(fused: str, unfused: str, order: str) -> None:
    assert "".join(execution_order([fused, unfused])) == order


def test_one_variant_keeps_its_order() -> None:
    assert execution_order(["cab"]) == ["c", "a", "b"]
