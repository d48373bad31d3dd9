"""The figure of a sweep: its points, its fronts, and names that cover nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from accelsim.report.figures.image import image_bytes
from accelsim.report.figures.pareto import MAX_FEW_POINTS, NAMED_DESIGNS, plot_pareto
from accelsim.sweep.trade_off import trade_off
from tests.report.figures.drawn import legend_rows
from tests.sweep.tables import COLS, FOUR_SIZES, LANES, ROWS, HandPoint, point, table_of
from tests.sweep.tiny_sweeps import refusal


def many(count: int) -> pd.DataFrame:
    """Return a table of random points of two variants, the same each time."""
    generator = np.random.default_rng(1)
    figures = [
        {
            variant: {"area_um2": float(generator.uniform(1e6, 9e6)), "cycles": int(generator.uniform(1e5, 1e7))}
            for variant in ("fused", "unfused")
        }
        for _ in range(count)
    ]
    sizes = list(product((8, 16, 32, 64), (8, 16, 32), (1, 2, 4)))
    return table_of(
        [
            HandPoint(dict(zip((ROWS, COLS, LANES), sizes[number % len(sizes)], strict=True)), of_point)
            for number, of_point in enumerate(figures)
        ]
    )


def line(axes: Axes, label: str) -> Line2D:
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found


def places(axes: Axes, label: str) -> list[tuple[float, float]]:
    return [(x, y) for x, y in np.asarray(line(axes, label).get_xydata()).tolist()]


def names(axes: Axes) -> dict[str, tuple[float, float]]:
    """Return the designs that are named, by their names."""
    return {text.get_text(): text.xy for text in axes.texts}  # type: ignore[attr-defined]


def test_fronts_by_hand() -> None:
    axes = plot_pareto(FOUR_SIZES)
    assert places(axes, "fused") == [(100, 1000), (200, 500)]
    assert places(axes, "unfused") == [(110, 1400), (120, 1200), (210, 900), (220, 700)]
    assert line(axes, "fused").get_drawstyle() == "steps-post"


def test_all_points_are_drawn_those_that_come_to_the_same_once() -> None:
    axes = plot_pareto(FOUR_SIZES)
    assert places(axes, "_fused") == [(100, 1000), (150, 1200), (200, 500), (900, 500)]
    assert len(places(axes, "_unfused")) == 8


@pytest.mark.parametrize("count", [50, 3000])
def test_fronts_are_those_of_the_table(count: int) -> None:
    table = many(count)
    shown = trade_off(table)
    axes = plot_pareto(table)
    for variant in ("fused", "unfused"):
        expected = [(design.x / 1e6, design.y) for design in shown.front(variant)]
        np.testing.assert_allclose(places(axes, variant), expected)
        assert len(places(axes, f"_{variant}")) == count
        assert line(axes, f"_{variant}").get_rasterized() == (count > MAX_FEW_POINTS)


def test_nothing_covers_the_fused_front() -> None:
    axes = plot_pareto(FOUR_SIZES)
    assert [str(drawn.get_label()) for drawn in axes.lines] == ["_unfused", "_fused", "unfused", "fused"]


def test_axes_have_units() -> None:
    axes = plot_pareto(FOUR_SIZES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("area (µm²)", "cycles")
    assert plot_pareto(many(9)).get_xlabel() == "area (mm²)"
    axes = plot_pareto(FOUR_SIZES, x="multipliers", y="saved_cycles_percent")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("multipliers", "cycles saved by fusing (%)")


@pytest.mark.parametrize(
    ("figure", "values", "label", "shown"),
    [
        ("energy_pj", (5.7e9, 1.6e9), "energy (mJ)", [5.7, 1.6]),
        ("energy_pj", (72_000, 8_000), "energy (nJ)", [72, 8]),
        ("energy_delay_joule_seconds", (2.5e-5, 8e-6), "energy · delay (µJ·s)", [25, 8]),
        ("saved_energy_percent", (2.5, 1), "energy saved by fusing (%)", [2.5]),
        ("saved_energy_delay_percent", (2.5, 1), "energy · delay saved by fusing (%)", [2.5]),
    ],
)
def test_energies_have_a_unit_in_which_they_can_be_read(
    figure: str, values: tuple[float, ...], label: str, shown: list[float]
) -> None:
    points = [
        HandPoint({ROWS: number}, {"fused": {"area_um2": number, figure: value}, "unfused": {}})
        for number, value in enumerate(values, 1)
    ]
    axes = plot_pareto(table_of(points), y=figure)
    assert axes.get_ylabel() == label
    assert [y for _, y in places(axes, "fused")] == pytest.approx(shown)
    assert axes.get_title("left").startswith(f"E{label[1:].partition(' (')[0]} against area\n")


def test_what_spans_a_decade_is_on_a_logarithmic_axis() -> None:
    wide = table_of([point(4, 1, (100, 50), (999, 500)), point(8, 1, (200, 70), (300, 400))])
    axes = plot_pareto(wide)
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")  # 999 is not ten times 100, 500 is 50
    assert axes.yaxis.get_major_formatter()(30_000) == "30,000"


def test_title_and_legend() -> None:
    axes = plot_pareto(FOUR_SIZES)
    assert axes.get_title("left") == "Cycles against area\nnet, 8 points"
    assert legend_rows(axes) == [["fused", "unfused", "all points"]]


def test_designs_are_named_by_what_varies() -> None:
    assert names(plot_pareto(FOUR_SIZES)) == {
        "4 rows": (100, 1000),  # with any number of lanes
        "16 rows": (200, 500),
        "4 rows, 1 BN lane": (110, 1400),
        "4 rows, 2 BN lanes": (120, 1200),
        "16 rows, 1 BN lane": (210, 900),
        "16 rows, 2 BN lanes": (220, 700),
    }


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ({ROWS: 16, COLS: 32}, "16×32"),
        ({COLS: 32, LANES: 4}, "32 columns, 4 BN lanes"),
        ({COLS: 1}, "1 column"),
        ({"run.batch": 2}, None),
    ],
)
def test_names(axes: dict[str, int], name: str | None) -> None:
    better = HandPoint(axes, {"fused": {"area_um2": 1, "cycles": 1}})
    worse = HandPoint({key: 2 * value for key, value in axes.items()}, {"fused": {"area_um2": 2, "cycles": 3}})
    assert list(names(plot_pareto(table_of([better, worse], ["fused"])))) == ([name] if name else [])


@pytest.mark.parametrize("count", [50, 3000])
def test_names_lie_over_nothing_and_inside(count: int) -> None:
    axes = plot_pareto(many(count))
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert 2 <= len(boxes) <= 2 * NAMED_DESIGNS
    for number, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:number])
        assert axes.bbox.count_contains(box.corners()) == 4
        for variant in ("fused", "unfused"):
            drawn = line(axes, variant)
            assert not box.count_contains(axes.transData.transform(np.asarray(drawn.get_xydata())))


def test_a_design_is_named_once() -> None:
    points = [
        HandPoint({ROWS: 8, LANES: 1, "run.batch": number}, {"fused": {"area_um2": 1 + number, "cycles": 9 - number}})
        for number in range(8)
    ]
    points.append(HandPoint({ROWS: 4, LANES: 2, "run.batch": 0}, {"fused": {"area_um2": 20, "cycles": 20}}))
    assert list(names(plot_pareto(table_of(points, ["fused"])))) == ["8 rows, 1 BN lane"]


def test_it_can_be_drawn_into_axes() -> None:
    axes = Figure().add_subplot()
    assert plot_pareto(FOUR_SIZES, axes) is axes


def test_only_the_network_asked_for_is_drawn() -> None:
    table = pd.concat([FOUR_SIZES, FOUR_SIZES.assign(workload="other", point=FOUR_SIZES["point"] + 8, cycles=7)])
    assert places(plot_pareto(table, network="net"), "fused") == [(100, 1000), (200, 500)]
    assert places(plot_pareto(table, network="other"), "fused") == [(100, 7)]
    assert refusal(plot_pareto, table) == "there are several networks, say which: net, other"


def test_an_unknown_figure_is_refused_before_anything_is_drawn() -> None:
    axes = Figure().add_subplot()
    assert "did you mean 'cycles'?" in refusal(plot_pareto, FOUR_SIZES, axes, y="cycle")
    assert not axes.lines


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_same_table_gives_the_same_bytes(form: str) -> None:
    first, second = (plot_pareto(many(1100)).figure for _ in range(2))
    assert isinstance(first, Figure)
    assert isinstance(second, Figure)
    assert image_bytes(first, form) == image_bytes(second, form)
