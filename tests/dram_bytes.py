"""Which bytes of DRAM transfers touch, run by run: written from the descriptor's definition, not from the layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from accelsim.program.operations import TransferOperation
from accelsim.timing.work import Transfer


def runs(transfer: Transfer) -> Iterator[range]:
    """Yield the contiguous runs of a transfer, as the addresses of their bytes."""
    for image in range(transfer.images):
        for plane in range(transfer.planes):
            for row in range(transfer.rows):
                start = transfer.address + image * transfer.image_stride_bytes
                start += plane * transfer.plane_stride_bytes + row * transfer.row_stride_bytes
                yield range(start, start + transfer.row_bytes)


def bytes_of(transfers: Iterable[Transfer]) -> Counter[int]:
    """Return how often every byte is moved."""
    return Counter(address for transfer in transfers for run in runs(transfer) for address in run)


def bytes_moved(operations: Iterable[TransferOperation], buffer: str) -> Counter[int]:
    """Return how often every byte is moved to or from one buffer."""
    return bytes_of(operation.transfer for operation in operations if operation.transfer.buffer == buffer)
