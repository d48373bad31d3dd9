"""What a run can be told beside its machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.config import load_config
from tests.config.files import INLINE, config_file, refusal


def test_the_shape_of_the_input_is_given_as_a_list(folder: Path) -> None:
    path = config_file(folder, INLINE.replace("{workload: net.yaml}", "{workload: net.yaml, input_shape: [3, 8, 10]}"))
    assert load_config(path).run.input_shape == (3, 8, 10)
    assert load_config(path, ["run.input_shape=[1, 2, 3]"]).run.input_shape == (1, 2, 3)
    assert load_config(config_file(folder, INLINE)).run.input_shape is None


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("3", "run.input_shape: must be [channels, height, width], not 3"),
        ("[3, 8]", "run.input_shape: must be [channels, height, width], not a list"),
        ("[3, 8, 10, 1]", "run.input_shape: must be [channels, height, width], not a list"),
        ("[3, 0, 10]", "run.input_shape[1]: must be at least 1, not 0"),
        ("[3, 8, x]", "run.input_shape[2]: must be a whole number, not the text 'x'"),
    ],
)
def test_a_shape_that_is_none_is_refused(folder: Path, shape: str, words: str) -> None:
    assert words in refusal(config_file(folder, INLINE), f"run.input_shape={shape}")


def test_a_run_is_not_strict_unless_asked_to(folder: Path) -> None:
    path = config_file(folder, INLINE)
    assert not load_config(path).run.strict
    assert load_config(path, ["run.strict=true"]).run.strict
