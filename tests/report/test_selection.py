"""A part of a result: layers by name, or a window of cycles."""

from __future__ import annotations

import pandas as pd
import pytest

from accelsim.errors import InputError
from accelsim.report.selection import Window, select
from tests.results.runs import result_of


def refusal(layers: list[str], window: Window | None = None) -> str:
    with pytest.raises(InputError) as caught:
        select(result_of("resnet18"), layers, window)
    return str(caught.value)


def test_without_a_choice_it_is_all_of_it() -> None:
    result = result_of("resnet18")
    activity = select(result)
    for name in ("layers", "events", "stalls", "buffers"):
        pd.testing.assert_frame_equal(getattr(activity, name), getattr(result, name))
    assert activity.windows == {name: (0, total.cycles) for name, total in result.summary.variants.items()}


def test_a_layer_has_its_own_rows_and_no_others() -> None:
    result = result_of("resnet18")
    activity = select(result, ["layer1.0.conv1"])
    assert set(activity.events["layer"]) == {"layer1.0.conv1"}
    assert len(activity.events) == (result.events["layer"] == "layer1.0.conv1").sum()
    layers = result.layers[result.layers["layer"] == "layer1.0.conv1"]
    spans = zip(layers["start_cycle"], layers["start_cycle"] + layers["cycles"], strict=True)
    assert list(activity.windows.values()) == list(spans)


def test_a_window_holds_what_lies_in_it_if_only_partly() -> None:
    result = result_of("alpha5")
    # unfused: the weights are loaded from 20 to before 92, the array begins in cycle 102 and ends before 624
    unfused = select(result, window=Window(91, 103)).events.query("variant == 'unfused'")
    assert list(unfused["operation"]) == ["load weight g0 n0 k0", "multiply g0 m0 n0 k0", "accumulate g0 m0 n0 k0"]
    unfused = select(result, window=Window(92, 102)).events.query("variant == 'unfused'")
    assert unfused.empty


def test_a_window_is_cut_at_the_end_of_each_variant() -> None:
    activity = select(result_of("alpha5"), window=Window(600, 10_000))
    assert activity.windows == {"fused": (600, 670), "unfused": (600, 688)}


def test_a_variant_that_is_over_is_not_in_the_window() -> None:
    assert select(result_of("alpha5"), window=Window(680, 10_000)).windows == {"unfused": (680, 688)}


def test_an_unknown_layer_is_refused_with_the_nearest_name() -> None:
    assert refusal(["maxpol"]) == "there is no layer 'maxpol'; did you mean 'maxpool'?"


def test_a_window_behind_the_end_is_refused_with_the_end() -> None:
    last = max(total.cycles for total in result_of("resnet18").summary.variants.values())
    assert refusal([], Window(10**9, 10**9 + 1)).endswith(f"the run ends after {last:,}")
    assert "the run of these layers ends after" in refusal(["conv1"], Window(10**9, 10**9 + 1))
