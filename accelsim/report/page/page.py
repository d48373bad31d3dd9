"""A whole report as one page of HTML that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from accelsim.config import resolved_yaml
from accelsim.report.figures.kinds import KINDS
from accelsim.report.figures.style import WAITS, WORK, Look
from accelsim.report.figures.time_axis import time_axis
from accelsim.report.page.bars import Bars, bars_of
from accelsim.report.page.embedding import embedded, library
from accelsim.report.page.layers_table import layers_table
from accelsim.report.page.pictures import pictures
from accelsim.report.page.printed_table import printed_table
from accelsim.report.page.sentences import resolution_sentence, saving_sentence, shown_sentence
from accelsim.report.page.timeline import timeline
from accelsim.report.selection import Window, select
from accelsim.report.terminal.energy import energy_table
from accelsim.report.terminal.tables import fusion_lines, totals_table, unmodelled_lines
from accelsim.results.folder import ENERGY, NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.results.records import Records


class Legend(NamedTuple):
    """What the colours of some bars mean."""

    title: str
    looks: list[Look]
    is_waits: bool


def report_page(records: Records, layers: Sequence[str] = (), window: Window | None = None) -> str:
    """Return the report of a result as HTML, which is the same text each time.

    Parameters
    ----------
    records
        The result.
    layers
        Names of the layers that the timeline shows; all where there are none.
    window
        Cycles that the timeline shows, from the start of each variant; all by default.

    Raises
    ------
    InputError
        If there is no such layer, or nothing in the window.
    """
    activity = select(records, layers, window)
    bars = bars_of(activity)
    summary = records.summary
    environment = Environment(
        loader=PackageLoader("accelsim.report.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html").render(
        subject=summary.subject,
        summary=summary,
        saving=saving_sentence(summary),
        warnings=unmodelled_lines(summary.unmodelled),
        totals=printed_table(totals_table(summary)),
        energy=printed_table(energy_table(summary)) if not KINDS["energy"].lack(records) else None,
        # The indented lines are of single BatchNorms, which have tables of their own here.
        folding=[line for line in fusion_lines(summary) if not line.startswith(" ")],
        unfolded=[fate for fate in summary.batchnorms if fate.folded_into is None],
        folded=[fate for fate in summary.batchnorms if fate.folded_into is not None],
        variants=list(activity.windows),
        shown=shown_sentence(layers, window),
        resolution=resolution_sentence(bars.resolution_cycles),
        legends=_legends(bars),
        figures=list(pictures(records)),
        configuration=resolved_yaml(records.config.config, workload=NETWORK, energy=ENERGY),
        library=library(),
        items=[
            embedded(timeline(activity, bars, time_axis(activity, layers, window)), "timeline"),
            embedded(layers_table(records.layers), "layers"),
        ],
    )


def _legends(bars: Bars) -> list[Legend]:
    done, awaited = set(bars.operations["look"]), set(bars.waits["look"])
    legends = [
        Legend("Operations", [look for work, look in WORK.items() if work in done], is_waits=False),
        Legend("Waits for", [look for wait, look in WAITS.items() if wait in awaited], is_waits=True),
    ]
    return [legend for legend in legends if legend.looks]
