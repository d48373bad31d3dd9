"""Which stages a machine is built with."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import accelsim
from accelsim.built_stages import built_stages
from accelsim.config import LoadedConfig
from accelsim.config.run import Variant
from accelsim.experiment import read_layers
from accelsim.program.operations import STAGES
from tests.cli.tiny import CONFIG

VARIANTS: tuple[Variant, ...] = get_args(Variant)

CONVOLUTION = "  - {name: conv, op: conv, out_channels: 8, kernel: 3, padding: 1}\n"
BATCHNORM = "  - {name: bn, op: batchnorm}\n"
RELU = "  - {name: relu, op: relu}\n"

LAYERS = {
    "folds": CONVOLUTION + BATCHNORM + RELU,
    "none": CONVOLUTION + RELU,
    "behind_relu": CONVOLUTION + RELU + BATCHNORM,
    "ahead_of_padding": BATCHNORM + CONVOLUTION + RELU,
    "one_of_two": CONVOLUTION + BATCHNORM + RELU + BATCHNORM.replace("bn", "bn2"),
    "refused": CONVOLUTION.replace("}", ", unfoldable: why}") + BATCHNORM,
}
"""A BatchNorm that does not fold is a layer of its own, but for the last one, which is in its convolution's layer."""

PLACEMENTS = ("inline", "pass", "offchip")


def configured(folder: Path, network: str, *overrides: str) -> LoadedConfig:
    """A network on a small machine with a requantiser, which runs in all variants."""
    head = "name: net\ninput: {channels: 8, height: 4, width: 4}\nlayers:\n"
    (folder / "net.yaml").write_text(head + LAYERS[network])
    (folder / "config.yaml").write_text(CONFIG)
    variants = "run.variants=[fused, unfused, fused_into_requant]"
    return accelsim.load_config(
        folder / "config.yaml",
        ["machine.requantization={lanes: 8}", variants, *overrides],
    )


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(
    ("network", "when_fused", "keeps"),
    [
        ("folds", "removed", False),
        ("folds", "bypassed", True),
        ("none", "removed", False),
        ("behind_relu", "removed", True),
        ("ahead_of_padding", "removed", True),
        ("one_of_two", "removed", True),
        ("refused", "removed", True),
    ],
)
def test_a_folded_variant_has_a_bn_stage_where_it_is_only_bypassed_or_a_batchnorm_is_left(
    tmp_path: Path, placement: str, network: str, when_fused: str, keeps: bool
) -> None:
    config = configured(tmp_path, network, f"machine.bn.placement={placement}", f"machine.bn.when_fused={when_fused}")
    layers = read_layers(config).layers
    built = {variant: built_stages(config.machine, variant, layers[variant]) for variant in VARIANTS}
    fused = STAGES if keeps else STAGES[1:]
    assert built == {"fused": fused, "unfused": STAGES, "fused_into_requant": fused}


def test_a_requantiser_is_there_where_the_machine_has_one(tmp_path: Path) -> None:
    config = configured(tmp_path, "folds", "machine.requantization=null", "run.variants=[fused, unfused]")
    built = built_stages(config.machine, "unfused", read_layers(config).layers["unfused"])
    assert built == ("bn_stage", "residual_add", "pooling", "activation")
