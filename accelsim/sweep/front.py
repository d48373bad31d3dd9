"""The best points of a sweep: those that no other beats in one objective without losing in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.sweep.objectives import read_objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def pareto_front(table: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    """Return the points that none dominates.

    Parameters
    ----------
    table
        The table of a sweep.
    objectives
        What is wanted: ``["fused.cycles", "fused.area_um2"]``.

    Returns
    -------
    pandas.DataFrame
        The objectives of these points by their numbers, best in the first objective first. Points that lack an
        objective are not among them.

    Raises
    ------
    InputError
        If there is no such objective.
    """
    import pandas as pd

    variants = list(dict.fromkeys(table["variant"]))
    wanted = {name: read_objective(name, variants) for name in objectives}
    values = pd.DataFrame(
        {
            name: table[table["variant"] == objective.variant].set_index("point")[objective.figure]
            for name, objective in wanted.items()
        }
    ).dropna()
    signs = [-1.0 if objective.direction == "maximize" else 1.0 for objective in wanted.values()]
    costs = values.to_numpy(dtype=float) * signs
    best = [not (np.all(costs <= cost, axis=1) & np.any(costs < cost, axis=1)).any() for cost in costs]
    ascending = [objective.direction == "minimize" for objective in wanted.values()]
    return values[best].sort_values(list(values.columns), ascending=ascending, kind="stable")
