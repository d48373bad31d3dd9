from __future__ import annotations

from accelsim.timing.work import ArrayWork, Transfer


def test_macs_of_an_array_operation() -> None:
    # 5 pixels, 9 kernel positions, 4 input and 3 output channels in each of 2 groups: 5·9·4·3·2. What
    # raster streams besides (7 positions) multiplies nothing that is kept.
    assert ArrayWork(5, 7, 9, 4, 3, 2).macs == 1080


def test_bytes_of_a_transfer() -> None:
    # 2 planes of 3 rows of 10 bytes.
    transfer = Transfer("read", "ifmap", 64, 10, rows=3, row_stride_bytes=16, planes=2, plane_stride_bytes=128)
    assert (transfer.runs, transfer.bytes) == (6, 60)
