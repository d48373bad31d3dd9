from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from accelsim.layout import FeatureMap, Region, Span
from accelsim.timing.work import Transfer
from accelsim.workload.shapes import Shape
from tests.dram_bytes import bytes_of, runs

MAP = FeatureMap(2, Shape(3, 4, 7), 8, address=1000)
"""Planes of 4 rows of 7 bytes; 84 bytes an image."""


def load(region: Region, channels: Span, tensor: FeatureMap = MAP) -> Transfer:
    return tensor.transfer("read", "ifmap", region, channels)


class TestSizes:
    def test_rows_begin_on_bytes(self) -> None:
        # 7 elements of 4 bits are 3.5 bytes: 4. Planes of 5 rows, images of 3 planes, 2 images.
        tensor = FeatureMap(2, Shape(3, 5, 7), 4)
        assert (tensor.row_bytes, tensor.plane_bytes, tensor.image_bytes, tensor.bytes) == (4, 20, 60, 120)

    def test_wide_elements(self) -> None:
        # 7 elements of 12 bits are 10.5 bytes.
        assert FeatureMap(1, Shape(1, 1, 7), 12).bytes == 11


class TestRuns:
    """Runs that touch are one: rows of a plane, planes of an image, images."""

    def test_everything_is_one_run(self) -> None:
        whole = load(Region(0, 2, 0, 4, 0, 7), Span(0, 3))
        assert list(runs(whole)) == [range(1000, 1168)]

    def test_some_channels_are_one_run_an_image(self) -> None:
        # Channels 1 and 2 of each image.
        some = load(Region(0, 2, 0, 4, 0, 7), Span(1, 2))
        assert list(runs(some)) == [range(1028, 1084), range(1112, 1168)]

    def test_some_rows_are_one_run_a_plane(self) -> None:
        # Rows 1 and 2 of channels 0 and 1 in both images.
        some = load(Region(0, 2, 1, 3, 0, 7), Span(0, 2))
        assert [(run.start, len(run)) for run in runs(some)] == [
            (1007, 14),
            (1035, 14),
            (1091, 14),
            (1119, 14),
        ]

    def test_some_columns_are_a_run_a_row(self) -> None:
        # Columns 2 to 4 of rows 1 and 2 of channel 2 in the second image.
        some = load(Region(1, 1, 1, 3, 2, 5), Span(2, 1))
        assert list(runs(some)) == [range(1084 + 56 + 7 + 2, 1084 + 56 + 7 + 5), range(1156, 1159)]

    def test_parts_of_bytes_are_fetched_whole(self) -> None:
        # 4-bit columns 1 to 4 lie in bytes 0, 1 and 2 of a row of 4 bytes.
        tensor = FeatureMap(1, Shape(1, 2, 7), 4)
        some = load(Region(0, 1, 0, 2, 1, 5), Span(0, 1), tensor)
        assert list(runs(some)) == [range(3), range(4, 7)]


@st.composite
def pieces(draw: st.DrawFn) -> tuple[FeatureMap, Region, Span]:
    def span(extent: int) -> Span:
        start = draw(st.integers(0, extent - 1))
        return Span(start, draw(st.integers(1, extent - start)))

    batch, channels, height, width = (draw(st.integers(1, 5)) for _ in range(4))
    bits = draw(st.sampled_from([1, 3, 4, 8, 12, 16]))
    tensor = FeatureMap(batch, Shape(channels, height, width), bits, draw(st.integers(0, 100)))
    images, rows, columns = span(batch), span(height), span(width)
    region = Region(*images, rows.start, rows.start + rows.size, columns.start, columns.start + columns.size)
    return tensor, region, span(channels)


@given(pieces())
def test_a_transfer_moves_the_bytes_of_its_elements_and_each_once(
    piece: tuple[FeatureMap, Region, Span],
) -> None:
    tensor, region, channels = piece
    row_bytes = -(-tensor.shape.width * tensor.element_bits // 8)
    touched: set[int] = set()
    for image in range(region.image, region.image + region.images):
        for channel in range(channels.start, channels.start + channels.size):
            for row in range(region.top, region.bottom):
                rows_before = (image * tensor.shape.channels + channel) * tensor.shape.height + row
                first_bit = 8 * (tensor.address + rows_before * row_bytes)
                for column in range(region.left, region.right):
                    bit = first_bit + column * tensor.element_bits
                    touched.update(range(bit // 8, (bit + tensor.element_bits - 1) // 8 + 1))
    transfer = load(region, channels, tensor)
    moved = bytes_of([transfer])
    assert moved.keys() == touched
    assert set(moved.values()) == {1}
    assert transfer.bytes == len(touched)
    if (region.left, region.right) == (0, tensor.shape.width):
        ordered = list(runs(transfer))
        assert all(run.stop < following.start for run, following in pairwise(ordered))
