"""Two results held against each other: what was set otherwise, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.config.run import Variant
from accelsim.energy.table import read_energy_table
from accelsim.errors import InputError
from accelsim.results.columns import TEXT_COLUMNS
from accelsim.workload import read_network

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.config import LoadedConfig
    from accelsim.results.records import Records
    from accelsim.results.summary import Saving, Summary, VariantSummary
    from accelsim.workload.graph import Graph

TILING_COLUMNS = ("tiling", "second_phase_tiling")
"""Columns of the frame of layers that say how a layer was mapped."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two results."""

    network: str
    batch: int
    machine: str
    accelsim_version: str
    config_sha256: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A value in both results, ``None`` where one does not have it."""

    a: Any
    b: Any

    @property
    def is_same(self) -> bool:
        """Whether it is the same in both."""
        return bool(self.a == self.b)


@dataclass(frozen=True, slots=True)
class Change(Pair):
    """A figure in both results; ``change_percent`` is as the function of this name says."""

    change_percent: float | None


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """In what the networks differ; nodes are known by their names."""

    name: Pair
    input_shape: Pair
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    changed: tuple[str, ...]
    """Nodes that both have, but that do not do the same, or not to the same."""
    same: int
    """How many nodes are the same in both."""


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """A layer that both results have, by its name; figures and tilings by the names of their columns."""

    layer: str
    figures: dict[str, Change]
    tilings: dict[str, Pair]

    @property
    def is_same(self) -> bool:
        """Whether not one figure or tiling differs."""
        return _all_same(self.figures) and _all_same(self.tilings)


@dataclass(frozen=True, slots=True)
class VariantComparison:
    """A variant of one result, and one of the other."""

    a: Variant
    b: Variant
    totals: dict[str, Change]
    """By their keys in ``summary.json``, those of blocks dotted: ``utilization.dma``."""
    layers: tuple[LayerComparison, ...]
    """Those that both have, in the order of the first result."""
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether not one figure differs."""
        return (
            not (self.only_a or self.only_b) and _all_same(self.totals) and all(layer.is_same for layer in self.layers)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results, ``a`` and ``b``."""

    a: Side
    b: Side
    identical: bool
    """Whether configuration and network are the same, and all totals and figures of the layers."""
    config: dict[str, Pair]
    """What is set otherwise, by dotted keys as ``--set`` takes them; those in tables of energies begin with
    ``energy``."""
    network: NetworkChange | None
    """``None`` if it is the same network."""
    saving: dict[str, Pair]
    """What fusing saved, by the keys in ``summary.json``; empty if neither result has both variants."""
    saving_into_requant: dict[str, Pair]
    """The same of folding into the requantiser."""
    variants: tuple[VariantComparison, ...]


def compare(a: Records, b: Records, variants: tuple[Variant, Variant] | None = None) -> Comparison:
    """Hold two results against each other.

    Parameters
    ----------
    a, b
        The results, of any networks on any machines.
    variants
        A variant of the first result, and the variant of the second that it is compared with. Default: each variant
        that both have with itself; where they have none in common, the first of each.

    Raises
    ------
    InputError
        If a result does not have such a variant, or its configuration or network cannot be read.
    """
    pairs = tuple(_compare_variants(a, b, *chosen) for chosen in _chosen_variants(a, b, variants))
    settings = _pairs(_settings(a.config), _settings(b.config)) | _energies(a.config, b.config)
    config = {key: values for key, values in settings.items() if not values.is_same}
    network = _network_change(_network(a.config), _network(b.config))
    side_a, side_b = _side(a.summary), _side(b.summary)
    return Comparison(
        a=side_a,
        b=side_b,
        identical=side_a == side_b and not config and not network and all(pair.is_same for pair in pairs),
        config=config,
        network=network,
        saving=_pairs(_figures_of(a.summary.saving), _figures_of(b.summary.saving)),
        saving_into_requant=_pairs(
            _figures_of(a.summary.saving_into_requant), _figures_of(b.summary.saving_into_requant)
        ),
        variants=pairs,
    )


def change_percent(a: float | None, b: float | None) -> float | None:
    """Return the change of a figure from ``a`` to ``b`` in per cent of ``a``, if there are both and ``a`` is not 0."""
    return 100 * (b - a) / a if a and b is not None else None


def _all_same(values: Mapping[str, Pair]) -> bool:
    return all(pair.is_same for pair in values.values())


def _side(summary: Summary) -> Side:
    return Side(summary.network, summary.batch, summary.machine, summary.accelsim_version, summary.config_sha256)


def _chosen_variants(
    a: Records, b: Records, variants: tuple[Variant, Variant] | None
) -> Sequence[tuple[Variant, Variant]]:
    of_a, of_b = list(a.summary.variants), list(b.summary.variants)
    if variants is None:
        return [(variant, variant) for variant in of_a if variant in of_b] or [(of_a[0], of_b[0])]
    for which, variant, known in (("first", variants[0], of_a), ("second", variants[1], of_b)):
        if variant not in known:
            listed = " and ".join(f"'{name}'" for name in known)
            raise InputError(f"the {which} result has no variant '{variant}', but only {listed}")
    return [variants]


def _compare_variants(a: Records, b: Records, variant_a: Variant, variant_b: Variant) -> VariantComparison:
    of_a, of_b = _layers(a.layers, variant_a), _layers(b.layers, variant_b)
    return VariantComparison(
        a=variant_a,
        b=variant_b,
        totals=_changes(_totals(a.summary.variants[variant_a]), _totals(b.summary.variants[variant_b])),
        layers=tuple(_compare_layers(name, of_a[name], of_b[name]) for name in of_a if name in of_b),
        only_a=tuple(name for name in of_a if name not in of_b),
        only_b=tuple(name for name in of_b if name not in of_a),
    )


def _compare_layers(name: str, a: Mapping[Any, Any], b: Mapping[Any, Any]) -> LayerComparison:
    return LayerComparison(
        layer=name,
        figures=_changes(_figures(a), _figures(b)),
        tilings={column: Pair(a[column], b[column]) for column in TILING_COLUMNS},
    )


def _layers(layers: pd.DataFrame, variant: Variant) -> dict[str, Mapping[Any, Any]]:
    return {row["layer"]: row for row in layers[layers["variant"] == variant].to_dict("records")}


def _figures(row: Mapping[Any, Any]) -> dict[str, float | None]:
    return {
        name: None if math.isnan(value) else value
        for name, value in row.items()
        if name not in TEXT_COLUMNS and name != "start_cycle"  # when it starts is a figure of the layers before it
    }


def _totals(variant: VariantSummary) -> dict[str, float]:
    return dict(_flat(variant.model_dump()))


def _figures_of(saving: Saving | None) -> dict[str, float | None]:
    return saving.model_dump() if saving else {}


def _settings(config: LoadedConfig) -> dict[str, Any]:
    """Return all values by dotted keys, but for those that say where a file lies, and what shape it leaves open."""
    files = {"run": {"workload", "input_shape", "energy", "output"}}
    return dict(_flat(config.config.model_dump(mode="json", exclude_none=True, exclude=files)))


def _energies(a: LoadedConfig, b: LoadedConfig) -> dict[str, Pair]:
    """Return what the tables of energies hold, by dotted keys; where only one result has a table, what it is called."""
    tables = [read_energy_table(config.energy_path) if config.energy_path else None for config in (a, b)]
    if None in tables:
        return {"energy.name": Pair(*(table and table.name for table in tables))}
    return _pairs(*(dict(_flat({"energy": _keyed(table.model_dump(exclude_none=True))})) for table in tables if table))


def _keyed(value: Any) -> Any:
    """Make mappings of lists, whose items have their numbers for keys."""
    if isinstance(value, Mapping):
        return {key: _keyed(item) for key, item in value.items()}
    return {str(number): _keyed(item) for number, item in enumerate(value)} if isinstance(value, list) else value


def _network(config: LoadedConfig) -> Graph:
    return read_network(config.workload_path, config.run.input_shape)


def _network_change(a: Graph, b: Graph) -> NetworkChange | None:
    if (a.name, a.input_shape, list(a)) == (b.name, b.input_shape, list(b)):
        return None
    both = [name for name in a.nodes if name in b.nodes]
    changed = tuple(name for name in both if a.nodes[name] != b.nodes[name])
    return NetworkChange(
        name=Pair(a.name, b.name),
        input_shape=Pair(str(a.input_shape), str(b.input_shape)),
        only_a=tuple(name for name in a.nodes if name not in b.nodes),
        only_b=tuple(name for name in b.nodes if name not in a.nodes),
        changed=changed,
        same=len(both) - len(changed),
    )


def _flat(values: Mapping[str, Any], *parents: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, *parents, key)
        else:
            yield ".".join((*parents, key)), value


def _changes(a: Mapping[str, float | None], b: Mapping[str, float | None]) -> dict[str, Change]:
    return {name: Change(pair.a, pair.b, change_percent(pair.a, pair.b)) for name, pair in _pairs(a, b).items()}


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Pair]:
    """Return the values of both by their names, in the order of the first."""
    return {name: Pair(a.get(name), b.get(name)) for name in dict.fromkeys((*a, *b))}
