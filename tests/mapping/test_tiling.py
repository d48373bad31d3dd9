"""Tile sizes, and where the tiles lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.layout import Region, Span
from accelsim.mapping.tiling import PixelTile, Tiling, pixel_tiles, spans, tile_sizes
from accelsim.workload.shapes import Shape, Window


def test_spans_cover_everything_once_and_the_last_is_ragged() -> None:
    assert spans(10, 4) == [Span(0, 4), Span(4, 4), Span(8, 2)]
    assert spans(4, 4) == [Span(0, 4)]
    assert spans(3, 4) == [Span(0, 3)]


def test_tile_sizes_are_the_smallest_for_each_number_of_tiles() -> None:
    # 10 elements in 1, 2, 3, 4, 5 and 10 tiles; 6 to 9 tiles are not possible with equal ones.
    assert tile_sizes(10) == [10, 5, 4, 3, 2, 1]
    assert tile_sizes(1) == [1]


@given(st.integers(1, 400))
def test_no_other_size_makes_another_number_of_tiles(extent: int) -> None:
    smallest: dict[int, int] = {}
    for size in range(extent, 0, -1):
        smallest[len(range(0, extent, size))] = size
    assert tile_sizes(extent) == list(smallest.values())


def test_tiles_are_walked_images_first_then_rows_then_columns() -> None:
    tiles = list(pixel_tiles(2, Shape(7, 3, 2), images=1, out_height=2, out_width=2))
    assert [(tile.images.start, tile.rows, tile.columns) for tile in tiles] == [
        (0, Span(0, 2), Span(0, 2)),
        (0, Span(2, 1), Span(0, 2)),
        (1, Span(0, 2), Span(0, 2)),
        (1, Span(2, 1), Span(0, 2)),
    ]


def test_a_tile_knows_its_pixels() -> None:
    tile = PixelTile(Span(3, 2), Span(4, 3), Span(1, 5))
    assert tile.pixels == 2 * 3 * 5
    assert tile.output_region == Region(3, 2, 4, 7, 1, 6)


# A 3x2 kernel, dilated by 2 across: it spans 3 rows and 3 columns. Padding 2 above, 1 to the left, 1 below, 0 right.
WINDOW = Window(kernel=(3, 2), stride=(2, 1), padding=(2, 1, 1, 0), dilation=(1, 2))


@pytest.mark.parametrize(
    ("rows", "columns", "region"),
    [
        # output row 0 reads input rows -2 to 0, columns 0 and 1 read -1 to 2: clipped to 0 and 0 to 2.
        (Span(0, 1), Span(0, 2), (0, 1, 0, 3)),
        # rows 1 and 2 read 0 to 2 and 2 to 4; columns 2 and 3 read 1 to 4.
        (Span(1, 2), Span(2, 2), (0, 5, 1, 5)),
        # row 3 reads 4 to 6 of 6 rows (0 to 5); column 4 reads 3 to 5 of 6.
        (Span(3, 1), Span(4, 1), (4, 6, 3, 6)),
    ],
)
def test_the_input_region_is_what_lies_behind_without_padding(
    rows: Span, columns: Span, region: tuple[int, int, int, int]
) -> None:
    tile = PixelTile(Span(1, 1), rows, columns)
    assert tile.input_region(WINDOW, Shape(1, 6, 6)) == Region(1, 1, *region)


def test_the_input_region_keeps_rows_that_the_stride_skips() -> None:
    # 1x1 at stride 3: rows 0 and 3 of 8 are used, 0 to 3 fetched.
    tile = PixelTile(Span(0, 1), Span(0, 2), Span(0, 1))
    assert tile.input_region(Window(stride=(3, 3)), Shape(1, 8, 8)) == Region(0, 1, 0, 4, 0, 1)


@pytest.mark.parametrize(("row", "fetched"), [(0, 0), (4, 1)])
def test_the_input_region_is_never_empty(row: int, fetched: int) -> None:
    # A 1x1 kernel under padding 2: output rows 0, 1 and 4, 5 see nothing of the two input rows.
    tile = PixelTile(Span(0, 1), Span(row, 1), Span(0, 1))
    window = Window(padding=(2, 0, 2, 0))
    assert tile.input_region(window, Shape(1, 2, 1)) == Region(0, 1, fetched, fetched + 1, 0, 1)


def test_padded_positions_are_the_rectangle_that_raster_streams() -> None:
    # The source document's: 4x4 outputs of a 3x3 kernel stream 6x6 positions; of 2 images, 72.
    tile = PixelTile(Span(0, 2), Span(0, 4), Span(0, 4))
    assert tile.padded_positions(Window(kernel=(3, 3), padding=(1, 1, 1, 1))) == 72
    # 3 rows at stride 2 under 3 rows of kernel: 2 * 2 + 3 = 7; 5 columns at stride 1 under 3: 4 + 3 = 7.
    ragged = PixelTile(Span(0, 1), Span(0, 3), Span(0, 5))
    assert ragged.padded_positions(WINDOW) == 49


def test_a_tiling_describes_itself() -> None:
    tiling = Tiling(images=1, out_height=7, out_width=14, groups=1, out_channels=32, in_channels=64, reuse="ifmap")
    assert str(tiling) == "1 x 7x14 pixels, 1 x 32 output channels, 64 input channels, reuse ifmap"
