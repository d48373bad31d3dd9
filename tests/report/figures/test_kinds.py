"""All kinds of figures, on all kinds of results."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from accelsim.errors import InputError
from accelsim.report.figures.image import image_bytes
from accelsim.report.figures.kinds import KINDS
from accelsim.report.selection import Window
from tests.report.figures.drawn import figure_of
from tests.report.figures.runs import folded_ahead, fused_alone, without_energies
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_of_every_case(kind: str, case: str) -> None:
    figure = figure_of(kind, case)
    (axes,) = figure.axes
    assert result_of(case).summary.network in axes.get_title(loc="left")
    assert image_bytes(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_where_only_one_variant_has_a_layer(kind: str, tmp_path: Path) -> None:
    result = folded_ahead(tmp_path)
    assert list(result.layers["layer"]).count("层") == 1
    for layers in ([], ["层"]):
        assert image_bytes(KINDS[kind].draw(result, layers), "png")


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.both_variants])
def test_one_variant_is_enough(kind: str) -> None:
    assert image_bytes(KINDS[kind].draw(fused_alone()), "png")


def test_what_is_between_both_variants_needs_both() -> None:
    with pytest.raises(InputError, match="only fused ran"):
        KINDS["saving"].draw(fused_alone())


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.energies])
def test_energies_are_not_needed(kind: str) -> None:
    assert image_bytes(KINDS[kind].draw(without_energies()), "png")


def test_what_shows_energies_needs_them() -> None:
    with pytest.raises(InputError, match=r"no energies, since its configuration names no table of them \(run.energy\)"):
        KINDS["energy"].draw(without_energies())


def test_what_a_result_lacks() -> None:
    assert {name: kind.lack(fused_alone()) for name, kind in KINDS.items() if kind.lack(fused_alone())} == {
        "saving": "fused and unfused did not both run"
    }
    lacks = {name: kind.lack(without_energies()) for name, kind in KINDS.items()}
    assert {name: lack for name, lack in lacks.items() if lack} == {
        "energy": "the configuration names no table of energies (run.energy)"
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_layer_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="there is no layer 'conv11'; did you mean 'conv1'"):
        KINDS[kind].draw(result_of("resnet18"), ["conv11"])


@pytest.mark.parametrize(
    ("kind", "across", "up"),
    [
        ("timeline", "cycles (lanes are filled by their share of each 8,192 cycles)", ""),
        ("cycles", "", "cycles"),
        ("utilization", "cycles (%)", ""),
        ("bandwidth", "cycles", "bytes per cycle"),
        ("roofline", "operations per DRAM byte", "operations per cycle"),
        ("stalls", "", "stalled cycles"),
        ("saving", "", "saved (%)"),
        ("energy", "", "energy (µJ)"),
    ],
)
def test_axes_have_units(kind: str, across: str, up: str) -> None:
    (axes,) = figure_of(kind, "resnet18").axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == (across, up)
    assert axes.get_title(loc="left").endswith("\nresnet18 on edge32, BN inline")


@pytest.mark.parametrize("kind", KINDS)
def test_they_compose_on_axes_that_are_given(kind: str) -> None:
    axes = Figure().subplots(1, 2)[1]
    assert KINDS[kind].plot(result_of("alpha5"), axes) is axes
    assert axes.has_data()


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.over_time])
def test_kinds_over_time_take_a_window(kind: str) -> None:
    (axes,) = KINDS[kind].draw(result_of("alpha5"), window=Window(90, 110)).axes
    assert axes.get_xlim() == (90, 110)


def test_drawing_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(mpl.rcParams)
    for kind in KINDS.values():
        image_bytes(kind.draw(result_of("alpha5")), "svg")
    assert dict(mpl.rcParams) == before
