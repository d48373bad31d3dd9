from __future__ import annotations

from accelsim.energy.action import COMPONENTS, Action, action, summed


def test_equal_actions_are_put_together_in_the_order_of_the_components() -> None:
    found = [
        action("dram", "read", 8, 5),
        action("bn_stage", "multiply", 32, 3, by_bits=16),
        action("bn_stage", "add", 32, 7),
        action("bn_stage", "multiply", 32, 4, by_bits=8),
        action("dram", "read", 8, 6),
        action("bn_stage", "multiply", 32, 10, by_bits=16),
    ]
    assert summed(found) == (
        Action("bn_stage", "multiply", 32, 8, 4),
        Action("bn_stage", "multiply", 32, 16, 13),
        Action("bn_stage", "add", 32, 0, 7),
        Action("dram", "read", 8, 0, 11),
    )


def test_what_never_happens_is_left_out() -> None:
    assert summed([action("pooling", "compare", 32, 0)]) == ()


def test_components_are_in_the_order_in_which_data_meets_them_memories_last() -> None:
    assert COMPONENTS[0] == "conv_array"
    assert COMPONENTS[-1] == "dram"
