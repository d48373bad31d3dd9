"""The tables of ``accelsim run``."""

from __future__ import annotations

from pathlib import Path

import pytest

import accelsim
from accelsim.report.console import PIPED_WIDTH, console
from accelsim.report.tables import fusion_lines, layers_table, totals_table
from accelsim.results.result import Result
from tests.report.printing import printed
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
    assert line == ["670", "688", "2.62", "100", "102", "0.4", "0.4", "21.5", "20.9"]


def test_every_layer_has_its_line_in_order() -> None:
    result = result_of("resnet18")
    text = printed(layers_table(result.layers))
    names = [line.split()[0] for line in text.splitlines()[4:] if line.strip()]
    assert names == result.layers[result.layers["variant"] == "fused"]["layer"].tolist()


def test_a_single_variant_has_nothing_to_compare_with() -> None:
    result = single_variant()
    assert cells(printed(layers_table(result.layers)), "conv") == ["688", "102", "0.4", "20.9"]
    totals = printed(totals_table(result.summary))
    assert "saved" not in totals
    assert cells(totals, "cycles") == ["688"]
    assert fusion_lines(result.summary) == ["1 of 1 BatchNorms folded into the layer before them"]


def test_totals() -> None:
    text = printed(totals_table(result_of("alpha5").summary))
    assert "alpha5, batch 1, on alpha5" in text
    assert cells(text, "cycles") == ["670", "688", "2.62", "%"]
    assert cells(text, "time") == ["0.0067", "ms", "0.00688", "ms", "2.62", "%"]
    assert cells(text, "DRAM", "read") == ["360", "B", "368", "B", "2.17", "%"]
    assert cells(text, "DRAM", "written") == ["64", "B", "64", "B", "0.00", "%"]
    assert cells(text, "MACs") == ["9,216", "9,216"]
    assert cells(text, "operations") == ["18,560", "19,072", "2.68", "%"]
    # 356 of 670 and 372 of 688 cycles
    assert cells(text, "function", "unit", "utilisation") == ["53.13", "%", "54.07", "%"]


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
    (tmp_path / "config.yaml").write_text(text)
    return accelsim.simulate(accelsim.load_config(tmp_path / "config.yaml"))


def test_names_are_printed_as_they_are(strange: Result) -> None:
    text = printed(layers_table(strange.layers), totals_table(strange.summary))
    assert "[bold]first" in text
    assert "[/bold]conv" in text
    assert "[red]net, batch 1" in text


def test_a_batchnorm_that_is_not_folded_is_told_why(strange: Result) -> None:
    lines = fusion_lines(strange.summary)
    assert lines[0] == "0 of 1 BatchNorms folded into the layer before them"
    assert lines[1].startswith("  not folded: [bold]first: ")


def test_output_that_is_no_terminal_has_a_fixed_width_and_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    out = console()
    assert out.width == PIPED_WIDTH
    out.print(layers_table(result_of("resnet18").layers))
    printed_lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in printed_lines) <= PIPED_WIDTH
    assert not any("\x1b" in line or "…" in line for line in printed_lines)
