"""Which stages a machine is built with, and that units, energy, area, sweeps and RTL all go by it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import accelsim
from accelsim.area.datapath import datapath
from accelsim.area.estimate import machine_area
from accelsim.area.figures import shipped
from accelsim.built_stages import built_stages
from accelsim.config import LoadedConfig
from accelsim.config.run import Variant
from accelsim.energy.table import read_energy_table
from accelsim.experiment import machine_units, read_layers
from accelsim.memo import Memo
from accelsim.program.operations import STAGES
from accelsim.rtl.config_cases import config_cases
from accelsim.sweep.columns import FIGURES
from accelsim.sweep.evaluate import figures_of
from tests.cli.tiny import CONFIG
from tests.results.runs import CONFIGS

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


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(("network", "keeps"), [("folds", False), ("behind_relu", True), ("refused", True)])
def test_units_energy_area_sweep_and_rtl_agree(tmp_path: Path, placement: str, network: str, keeps: bool) -> None:
    table = tmp_path / "energies.yaml"
    powers = "static: {bn_stage: {mw: 1, source: made up}}\n"
    table.write_text((CONFIGS / "energy" / "45nm.yaml").read_text(encoding="utf-8") + powers)
    config = configured(tmp_path, network, f"machine.bn.placement={placement}", f"run.energy={table}")
    expected = {variant for variant in VARIANTS if keeps or variant == "unfused"}
    machine, in_layers = config.machine, read_layers(config)
    built = {variant: built_stages(machine, variant, in_layers.layers[variant]) for variant in VARIANTS}

    if placement != "pass":  # there the function unit stands for all stages
        units = {variant: machine_units(machine, variant, in_layers.layers[variant]) for variant in VARIANTS}
        assert {variant for variant, names in units.items() if "bn_stage" in names} == expected

    result = accelsim.simulate(config)
    static = result.energy[(result.energy["component"] == "bn_stage") & (result.energy["part"] == "static")]
    assert set(static["variant"]) == expected

    parts = {variant: {part.unit for part in datapath(machine, built[variant])} for variant in VARIANTS}
    assert {variant for variant, names in parts.items() if "bn_stage" in names} == expected

    swept = figures_of(config, in_layers, Memo(), read_energy_table(table))
    figures = {variant: dict(zip(FIGURES, swept[variant], strict=True)) for variant in VARIANTS}
    largest_um2 = figures["unfused"]["area_um2"]
    assert {variant for variant in VARIANTS if figures[variant]["area_um2"] == largest_um2} == expected
    for variant in VARIANTS:
        assert figures[variant]["area_um2"] == machine_area(machine, built[variant], shipped()).machine_um2
        assert figures[variant]["energy_pj"] == result.summary.variants[variant].energy_pj

    cases = config_cases(config, seed=1)
    assert {bool(case.parameters.has_bn) for case in cases} == ({True} if keeps else {True, False})
