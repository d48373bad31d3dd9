"""Whole networks: both variants with one mapping, layer after layer, on the units that the machine has."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import accelsim
from accelsim.config.run import Variant
from accelsim.experiment import Experiment, VariantRun, machine_units, plan_network, run_experiment
from accelsim.results.result import Result
from accelsim.workload.yaml_writer import write_workload
from tests.random_cases import seeded
from tests.workload.random_graphs import random_graph

VARIANTS: tuple[Variant, Variant] = ("fused", "unfused")


def simulated(path: Path, *overrides: str) -> Result:
    return accelsim.simulate(accelsim.load_config(path, overrides))


def experiment(path: Path, *overrides: str) -> Experiment:
    return simulated(path, *overrides).experiment


def busy(result: Result, variant: Variant, unit: str = "function_unit") -> pd.DataFrame:
    """Operations of a unit with their kind (the first word of their label) and busy cycles."""
    events = result.events
    chosen = events[(events["variant"] == variant) & (events["unit"] == unit)]
    return chosen.assign(kind=chosen["operation"].str.split().str[0])


@pytest.fixture
def alpha5(repository: Path) -> Path:
    return repository / "configs" / "alpha5.yaml"


@pytest.fixture
def resnet18(repository: Path) -> Path:
    return repository / "configs" / "resnet18.yaml"


# The source document's machine. 9 kernel offsets are 9 folds, each of which streams 6 x 6 = 36 positions: 324 cycles of
# accumulating. A pass takes one cycle for each of the 4 x 4 output pixels, 8 channels wide: 16. With one cycle of
# flushing for each fold and pass: 9 * 37 = 333 and 17.
@pytest.mark.parametrize(("flush", "accumulate", "one_pass"), [(0, 324, 16), (1, 333, 17)])
def test_function_unit_of_the_source_document(alpha5: Path, flush: int, accumulate: int, one_pass: int) -> None:
    result = simulated(alpha5, f"machine.bn.flush_cycles={flush}")
    unfused, fused = busy(result, "unfused"), busy(result, "fused")
    passes = {"batchnorm": one_pass, "activation": one_pass, "readout": one_pass}
    assert dict(zip(unfused["kind"], unfused["busy_cycles"], strict=True)) == {"accumulate": accumulate} | passes
    del passes["batchnorm"]
    assert dict(zip(fused["kind"], fused["busy_cycles"], strict=True)) == {"accumulate": accumulate} | passes
    # 324 + 3 * 16 = 372 to 356; 333 + 3 * 17 = 384 to 367.
    assert (unfused["busy_cycles"].sum(), fused["busy_cycles"].sum()) == ((372, 356) if flush == 0 else (384, 367))
    saving = result.summary.saving
    assert saving is not None
    assert saving.function_unit_busy_percent == (100 * 16 / 372 if flush == 0 else 100 * 17 / 384)


def test_end_to_end_cycles_of_the_source_document(alpha5: Path) -> None:
    # Unfused. The port moves 4 bytes a cycle: 16 bytes of parameters (8 channels, 2 words), 64 of ifmap (8 channels of
    # 4 x 4 at 4 bits) and 288 of weights (576 at 4 bits) until cycle 4 + 16 + 72 = 92; they can be used 10 later,
    # at 102. Nine folds of 2 * 8 + 8 + 36 - 2 = 58 cycles end at 624, three passes of 16 at 672, the store of 64 bytes
    # at 688. Fused: 8 bytes of biases, so all begins 2 cycles earlier, and one pass less: 688 - 2 - 16.
    variants = simulated(alpha5).summary.variants
    assert variants["unfused"].cycles == 688
    assert variants["fused"].cycles == 670
    assert (variants["unfused"].dram_read_bytes, variants["fused"].dram_read_bytes) == (16 + 64 + 288, 8 + 64 + 288)
    assert variants["unfused"].dram_write_bytes == variants["fused"].dram_write_bytes == 64


def test_both_variants_run_with_the_same_mapping(resnet18: Path) -> None:
    runs = {run.variant: run for run in experiment(resnet18).variants}
    pairs = list(zip(runs["fused"].layers, runs["unfused"].layers, strict=True))
    # 20 convolutions with what follows them, two poolings, and the classifier.
    assert len(pairs) == 23
    for fused, unfused in pairs:
        assert fused.mapping is unfused.mapping
        assert fused.layer.shape == unfused.layer.shape
        assert fused.layer.macs == unfused.layer.macs


def test_layers_start_where_the_ones_before_end(resnet18: Path) -> None:
    for run in experiment(resnet18).variants:
        clock = 0
        for layer in run.layers:
            assert layer.start_cycle == clock
            clock += layer.record.cycles
        assert run.cycles == clock


def test_equal_layers_are_simulated_once(resnet18: Path) -> None:
    fused = experiment(resnet18, "run.variants=[fused]").variants[0]
    by_name = {run.layer.name: run.record for run in fused.layers}
    assert by_name["layer1.0.conv1"] is by_name["layer1.1.conv1"]
    assert by_name["layer1.0.conv1"] is not by_name["layer1.0.conv2"]  # which adds the block's input


@pytest.mark.parametrize("order", [VARIANTS, VARIANTS[::-1], ("unfused",)])
def test_variants_run_in_the_order_asked_for_and_do_not_influence_each_other(
    alpha5: Path, order: tuple[Variant, ...]
) -> None:
    config = accelsim.load_config(alpha5)
    plan = plan_network(config)
    runs = run_experiment(config.machine, plan, order).variants
    assert [run.variant for run in runs] == list(order)
    assert {run.variant: run.cycles for run in runs} == {v: {"fused": 670, "unfused": 688}[v] for v in order}


def units(path: Path, variant: Variant, *overrides: str) -> tuple[str, ...]:
    config = accelsim.load_config(path, overrides)
    return machine_units(config.machine, variant, plan_network(config).layers[variant])


def test_units_of_each_machine(resnet18: Path, alpha5: Path) -> None:
    behind = ("residual_add", "pooling", "activation")
    with_bn = ("dma", "conv_array", "bn_stage", *behind)
    assert units(resnet18, "unfused") == with_bn
    assert units(resnet18, "fused") == ("dma", "conv_array", *behind)
    assert units(resnet18, "fused", "machine.bn.when_fused=bypassed") == with_bn
    assert units(alpha5, "fused") == units(alpha5, "unfused") == ("dma", "conv_array", "function_unit")


def test_a_machine_with_a_requantiser_has_it_in_every_variant(resnet18: Path, alpha5: Path) -> None:
    with_it = ("requantizer", "residual_add", "pooling", "activation")
    setting = "machine.requantization={lanes: 8}"
    assert units(resnet18, "unfused", setting) == ("dma", "conv_array", "bn_stage", *with_it)
    assert units(resnet18, "fused", setting) == units(resnet18, "fused_into_requant", setting)
    assert units(resnet18, "fused", setting) == ("dma", "conv_array", *with_it)
    assert units(alpha5, "fused_into_requant", setting) == ("dma", "conv_array", "function_unit")


@pytest.mark.parametrize("weight_scales", ["per_tensor", "per_channel"])
def test_what_a_variant_comes_to_does_not_depend_on_the_others(resnet18: Path, weight_scales: str) -> None:
    setting = f"machine.requantization={{lanes: 8, weight_scales: {weight_scales}}}"
    of_two = experiment(resnet18, setting).variants
    of_three = experiment(resnet18, setting, "run.variants=[fused_into_requant, fused, unfused]").variants
    cycles = {run.variant: run.cycles for run in of_three}
    assert {run.variant: run.cycles for run in of_two} == {v: cycles[v] for v in VARIANTS}
    assert (cycles["fused_into_requant"] == cycles["fused"]) == (weight_scales == "per_channel")


def test_the_unfused_machine_has_a_bn_stage_whether_the_network_needs_it_or_not(three: Path) -> None:
    network = three.parent / "three.yaml"
    network.write_text(network.read_text().replace("  - {name: bn, op: batchnorm}\n", ""))
    assert "bn_stage" in units(three, "unfused")
    assert "bn_stage" not in units(three, "fused")


NETWORK = """\
name: three
input: {channels: 16, height: 8, width: 8}
layers:
  - {name: a, op: conv, out_channels: 16, kernel: 3, padding: 1}
  - {name: b, op: conv, out_channels: 16, kernel: 3, padding: 1}
  - {name: bn, op: batchnorm}
  - {name: c, op: conv, out_channels: 16, kernel: 3, padding: 1}
"""


@pytest.fixture
def three(repository: Path, tmp_path: Path) -> Path:
    """Three convolutions of 16 channels of 8x8 pixels: 1,024 bytes of ifmap and of ofmap each, on edge32."""
    (tmp_path / "three.yaml").write_text(NETWORK)
    path = tmp_path / "config.yaml"
    path.write_text(f"machine: {repository}/configs/machines/edge32.yaml\nrun: {{workload: three.yaml}}\n")
    return path


def moved(run: VariantRun) -> int:
    return sum(
        execution.bytes
        for layer in run.layers
        for account in layer.record.accounts
        for execution in account.executions
        if account.unit == "dma"
    )


def test_what_is_kept_on_chip_is_neither_stored_nor_loaded(three: Path) -> None:
    # Two ofmaps of 1,024 bytes stay: two stores and two loads less.
    apart = experiment(three).variants
    kept = experiment(three, "machine.keep_on_chip=true").variants
    for before, after in zip(apart, kept, strict=True):
        assert moved(before) - moved(after) == 4 * 1024
        assert after.cycles < before.cycles


def test_a_bn_off_chip_moves_its_intermediate_twice(three: Path) -> None:
    # At 16 bits, 2,048 bytes out and back in. Parameters are 2 words of 4 bytes for 16 channels, fused 1 word.
    fused, unfused = experiment(three, "machine.bn.placement=offchip", "machine.bn.intermediate_bits=16").variants
    assert moved(unfused) - moved(fused) == 2 * 2048 + (2 - 1) * 4 * 16


def test_a_bn_off_chip_can_keep_its_intermediate(three: Path) -> None:
    # Room for it: one of two halves of 2 KiB. The three ofmaps: all but the last stay.
    fused, unfused = experiment(
        three,
        "machine.bn.placement=offchip",
        "machine.bn.intermediate_bits=16",
        "machine.keep_on_chip=true",
        "machine.buffers.ofmap.kib=8",
        "machine.buffers.ofmap.halves=4",
    ).variants
    assert moved(unfused) - moved(fused) == (2 - 1) * 4 * 16


def test_a_batch_does_all_of_its_work_and_loads_weights_once(three: Path) -> None:
    one = experiment(three, "run.variants=[fused]").variants[0]
    four = experiment(three, "run.variants=[fused]", "run.batch=4").variants[0]
    assert sum(run.layer.macs for run in four.layers) == 4 * sum(run.layer.macs for run in one.layers)
    # Weights are 16 * 16 * 9 bytes in each of three layers; b has 4 bytes of bias for each of 16 channels.
    once = 3 * 16 * 16 * 9 + 4 * 16
    assert moved(four) - once == 4 * (moved(one) - once)


def test_decisions_about_batchnorms_are_kept(three: Path) -> None:
    matches = simulated(three).plan.matches
    assert [(match.batchnorm, match.into) for match in matches] == [("bn", "b")]


AHEAD = """\
name: ahead
input: {channels: 16, height: 8, width: 8}
layers:
  - {name: a, op: conv, out_channels: 16, kernel: 3, padding: 1}
  - {name: relu, op: relu}
  - {name: bn, op: batchnorm}
  - {name: b, op: conv, out_channels: 16, kernel: 1}
"""


@pytest.fixture
def ahead(three: Path) -> Path:
    """A BatchNorm ahead of an unpadded convolution: a layer of its own, unless it is folded. Maps of 1,024 bytes."""
    (three.parent / "three.yaml").write_text(AHEAD)
    return three


def names(run: VariantRun) -> list[str]:
    return [layer.layer.name for layer in run.layers]


def test_a_batchnorm_folded_ahead_is_a_layer_less(ahead: Path) -> None:
    fused, unfused = experiment(ahead).variants
    assert (names(fused), names(unfused)) == (["a", "b"], ["a", "bn", "b"])
    # The map goes out and in once less; 2 words of 4 bytes for 16 channels become one.
    assert moved(unfused) - moved(fused) == 2 * 1024 + (2 - 1) * 4 * 16
    by_name = {layer.layer.name: layer for layer in unfused.layers}
    assert unfused.cycles - fused.cycles > by_name["bn"].record.cycles - 64
    assert [layer.mapping.tiling for layer in fused.layers] == [by_name[name].mapping.tiling for name in ("a", "b")]


def test_what_the_gone_layer_kept_on_chip_stays_for_the_next(ahead: Path) -> None:
    fused, unfused = experiment(ahead, "machine.keep_on_chip=true").variants
    kept = [[tuple(layer.mapping.residency) for layer in run.layers] for run in (fused, unfused)]
    # (ifmap, intermediate, ofmap) of a and b; of a, bn and b
    assert kept == [
        [(False, False, True), (True, False, False)],
        [(False, False, True), (True, False, True), (True, False, False)],
    ]
    # Weights of 3x3 and of 1x1, the network's input and its output, and the words of BatchNorm or bias.
    everywhere = 16 * 16 * (9 + 1) + 2 * 1024
    assert (moved(fused), moved(unfused)) == (everywhere + 4 * 16, everywhere + 2 * 4 * 16)


def test_operations_and_fates_of_one_folded_ahead(ahead: Path) -> None:
    summary = simulated(ahead, "run.batch=2").summary
    fused, unfused = summary.variants["fused"], summary.variants["unfused"]
    # 4 operations for each of 2·1,024 elements.
    assert unfused.ops - fused.ops == unfused.operations.batchnorm == 4 * 2048
    assert fused.operations.batchnorm == 0
    (fate,) = summary.batchnorms
    assert (fate.batchnorm, fate.folded_into, fate.ahead, fate.reason) == ("bn", "b", True, None)


def test_a_tiling_of_a_layer_that_is_gone_is_for_the_unfused_variant(ahead: Path) -> None:
    fused, unfused = experiment(ahead, "run.tiling.bn.out_height=2", "run.tiling.b.out_height=4").variants
    heights = [{layer.layer.name: layer.mapping.tiling.out_height for layer in run.layers} for run in (fused, unfused)]
    assert (heights[0]["b"], heights[1]["b"], heights[1]["bn"]) == (4, 4, 2)


def loads(run: VariantRun, tensor: str) -> list[int]:
    """Bytes of all transfers of a tensor."""
    return [
        execution.bytes
        for layer in run.layers
        for account in layer.record.accounts
        for execution in account.executions
        if execution.operation.startswith(f"load {tensor}")
    ]


# Unfused, b has no parameters, fused a bias: 256 words of 4 bytes are more than a half of 512. With a BatchNorm behind
# it that stays, 2 words for each of 64 channels are 512 bytes, 3 are more.
@pytest.mark.parametrize(
    ("channels", "words", "last"), [(256, 1, ""), (64, 3, "  - {name: c, op: batchnorm, unfoldable: x}\n")]
)
def test_a_bias_that_only_the_fused_variant_has_is_given_room(
    ahead: Path, channels: int, words: int, last: str
) -> None:
    network = AHEAD.replace("out_channels: 16, kernel: 1", f"out_channels: {channels}, kernel: 1")
    (ahead.parent / "three.yaml").write_text(network + last)
    fused, unfused = experiment(ahead, "machine.buffers.parameter.kib=1").variants
    assert sum(loads(fused, "parameters")) == words * 4 * channels
    assert max(loads(fused, "parameters") + loads(unfused, "parameters")) <= 512
    assert fused.layers[-1].mapping.tiling == unfused.layers[-1].mapping.tiling


def test_a_layer_that_began_with_a_folded_batchnorm_goes_on_as_it_is(three: Path) -> None:
    (three.parent / "three.yaml").write_text(
        "name: deconv\ninput: {channels: 16, height: 8, width: 8}\nlayers:\n"
        "  - {name: up, op: unmodelled, operator: ConvTranspose, shape: [16, 16, 16], unfoldable: ''}\n"
        "  - {name: bn, op: batchnorm}\n"
        "  - {name: relu, op: relu}\n"
    )
    fused, unfused = experiment(three, "run.tiling.bn.out_height=2").variants
    assert (names(fused), names(unfused)) == (["relu"], ["bn"])
    assert fused.layers[0].mapping == unfused.layers[0].mapping
    assert fused.layers[0].mapping.tiling.out_height == 2


def test_an_addition_that_moves_to_another_layer_brings_its_operand(three: Path) -> None:
    # Unfused, the addition belongs to the BatchNorm, whose result comes last; fused, to the convolution.
    (three.parent / "three.yaml").write_text(
        "name: deconv\ninput: {channels: 16, height: 8, width: 8}\nlayers:\n"
        "  - {name: up, op: unmodelled, operator: ConvTranspose, shape: [16, 8, 8], unfoldable: ''}\n"
        "  - {name: k, op: conv, out_channels: 16, kernel: 1, inputs: input}\n"
        "  - {name: bn, op: batchnorm, inputs: up}\n"
        "  - {name: add, op: add, inputs: [bn, k]}\n"
    )
    fused, unfused = experiment(three, "machine.buffers.residual.kib=1").variants
    assert [layer.layer.nodes for layer in unfused.layers] == [("k",), ("bn", "add")]
    assert [layer.layer.nodes for layer in fused.layers] == [("k", "add")]
    # Of its 1,024 bytes a half of the residual buffer holds 512.
    assert loads(fused, "residual") == [512, 512]


LRN = "  - {name: norm, op: unmodelled, operator: LRN, shape: [16, 8, 8], operations: 5000}\n"


def test_an_operator_without_a_model_takes_no_time_and_is_told_of(three: Path) -> None:
    without = simulated(three).summary
    with (three.parent / "three.yaml").open("a") as network:
        network.write(LRN)
    result = simulated(three)
    assert {name: run.cycles for name, run in result.summary.variants.items()} == {
        name: run.cycles for name, run in without.variants.items()
    }
    assert [operator.node for operator in result.summary.unmodelled] == ["norm"]
    assert result.plan.free_nodes == {"norm"}


def test_a_strict_run_refuses_it(three: Path) -> None:
    assert simulated(three, "run.strict=true").summary.unmodelled == []
    with (three.parent / "three.yaml").open("a") as network:
        network.write(LRN + LRN.replace("norm", "norm2"))
    with pytest.raises(accelsim.InputError) as caught:
        simulated(three, "run.strict=true")
    assert caught.value.path == (three.parent / "three.yaml").resolve()
    assert caught.value.message == "not modelled: 'norm' (LRN) and 1 more; this is a strict run"


def test_a_softmax_is_one_pass_of_the_activation_unit(three: Path) -> None:
    (three.parent / "three.yaml").write_text(
        "name: softmax\ninput: {channels: 16, height: 8, width: 8}\nlayers: [{name: s, op: softmax}]\n"
    )
    result = simulated(three, "machine.bn.placement=pass", "run.variants=[fused]")
    # 64 pixels of 16 channels, 32 lanes; the read-out is the same once more.
    assert busy(result, "fused")[["kind", "busy_cycles"]].to_numpy().tolist() == [["activation", 64], ["readout", 64]]


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("kept", ["true", "false"])
def test_networks_of_all_operators_run_both_ways_with_the_same_tilings(three: Path, seed: int, kept: str) -> None:
    graph = random_graph(seeded(seed), nodes=20)
    write_workload(graph, three.parent / "three.yaml", force=True)
    result = simulated(three, "machine.bn.placement=offchip", f"machine.keep_on_chip={kept}")
    assert all(variant.cycles for variant in result.summary.variants.values())
    if kept == "false":
        layers, mappings = result.plan.layers, result.plan.mappings
        home = {node: layer.name for layer in layers["unfused"] for node in layer.nodes}
        for layer in layers["fused"]:
            assert mappings["fused"][layer.name] == mappings["unfused"][home[layer.name]]


FOLDABLE = "  - {name: up, op: unmodelled, operator: ConvTranspose, shape: [16, 8, 8], unfoldable: ''}\n"


def test_a_network_of_which_folding_leaves_nothing_that_is_modelled_is_refused(three: Path) -> None:
    header = "name: n\ninput: {channels: 16, height: 8, width: 8}\nlayers:\n"
    (three.parent / "three.yaml").write_text(header + FOLDABLE + "  - {name: bn, op: batchnorm}\n")
    with pytest.raises(accelsim.InputError, match="nothing in it computes when its BatchNorms are folded"):
        simulated(three)
    (three.parent / "three.yaml").write_text(header + FOLDABLE)
    with pytest.raises(accelsim.InputError, match="computes, but for what is not modelled: ConvTranspose"):
        simulated(three)
