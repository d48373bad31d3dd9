"""What the page says in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.energy_unit import EnergyUnit, energy_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accelsim.config.run import Variant
    from accelsim.report.selection import Window
    from accelsim.results.summary import Saving, Summary, VariantSummary

_FOLDED_INTO: dict[Variant, str] = {
    "fused": "convolutions",
    "fused_into_requant": "multipliers of the requantiser",
}


def saving_sentence(summary: Summary) -> str:
    """Say what fusing saved; or, if there is nothing to compare, what the variants that ran took."""
    if not summary.savings:
        which = "Only the" if len(summary.variants) == 1 else "The"
        return " ".join(
            f"{which} {name} network was simulated: it takes {only.cycles:,} cycles{_and_energy(only)} "
            f"and moves {_dram_bytes(only)} bytes to and from DRAM."
            for name, only in summary.variants.items()
        )
    unfused = summary.variants["unfused"]
    sentences = []
    for variant, saving in summary.savings.items():
        fused = summary.variants[variant]
        *parts, last = [
            _saved("cycles", f"{fused.cycles:,}", f"{unfused.cycles:,}", saving.cycles_percent),
            _saved("bytes to and from DRAM", _dram_bytes(fused), _dram_bytes(unfused), saving.dram_bytes_percent),
            *_saved_energy(fused, unfused, saving),
        ]
        sentences.append(f"Folding BatchNorm into the {_FOLDED_INTO[variant]} {', '.join(parts)} and {last}.")
    return " ".join(sentences)


def shown_sentence(layers: Sequence[str], window: Window | None) -> str:
    """Say which part of the run the timeline shows, and from where its cycles count."""
    of_layers = f" of {', '.join(layers)}" if layers else ""
    if window:
        return f"The cycles {window.start_cycle:,} to {window.end_cycle:,}{of_layers}."
    if layers:
        return f"Only {', '.join(layers)}; cycles count from where the first of them begins in each variant."
    return "The whole run, every unit."


def resolution_sentence(resolution_cycles: int) -> str:
    """Say what is merged in the timeline, and how all of it can be seen; nothing if all of it is."""
    if not resolution_cycles:
        return ""
    return (
        f"So long a run is shown at a resolution of {resolution_cycles:,} cycles: what a unit does alike in one layer "
        f"with less than that in between is one bar, as high as the share of its time that it took. To see every "
        f"operation, choose a part: accelsim report RESULTS --layer NAME, or --cycles START:END."
    )


def _saved_energy(fused: VariantSummary, unfused: VariantSummary, saving: Saving) -> Iterator[str]:
    if fused.energy_pj is not None and unfused.energy_pj is not None:
        unit = energy_unit(max(fused.energy_pj, unfused.energy_pj))
        yield _saved("energy", _energy(fused.energy_pj, unit), _energy(unfused.energy_pj, unit), saving.energy_percent)


def _saved(what: str, now: str, before: str, percent: float | None) -> str:
    if percent is None:
        return f"saves none of 0 {what}"
    verb = "saves" if round(percent, 2) >= 0 else "costs"
    return f"{verb} {abs(percent):z.2f} % of the {what} ({now} instead of {before})"


def _and_energy(variant: VariantSummary) -> str:
    return "" if variant.energy_pj is None else f" and {_energy(variant.energy_pj, energy_unit(variant.energy_pj))},"


def _energy(energy_pj: float, unit: EnergyUnit) -> str:
    return f"{energy_pj / unit.pj:z,.4g} {unit.name}"


def _dram_bytes(variant: VariantSummary) -> str:
    return f"{variant.dram_read_bytes + variant.dram_write_bytes:,}"
