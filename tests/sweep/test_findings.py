"""What a sweep says: everything about two figures, put together."""

from __future__ import annotations

from itertools import permutations

import pandas as pd
import pytest

from accelsim.sweep.axes import varied_axes
from accelsim.sweep.findings import Saved, findings
from accelsim.sweep.importance import importance
from accelsim.sweep.trade_off import trade_off
from tests.sweep.tables import FOUR_SIZES, LANES, ROWS


def test_where_fusing_pays() -> None:
    found = findings(trade_off(FOUR_SIZES))
    assert found.saving is not None
    # 400 of 900 cycles, with 16 rows and with 100 and one lane; 200 of 1,400 with 8 rows and two lanes
    assert found.saving.most == Saved(100 * (1 - 500 / 900), (4, 6))
    assert found.saving.least == Saved(100 * (1 - 1200 / 1400), (3,))
    assert set(found.saving.importance.shares) == {ROWS, LANES}


@pytest.mark.parametrize(
    ("y", "figure"),
    [
        ("energy_pj", "saved_energy_percent"),
        ("saved_energy_percent", "saved_energy_percent"),
        ("energy_delay_joule_seconds", "saved_energy_delay_percent"),
        ("saved_energy_delay_percent", "saved_energy_delay_percent"),
        ("cycles", "saved_cycles_percent"),
    ],
)
def test_where_fusing_pays_in_what_is_looked_at(y: str, figure: str) -> None:
    energies = {"energy_pj": 5.0, "energy_delay_joule_seconds": 5.0}
    saved = {"saved_energy_percent": FOUR_SIZES["point"], "saved_energy_delay_percent": -FOUR_SIZES["point"]}
    table = FOUR_SIZES.assign(**energies, **saved)
    found = findings(trade_off(table, y=y)).saving
    assert found is not None
    assert found.figure == figure
    assert found.most.percent == table[figure].max()
    assert found.least.percent == table[figure].min()
    assert found.importance == importance(trade_off(table).points, varied_axes(table), figure)


@pytest.mark.parametrize("order", [*permutations(("fused", "unfused", "fused_into_requant"))])
def test_where_fusing_pays_is_that_of_fused_in_any_order(order: tuple[str, ...]) -> None:
    other = FOUR_SIZES[FOUR_SIZES["variant"] == "fused"].assign(variant="fused_into_requant", saved_cycles_percent=1.0)
    rows = pd.concat([FOUR_SIZES, other])
    table = pd.concat([rows[rows["variant"] == variant] for variant in order])
    found, alone = findings(trade_off(table)).saving, findings(trade_off(FOUR_SIZES)).saving
    assert found is not None
    assert alone is not None
    assert (found.variant, found.most, found.least) == ("fused", alone.most, alone.least)
    without = findings(trade_off(table[table["variant"] != "fused"])).saving
    assert without is not None
    assert (without.variant, without.most.percent) == ("fused_into_requant", 1.0)


def test_variants_have_fronts_and_importances_of_their_own() -> None:
    shown = trade_off(FOUR_SIZES)
    found = findings(shown)
    axes = varied_axes(FOUR_SIZES)
    assert found.fronts == {variant: shown.front(variant) for variant in ("fused", "unfused")}
    for variant, of_variant in FOUR_SIZES.groupby("variant"):
        assert found.importances[str(variant)] == importance(of_variant, axes, "cycles")
    assert found.importances["fused"].shares == pytest.approx({ROWS: 1, LANES: 0})
    # unfused cycles are those of the rows, and 400 or 200: variances 95,000 around 800, and 10,000 around 300
    assert found.importances["unfused"].shares == pytest.approx({ROWS: 95 / 105, LANES: 10 / 105})


def test_one_variant_saves_nothing() -> None:
    alone = FOUR_SIZES[FOUR_SIZES["variant"] == "fused"].assign(saved_cycles_percent=float("nan"))
    found = findings(trade_off(alone))
    assert found.saving is None
    assert list(found.fronts) == ["fused"]


def test_a_figure_of_y_counts_where_x_is_missing() -> None:
    without = FOUR_SIZES.assign(area_um2=FOUR_SIZES["area_um2"].where(FOUR_SIZES["point"] < 7))
    found = findings(trade_off(without))
    assert found.importances == findings(trade_off(FOUR_SIZES)).importances
    assert found.saving is not None
    assert found.saving.most.points == (4, 6)
