"""Structured sparsity of weights, as a configuration writes it (docs/microarchitecture.md, §11)."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from accelsim.documents.wording import described

MAX_BLOCK = 16
"""Channels of the largest block: what published arrays select from has up to 16 (VEGETA, Jeong et al., HPCA 2023)."""

_PATTERN = r"(dense|([1-9]\d?):([1-9]\d?))"


class Sparsity(NamedTuple):
    """``kept`` of every ``block`` consecutive input channels have a weight; equal numbers are a dense array."""

    kept: int = 1
    block: int = 1

    def __str__(self) -> str:
        return "dense" if self.is_dense else f"{self.kept}:{self.block}"

    @property
    def is_dense(self) -> bool:
        """Whether all weights are kept."""
        return self.kept == self.block

    @property
    def index_bits(self) -> int:
        """Bits that say which channel of its block a kept weight is of, ⌈log2 M⌉ (Mishra et al. 2021, §3)."""
        return 0 if self.is_dense else (self.block - 1).bit_length()


DENSE = Sparsity()


def read_sparsity(value: Any) -> Sparsity:
    """Understand what was written.

    Raises
    ------
    ValueError
        If it is no sparsity.
    """
    if isinstance(value, Sparsity):
        return value
    written = re.fullmatch(_PATTERN, value, re.ASCII) if isinstance(value, str) else None
    if written and written[1] == "dense":
        return DENSE
    if not written or not int(written[2]) <= int(written[3]) <= MAX_BLOCK:
        raise ValueError(
            f"must be 'dense' or 'N:M' with 1 <= N <= M <= {MAX_BLOCK}, such as '2:4', not {described(value)}"
        )
    kept, block = int(written[2]), int(written[3])
    return DENSE if kept == block else Sparsity(kept, block)


SparsityText = Annotated[
    Sparsity,
    PlainValidator(read_sparsity),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$"}),
]
"""A :class:`Sparsity` that is written as text; as many kept as there are is written ``dense``."""
