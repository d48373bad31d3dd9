"""The report of ``accelsim fuse``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from accelsim.fusion.apply_onnx import FoldedLayer, FusedModel
from accelsim.fusion.fold import Filters
from accelsim.fusion.match import Match
from accelsim.report.terminal.fusion import folded_table, fuse_lines
from tests.report.terminal.printing import printed


def model(size_bytes: int) -> onnx.ModelProto:
    """A model of so many bytes, from 1,000 to 2 million, which is nothing but a text."""
    made = onnx.ModelProto(doc_string="-" * 1000)
    overhead = made.ByteSize() - 1000 + (size_bytes > 2**14)  # its length takes a byte for every 7 bits
    made.doc_string = "-" * (size_bytes - overhead)
    assert made.ByteSize() == size_bytes
    return made


@pytest.fixture
def layer() -> FoldedLayer:
    before = Filters(np.full((1, 1, 1), -0.5), np.zeros(1))
    after = Filters(np.full((1, 1, 1), 2.25), np.zeros(1))
    return FoldedLayer("[conv]", ("bn1", "bn2"), "t", before, (), (), after)


def test_every_layer_that_absorbed_something_has_a_line(layer: FoldedLayer) -> None:
    *_, line, _ = printed(folded_table(FusedModel(model(1000), (), (layer,)))).splitlines()
    assert line.split() == ["[conv]", "bn1,", "bn2", "0.5", "2.25"]


def test_what_became_of_the_model(layer: FoldedLayer) -> None:
    fused = FusedModel(model(2**19), (Match("bn1", "c"), Match("bn2", "c")), (layer,))
    assert fuse_lines(model(2**20), fused, Path("out.onnx")) == [
        "2 of 2 BatchNorms folded into the layer before them",
        "0 operators before, 0 now; 1.00 MiB before, 0.50 MiB now",
        "fused model: out.onnx",
    ]


def test_where_nothing_was_folded_it_says_so() -> None:
    fused = FusedModel(model(1000), (Match("bn", None, "it is in training mode"),), ())
    assert fuse_lines(model(1000), fused, Path("out.onnx")) == [
        "0 of 1 BatchNorms folded",
        "  not folded: bn: it is in training mode",
        "0 operators before, 0 now; 1.0 KiB before, 1.0 KiB now",
        "nothing was folded; written all the same: out.onnx",
    ]


@pytest.mark.parametrize(("size_bytes", "text"), [(1536, "1.5 KiB"), (104857, "102.4 KiB"), (104858, "0.10 MiB")])
def test_small_models_are_measured_in_kib(size_bytes: int, text: str) -> None:
    line = fuse_lines(model(size_bytes), FusedModel(model(1024), (), ()), Path("out.onnx"))[1]
    assert line == f"0 operators before, 0 now; {text} before, 1.0 KiB now"
