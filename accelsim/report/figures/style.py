"""How all figures look: colours, sizes and fonts, for papers of two columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

SINGLE_COLUMN_IN = 3.5
"""Width of a column in the IEEE's journals and proceedings, and so of a small figure."""

DOUBLE_COLUMN_IN = 7.16
"""Width of both columns, and the gap between them."""

TEXT_PT = 7
"""No text is smaller, as the IEEE's guide for authors asks it of figures in print."""

TITLE_PT = 8

POINTS_PER_INCH = 72

CHARACTER_IN = 0.55 * TEXT_PT / POINTS_PER_INCH
"""Width of a character where there is to be room for it: in DejaVu Sans 0.5 of its height, on average."""

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
# Okabe and Ito, "Color Universal Design", 2008: eight colours that people of every colour vision tell apart.

PALE_GREY = "#DDDDDD"
LIGHT_GREY = "#BBBBBB"
MIDDLE_GREY = "#999999"


class Look(NamedTuple):
    """What something is called in a legend, and its colour."""

    name: str
    colour: str


VARIANTS = {
    "fused": Look("fused", BLUE),
    "unfused": Look("unfused", ORANGE),
    "fused_into_requant": Look("fused_into_requant", GREEN),
}

WORK = {
    "load": Look("load", SKY_BLUE),
    "store": Look("store", BLUE),
    "convolution": Look("convolution", GREEN),
    "batchnorm": Look("BatchNorm", VERMILLION),
    "requantize": Look("requantisation", ORANGE),
    "residual_add": Look("residual add", PURPLE),
    "pooling": Look("pooling", YELLOW),
    "activation": Look("activation, read-out", MIDDLE_GREY),
}
"""What units do. BatchNorm has the colour that stands out most."""

# Tol, "Colour schemes", SRON technical note 3.2, 2021, the scheme "muted": safe as well, and none of the colours above.
WAITS = {
    "ifmap": Look("ifmap", "#88CCEE"),
    "weight": Look("weights", "#332288"),
    "parameter": Look("parameters", "#DDCC77"),
    "residual": Look("residual", "#999933"),
    "accumulator": Look("accumulator", "#44AA99"),
    "ofmap": Look("ofmap", "#CC6677"),
    "unit": Look("another unit", "#882255"),
    "latency": Look("pipeline latency", "#AA4499"),
}
"""What units wait for: data in a buffer, or room in it; or something beside the buffers."""

USE = {
    "busy": Look("busy", GREEN),
    "stalled": Look("stalled", ORANGE),
    "idle": Look("idle", PALE_GREY),
}

ENERGY = {
    "dram": Look("DRAM", BLUE),
    "accumulator": Look("accumulator", PURPLE),
    "ifmap_buffer": Look("ifmap buffer", SKY_BLUE),
    "weight_buffer": Look("weight buffer", YELLOW),
    "other_buffers": Look("other buffers", LIGHT_GREY),
    "conv_array": Look("conv array", GREEN),
    "other_units": Look("other units", MIDDLE_GREY),
    "bn_stage": Look("BatchNorm", VERMILLION),
}
"""What takes energy, as it is stacked: BatchNorm on top, so that what is gone can be seen."""

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT_PT,
    "axes.titlesize": TITLE_PT,
    "axes.labelsize": TEXT_PT,
    "xtick.labelsize": TEXT_PT,
    "ytick.labelsize": TEXT_PT,
    "legend.fontsize": TEXT_PT,
    "legend.frameon": False,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": PALE_GREY,
    "grid.linewidth": 0.4,
    "hatch.linewidth": 0.4,
    "figure.subplot.left": 0.1,  # about what the layout comes to
    "figure.subplot.right": 0.99,
    "svg.fonttype": "path",  # the same everywhere, whatever fonts there are
    "svg.hashsalt": "accelsim",  # ids that are the same each time
    "pdf.fonttype": 42,  # TrueType: printers of papers refuse Type 3
}

_SETTINGS_LOCK = RLock()
"""matplotlib's settings are those of the whole process: one thread draws at a time."""


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the style of all figures; leave matplotlib's settings as they were."""
    with _SETTINGS_LOCK, rc_context(_SETTINGS):
        yield


def size_in(axes: Axes) -> tuple[float, float]:
    """Return the width and height of axes in inches, as long as the layout of the figure has not changed them."""
    extent = axes.get_window_extent()
    dots_per_inch = axes.figure.dpi
    return extent.width / dots_per_inch, extent.height / dots_per_inch


def count_cycles(axis: Axis) -> None:
    """Put ticks at whole numbers of cycles, with their thousands set apart."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter("{x:z,.0f}")


def new_axes(width_in: float, height_in: float) -> Axes:
    """Return the axes of a figure of its own, of a size in inches."""
    return Figure(figsize=(width_in, height_in), layout="constrained").add_subplot()
