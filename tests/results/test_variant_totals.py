"""Totals without a list of what happened are those of the summary."""

from __future__ import annotations

import pytest

from accelsim.experiment import in_layers, plan_layers
from accelsim.memo import Memo
from accelsim.results.summary import saving_between
from accelsim.results.variant_totals import plan_totals
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize("case", CASES)
def test_they_are_those_of_the_summary(case: str) -> None:
    result = result_of(case)
    memo = Memo()
    for _ in range(2):  # computed, and then remembered
        plan = plan_layers(result.config, in_layers(result.config, result.plan.graph), memo)
        assert plan.mappings == result.plan.mappings
        totals = plan_totals(result.config.machine, result.config.run, plan, memo, result.energy_table)
        assert list(totals) == list(result.summary.variants)
        for variant, summed in totals.items():
            told = result.summary.variants[variant].model_dump()
            del told["peak_bandwidth_bytes_per_cycle"]  # needs the times of transfers
            assert summed._asdict() | {"operations": summed.operations._asdict()} == told
            assert list(summed.busy_cycles) == list(told["busy_cycles"])
        assert saving_between(totals["fused"], totals["unfused"]) == result.summary.saving


@pytest.mark.parametrize("case", CASES)
def test_the_summary_sums_the_layers_up(case: str) -> None:
    result = result_of(case)
    for variant, told in result.summary.variants.items():
        rows = result.layers[result.layers["variant"] == variant]
        for column in ("macs", "ops", "compute_cycles", "stall_cycles", "dram_read_bytes", "dram_write_bytes"):
            assert getattr(told, column) == rows[column].sum()
