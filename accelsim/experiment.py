"""Run a network on a machine, with its BatchNorms folded and without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple

from accelsim.built_stages import built_stages
from accelsim.config.load import LoadedConfig
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Objective, TilingConfig, Variant
from accelsim.errors import InputError, MappingError
from accelsim.fusion.apply_graph import fold_batchnorms
from accelsim.fusion.match import Match, match_batchnorms
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape, layers_of
from accelsim.mapping.plan import Choose, LayerMapping, map_layers
from accelsim.mapping.search import choose_tiling
from accelsim.memo import Memo
from accelsim.program.drain import uses_function_unit
from accelsim.program.layer import layer_program
from accelsim.program.operations import STAGES
from accelsim.simulation import LayerRecord, simulate_program
from accelsim.totals import LayerTotals
from accelsim.workload import Graph, read_network
from accelsim.workload.shapes import MAX_ELEMENTS
from accelsim.workload.unmodelled import refuse_unmodelled, unmodelled_nodes

UNITS = ("dma", "conv_array", *STAGES, "function_unit")
"""All units that a machine can have, in the order in which data meets them."""

LayersDone = Callable[[int, int], None]
"""Is told after every layer how many are done, of how many in all variants."""


class LayerRun(NamedTuple):
    """One layer as it was executed; it began in cycle ``start_cycle`` of its variant."""

    layer: Layer
    mapping: LayerMapping
    record: LayerRecord
    start_cycle: int


@dataclass(frozen=True, slots=True)
class VariantRun:
    """All layers of one variant, and the units that its machine has."""

    variant: Variant
    units: tuple[str, ...]
    layers: tuple[LayerRun, ...]

    @property
    def cycles(self) -> int:
        """Cycles of the whole network: layers run one after another."""
        return sum(run.record.cycles for run in self.layers)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What every variant did."""

    variants: tuple[VariantRun, ...]


class NetworkPlan(NamedTuple):
    """A network ready to run: its layers in each variant, and how they are mapped."""

    graph: Graph
    """The network as it was read."""
    matches: tuple[Match, ...]
    free_nodes: frozenset[str]
    """Nodes that are part of no layer, since they move no data or have no model."""
    layers: dict[Variant, list[Layer]]
    mappings: dict[Variant, dict[str, LayerMapping]]
    """Mappings by layer name."""


class Network(NamedTuple):
    """A network in layers, before any machine comes into it."""

    graph: Graph
    matches: tuple[Match, ...]
    layers: dict[Variant, list[Layer]]


def plan_network(config: LoadedConfig) -> NetworkPlan:
    """Read the network, fold, group into layers, and map; all variants get the same mapping.

    Raises
    ------
    InputError
        If the network cannot be read, or (:class:`MappingError`) a layer does not fit the machine.
    """
    return plan_layers(config, read_layers(config), Memo())


def read_layers(config: LoadedConfig) -> Network:
    """Read the network of a configuration, fold it and group it into layers.

    Raises
    ------
    InputError
        If the network cannot be read, has operators without a model where ``run.strict`` refuses them, or as
        :func:`in_layers`.
    """
    graph = read_network(config.workload_path, config.run.input_shape)
    if config.run.strict:
        refuse_unmodelled(graph, config.workload_path)
    return in_layers(config, graph)


def in_layers(config: LoadedConfig, graph: Graph) -> Network:
    """Fold a network and group it into layers; of the configuration this takes ``run.batch``.

    Raises
    ------
    InputError
        If nothing in the network computes, or the batch is too large.
    """
    batch = config.run.batch
    unfused = layers_of(graph, batch)
    if batch * max(shape.elements for shape in graph.shapes.values()) > MAX_ELEMENTS:
        raise config.error(("run", "batch"), f"{batch} images make a tensor of more than {MAX_ELEMENTS} elements")
    matches = tuple(match_batchnorms(graph))
    layers: dict[Variant, list[Layer]] = {
        "fused": layers_of(fold_batchnorms(graph, matches), batch),
        "unfused": unfused,
        "fused_into_requant": layers_of(fold_batchnorms(graph, matches, into_requantizer=True), batch),
    }
    if not all(layers.values()):
        raise InputError(_why_there_is_nothing_to_do(graph, layers), path=config.workload_path)
    return Network(graph, matches, layers)


def plan_layers(config: LoadedConfig, network: Network, memo: Memo) -> NetworkPlan:
    """Map a network in layers; all variants get the same mapping.

    Parameters
    ----------
    config
        Machine and run.
    network
        Its network, of the batch that it asks for.
    memo
        Knows tilings from other machines.

    Raises
    ------
    MappingError
        If a layer does not fit the machine.
    """
    graph, matches, layers = network
    free_nodes = frozenset(graph.nodes).difference(*(layer.nodes for layer in layers["unfused"]))
    run = config.run
    try:
        mappings = map_variants(config.machine, layers, run.tiling, run.objective, memo.choose_tiling)
    except MappingError as error:
        raise _located(error, config) from None
    return NetworkPlan(graph, matches, free_nodes, layers, mappings)


def _why_there_is_nothing_to_do(graph: Graph, layers: Mapping[Variant, Sequence[Layer]]) -> str:
    what = "nothing in it computes"
    if layers["unfused"]:
        what = "nothing in it computes when its BatchNorms are folded"
    without_model = sorted({node.what for node in unmodelled_nodes(graph)})
    return f"{what}, but for what is not modelled: {', '.join(without_model)}" if without_model else what


def map_variants(
    machine: MachineConfig,
    layers: Mapping[Variant, Sequence[Layer]],
    fixed: Mapping[str, TilingConfig],
    objective: Objective = "traffic",
    choose: Choose = choose_tiling,
) -> dict[Variant, dict[str, LayerMapping]]:
    """Map the layers as they are unfused, and leave the fused ones their mappings.

    A BatchNorm that was a layer of its own may be gone, so that other data can stay on chip: what is left is mapped
    anew then, still with the BatchNorms that it has unfused. It may also leave a layer that began with it under
    another name; so the two are brought together by the nodes in them.

    Parameters
    ----------
    machine
        The machine.
    layers
        All layers in order of execution, unfused, fused, and in whatever other variants; where BN is folded does not
        matter, since what is mapped has the parameters of the variant that has most.
    fixed
        Tilings that were asked for, by the name that a layer has unfused.
    objective
        What the others are chosen by; see :func:`accelsim.mapping.search.choose_tiling`.
    choose
        That function, or one that remembers what it has returned.

    Returns
    -------
    dict
        For these variants, mappings by the name of the layer.

    Raises
    ------
    MappingError
        As :func:`accelsim.mapping.plan.map_layers`.
    """
    homes = {node: layer.name for layer in layers["unfused"] for node in layer.nodes}
    fused = {homes[layer.name]: layer for layer in layers["fused"]}
    common = {layer.name: _common_parameters(layer, fused.get(layer.name)) for layer in layers["unfused"]}
    unfused = [_as_mapped(layer, common[layer.name]) for layer in layers["unfused"]]
    mappings = map_layers(machine, unfused, fixed, objective, choose)
    if [layer.name for layer in layers["fused"]] == list(common):
        return dict.fromkeys(layers, mappings)
    left = [_as_mapped(layer, common[home]) for home, layer in fused.items()]
    still_fixed = {layer.name: fixed[home] for home, layer in fused.items() if home in fixed}
    return dict.fromkeys(layers, map_layers(machine, left, still_fixed, objective, choose)) | {"unfused": mappings}


class _Parameters(NamedTuple):
    bias: bool
    batchnorm: bool


def _common_parameters(unfused: Layer, fused: Layer | None) -> _Parameters:
    """Return the parameters that both variants of a layer are mapped with: those of the one that has more.

    That is the unfused one, since a bias takes fewer words than the BatchNorm that it replaces; unless the BatchNorm
    was ahead of the convolution, or another one behind it stays.
    """
    has = unfused.epilogue
    more = fused is not None and fused.epilogue.bias and fused.epilogue.batchnorm == has.batchnorm
    return _Parameters(has.bias or more, has.batchnorm)


def _as_mapped(layer: Layer, parameters: _Parameters) -> Layer:
    return replace(layer, epilogue=layer.epilogue._replace(**parameters._asdict()))


def _located(error: MappingError, config: LoadedConfig) -> MappingError:
    """Name where the tiling that does not fit was written, or else the network that does not."""
    if error.key is None:
        return MappingError(error.message, path=config.workload_path)
    layer = error.key.removeprefix("run.tiling.")
    place = config.error(("run", "tiling", layer), error.message)
    return MappingError(place.message, path=place.path, line=place.line, key=place.key)


def run_experiment(
    machine: MachineConfig, plan: NetworkPlan, variants: Sequence[Variant], layers_done: LayersDone | None = None
) -> Experiment:
    """Simulate all layers of the variants, in the order given.

    Parameters
    ----------
    machine
        The machine.
    plan
        The network.
    variants
        What to simulate.
    layers_done
        What wants to know how far this is.

    Raises
    ------
    DeadlockError
        If the machine stops in the middle of a layer, which no program that accelsim writes should make it do.
    """
    known: dict[_LayerKey, LayerRecord] = {}
    numbers, total = count(1), sum(len(plan.layers[variant]) for variant in variants)

    def layer_done() -> None:
        if layers_done is not None:
            layers_done(next(numbers), total)

    runs = tuple(_run_variant(machine, plan, variant, known, layer_done) for variant in variants)
    return Experiment(runs)


def totals_by_layer(
    machine: MachineConfig, plan: NetworkPlan, variant: Variant, memo: Memo
) -> list[tuple[Layer, LayerTotals]]:
    """Return what every layer of a variant comes to: the totals of what :func:`run_experiment` records.

    Raises
    ------
    DeadlockError
        As :func:`run_experiment`.
    """
    mappings = plan.mappings[variant]
    return [(layer, memo.layer_totals(machine, layer, mappings[layer.name])) for layer in plan.layers[variant]]


class _LayerKey(NamedTuple):
    """What the record of a layer depends on; because of the barrier between layers, nothing else."""

    shape: ConvShape | StreamShape
    epilogue: Epilogue
    mapping: LayerMapping


def _run_variant(
    machine: MachineConfig,
    plan: NetworkPlan,
    variant: Variant,
    known: dict[_LayerKey, LayerRecord],
    layer_done: Callable[[], None],
) -> VariantRun:
    runs = []
    start = 0
    for layer in plan.layers[variant]:
        mapping = plan.mappings[variant][layer.name]
        key = _LayerKey(layer.shape, layer.epilogue, mapping)
        record = known.get(key)
        if record is None:
            record = known[key] = simulate_program(machine, layer_program(machine, layer, mapping))
        runs.append(LayerRun(layer, mapping, record, start))
        start += record.cycles
        layer_done()
    return VariantRun(variant, machine_units(machine, variant, plan.layers[variant]), tuple(runs))


def machine_units(machine: MachineConfig, variant: Variant, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Units of the machine of a variant, in the order of ``UNITS``; a function unit takes the place of all stages."""
    behind = ("function_unit",) if uses_function_unit(machine) else built_stages(machine, variant, layers)
    return ("dma", "conv_array", *behind)
