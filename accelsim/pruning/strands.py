"""Channels followed through a network, from the layers that make them to the layers that read them.

A strand is a channel in all tensors in which it is the same one: activations, BatchNorms, pooling and depthwise
convolutions keep channels apart. An addition ties the strands that it adds up, so that they go together or stay
together: a group of them is what Fang et al. (DepGraph, CVPR 2023, arXiv:2301.12900, section 3.2) call a group of
dependent parameters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.workload.affine import Doubles

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Channels(NamedTuple):
    """What lies along the second axis of a tensor.

    Parameters
    ----------
    strands
        The strand of every channel, by number; features of a flattened map that were one channel have one strand.
    constants
        The value that a channel has everywhere, whatever the input; NaN where it varies.
    maker
        The layer, or what else of the network, that they come from.
    """

    strands: Integers
    constants: Doubles
    maker: str

    @property
    def varies(self) -> Flags:
        """Which channels are no constants."""
        return np.isnan(self.constants)


class _Obstacle(NamedTuple):
    """Strands that cannot go, and why; what made them vary is a better reason, where they do."""

    strands: Integers
    reason: str
    varies: bool = False


class Strands:
    """What is known of the strands of a network."""

    def __init__(self) -> None:
        self._count = 0
        self._ties: list[tuple[Integers, Integers]] = []
        self._obstacles: list[_Obstacle] = []
        self._losses: list[_Obstacle] = []

    def begin(self, channels: int) -> Integers:
        """Return new strands."""
        first = self._count
        self._count += channels
        return np.arange(first, self._count)

    def tie(self, some: Integers, others: Integers) -> None:
        """Note that each of some strands goes or stays with one of the others."""
        self._ties.append((some, others))

    def hold(self, strands: Integers, reason: str) -> None:
        """Note that strands cannot go."""
        self._obstacles.append(_Obstacle(strands, reason))

    def hold_varying(self, channels: Channels, reader: str) -> None:
        """Note that what is no constant cannot go, since a layer reads it."""
        strands = channels.strands[channels.varies]
        self._obstacles.append(_Obstacle(strands, f"'{reader}' reads them where they vary", varies=True))

    def note_loss(self, strands: Integers, reason: str) -> None:
        """Note why something that was constant is so no longer."""
        self._losses.append(_Obstacle(strands, reason))

    def groups(self) -> Integers:
        """Return, for every strand, the smallest number of all that it is tied to."""
        groups = np.arange(self._count)
        before = None
        while before is None or not np.array_equal(groups, before):
            before = groups.copy()
            for some, others in self._ties:
                smaller = np.minimum(groups[some], groups[others])
                np.minimum.at(groups, some, smaller)
                np.minimum.at(groups, others, smaller)
        return groups

    def reasons(self, groups: Integers) -> dict[int, str]:
        """Return, for every group that cannot go, the first reason.

        Parameters
        ----------
        groups
            The group of every strand.
        """
        losses = _first_by_group(self._losses, groups)
        first = _first_by_group(self._obstacles, groups)
        return {
            group: losses[group].reason if obstacle.varies and group in losses else obstacle.reason
            for group, obstacle in first.items()
        }


def _first_by_group(obstacles: list[_Obstacle], groups: Integers) -> dict[int, _Obstacle]:
    first: dict[int, _Obstacle] = {}
    for obstacle in obstacles:
        for group in np.unique(groups[obstacle.strands]).tolist():
            first.setdefault(group, obstacle)
    return first
