"""Two figures of a sweep held against each other, on one network: what there is, and what is best."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from accelsim.documents.wording import shortened
from accelsim.errors import InputError, did_you_mean
from accelsim.sweep.columns import FIGURES
from accelsim.sweep.front import pareto_front
from accelsim.sweep.objectives import SAVERS, SAVINGS
from accelsim.sweep.table import DONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

AREA = "area_um2"

WITHOUT_AREA = "multipliers"
"""What is held against another figure where there is no area: most of the area is theirs."""

ENOUGH_AREAS = 0.5
"""Share of the points: if more than the rest have no area, the rest say little of the sweep."""


class Design(NamedTuple):
    """A place on a front, and the points of the sweep that come to it."""

    x: float
    y: float
    points: tuple[int, ...]
    """Their numbers, ascending."""


class TradeOff(NamedTuple):
    """Two figures of the points of a network."""

    network: str
    x: str
    y: str
    feasible: pd.DataFrame
    """Rows of the table that have figures."""

    @property
    def rows(self) -> pd.DataFrame:
        """Rows that have both figures."""
        return self.feasible[self.feasible[self.x].notna() & self.feasible[self.y].notna()]

    @property
    def variants(self) -> list[str]:
        """The variants that have both figures at some point, in the order of the table."""
        return list(dict.fromkeys(self.rows["variant"]))

    @property
    def points(self) -> pd.DataFrame:
        """A row for every feasible point, by its number: what both variants have in common."""
        return self.feasible.drop_duplicates("point").set_index("point")

    def of_variant(self, variant: str) -> pd.DataFrame:
        """Return the rows of a variant that have figures."""
        return self.feasible[self.feasible["variant"] == variant]

    def front(self, variant: str) -> list[Design]:
        """Return the designs of a variant that no other dominates, best in ``x`` first."""
        best = pareto_front(self.feasible, [_objective(variant, self.x), _objective(variant, self.y)])
        designs: dict[tuple[float, float], list[int]] = {}
        for point, x, y in best.itertuples(name=None):
            designs.setdefault((float(x), float(y)), []).append(point)
        return [Design(x, y, tuple(sorted(points))) for (x, y), points in designs.items()]


def trade_off(table: pd.DataFrame, x: str | None = None, y: str = "cycles", network: str | None = None) -> TradeOff:
    """Hold two figures of a sweep against each other.

    Parameters
    ----------
    table
        The table of a sweep.
    x, y
        Columns of figures. By default ``x`` is what :func:`default_x` says.
    network
        The network, in the column ``workload``; only needed where there are several.

    Raises
    ------
    InputError
        If there is no such network, or it is not said which of several; if there is no such figure, both are the same,
        or no point has them.
    """
    of_network = table[table["workload"] == _checked_network(table, network)]
    feasible = of_network[of_network["status"] == DONE]
    if feasible.empty:
        raise InputError(_all_infeasible(of_network))
    x = x or default_x(feasible)
    for figure in (x, y):
        _check_figure(feasible, figure)
    if x == y:
        raise InputError(f"x and y are both '{x}': it takes two figures to hold one against the other")
    found = TradeOff(str(feasible["workload"].iloc[0]), x, y, feasible)
    if found.rows.empty:
        raise InputError(f"no point has both '{x}' and '{y}'")
    return found


def networks_of(table: pd.DataFrame) -> list[str]:
    """Return the networks of a sweep, in the order of the table."""
    return list(dict.fromkeys(table["workload"]))


def default_x(feasible: pd.DataFrame) -> str:
    """Return what to hold a figure against: the area, if at least half of some rows have one."""
    return AREA if feasible[AREA].notna().mean() >= ENOUGH_AREAS else WITHOUT_AREA


def _objective(variant: str, figure: str) -> str:
    """Return what :mod:`accelsim.sweep.objectives` calls a figure."""
    names = {column: name for name, column in SAVINGS.items()}
    if figure not in names:
        return f"{variant}.{figure}"
    saving = next((saving for saving, saver in SAVERS.items() if saver == variant), "saving")  # unfused: as fused
    return f"{saving}.{names[figure]}"


def _checked_network(table: pd.DataFrame, network: str | None) -> str:
    known = networks_of(table)
    if not known:
        raise InputError("there is no point in this sweep")
    if network is None:
        if len(known) > 1:
            raise InputError(f"there are several networks, say which: {_listed(known)}")
        return known[0]
    if network not in known:
        raise InputError(f"there is no '{shortened(network)}' among {_listed(known)}{did_you_mean(network, known)}")
    return network


def _check_figure(feasible: pd.DataFrame, name: str) -> None:
    """Refuse what is no figure, or one that no point has."""
    known = [figure for figure in FIGURES if feasible[figure].notna().any()]
    if name in known:
        return
    if name in FIGURES:
        raise InputError(f"no point has '{name}'; there are {_listed(known)}")
    if name in feasible.columns:
        raise InputError(f"'{name}' is not a figure that points come to; these are {_listed(known)}")
    raise InputError(f"there is no '{shortened(name)}' among {_listed(known)}{did_you_mean(name, known)}")


def _all_infeasible(rows: pd.DataFrame) -> str:
    ((reason, _),) = Counter(rows.drop_duplicates("point")["reason"]).most_common(1)
    return f"no point of '{rows['workload'].iloc[0]}' is feasible; most often: {reason}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
