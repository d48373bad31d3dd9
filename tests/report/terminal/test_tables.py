"""The tables of ``accelsim run``."""

from __future__ import annotations

from pathlib import Path

import pytest

import accelsim
from accelsim.report.terminal.tables import (
    fusion_lines,
    layers_table,
    layers_tables,
    network_line,
    sparsity_lines,
    totals_table,
    unmodelled_lines,
)
from accelsim.results.result import Result
from accelsim.results.summary import UnmodelledOperator
from accelsim.workload import read_network
from tests.report.figures.runs import without_energies
from tests.report.terminal.printing import printed
from tests.results.runs import CONFIGS, result_of


def cells(text: str, *words: str) -> list[str]:
    """Return what stands behind these words in the only line that begins with them."""
    found = [line.split() for line in text.splitlines() if line.split()[: len(words)] == list(words)]
    assert len(found) == 1
    return found[0][len(words) :]


def single_variant() -> Result:
    return accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.variants=[unfused]"]))


def test_a_line_of_the_layers_table() -> None:
    # Of 688 cycles 670 are left: 2.62 % saved. The array waits 100 and 102 cycles for its first operands. 424 and 432
    # bytes are 0.4 KiB. 9,216 MACs on 64 multipliers are 144 cycles: 21.5 and 20.9 %.
    line = cells(printed(layers_table(result_of("alpha5").layers)), "conv")
    assert line == ["670", "688", "2.62", "100", "102", "0.4", "0.4", "0.07", "0.07", "21.5", "20.9"]


@pytest.mark.parametrize(
    ("variants", "heading"),
    [
        (["fused", "unfused"], ["saved", "%"]),
        (["unfused", "fused_into_requant"], ["saved", "%"]),
        (["fused", "unfused", "fused_into_requant"], ["saved %", "fused"]),
    ],
)
def test_a_saving_has_a_name_where_there_are_several(variants: list[str], heading: list[str]) -> None:
    layers = result_of("alpha5, requantised").layers
    table = layers_table(layers[layers["variant"].isin(variants)])
    (title,) = (str(column.header) for column in table.columns if "saved" in str(column.header))
    assert title.splitlines() == heading


def test_every_layer_has_its_line_in_order() -> None:
    result = result_of("resnet18")
    text = printed(layers_table(result.layers))
    names = [line.split()[0] for line in text.splitlines()[4:] if line.strip()]
    assert names == result.layers[result.layers["variant"] == "fused"]["layer"].tolist()


def test_a_single_variant_has_nothing_to_compare_with() -> None:
    result = single_variant()
    assert cells(printed(layers_table(result.layers)), "conv") == ["688", "102", "0.4", "0.07", "20.9"]
    totals = printed(totals_table(result.summary))
    assert "saved" not in totals
    assert cells(totals, "cycles") == ["688"]
    assert fusion_lines(result.summary) == ["1 of 1 BatchNorms folded into the layer before them"]


def test_totals() -> None:
    text = printed(totals_table(result_of("alpha5").summary))
    assert "alpha5, batch 1, on alpha5, BN pass" in text
    assert cells(text, "cycles") == ["670", "688", "2.62", "%"]
    assert cells(text, "time") == ["0.0067", "ms", "0.00688", "ms", "2.62", "%"]
    assert cells(text, "DRAM", "read") == ["360", "B", "368", "B", "2.17", "%"]
    assert cells(text, "DRAM", "written") == ["64", "B", "64", "B", "0.00", "%"]
    assert cells(text, "MACs") == ["9,216", "9,216"]
    assert cells(text, "operations") == ["18,560", "19,072", "2.68", "%"]
    # 356 of 670 and 372 of 688 cycles
    assert cells(text, "function", "unit", "utilisation") == ["53.13", "%", "54.07", "%"]


def test_energies_are_among_the_totals_if_there_are_any() -> None:
    # 72.906 and 74.376 nJ, in 6.7 and 6.88 µs
    text = printed(totals_table(result_of("alpha5").summary))
    assert cells(text, "energy", "72.91") == ["nJ", "74.38", "nJ", "1.98", "%"]
    assert cells(text, "power,", "average") == ["10.88", "mW", "10.81", "mW"]
    assert cells(text, "energy", "·", "delay") == ["488.5", "pJ·ms", "511.7", "pJ·ms", "4.54", "%"]
    without = printed(totals_table(without_energies().summary))
    assert "energy" not in without
    assert "power" not in without


def test_macs_that_are_executed_are_told_where_they_are_fewer() -> None:
    assert "MACs executed" not in printed(totals_table(result_of("alpha5").summary))
    config = accelsim.load_config(CONFIGS / "alpha5.yaml", ["machine.array.sparsity=2:4"])
    result = accelsim.simulate(config)
    assert cells(printed(totals_table(result.summary)), "MACs", "executed") == ["4,608", "4,608"]
    assert sparsity_lines(config.machine.array) == [
        "weights are taken to be sparse, 2:4 in every layer: whether they are is not looked at"
    ]
    assert sparsity_lines(result_of("alpha5").config.machine.array) == []


def test_a_unit_that_a_variant_lacks_has_a_dash() -> None:
    text = printed(totals_table(result_of("resnet18").summary))
    dash, share, _ = cells(text, "BN", "stage", "utilisation")
    assert dash == "-"
    assert float(share) > 0
    assert "function unit" not in text


def test_what_fusing_did_is_said_in_words() -> None:
    assert fusion_lines(result_of("alpha5").summary) == [
        "1 of 1 BatchNorms folded into the layer before them",
        # 512 of 18,432 + 512 operations; 16 of 372 cycles
        "operations of convolutions and BN alone (a MAC is 2, BN 4 an element): 2.70 % saved",
        "busy cycles of the function unit: 4.30 % saved",
    ]


@pytest.fixture
def strange(tmp_path: Path) -> Result:
    """A network with a BatchNorm that cannot be folded, and names that look like markup."""
    (tmp_path / "net.yaml").write_text(
        'name: "[red]net"\n'
        "input: {channels: 8, height: 4, width: 4}\n"
        "layers:\n"
        '  - {name: "[bold]first", op: batchnorm}\n'
        '  - {name: "[/bold]conv", op: conv, out_channels: 8, kernel: 3, padding: 1}\n'
    )
    text = (CONFIGS / "alpha5.yaml").read_text().replace("../workloads/alpha5.yaml", "net.yaml")
    text = text.replace("energy/45nm.yaml", str(CONFIGS / "energy" / "45nm.yaml"))
    (tmp_path / "config.yaml").write_text(text)
    return accelsim.simulate(accelsim.load_config(tmp_path / "config.yaml"))


def test_names_are_printed_as_they_are(strange: Result) -> None:
    text = printed(layers_table(strange.layers), totals_table(strange.summary))
    assert "[bold]first" in text
    assert "[/bold]conv" in text
    assert "[red]net, batch 1" in text


def test_a_batchnorm_that_is_not_folded_is_told_why(strange: Result) -> None:
    lines = fusion_lines(strange.summary)
    assert lines[0] == "0 of 1 BatchNorms folded"
    assert lines[1].startswith("  not folded: [bold]first: ")


def test_of_many_reasons_only_the_first_are_told(strange: Result) -> None:
    (fate,) = strange.summary.batchnorms
    lines = fusion_lines(strange.summary.model_copy(update={"batchnorms": [fate] * 12}))
    assert lines[:2] == ["0 of 12 BatchNorms folded", lines[2]]
    assert lines[10] == "  and 3 more, in summary.json"


AHEAD = """\
name: ahead
input: {channels: 8, height: 4, width: 4}
layers:
  - {name: first, op: conv, out_channels: 8, kernel: 1}
  - {name: bn0, op: batchnorm}
  - {name: relu, op: relu}
  - {name: bn, op: batchnorm}
  - {name: second, op: conv, out_channels: 8, kernel: 1}
"""


@pytest.fixture
def ahead(tmp_path: Path) -> Path:
    """A configuration whose network has a BatchNorm ahead of a convolution, with a layer of its own."""
    (tmp_path / "net.yaml").write_text(AHEAD)
    text = (CONFIGS / "alpha5.yaml").read_text().replace("../workloads/alpha5.yaml", "net.yaml")
    text = text.replace("energy/45nm.yaml", str(CONFIGS / "energy" / "45nm.yaml"))
    (tmp_path / "config.yaml").write_text(text)
    return tmp_path / "config.yaml"


def test_a_layer_that_is_gone_has_dashes_and_saves_everything(ahead: Path) -> None:
    result = accelsim.simulate(ahead)
    text = printed(layers_table(result.layers))
    gone = cells(text, "bn")
    assert gone[0] == gone[3] == gone[5] == gone[7] == "-"
    assert gone[2] == "100.00"
    (cycles,) = result.layers.query("layer == 'bn'")["cycles"]
    assert gone[1] == f"{cycles:,}"
    assert [line.split()[0] for line in text.splitlines()[4:] if line.strip()] == ["first", "bn", "second"]


def test_a_layer_that_only_the_fused_variant_has_stands_where_it_runs(ahead: Path) -> None:
    # Without its BatchNorm a layer is named after the activation; it comes where the other was.
    (ahead.parent / "net.yaml").write_text(
        AHEAD
        + "  - {name: up, op: unmodelled, operator: Deconv, shape: [8, 4, 4], unfoldable: ''}\n"
        + "  - {name: up_bn, op: batchnorm}\n"
        + "  - {name: up_relu, op: relu}\n"
        + "  - {name: last, op: maxpool, kernel: 2}\n"
    )
    text = printed(layers_table(accelsim.simulate(ahead).layers))
    names = [line.split()[0] for line in text.splitlines()[4:] if line.strip()]
    assert names == ["first", "bn", "second", "up_bn", "up_relu", "last"]
    only_fused = cells(text, "up_relu")
    assert (only_fused[1], only_fused[2]) == ("-", "-")
    assert cells(text, "up_bn")[2] == "100.00"


def test_a_batchnorm_folded_ahead_is_counted_apart(ahead: Path) -> None:
    lines = fusion_lines(accelsim.simulate(ahead).summary)
    assert lines[0] == "2 of 2 BatchNorms folded: 1 into the layer before them, 1 into the layer after them"


def test_batchnorms_that_are_all_folded_ahead_are_counted_once(ahead: Path) -> None:
    summary = accelsim.simulate(ahead).summary
    alone = [fate for fate in summary.batchnorms if fate.ahead]
    lines = fusion_lines(summary.model_copy(update={"batchnorms": alone}))
    assert lines[0] == "1 of 1 BatchNorms folded into the layer after them"


def test_figures_of_least_interest_are_the_first_to_be_left_out() -> None:
    headers = [printed(table).splitlines()[1].split() for table in layers_tables(result_of("alpha5").layers)]
    cycles, stalled, dram = ["cycles", "cycles", "saved"], ["stalled", "stalled"], ["DRAM", "KiB", "DRAM", "KiB"]
    energy, array = ["energy", "µJ", "energy", "µJ"], ["array", "%", "array", "%"]
    assert headers == [
        [*cycles, *stalled, *dram, *energy, *array],
        [*cycles, *stalled, *dram, *array],
        [*cycles, *dram, *array],
        [*cycles, *dram],
    ]


def unmodelled(node: str, operator: str, percent: float) -> UnmodelledOperator:
    return UnmodelledOperator(node=node, operator=operator, operations=1, operations_percent=percent)


def test_what_is_not_modelled_is_warned_of_by_kind() -> None:
    lrn, resize = unmodelled("norm1", "LRN", 0.01), unmodelled("up", "Resize", 2)
    assert unmodelled_lines([lrn, resize, unmodelled("norm2", "LRN", 0.012)]) == [
        "warning: LRN is not modelled and takes no time (2 nodes: norm1, norm2; 0.02 % of the network's operations)",
        "warning: Resize is not modelled and takes no time (1 node: up; 2.00 % of the network's operations)",
    ]
    assert unmodelled_lines([]) == []


@pytest.mark.parametrize(("percent", "is_much"), [(4.96, False), (5.0, True), (25.94, True)])
def test_where_much_is_not_modelled_it_is_said_last(percent: float, is_much: bool) -> None:
    half = percent / 2
    lines = unmodelled_lines([unmodelled("norm1", "LRN", half), unmodelled("up", "Resize", half)])
    much = (
        f"warning: {percent:.1f} % of the network's operations are not modelled: cycles and bytes are those of the rest"
    )
    assert lines[2:] == [much] * is_much


@pytest.mark.parametrize(("count", "named"), [(4, "a0, a1, a2, a3"), (5, "a0, a1, a2, a3, ...")])
def test_of_many_nodes_some_are_named(count: int, named: str) -> None:
    (line,) = unmodelled_lines([unmodelled(f"a{index}", "LRN", 0) for index in range(count)])
    assert f"({count} nodes: {named}; 0.00 %" in line


def test_what_a_network_consists_of() -> None:
    line = network_line(read_network(CONFIGS.parent / "workloads" / "resnet18.yaml"))
    assert line == "resnet18: 69 layers (20 conv, 20 batchnorm), 11,689,512 parameters, 1,814,073,344 MACs"


def test_parameters_and_macs_are_those_of_what_is_modelled(ahead: Path) -> None:
    network = ahead.parent / "net.yaml"
    network.write_text(AHEAD + "  - {name: up, op: unmodelled, operator: Deconv, shape: [8, 4, 4]}\n")
    # Two convolutions of 8 x 8 weights over 4 x 4 pixels, and two BatchNorms of 8 channels.
    expected = "ahead: 6 layers (2 conv, 2 batchnorm), 160 parameters, 2,048 MACs in what is modelled"
    assert network_line(read_network(network)) == expected


def test_a_third_variant_has_columns_of_its_own() -> None:
    result = result_of("alpha5, requantised")
    totals = printed(totals_table(result.summary))
    assert cells(totals, "total") == ["fused", "unfused", "fused_into_requant", "saved", "saved", "into", "requant"]
    # tests/results/test_summary.py; 18 and 16 of 720 cycles are 2.50 and 2.22 %
    assert cells(totals, "cycles") == ["702", "720", "704", "2.50", "%", "2.22", "%"]
    assert cells(totals, "DRAM", "read") == ["360", "B", "368", "B", "368", "B", "2.17", "%", "0.00", "%"]
    assert cells(printed(layers_table(result.layers, ["cycles"])), "conv") == ["702", "720", "704", "2.50"]
