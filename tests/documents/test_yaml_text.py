"""Plain data as YAML: what is read back is what was written."""

from __future__ import annotations

from accelsim.documents.yaml_document import parse_yaml
from accelsim.documents.yaml_text import yaml_text


def test_keys_stay_in_order_and_a_value_has_a_line() -> None:
    assert yaml_text({"b": 1, "a": [{"y": 2.5, "x": "on"}]}) == "b: 1\na:\n- y: 2.5\n  x: on\n"


def test_a_long_text_stays_in_one_line() -> None:
    text = yaml_text({"source": "many words " * 500})
    assert text.count("\n") == 1
    assert parse_yaml(text)[0] == {"source": "many words " * 500}


def test_small_and_large_numbers_stay_numbers() -> None:
    numbers = {"small": 1e-9, "large": 1e9, "whole": 2**40}
    assert parse_yaml(yaml_text(numbers))[0] == numbers
