"""Objectives, and the points that are best in them."""

from __future__ import annotations

import pandas as pd
import pytest

from accelsim.config import Variant
from accelsim.sweep.front import pareto_front
from accelsim.sweep.objectives import read_objective
from tests.sweep.tiny_sweeps import refusal

ALL: tuple[Variant, ...] = ("fused", "unfused", "fused_into_requant")


@pytest.mark.parametrize(
    ("text", "figure", "direction"),
    [
        ("fused.cycles", "cycles", "minimize"),
        ("unfused.dram_bytes", "dram_bytes", "minimize"),
        ("fused.cycles_x_area", "cycles_x_area", "minimize"),
        ("fused.utilization", "conv_array_utilization", "maximize"),
        ("fused.conv_array_utilization", "conv_array_utilization", "maximize"),
        ("unfused.frames_per_second", "frames_per_second", "maximize"),
        ("saving.cycles_percent", "saved_cycles_percent", "maximize"),
        ("saving.dram_bytes_percent", "saved_dram_bytes_percent", "maximize"),
        ("fused.energy_pj", "energy_pj", "minimize"),
        ("unfused.energy_delay_joule_seconds", "energy_delay_joule_seconds", "minimize"),
        ("saving.energy_percent", "saved_energy_percent", "maximize"),
        ("saving.energy_delay_percent", "saved_energy_delay_percent", "maximize"),
        ("fused_into_requant.cycles", "cycles", "minimize"),
        ("saving_into_requant.cycles_percent", "saved_cycles_percent", "maximize"),
        ("saving_into_requant.dram_bytes_percent", "saved_dram_bytes_percent", "maximize"),
        ("saving_into_requant.energy_percent", "saved_energy_percent", "maximize"),
        ("saving_into_requant.energy_delay_percent", "saved_energy_delay_percent", "maximize"),
    ],
)
def test_an_objective_is_a_figure_and_a_direction(text: str, figure: str, direction: str) -> None:
    objective = read_objective(text, ALL)
    assert (objective.figure, objective.direction) == (figure, direction)
    before, _, _ = text.partition(".")
    savers = {"saving": "fused", "saving_into_requant": "fused_into_requant"}
    assert objective.variant == savers.get(before, before)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cycles", "unknown objective 'cycles'; did you mean 'fused.cycles'?"),
        ("fused.saved_cycles_percent", "unknown objective 'fused.saved_cycles_percent'; did you mean"),
        ("unfused.cycles", "'unfused.cycles' needs the variant 'unfused', which is not in 'variants'"),
        ("saving.cycles_percent", "'saving.cycles_percent' needs the variant 'unfused', which is not in 'variants'"),
    ],
)
def test_others_are_refused(text: str, message: str) -> None:
    assert message in refusal(read_objective, text, ["fused"])


def test_what_fusing_into_the_requantiser_saves_needs_both_variants_and_no_other() -> None:
    text = "saving_into_requant.energy_percent"
    assert read_objective(text, ["fused_into_requant", "unfused"]).variant == "fused_into_requant"
    message = "needs the variant 'fused_into_requant', which is not in 'variants'"
    assert message in refusal(read_objective, text, ["fused", "unfused"])
    message = "needs the variant 'unfused', which is not in 'variants'"
    assert message in refusal(read_objective, text, ["fused", "fused_into_requant"])


def test_the_front_holds_what_nothing_beats() -> None:
    table = pd.DataFrame(
        [
            (0, "fused", 10, 0.5),
            (0, "unfused", 1, 0.1),
            (1, "fused", 20, 0.9),
            (2, "fused", 20, 0.8),  # as many cycles as 1, and less utilization
            (3, "fused", 10, 0.5),  # equal to 0: neither beats the other
            (4, "fused", 30, 0.4),
            (5, "fused", None, None),
        ],
        columns=["point", "variant", "cycles", "conv_array_utilization"],
    )
    front = pareto_front(table, ["fused.cycles", "fused.utilization"])
    assert front.reset_index().to_numpy().tolist() == [[0, 10, 0.5], [3, 10, 0.5], [1, 20, 0.9]]
    assert pareto_front(table, ["fused.utilization"]).index.tolist() == [1]
