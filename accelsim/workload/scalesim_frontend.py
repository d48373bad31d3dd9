"""SCALE-Sim's topologies: convolutions, or products of matrices, as CSV.

.. code-block:: text

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Conv1, 224, 224, 7, 7, 3, 64, 2,

    Layer, M, N, K,
    attention, 128, 1536, 512,

The number of columns in the header tells the two apart. A convolution may have two strides (height, then width), and
any layer a last field ``N:M``, its sparsity, which must be dense (``1:1``): others are not modelled. Every row may end
in a comma.

The layers of a topology do not read one another. The first reads the network's input, every other an input of its own,
``<layer>.ifmap``. A name that is there already gets ``#2``, ``#3`` and so on behind it.

What SCALE-Sim computes, and what stands for it here:

- It knows no padding, and rounds a ragged output up: ⌈(H − h + s) / s⌉ rows for H rows of ifmap, h of the filter and
  stride s. Where the stride does not divide, its last window reaches over the ifmap. Here the ifmap is that much
  larger: it ends with the last window.
- A convolution with ``DP`` in its name is depthwise: each channel alone is convolved with all the filters, so that C
  channels and F filters give C·F maps. Here that is one convolution of C groups; in SCALE-Sim's reports it is C layers.
- A product of M×K by K×N is a convolution of 1×1 windows: M pixels of K channels become M pixels of N channels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from accelsim.documents.csv_document import CsvRow, read_csv, whole_number
from accelsim.documents.validation import validated
from accelsim.documents.wording import shortened
from accelsim.documents.yaml_document import Keys
from accelsim.errors import InputError
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import Conv, GraphError, Source
from accelsim.workload.shapes import Shape, Window
from accelsim.workload.yaml_layers import MAX_WINDOW, Channels, Entry, Name, Side

DEPTHWISE = "DP"
"""Marks a depthwise convolution, anywhere in its name."""

SPARSITY = "Sparsity"


def _dense(sparsity: str) -> str:
    kept, _, block = sparsity.partition(":")
    if not (kept.isdecimal() and block.isdecimal()):
        raise ValueError(f"must have the form N:M, not '{shortened(sparsity)}'")
    if kept != block:
        raise ValueError(f"sparse weights are not modelled: must be dense, 1:1, not {shortened(sparsity)}")
    return sparsity


Dense = Annotated[str, AfterValidator(_dense)]
WindowSide = Annotated[int, Field(ge=1, le=MAX_WINDOW)]


class _Layer(Entry, ABC):
    name: Name
    sparsity: Dense = "1:1"

    columns: ClassVar[dict[str, str]]
    """The columns of the file, by the fields that they fill."""

    @property
    @abstractmethod
    def ifmap(self) -> Shape:
        """What the layer reads."""

    @abstractmethod
    def node(self, name: str, source: str) -> Conv:
        """Make the node of the graph."""


class _GemmLayer(_Layer):
    m: Channels
    n: Channels
    k: Channels

    columns: ClassVar = {"name": "Layer", "m": "M", "n": "N", "k": "K"}

    @property
    def ifmap(self) -> Shape:
        return Shape(self.k, self.m, 1)

    def node(self, name: str, source: str) -> Conv:
        return Conv(name=name, inputs=(source,), in_channels=self.k, out_channels=self.n, window=Window())


class _ConvLayer(_Layer):
    ifmap_height: Side
    ifmap_width: Side
    filter_height: WindowSide
    filter_width: WindowSide
    channels: Channels
    filters: Channels
    stride: WindowSide

    columns: ClassVar = {
        "name": "Layer name",
        "ifmap_height": "IFMAP Height",
        "ifmap_width": "IFMAP Width",
        "filter_height": "Filter Height",
        "filter_width": "Filter Width",
        "channels": "Channels",
        "filters": "Num Filter",
        "stride": "Strides",
    }

    @model_validator(mode="after")
    def _filter_fits(self) -> Self:
        for side in ("height", "width"):
            size, whole = getattr(self, f"filter_{side}"), getattr(self, f"ifmap_{side}")
            if size > whole:
                raise ValueError(f"filter_{side}: {size} is larger than the ifmap's {side} of {whole}")
        return self

    @property
    def strides(self) -> tuple[int, int]:
        """Vertical and horizontal stride."""
        return self.stride, self.stride

    @property
    def ifmap(self) -> Shape:
        stride_height, stride_width = self.strides
        return Shape(
            self.channels,
            _end_of_last_window(self.ifmap_height, self.filter_height, stride_height),
            _end_of_last_window(self.ifmap_width, self.filter_width, stride_width),
        )

    def node(self, name: str, source: str) -> Conv:
        groups = self.channels if DEPTHWISE in self.name else 1
        return Conv(
            name=name,
            inputs=(source,),
            in_channels=self.channels,
            out_channels=self.filters * groups,
            window=Window((self.filter_height, self.filter_width), self.strides),
            groups=groups,
        )


class _TwoStrideConvLayer(_ConvLayer):
    stride_width: WindowSide

    columns: ClassVar = {**_ConvLayer.columns, "stride": "Stride height", "stride_width": "Stride width"}

    @property
    def strides(self) -> tuple[int, int]:
        return self.stride, self.stride_width


def _end_of_last_window(size: int, window: int, stride: int) -> int:
    further_windows = -(-(size - window) // stride)
    return further_windows * stride + window


_FORMATS: dict[int, type[_Layer]] = {
    len(model.columns): model for model in (_GemmLayer, _ConvLayer, _TwoStrideConvLayer)
}
"""The kinds of topologies, by their number of columns (a column for the sparsity not counted)."""


class _Row(NamedTuple):
    """One layer as it is written; a :class:`~accelsim.documents.validation.Document`."""

    path: Path
    line: int
    titles: dict[str, str]
    data: dict[str, Any]

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error about a field, with file, line and column."""
        column = self.titles[str(keys[0])] if keys else None
        return InputError(message, path=self.path, line=self.line, key=column)


def read_topology(path: Path) -> Graph:
    """Read a network from one of SCALE-Sim's topologies; the top of this module says what stands for what.

    Parameters
    ----------
    path
        The file: convolutions (8 columns, or 9 with two strides) or products of matrices (4 columns).

    Returns
    -------
    Graph
        One convolution per row, each with an input of its own, named as the file is.

    Raises
    ------
    InputError
        With file, line and column, on anything that is no such topology, or that is not modelled.
    """
    header, *rows = read_csv(path)
    model = _format_of(header, path)
    if not rows:
        raise InputError("has a header, but no layer", path=path, line=header.line)
    layers = [_layer(model, row, path) for row in rows]
    names = _unique([layer.name for layer in layers])
    line = rows[0].line
    try:
        graph = Graph(path.stem, layers[0].ifmap, ())
        for row, layer, name in zip(rows, layers, names, strict=True):
            line = row.line
            _append(graph, layer, name)
    except GraphError as error:
        raise InputError(str(error), path=path, line=line) from None
    return graph


def _append(graph: Graph, layer: _Layer, name: str) -> None:
    source = INPUT
    if graph.nodes:
        source = _ifmap_of(name)
        graph.append(Source(name=source, inputs=(), shape=layer.ifmap))
    graph.append(layer.node(name, source))


def _ifmap_of(name: str) -> str:
    return f"{name}.ifmap"


def _unique(names: list[str]) -> list[str]:
    """Number the names that are there already, as layers or as their ifmaps."""
    taken = {INPUT}
    repeats: Counter[str] = Counter()
    unique = []
    for name in names:
        free = name
        while free in taken or _ifmap_of(free) in taken:
            repeats[name] += 1
            free = f"{name}#{repeats[name] + 1}"
        taken |= {free, _ifmap_of(free)}
        unique.append(free)
    return unique


def _layer(model: type[_Layer], row: CsvRow, path: Path) -> _Layer:
    fields, sparsity = _without_sparsity(row.fields, len(model.columns))
    if len(fields) != len(model.columns):
        message = f"has {len(fields)} fields, but the header names {len(model.columns)} columns"
        raise InputError(message, path=path, line=row.line)
    name, *sizes = fields
    written = dict(zip(model.columns, [name, *map(whole_number, sizes)], strict=True))
    document = _Row(path, row.line, {**model.columns, "sparsity": SPARSITY}, {**written, **sparsity})
    return validated(model, document)


def _without_sparsity(fields: tuple[str, ...], columns: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """Take off the sparsity, if there is one: ``N:M``, or the two fields ``N, M`` as SCALE-Sim writes it back."""
    if ":" in fields[-1]:
        return fields[:-1], {"sparsity": fields[-1]}
    if columns == _WRITTEN_BACK and len(fields) == columns + 2:
        return fields[:columns], {"sparsity": ":".join(fields[columns:])}
    return fields, {}


_WRITTEN_BACK = len(_TwoStrideConvLayer.columns)
"""Columns in the header of what SCALE-Sim writes; the rows of a topology that it has read have their sparsity, too."""


def _format_of(header: CsvRow, path: Path) -> type[_Layer]:
    """The kind of topology that a header announces; its titles must be those of this kind, where they are known."""
    titles = [_plain(title) for title in header.fields]
    if any(title.isdecimal() for title in titles[1:]):
        message = "the first line must be a header, as SCALE-Sim skips it; this is a layer"
        raise InputError(message, path=path, line=header.line)
    if titles[-1].startswith(_plain(SPARSITY)):
        titles.pop()
    model = _FORMATS.get(len(titles))
    if model is None:
        known = " or ".join(f"{count} ({', '.join(model.columns.values())})" for count, model in _FORMATS.items())
        raise InputError(f"has {len(titles)} columns; a topology has {known}", path=path, line=header.line)
    expected = list(model.columns.values())
    for position, title in enumerate(titles[1:], start=1):
        if title in _TITLES and title != _plain(expected[position]):
            message = f"column {position + 1} is '{header.fields[position]}', where SCALE-Sim has {expected[position]}"
            raise InputError(message, path=path, line=header.line)
    return model


def _plain(title: str) -> str:
    """A title without what SCALE-Sim's own files differ in: capitals and blanks."""
    return "".join(character for character in title.casefold() if character.isalnum())


_TITLES = frozenset(_plain(title) for model in _FORMATS.values() for title in model.columns.values())
