"""What the page says in words."""

from __future__ import annotations

from accelsim.report.page.sentences import resolution_sentence, saving_sentence, shown_sentence
from accelsim.report.selection import Window
from accelsim.results.summary import Saving, Summary
from tests.report.figures.runs import without_energies
from tests.results.runs import result_of


def saving(**percents: float | None) -> Saving:
    rest = dict.fromkeys(set(Saving.model_fields) - {"cycles_percent", "dram_bytes_percent"})
    return Saving(**{"cycles_percent": 0, "dram_bytes_percent": 0} | rest | percents)


def changed(fused: dict[str, float], **percents: float | None) -> Summary:
    """Return alpha5's summary with other figures of the fused variant, and other savings."""
    summary = result_of("alpha5").summary
    variants = dict(summary.variants)
    variants["fused"] = variants["fused"].model_copy(update=fused)
    return summary.model_copy(update={"variants": variants, "saving": saving(**percents)})


def test_what_fusing_saved() -> None:
    assert saving_sentence(result_of("alpha5").summary) == (
        "Folding BatchNorm into the convolutions saves 2.62 % of the cycles (670 instead of 688), "
        "saves 1.85 % of the bytes to and from DRAM (424 instead of 432) "
        "and saves 1.98 % of the energy (72.91 nJ instead of 74.38 nJ)."
    )


def test_without_energies_nothing_is_said_of_them() -> None:
    assert saving_sentence(without_energies().summary) == (
        "Folding BatchNorm into the convolutions saves 2.62 % of the cycles (670 instead of 688) "
        "and saves 1.85 % of the bytes to and from DRAM (424 instead of 432)."
    )


def test_energies_that_are_compared_have_one_unit() -> None:
    sentence = saving_sentence(changed({"energy_pj": 500.0}, energy_percent=99.33))
    assert sentence.endswith(" and saves 99.33 % of the energy (0.5 nJ instead of 74.38 nJ).")


def test_what_fusing_costs_is_no_saving() -> None:
    sentence = saving_sentence(changed({"cycles": 1_720}, cycles_percent=-150.0, dram_bytes_percent=None))
    assert "costs 150.00 % of the cycles (1,720 instead of 688)" in sentence
    assert "saves none of 0 bytes" in sentence


def test_a_single_variant_is_compared_with_nothing() -> None:
    def alone(summary: Summary) -> Summary:
        return summary.model_copy(update={"variants": {"unfused": summary.variants["unfused"]}, "saving": None})

    assert saving_sentence(alone(result_of("alpha5").summary)) == (
        "Only the unfused network was simulated: it takes 688 cycles and 74.38 nJ, "
        "and moves 432 bytes to and from DRAM."
    )
    assert saving_sentence(alone(without_energies().summary)) == (
        "Only the unfused network was simulated: it takes 688 cycles and moves 432 bytes to and from DRAM."
    )


def test_every_folded_variant_has_a_sentence() -> None:
    assert saving_sentence(result_of("alpha5, requantised").summary) == (
        "Folding BatchNorm into the convolutions saves 2.50 % of the cycles (702 instead of 720), "
        "saves 1.85 % of the bytes to and from DRAM (424 instead of 432) "
        "and saves 1.97 % of the energy (73.09 nJ instead of 74.56 nJ). "
        "Folding BatchNorm into the multipliers of the requantiser saves 2.22 % of the cycles (704 instead of 720), "
        "saves 0.00 % of the bytes to and from DRAM (432 instead of 432) "
        "and saves 0.15 % of the energy (74.45 nJ instead of 74.56 nJ)."
    )


def test_what_part_is_shown() -> None:
    assert shown_sentence([], None) == "The whole run, every unit."
    assert (
        shown_sentence(["a", "b"], None)
        == "Only a, b; cycles count from where the first of them begins in each variant."
    )
    assert shown_sentence([], Window(1000, 2000)) == "The cycles 1,000 to 2,000."
    assert shown_sentence(["a"], Window(1000, 2000)) == "The cycles 1,000 to 2,000 of a."


def test_a_resolution_is_told_with_the_way_to_see_everything() -> None:
    assert resolution_sentence(0) == ""
    sentence = resolution_sentence(2048)
    assert "a resolution of 2,048 cycles" in sentence
    assert "--layer NAME, or --cycles START:END" in sentence
