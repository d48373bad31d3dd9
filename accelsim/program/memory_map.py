"""Where a layer's tensors lie in DRAM: one behind the other, each at the start of a burst."""

from __future__ import annotations

from accelsim.layout import FeatureMap
from accelsim.timing.integers import ceil_div


class MemoryMap:
    """Hands out addresses.

    Parameters
    ----------
    alignment_bytes
        Every tensor starts at a multiple of this.
    """

    def __init__(self, alignment_bytes: int) -> None:
        self._alignment_bytes = alignment_bytes
        self._end = 0

    def place(self, size_bytes: int) -> int:
        """Return the address of the next ``size_bytes`` bytes."""
        address = ceil_div(self._end, self._alignment_bytes) * self._alignment_bytes
        self._end = address + size_bytes
        return address

    def place_map(self, tensor: FeatureMap, *, travels: bool = True) -> FeatureMap:
        """Return a tensor with an address; one that stays on chip, or is not needed, takes no room."""
        return tensor._replace(address=self.place(tensor.bytes if travels else 0))

    def place_all(self, sizes_bytes: list[int]) -> list[int]:
        """Return the addresses of pieces that follow one another without a gap, as one tensor."""
        address = self.place(sum(sizes_bytes))
        addresses = []
        for size in sizes_bytes:
            addresses.append(address)
            address += size
        return addresses
