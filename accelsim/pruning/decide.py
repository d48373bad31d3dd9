"""Which channels go, and why others stay although their γ is small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, Context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.pruning.following import Following
from accelsim.pruning.gammas import Gammas
from accelsim.pruning.operators import follow
from accelsim.pruning.strands import Channels, Flags, Integers
from accelsim.workload.affine import Doubles
from accelsim.workload.onnx_frontend.frontend import ImportedModel

_DIGITS = 4
"""Of a threshold that is proposed."""


class Kept(NamedTuple):
    """Channels that stay although their γ is small: how many, and why."""

    channels: int
    reason: str


class PrunedLayer(NamedTuple):
    """What becomes of the channels that a layer makes.

    Parameters
    ----------
    name
        The layer; or, where a BatchNorm is behind something else, such as a concatenation, that.
    channels
        Its channels before.
    small
        How many of them have a small γ in a BatchNorm that lies behind it, and not behind another layer.
    removed
        How many are removed. More than are small, where a depthwise convolution behind it blanks them out.
    kept
        Why others stay although they are small.
    """

    name: str
    channels: int
    small: int
    removed: int
    kept: tuple[Kept, ...]

    @property
    def left(self) -> int:
        """Channels afterwards."""
        return self.channels - self.removed


class Decisions(NamedTuple):
    """Everything that was decided.

    Parameters
    ----------
    following
        Where the channels lead.
    removed
        By strand: whether it goes.
    layers
        The layers that lose channels, or that keep some with a small γ.
    """

    following: Following
    removed: Flags
    layers: tuple[PrunedLayer, ...]


class Choice:
    """A model of which channels may be removed.

    Parameters
    ----------
    model
        The model.
    imported
        The same as a graph.
    gammas
        Its γ.
    clone_shared
        Whether layers that share their weights may each get weights of their own.
    """

    def __init__(
        self, model: onnx.ModelProto, imported: ImportedModel, gammas: Sequence[Gammas], *, clone_shared: bool
    ) -> None:
        self._model = model
        self._imported = imported
        self._gammas = gammas
        self._clone_shared = clone_shared

    def marks(self, threshold: float) -> dict[int, Flags]:
        """Return the channels whose γ is smaller than a threshold, by the index of their BatchNormalization."""
        return {one.operator: one.magnitudes < threshold for one in self._gammas}

    def decide(self, threshold: float, path: Path) -> Decisions:
        """Decide for every channel.

        Raises
        ------
        InputError
            If a layer would lose all its channels.
        """
        decisions = self._decided(threshold)
        empty = _first_empty(decisions)
        if empty is not None:
            name, channels = empty
            largest = self._largest(decisions.following, channels)
            enough = _rounded_down(self._largest_without_empty(threshold))
            raise InputError(
                f"'{name}' would lose all its {len(channels.strands)} channels: the largest |γ| that decides on them "
                f"is {largest:g}, and the threshold is {threshold:g}; at {enough} every layer keeps one",
                path=path,
            )
        return decisions

    def _decided(self, threshold: float) -> Decisions:
        marks = self.marks(threshold)
        following = Following(self._model, self._imported, marks, clone_shared=self._clone_shared)
        follow(following)
        groups = following.strands.groups()
        reasons = following.strands.reasons(groups)
        stays = np.zeros(len(groups), bool)
        stays[list(reasons)] = True
        removed = ~stays[groups]
        reason_of = {strand: reasons[group] for strand, group in enumerate(groups.tolist()) if group in reasons}
        return Decisions(following, removed, tuple(_layers(following, marks, removed, reason_of)))

    def _largest(self, following: Following, channels: Channels) -> float:
        """Return the largest γ that is behind a layer and below the threshold, as all of its channels have one."""
        groups = following.strands.groups()
        wanted = groups[channels.strands]
        sizes = {one.operator: one.magnitudes for one in self._gammas}
        found = [
            sizes[index][following.marks[index] & np.isin(groups[source.strands], wanted)]
            for index, source in following.marked.items()
        ]
        return float(np.concatenate(found).max())

    def _largest_without_empty(self, threshold: float) -> float:
        """Search for the largest γ that, as a threshold, leaves every layer a channel."""
        candidates = _candidates(self._gammas, threshold)
        low, high = 0, len(candidates)  # at the first, nothing is smaller, and nothing goes
        while high - low > 1:
            middle = (low + high) // 2
            if _first_empty(self._decided(candidates[middle])) is None:
                low = middle
            else:
                high = middle
        return candidates[low]


def _candidates(gammas: Iterable[Gammas], threshold: float) -> list[float]:
    sizes: Doubles = np.unique(np.concatenate([one.magnitudes for one in gammas]))
    below: list[float] = sizes[sizes < threshold].tolist()
    return below


def _rounded_down(value: float) -> str:
    return f"{Context(prec=_DIGITS, rounding=ROUND_FLOOR).create_decimal(value).normalize():f}"


def _first_empty(decisions: Decisions) -> tuple[str, Channels] | None:
    for product in decisions.following.products:
        if decisions.removed[product.result.strands].all():
            return product.name, product.result
    return None


def _layers(
    following: Following, marks: Mapping[int, Flags], removed: Flags, reason_of: Mapping[int, str]
) -> Iterable[PrunedLayer]:
    made: dict[str, Integers] = {product.name: product.result.strands for product in following.products}
    small: dict[str, Flags] = {}
    for index, source in following.marked.items():
        strands = made.setdefault(source.maker, source.strands)
        flags = marks[index] if len(marks[index]) == len(strands) else np.isin(strands, source.strands[marks[index]])
        small[source.maker] = small.get(source.maker, np.zeros(len(strands), bool)) | flags
    for name, strands in made.items():
        gone = int(removed[strands].sum())
        of_layer: list[int] = strands[small[name]].tolist() if name in small else []
        kept = Counter(reason_of[strand] for strand in of_layer if strand in reason_of)
        if gone or kept:
            reasons = tuple(Kept(count, reason) for reason, count in kept.items())
            yield PrunedLayer(name, len(strands), len(of_layer), gone, reasons)
