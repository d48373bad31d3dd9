"""What ``accelsim explain`` says about a layer."""

from __future__ import annotations

from pathlib import Path

import pytest

import accelsim
from accelsim.errors import InputError
from accelsim.report.terminal.explain import explanation
from tests.report.terminal.printing import printed


def explain(path: Path, layer: str, *overrides: str, operations: int = 12) -> str:
    return printed(*explanation(accelsim.load_config(path, overrides), layer, operations))


def row_text(text: str, *words: str) -> str:
    """Return the only line that begins with these words."""
    found = [line for line in text.splitlines() if line.split()[: len(words)] == list(words)]
    assert len(found) == 1
    return found[0]


def row(text: str, *words: str) -> list[str]:
    """Return the words of that line."""
    return row_text(text, *words).split()


@pytest.fixture
def alpha5(repository: Path) -> Path:
    return repository / "configs" / "alpha5.yaml"


def test_the_layer_of_the_source_document(alpha5: Path) -> None:
    text = explain(alpha5, "conv", "run.variants=[unfused]")
    assert "alpha5: conv on alpha5" in text
    assert "executes  conv, bn, relu" in text
    assert "8x4x4 -> 8x4x4, batch 1; window 3x3, stride 1x1, padding 1 1 1 1 (top left bottom right)" in text
    # 4 x 4 pixels; 8 channels of 3 x 3; 8 channels
    assert "M x K x N = 16 x 72 x 8, 9,216 MACs" in text
    # 64 bytes of ifmap, 288 of weights, 16 of parameters; 64 of ofmap; 128 psums
    assert row(text, "ifmap", "buffer")[2:4] == ["64", "1,024"]
    assert row(text, "weight", "buffer")[2:4] == ["288", "1,024"]
    assert row(text, "parameter", "buffer")[2:4] == ["16", "1,024"]
    assert row(text, "ofmap", "buffer")[2:4] == ["64", "1,024"]
    assert row(text, "accumulator")[1:3] == ["128", "128"]
    # Nine folds of 36 positions; derived in tests/test_experiment.py.
    assert "9·(2·8 + 8 + 36 - 2)" in row_text(text, "multiply", "g0")
    assert row(text, "multiply", "g0")[5] == "522"
    assert "9·(36 + 0)" in row_text(text, "accumulate", "g0")
    assert row(text, "accumulate", "g0")[5] == "324"
    # 288 bytes: four bursts of 64 and one of 32, at 4 bytes a cycle
    assert "4·16 + 8" in row_text(text, "load", "weight")
    assert row(text, "unfused", "total")[2] == "688"


def test_units_and_operations_are_those_of_the_simulation(alpha5: Path) -> None:
    config = accelsim.load_config(alpha5, ["run.variants=[unfused]"])
    result = accelsim.simulate(config)
    text = explain(alpha5, "conv", "run.variants=[unfused]")
    for unit in result.units.itertuples():
        assert row(text, str(unit.unit), f"{unit.busy_cycles:,}")[2:4] == [
            f"{unit.stalled_cycles:,}",
            f"{unit.idle_cycles:,}",
        ]
    for event in result.events.itertuples():
        operation = str(event.operation).split()
        assert row(text, f"{event.start_cycle:,}", f"{event.end_cycle:,}", str(event.unit), *operation)


def test_the_operations_shown_are_the_first_to_start(alpha5: Path) -> None:
    text = explain(alpha5, "conv", "run.variants=[fused]", operations=3)
    # parameters, ifmap, weights, multiplication, accumulation, two passes, store
    assert "program, fused: 3 of 8 operations, by start" in text
    shown = text[text.index("program, fused") :]
    assert "load weight" in shown
    assert "multiply" not in shown
    assert "program, fused: 0 of 8 operations" in explain(alpha5, "conv", "run.variants=[fused]", operations=0)


def test_operations_of_all_units_are_shown_in_order_of_their_start(repository: Path) -> None:
    # Long multiplications begin before, and end behind, the transfers that they hide.
    text = explain(repository / "configs" / "resnet18.yaml", "layer3.0.conv1", "run.variants=[fused]", operations=60)
    lines = text[text.index("program, fused") :].splitlines()
    starts = [int(line.split()[0].replace(",", "")) for line in lines if line.strip()[:1].isdigit()]
    assert len(starts) == 60
    assert starts == sorted(starts)


def test_a_layer_in_two_phases_shows_both_tilings(repository: Path) -> None:
    text = explain(repository / "configs" / "resnet18.yaml", "layer3.0.conv1", "machine.bn.placement=offchip")
    assert "  BN phase  " in text


def test_what_stays_on_chip_is_said(repository: Path) -> None:
    text = explain(repository / "configs" / "vgg16_bn_cifar10.yaml", "classifier", "machine.keep_on_chip=true")
    assert "on chip   ifmap stays on chip" in text


def test_groups_are_said(repository: Path) -> None:
    # Depthwise, 32 channels of 112 x 112, 3 x 3.
    text = explain(repository / "configs" / "mobilenet_v1.yaml", "conv_dw_1")
    assert "32 groups of M x K x N = 12544 x 9 x 1" in text


def test_a_layer_without_a_convolution_has_no_product(repository: Path) -> None:
    text = explain(repository / "configs" / "resnet18.yaml", "maxpool")
    assert "resnet18: maxpool on edge32" in text
    assert "product" not in text
    assert "conv_array" not in text


def test_a_batchnorm_names_the_layer_it_was_folded_into(repository: Path) -> None:
    text = explain(repository / "configs" / "resnet18.yaml", "layer1.0.bn2", "run.variants=[fused]")
    assert "resnet18: layer1.0.conv2 on edge32" in text


def test_an_unknown_layer_is_refused(repository: Path) -> None:
    with pytest.raises(InputError, match=r"called 'avgpol'; did you mean 'avgpool'\?"):
        explain(repository / "configs" / "resnet18.yaml", "avgpol")


def test_a_batchnorm_that_is_folded_into_what_follows_takes_no_time(repository: Path, tmp_path: Path) -> None:
    layers = "[{name: relu, op: relu}, {name: bn, op: batchnorm}, {name: conv, op: conv, out_channels: 4, kernel: 1}]"
    (tmp_path / "n.yaml").write_text(f"name: n\ninput: {{channels: 4, height: 4, width: 4}}\nlayers: {layers}\n")
    machine = repository / "configs" / "machines" / "edge32.yaml"
    (tmp_path / "c.yaml").write_text(f"machine: {machine}\nrun: {{workload: n.yaml}}\n")
    assert "folded away" in explain(tmp_path / "c.yaml", "bn", "run.variants=[fused]")
    assert "program, unfused" in explain(tmp_path / "c.yaml", "bn")


def test_what_is_kept_of_sparse_weights(repository: Path) -> None:
    overrides = ["machine.array.sparsity=2:4", "run.variants=[fused]"]
    text = explain(repository / "configs" / "resnet18.yaml", "layer2.0.conv1", *overrides)
    # 64 channels in 16 blocks; 3 x 3 kernels, 128 of them, and 2 bits of index for each weight
    assert "2:4: 32 of 64 input channels kept, 288 rows of K; 36,864 weights kept, and 9,216 bytes of indices" in text
    assert "(36 - 1)·max(112, 32)" in row_text(text, "multiply", "g0")  # 288/32 folds of rows, 128/32 of columns


def test_folds_that_are_skipped(alpha5: Path, tmp_path: Path) -> None:
    zeros = "zero_weights: [{inputs: 0-7}]"
    layer = f"{{name: conv, op: conv, out_channels: 8, kernel: 3, padding: 1, {zeros}}}"
    (tmp_path / "n.yaml").write_text(f"name: n\ninput: {{channels: 8, height: 4, width: 4}}\nlayers: [{layer}]\n")
    workload, variants = f"run.workload={tmp_path / 'n.yaml'}", "run.variants=[fused]"
    overrides = [workload, variants, "machine.array.skip_zero_folds=true"]
    text = explain(alpha5, "conv", *overrides)
    assert "skipped   9 folds of zero weights" in text  # one at each kernel position (raster)
    assert "all folds skipped" in row_text(text, "multiply", "g0")
