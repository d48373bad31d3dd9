"""What every report is made from, whether it was simulated just now or read from a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.config import LoadedConfig
    from accelsim.results.summary import Summary


class Records(Protocol):
    """A result: totals, frames and the configuration. docs/results.md describes every column."""

    @property
    def config(self) -> LoadedConfig:
        """What was simulated."""

    @property
    def summary(self) -> Summary:
        """Totals and savings."""

    @property
    def layers(self) -> pd.DataFrame:
        """One row per variant and layer."""

    @property
    def units(self) -> pd.DataFrame:
        """One row per variant, layer and unit."""

    @property
    def events(self) -> pd.DataFrame:
        """One row per operation."""

    @property
    def stalls(self) -> pd.DataFrame:
        """One row per wait."""

    @property
    def buffers(self) -> pd.DataFrame:
        """One row per change of the halves of a buffer that are in use."""

    @property
    def actions(self) -> pd.DataFrame:
        """One row per kind of action that a layer did."""

    @property
    def energy(self) -> pd.DataFrame:
        """One row per component that took energy in a layer; none without a table of energies."""
