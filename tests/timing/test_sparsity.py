"""What N:M leaves of an operation's input channels."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.config.machine import ArrayConfig
from accelsim.config.sparsity import DENSE, Sparsity
from accelsim.timing.array import array_cycles, folding, groups_per_fold
from accelsim.timing.sparsity import kept_channels
from tests.hand_built import work


@pytest.mark.parametrize("sparsity", [DENSE, Sparsity(2, 4), Sparsity(1, 2), Sparsity(3, 8), Sparsity(15, 16)])
def test_the_first_n_of_every_block_counted_one_by_one(sparsity: Sparsity) -> None:
    channels = np.arange(1, 50)
    one_by_one = [sum(channel % sparsity.block < sparsity.kept for channel in range(count)) for count in channels]
    assert kept_channels(sparsity, channels).tolist() == one_by_one
    assert [kept_channels(sparsity, int(count)) for count in channels] == one_by_one


def array(sparsity: str, **settings: object) -> ArrayConfig:
    """An array of R = 4 rows and C = 3 columns."""
    return ArrayConfig.model_validate({"rows": 4, "cols": 3, "sparsity": sparsity, **settings})


class TestFolding:
    """5 pixels, 9 input channels at 2 kernel positions, 4 output channels: of 4 + 4 + 1 channels 2 + 2 + 1 are kept."""

    SHAPE = work(pixels=5, kc=9, n=4, kernel=2, positions=12)

    def test_weight_stationary(self) -> None:
        # ⌈5·2/4⌉ = 3 row blocks (dense ⌈18/4⌉ = 5) · ⌈4/3⌉ = 2 column blocks, of 2·4 + 3 + 5 − 2 cycles.
        assert folding(array("2:4"), self.SHAPE) == (6, 5, 5)
        assert folding(array("dense"), self.SHAPE) == (10, 5, 5)
        assert array_cycles(array("2:4"), self.SHAPE) == 6 * 14

    def test_raster(self) -> None:
        # 2 kernel positions · ⌈5/4⌉ = 2 row blocks · 2 column blocks.
        assert folding(array("2:4", ifmap_streaming="raster"), self.SHAPE) == (8, 12, 12)

    def test_output_stationary(self) -> None:
        # ⌈5/4⌉ = 2 blocks of pixels · 2 of channels, past which 10 operands stream instead of 18.
        assert folding(array("2:4", dataflow="os"), self.SHAPE) == (4, 10, 4)

    def test_groups_share_a_fold_by_their_kept_rows(self) -> None:
        # k = 4 of a group's 8 channels fit 4 rows once, and 2 of 4 twice.
        diagonal = array("2:4", grouped="block_diagonal")
        assert groups_per_fold(diagonal, work(pixels=5, kc=8, n=1, groups=6)) == 1
        assert groups_per_fold(diagonal, work(pixels=5, kc=4, n=1, groups=6)) == 2

    def test_a_layer_of_few_channels_gains_nothing(self) -> None:
        depthwise = work(pixels=5, kc=1, n=1, kernel=9, groups=6)
        assert folding(array("2:4"), depthwise) == folding(array("dense"), depthwise)
