"""Bokeh's parts of the page: its library, and its models as JSON, the same bytes for the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bokeh.core.json_encoder import serialize_json
from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.resources import Resources
from markupsafe import Markup

if TYPE_CHECKING:
    from bokeh.model import Model
    from bokeh.resources import Component

COMPONENTS: list[Component] = ["bokeh", "bokeh-widgets", "bokeh-tables"]
"""Parts of the library that the page uses, in the order in which they are loaded."""


def library() -> list[Markup]:
    """Return the scripts of BokehJS."""
    # Given in full, so that no BOKEH_... variable of the environment has a say.
    resources = Resources(mode="inline", components=COMPONENTS, minified=True, log_level="warn")
    return [Markup(script) for script in resources.js_raw]  # noqa: S704  # Bokeh's own text, nothing of the input


def embedded(model: Model, element: str) -> Markup:
    """Return a model as JSON that can stand in a ``<script>``, for ``Bokeh.embed.embed_item``.

    Parameters
    ----------
    model
        What to show.
    element
        Id of the HTML element that it is shown in.
    """
    text = serialize_json(_renumbered(json_item(model, ID(element)), {}))
    # A name that holds `</script>` or `<!--` must not end the element, and in JSON `<` stands in strings only.
    return Markup(text.replace("<", r"\u003c"))  # noqa: S704


def _renumbered(part: Any, numbers: dict[str, str]) -> Any:
    """Number the models in order of appearance; Bokeh counts all that a process makes."""
    if isinstance(part, list | tuple):
        return [_renumbered(item, numbers) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: numbers.setdefault(value, f"p{len(numbers)}")
        if key in ("id", "root_id") and isinstance(value, str)
        else _renumbered(value, numbers)
        for key, value in part.items()
    }
