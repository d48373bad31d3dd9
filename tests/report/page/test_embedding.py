"""Bokeh's parts of the page."""

from __future__ import annotations

import json

from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from accelsim.report.page.embedding import embedded, library


def plot(name: str) -> figure:
    shown = figure(x_range=Range1d(start=0, end=1))
    shown.quad(left="x", right="x", top=1, bottom=0, source=ColumnDataSource({"x": [0], "id": [name]}))
    return shown


def test_the_same_model_is_the_same_text_whatever_was_made_before() -> None:
    first = embedded(plot("a"), "place")
    assert embedded(plot("a"), "place") == first
    assert embedded(plot("b"), "place") == str(first).replace('"a"', '"b"')


def test_models_keep_their_references() -> None:
    item = json.loads(embedded(plot("a"), "place"))
    assert (item["target_id"], item["root_id"]) == ("place", "p0")
    (root,) = item["doc"]["roots"]
    assert root["id"] == "p0"
    ids: list[str] = []
    references: list[str] = []

    def look_into(part: object) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("id"), str):
                (ids if "type" in part else references).append(part["id"])
            part = list(part.values())
        if isinstance(part, list):
            for item in part:
                look_into(item)

    look_into(item["doc"])
    assert len(ids) == len(set(ids)) > 10
    assert references
    assert set(references) < set(ids)


def test_a_name_cannot_end_the_script_that_holds_it() -> None:
    name = "</script><!--<script>"
    text = embedded(plot(name), "place")
    assert "<" not in text
    assert json.dumps(name) in json.dumps(json.loads(text))


def test_the_library_is_whole_and_cannot_end_its_script() -> None:
    scripts = library()
    assert sum(map(len, scripts)) > 1_500_000
    assert not any("</script" in script for script in scripts)
