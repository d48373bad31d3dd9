"""How many input channels of an operation are left where weights are sparse (docs/microarchitecture.md, §11)."""

from __future__ import annotations

from accelsim.config.sparsity import Sparsity
from accelsim.timing.integers import Integer, smaller


def kept_channels(sparsity: Sparsity, channels: Integer) -> Integer:
    """Return what is kept of ``channels`` input channels that begin with a block: N of each, or all of a short one."""
    if sparsity.is_dense:
        return channels
    rest = channels % sparsity.block
    return channels // sparsity.block * sparsity.kept + smaller(rest, rest * 0 + sparsity.kept)
