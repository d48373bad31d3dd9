"""The tables of ``accelsim pareto``: the best designs of a sweep, which axes matter, and where fusing pays."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pandas.api.types import is_numeric_dtype
from rich import box
from rich.table import Table

from accelsim.documents.wording import counted
from accelsim.report.terminal.layer_columns import NOTHING
from accelsim.report.terminal.name import Name
from accelsim.report.terminal.sweep import MAX_FRONT_ROWS
from accelsim.sweep.importance import DECADE
from accelsim.sweep.sparsities import sparsities
from accelsim.sweep.trade_off import AREA, WITHOUT_AREA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from accelsim.config.run import Variant
    from accelsim.sweep.axes import VariedAxis
    from accelsim.sweep.definition import Definition
    from accelsim.sweep.findings import Findings
    from accelsim.sweep.importance import Importance
    from accelsim.sweep.trade_off import Design

AREAS = {AREA, "cycles_x_area"}
"""Figures that there are only of machines with an area."""

ANY = "any"
"""In place of the values of an axis where points with each of them come to the same."""

_LOOKS: dict[str, Any] = {
    "title_justify": "left",
    "title_style": "bold",
    "caption_justify": "left",
    "pad_edge": False,
    "header_style": "bold",
}

SAVED_WORDS = {
    "saved_cycles_percent": "cycles",
    "saved_energy_percent": "energy",
    "saved_energy_delay_percent": "energy · delay",
}
"""What it is that fusing saves, by the columns that :mod:`accelsim.sweep.findings` looks at."""

WHOLE_FROM = 1000
"""From here on a number is shown without decimals."""


def heading_lines(found: Findings) -> Iterator[str]:
    """Say what is shown, and what is left out."""
    x, y, feasible = found.trade_off.x, found.trade_off.y, found.trade_off.feasible
    points = len(found.trade_off.points)
    yield f"{found.trade_off.network}: {y} against {x}, {counted(points, 'point')}"
    left_out = points - found.trade_off.rows["point"].nunique()
    if left_out:
        yield f"{counted(left_out, 'point')} without {x} or {y} left out"
    without = feasible.loc[feasible[AREA].isna(), "point"].nunique()
    if without and (x == WITHOUT_AREA or AREAS & {x, y}):
        yield f"{counted(without, 'point')} without {AREA}: the table of areas that ships lacks tiles of these machines"


def sparsity_lines(found: Findings, definition: Definition) -> Iterator[str]:
    """Say that areas leave out what sparse weights need, where areas are shown and arrays have such."""
    sparse = [str(sparsity) for sparsity in sparsities(definition) if not sparsity.is_dense]
    if sparse and AREAS & {found.trade_off.x, found.trade_off.y}:
        yield f"areas without the selectors of sparsity {', '.join(sparse)}, a multiplexer in every PE"


def front_tables(found: Findings, variant: str, *, every: bool = False) -> Iterator[Table]:
    """Yield the table of a front with all axes, and then ever narrower ones.

    Parameters
    ----------
    found
        What a sweep says.
    variant
        The variant.
    every
        Whether to show all designs, and not only some from the whole length of the front.
    """
    front = found.fronts[variant]
    shown = front if every else _along(front, MAX_FRONT_ROWS)
    values = _values(found, [design.points for design in shown])
    cut = [f"{len(shown)} of {len(front):,}; --all shows every one"] if len(shown) < len(front) else []
    for layout in _layouts(found.axes, found.importances[variant]):
        columns = ("point", found.trade_off.x, found.trade_off.y)
        table = _table(f"{variant}: best designs", columns, layout, cut)
        for number, design in enumerate(shown):
            axes = (values[axis.key][number] for axis in layout.axes)
            table.add_row(str(design.points[0]), _number(design.x), _number(design.y), *axes)
        yield table


PAYS: dict[Variant, str] = {
    "fused": "where fusing pays",
    "fused_into_requant": "where folding into the requantiser pays",
}


def saving_tables(found: Findings) -> Iterator[Table]:
    """Yield the table of where fusing saves most and least with all axes, and then ever narrower ones.

    There is none where only one variant ran.
    """
    if found.saving is None:
        return
    ends = {"most": found.saving.most, "least": found.saving.least}
    values = _values(found, [end.points for end in ends.values()])
    for layout in _layouts(found.axes, found.saving.importance):
        table = _table(
            PAYS[found.saving.variant], ("", "point", f"{SAVED_WORDS[found.saving.figure]}\nsaved %"), layout
        )
        for number, (words, end) in enumerate(ends.items()):
            axes = (values[axis.key][number] for axis in layout.axes)
            table.add_row(words, str(end.points[0]), f"{end.percent:z.2f}", *axes)
        yield table


def tie_lines(found: Findings) -> Iterator[str]:
    """Say how to read several values of an axis in a line, if there is such a line."""
    designs = [design.points for front in found.fronts.values() for design in front]
    ends = [found.saving.most.points, found.saving.least.points] if found.saving else []
    if any(len(points) > 1 for points in (*designs, *ends)):
        yield f"several values of an axis, or '{ANY}': points with each of them come to the same; the first is named"


def importance_table(found: Findings) -> Table:
    """Say how much of the variance each axis explains, that which matters most to the first variant first."""
    y = found.trade_off.y
    columns = {f"{y}\n{variant}": of_variant for variant, of_variant in found.importances.items()}
    if found.saving:
        columns[f"{SAVED_WORDS[found.saving.figure]}\nsaved"] = found.saving.importance
    first, *_ = columns.values()
    table = Table(box=box.SIMPLE_HEAD, title="which axes matter", **_LOOKS)
    table.add_column("axis")
    for title, column in columns.items():
        table.add_column(f"log {title}" if column.is_logarithmic else title, justify="right", no_wrap=True)
    for axis in sorted(found.axes, key=lambda axis: -first.shares[axis.key]):
        more = f" and {len(axis.columns) - 1} with it" if len(axis.columns) > 1 else ""
        table.add_row(Name(axis.key + more), *(_share(column.shares[axis.key]) for column in columns.values()))
    if not isnan(first.together):
        table.add_row("several together", *(_share(column.together) for column in columns.values()))
    return table


def importance_lines(found: Findings) -> Iterator[str]:
    """Say what the shares are of."""
    columns = [*found.importances.values(), *([found.saving.importance] if found.saving else [])]
    yield "share of the variance over all points that an axis explains alone"
    if any(column.is_logarithmic for column in columns):
        yield f"log: of the logarithm, since the figure spans a factor of {DECADE} or more"
    if not all(column.is_complete for column in columns):
        yield "not every combination is there: what axes that go together explain in common is in the share of none"


class _Layout(NamedTuple):
    """What a table of designs shows of the axes, and how far its columns are apart."""

    axes: Sequence[VariedAxis]
    left_out: Sequence[VariedAxis]
    padding: int


def _layouts(axes: Sequence[VariedAxis], matter: Importance) -> Iterator[_Layout]:
    """Yield ever narrower layouts; the axes that matter least are left out first."""
    by_share = sorted(axes, key=lambda axis: matter.shares[axis.key])
    yield _Layout(axes, (), padding=1)
    for count in range(len(axes) + 1):
        left_out = by_share[:count]
        yield _Layout([axis for axis in axes if axis not in left_out], left_out, padding=0)


def _along(front: list[Design], most: int) -> list[Design]:
    """Return so many designs of a front, both ends among them, at even distances."""
    if len(front) <= most:
        return front
    return [front[index] for index in np.linspace(0, len(front) - 1, most).round().astype(int)]


def _table(title: str, columns: Sequence[str], layout: _Layout, remarks: Sequence[str] = ()) -> Table:
    """Return a table of designs, with the words of an axis' name below one another."""
    table = Table(box=box.SIMPLE_HEAD, title=title, **_LOOKS)
    table.padding = (0, layout.padding, 0, 0)
    names = [axis.name.replace(".", "\n").replace("_", "\n") for axis in layout.axes]
    for column in (*columns, *names):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    left_out = ", ".join(axis.name for axis in layout.left_out)
    table.caption = "\n".join([*remarks, *([f"no room for {left_out}"] if left_out else [])])
    return table


def _values(found: Findings, lines: Sequence[Sequence[int]]) -> dict[str, list[str]]:
    """Return by axis what it is in every line of a table; the points of a line come to the same."""
    table = found.trade_off.points
    levels = {axis.key: table[axis.key].nunique(dropna=False) for axis in found.axes}
    return {key: [_together(table.loc[[*points], key], of_axis) for points in lines] for key, of_axis in levels.items()}


def _together(values: pd.Series, levels: int) -> str:
    """Name the values of an axis that has so many levels in all."""
    distinct = values.drop_duplicates()
    if len(distinct) == levels > 1:
        return ANY
    if len(distinct) > 1 and is_numeric_dtype(distinct):
        return f"{_level(distinct.min())}…{_level(distinct.max())}"
    return ", ".join(
        NOTHING if missing else _level(value) for value, missing in zip(distinct, distinct.isna(), strict=True)
    )


def _level(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool | np.bool_) else f"{value:z.10g}"


def _number(value: float) -> str:
    return f"{value:z,.0f}" if abs(value) >= WHOLE_FROM else f"{value:z,.4g}"


def _share(share: float) -> str:
    return NOTHING if isnan(share) else f"{100 * share:z.1f} %"
