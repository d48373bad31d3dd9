"""All kinds of figures. Nothing is imported before it is drawn, so that the command line can name them at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from accelsim.report.selection import Window
    from accelsim.results.records import Records


class Kind(NamedTuple):
    """A kind of figure: ``plot_<name>`` of the module of that name."""

    name: str
    over_time: bool = False
    """Whether it can show a window of cycles; the others show whole layers."""
    both_variants: bool = False
    """Whether it shows something between fused and unfused, and so needs both."""
    energies: bool = False
    """Whether it shows energies, which a result has only if it was given a table of them."""

    @property
    def plot(self) -> Callable[..., Axes]:
        """What draws it, from the result and, by name, ``axes``, ``layers``, and ``window`` if it is ``over_time``."""
        module = import_module(f"accelsim.report.figures.{self.name}")
        return cast("Callable[..., Axes]", getattr(module, f"plot_{self.name}"))

    def lack(self, records: Records) -> str | None:
        """Say why a result does not suffice for it; ``None`` if it does."""
        if self.both_variants and records.summary.saving is None:
            return "fused and unfused did not both run"
        if self.energies and all(variant.energy_pj is None for variant in records.summary.variants.values()):
            return "the configuration names no table of energies (run.energy)"
        return None

    def draw(self, records: Records, layers: Sequence[str] = (), window: Window | None = None) -> Figure:
        """Draw it as a figure of its own.

        Parameters
        ----------
        records
            The result.
        layers
            Names of layers; all where there are none.
        window
            Cycles, from the start of each variant; all by default. Only for a kind that is ``over_time``.

        Raises
        ------
        InputError
            If there is no such layer, nothing in the window, or what :meth:`lack` says.
        """
        part = {"window": window} if self.over_time else {}
        return cast("Figure", self.plot(records, layers=layers, **part).figure)


_ALL = (
    Kind("timeline", over_time=True),
    Kind("cycles"),
    Kind("utilization"),
    Kind("bandwidth", over_time=True),
    Kind("roofline"),
    Kind("stalls"),
    Kind("saving", both_variants=True),
    Kind("energy", energies=True),
)

KINDS = {kind.name: kind for kind in _ALL}
"""By name, in the order in which one looks at them."""
