"""What a search looks for: figures of a variant, or what fusing saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from accelsim.config.run import Variant
from accelsim.documents.wording import shortened
from accelsim.errors import InputError, did_you_mean
from accelsim.sweep.columns import FIGURES

if TYPE_CHECKING:
    from collections.abc import Sequence

Direction = Literal["minimize", "maximize"]

SHORT_NAMES = {"utilization": "conv_array_utilization"}

SAVINGS = {
    "cycles_percent": "saved_cycles_percent",
    "dram_bytes_percent": "saved_dram_bytes_percent",
    "energy_percent": "saved_energy_percent",
    "energy_delay_percent": "saved_energy_delay_percent",
}
"""Figures that lie between a folded variant and the unfused one, as ``saving.NAME``."""

SAVERS: dict[str, Variant] = {"saving": "fused", "saving_into_requant": "fused_into_requant"}
"""What savings are called, as in ``summary.json``, and on the rows of which variant they are."""

ENERGIES = frozenset({"energy_pj", "energy_delay_joule_seconds", "saved_energy_percent", "saved_energy_delay_percent"})
"""Figures that there are only with a table of energies."""

MAXIMISED = frozenset(
    {"frames_per_second", "macs", "ops", "compute_cycles", "conv_array_utilization", *SAVINGS.values()}
)
"""Figures of which more is better; of the others, less."""


class Objective(NamedTuple):
    """A figure of one of the variants, and whether more of it is better."""

    variant: Variant
    figure: str

    @property
    def direction(self) -> Direction:
        """Where to look for better ones."""
        return "maximize" if self.figure in MAXIMISED else "minimize"


def read_objective(text: str, variants: Sequence[Variant]) -> Objective:
    """Understand an objective: ``fused.cycles``, ``saving.cycles_percent``, ``saving_into_requant.energy_percent``.

    Raises
    ------
    InputError
        If there is none of this name, or none in a sweep of these variants.
    """
    known = _objectives()
    if text not in known:
        raise InputError(f"unknown objective '{shortened(text)}'{did_you_mean(text, known)}")
    objective = known[text]
    needed = {objective.variant} | ({"unfused"} if objective.figure in SAVINGS.values() else set())
    missing = needed.difference(variants)
    if missing:
        raise InputError(f"'{text}' needs the variant '{min(missing)}', which is not in 'variants'")
    return objective


def _objectives() -> dict[str, Objective]:
    """All objectives by name."""
    savings = {
        f"{saving}.{name}": Objective(variant, column)
        for saving, variant in SAVERS.items()
        for name, column in SAVINGS.items()
    }
    names = {name: name for name in FIGURES if name not in SAVINGS.values()} | SHORT_NAMES
    variants: tuple[Variant, ...] = get_args(Variant)
    of_variants = {
        f"{variant}.{name}": Objective(variant, column) for variant in variants for name, column in names.items()
    }
    return of_variants | savings
