"""The best points of a sweep: those that no other beats in one objective without losing in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.sweep.objectives import read_objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


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
    ascending = [objective.direction == "minimize" for objective in wanted.values()]
    return values[_undominated(costs)].sort_values(list(values.columns), ascending=ascending, kind="stable")


def _undominated(costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say of each row of costs whether no other is as low everywhere, and lower somewhere.

    In the order of their costs, only an earlier row can be so, and if any is, one that is best itself.
    """
    best = np.zeros(len(costs), dtype=bool)
    front = np.empty((0, costs.shape[1]))
    for row in np.lexsort(costs.T[::-1]):
        cost = costs[row]
        if not (np.all(front <= cost, axis=1) & np.any(front < cost, axis=1)).any():
            best[row] = True
            front = np.vstack([front, cost])
    return best
