from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import onnx
import pytest
from rich.console import RenderableType

from accelsim.report.terminal.numerics import differences_table, quantisation_table, verdict_lines
from accelsim.validation.numerics import Difference, ExactLayer, Numerics
from accelsim.validation.quantisation import QuantisedTensor
from tests.report.terminal.printing import printed

LAYER = Difference("conv_out", scale=2.0, max_error=3e-7, sqnr_db=131.25, role="layer")
LOGITS = Difference("logits", scale=4.0, max_error=2e-6, sqnr_db=120.0, role="logit")
OUTPUT = Difference("[y]", scale=0.5, max_error=0.0, sqnr_db=math.inf)
EXACT = ExactLayer("conv", "conv_out", 1.5e-16)


def numerics(differences: Sequence[Difference], layers: Sequence[ExactLayer] = (EXACT,)) -> Numerics:
    model = onnx.ModelProto()
    return Numerics(model, model, {}, (), tuple(differences), tuple(layers), tolerance=1e-4)


def words_of(part: RenderableType) -> list[list[str]]:
    """Words of what is printed, line by line."""
    return [words for line in printed(part).splitlines() if (words := line.split())]


def test_every_tensor_has_a_line() -> None:
    lines = words_of(differences_table(numerics([LAYER, LOGITS, OUTPUT])))
    assert lines[-3:] == [
        ["conv_out", "layer", "2.00e+00", "3e-07", "1e-07", "131", "1e-16"],
        ["logits", "logit", "4.00e+00", "2e-06", "5e-07", "120"],
        ["[y]", "output", "5.00e-01", "0e+00", "0e+00", "inf"],
    ]


def test_the_verdict_names_tolerances_inputs_and_the_largest_error() -> None:
    assert verdict_lines(numerics([LAYER, LOGITS, OUTPUT]), seed=7, inputs=None) == [
        "onnxruntime: same; off by at most 5e-07 of a tensor's scale (tolerance 1e-04)",
        "float64, layer by layer: same; off by at most 1e-16 of the magnitudes added up (tolerance 1e-12)",
        "inputs: random, seed 7",
    ]


def test_the_verdict_names_the_file_of_the_inputs() -> None:
    *_, line = verdict_lines(numerics([OUTPUT]), 1, Path("x.npz"))
    assert line == "inputs: x.npz; inputs of single layers: random, seed 1"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ([OUTPUT._replace(max_error=0.25)], "1 of 2 tensors; '[y]' is off by 5.0e-01 of its scale"),
        (
            [OUTPUT._replace(max_error=0.25), LAYER._replace(max_error=2.0)],
            "2 of 3 tensors; 'conv_out' is off by 1.0e+00 of its scale",
        ),
        (
            [OUTPUT._replace(not_finite=("fused",)), LAYER._replace(max_error=2.0)],
            "2 of 3 tensors; '[y]' holds NaN or infinity in the fused model",
        ),
        (
            [OUTPUT._replace(not_finite=("original", "fused"), finite_error=2e-4)],
            "1 of 2 tensors; '[y]' holds NaN or infinity in the original and the fused model",
        ),
        (
            [OUTPUT._replace(not_finite=("original", "fused")), LAYER._replace(max_error=2.0)],
            "2 of 3 tensors; '[y]' holds NaN or infinity in the original and the fused model",
        ),
    ],
)
def test_the_worst_of_what_differs_is_named(wrong: list[Difference], fault: str) -> None:
    line = verdict_lines(numerics([LOGITS, *wrong]), 1, None)[0]
    assert line.removesuffix(" (tolerance 1e-04)") == f"onnxruntime: DIFFERENT in {fault}"


def test_an_original_that_is_not_finite_itself_is_not_called_different() -> None:
    alike = OUTPUT._replace(not_finite=("original", "fused"), finite_error=1e-4)
    assert verdict_lines(numerics([LOGITS, alike]), 1, None)[0] == (
        "onnxruntime: cannot be compared: '[y]' holds NaN or infinity in the original already"
    )


def test_the_worst_layer_in_float64_is_named() -> None:
    layers = [EXACT._replace(relative_error=1e-11), EXACT._replace(layer="worst", relative_error=2e-9)]
    line = verdict_lines(numerics([], layers), 1, None)[1]
    assert line.endswith("DIFFERENT; 'worst' is off by 2.0e-09 of the magnitudes added up (tolerance 1e-12)")


def test_where_nothing_was_folded_it_says_so() -> None:
    assert verdict_lines(numerics([OUTPUT], []), 1, None)[1] == "float64, layer by layer: nothing was folded"


def test_every_quantised_tensor_has_a_line_with_what_folding_costs() -> None:
    tensors = [
        QuantisedTensor(8, "per-tensor", "logits", 35.84, 19.04),
        QuantisedTensor(4, "per-channel", "[y]", math.inf, 10.0),
        QuantisedTensor(16, "per-channel", "t", math.inf, math.inf),
        QuantisedTensor(8, "per-channel", "u", 14.4, 14.39999),
    ]
    assert words_of(quantisation_table(tensors))[-4:] == [
        ["8", "bits", "per-tensor", "logits", "35.8", "19.0", "-16.8"],
        ["4", "bits", "per-channel", "[y]", "inf", "10.0", "-inf"],
        ["16", "bits", "per-channel", "t", "inf", "inf", "0.0"],
        ["8", "bits", "per-channel", "u", "14.4", "14.4", "0.0"],
    ]


def test_without_layers_there_is_no_column_for_them() -> None:
    assert "float64" not in printed(differences_table(numerics([OUTPUT])))
    assert "float64" in printed(differences_table(numerics([LAYER, OUTPUT])))
