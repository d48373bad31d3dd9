"""Names that others have given, in figures."""

from __future__ import annotations

import pytest
from matplotlib.cbook import is_math_text

from accelsim.report.figures.wording import layer_name, of_layers, plain, subject
from tests.results.runs import result_of


@pytest.mark.parametrize("text", ["$x$", "a$b", r"\$x\$", "$$", "$1 or $2"])
def test_dollars_are_no_mathematics(text: str) -> None:
    assert not is_math_text(plain(text))
    # what matplotlib does with a text that is no mathematics
    assert plain(text).replace(r"\$", "$") == text


def test_a_long_name_loses_its_middle() -> None:
    assert layer_name("features.17.conv.1.0") == "features.17.conv.1.0"
    assert layer_name("features/stage1/block2/conv_depthwise") == "features/sta…v_depthwise"
    assert len(layer_name("x" * 100)) == 24


def test_a_name_has_one_line() -> None:
    assert layer_name("a\nb\tc") == "a b c"


def test_the_subject_says_what_ran_on_what() -> None:
    assert subject(result_of("cifar, kept on chip")) == "vgg16_bn_cifar10 on edge32, BN inli…"


@pytest.mark.parametrize(
    ("layers", "expected"), [([], ""), (["a"], " in a"), (["a", "a"], " in a"), (["a", "b"], " in 2 layers")]
)
def test_chosen_layers_are_told(layers: list[str], expected: str) -> None:
    assert of_layers(layers) == expected
