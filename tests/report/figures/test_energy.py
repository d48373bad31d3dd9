"""Energy by layer: stacked bars add up to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.axes import Axes

from accelsim.energy.action import COMPONENTS
from accelsim.report.figures.energy import GROUPS, plot_energy
from accelsim.report.figures.style import ENERGY
from tests.report.figures.drawn import legend_rows
from tests.report.figures.runs import folded_ahead, fused_alone
from tests.results.runs import CASES, result_of

PJ_PER = {"energy (nJ)": 1e3, "energy (µJ)": 1e6, "energy (mJ)": 1e9}


def stacks_pj(axes: Axes, variant: str) -> list[float]:
    """Heights of all bars on one another, by layer."""
    containers = [bars for bars in axes.containers if str(bars.get_label()).startswith(f"{variant}:")]
    heights = [[bar.get_height() * PJ_PER[axes.get_ylabel()] for bar in bars] for bars in containers]
    return [sum(stack) for stack in zip(*heights, strict=True)]


@pytest.mark.parametrize("case", CASES)
def test_bars_add_up_to_the_energy_of_the_layers(case: str) -> None:
    axes, layers = plot_energy(result_of(case)), result_of(case).layers
    for variant in ("fused", "unfused"):
        assert stacks_pj(axes, variant) == pytest.approx(list(layers.loc[layers["variant"] == variant, "energy_pj"]))


def test_what_takes_little_is_shown_together() -> None:
    axes = plot_energy(result_of("alpha5"))
    by_look = {str(bars.get_label()): bars[0].get_height() for bars in axes.containers}
    taken = result_of("alpha5").summary.variants["unfused"].energy_by_component_pj
    assert by_look["unfused: DRAM"] == pytest.approx(70.2)
    assert by_look["unfused: BatchNorm"] == pytest.approx(taken["bn_stage"] / 1e3)
    buffers_pj = taken["parameter_buffer"] + taken["ofmap_buffer"]
    assert by_look["unfused: other buffers"] == pytest.approx(buffers_pj / 1e3)
    assert by_look["unfused: other units"] == pytest.approx(taken["activation"] / 1e3)
    assert "fused: BatchNorm" not in by_look


def test_the_legend_names_what_took_energy() -> None:
    variants, *looks = legend_rows(plot_energy(result_of("alpha5")))
    assert variants == ["fused", "unfused"]
    assert [name for row in looks for name in row] == [look.name for look in ENERGY.values()]
    variants, *looks = legend_rows(plot_energy(fused_alone()))
    assert variants == ["fused"]
    assert "BatchNorm" not in [name for row in looks for name in row]


def test_every_component_is_somewhere() -> None:
    assert {GROUPS.get(component, component) for component in COMPONENTS} == set(ENERGY)


def test_some_layers_alone() -> None:
    axes = plot_energy(result_of("resnet18"), layers=["conv1", "fc"])
    assert axes.get_title(loc="left").startswith("Energy in 2 layers\n")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["conv1", "fc"]
    assert plot_energy(result_of("resnet18")).get_title(loc="left").startswith("Energy of each layer\n")


def test_a_batchnorm_that_is_gone_has_no_bar(tmp_path: Path) -> None:
    axes = plot_energy(folded_ahead(tmp_path), layers=["层"])
    assert {str(bars.get_label()).split(":")[0] for bars in axes.containers} == {"unfused"}
