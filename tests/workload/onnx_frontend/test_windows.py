from __future__ import annotations

import pytest

from accelsim.workload.onnx_frontend.windows import Padding, pads_whole_windows, window_of
from accelsim.workload.shapes import Window


def test_without_attributes_a_kernel_moves_by_one_without_padding() -> None:
    assert window_of({}, [3, 2], [8, 8], [6, 7]) == Window((3, 2))


def test_pads_are_all_beginnings_and_then_all_ends() -> None:
    window = window_of({"pads": [1, 2, 3, 4]}, [5, 5], [8, 8], [8, 10])
    assert window.padding == (1, 2, 3, 4)  # top, left, bottom, right


def test_one_dimension_is_a_height_of_one() -> None:
    options = {"pads": [1, 2], "strides": [2], "dilations": [3]}
    assert window_of(options, [5], [20], [6]) == Window((1, 5), (1, 2), (0, 1, 0, 2), (1, 3))


# 8 columns, stride 2: 4 outputs; the last window of 3 begins at 6 and ends at 9: one column is missing.
@pytest.mark.parametrize(
    ("auto_pad", "padding"),
    [(b"SAME_UPPER", (0, 0, 1, 1)), (b"SAME_LOWER", (1, 1, 0, 0)), (b"VALID", (0, 0, 0, 0)), (b"NOTSET", (0, 0, 0, 0))],
)
def test_automatic_padding_puts_the_odd_column_at_the_end_or_at_the_beginning(
    auto_pad: bytes, padding: tuple[int, ...]
) -> None:
    options = {"auto_pad": auto_pad, "strides": [2, 2]}
    assert window_of(options, [3, 3], [8, 8], [4, 4]).padding == padding


def test_automatic_padding_counts_dilation() -> None:
    options = {"auto_pad": b"SAME_UPPER", "dilations": [2, 1]}
    # Rows: a window of 3 spans 5, so 4 more for as many outputs as inputs. Columns: 2 more.
    assert window_of(options, [3, 3], [8, 8], [8, 8]).padding == (2, 1, 2, 1)


def test_valid_padding_overrides_pads() -> None:
    assert window_of({"auto_pad": b"VALID", "pads": [1, 1, 1, 1]}, [3, 3], [8, 8], [6, 6]).padding == (0, 0, 0, 0)


def test_ceil_mode_pads_as_far_as_the_last_window_reaches() -> None:
    # 7 columns, stride 2, kernel 2: ceil(5 / 2) + 1 = 4 outputs; the last window ends at 8.
    options = {"ceil_mode": 1, "strides": [2, 2]}
    assert window_of(options, [2, 2], [7, 7], [4, 4]).padding == (0, 0, 1, 1)


def test_ceil_mode_adds_nothing_where_windows_fit() -> None:
    options = {"ceil_mode": 1, "strides": [2, 2], "pads": [0, 0, 1, 1]}
    assert window_of(options, [3, 3], [8, 8], [4, 4]).padding == (0, 0, 1, 1)


def test_more_padding_than_a_window_is_cut_to_what_windows_reach() -> None:
    # 18 columns, 1 and 3 of padding, stride 2: floor((22 - 3) / 2) + 1 = 10 outputs; the last ends at 19 + 1.
    options = {"pads": [1, 1, 3, 3], "strides": [2, 2]}
    assert window_of(options, [3, 3], [18, 18], [10, 10]).padding == (1, 1, 2, 2)


def test_what_a_pad_has_added_comes_on_top() -> None:
    window = window_of({"pads": [1, 1, 1, 1]}, [7, 7], [10, 10], [6, 6], Padding((1, 0), (2, 3)))
    assert window.padding == (2, 1, 3, 4)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [((0, 0, 0, 0), False), ((2, 2, 2, 2), False), ((3, 0, 0, 0), True), ((0, 3, 0, 0), True), ((0, 0, 0, 3), True)],
)
def test_padding_as_wide_as_the_window_makes_windows_of_nothing_else(
    padding: tuple[int, int, int, int], expected: bool
) -> None:
    assert pads_whole_windows(Window((3, 3), padding=padding)) is expected
