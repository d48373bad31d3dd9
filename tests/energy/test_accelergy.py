"""Actions in Accelergy's format, read back as Accelergy flattens it."""

from __future__ import annotations

from typing import Any

from accelsim.documents.yaml_document import parse_yaml
from accelsim.energy.accelergy import action_counts_yaml
from accelsim.energy.action import Action, action, summed
from accelsim.energy.layer import layer_actions
from accelsim.mapping.plan import map_layers
from tests.energy.cases import convolution, machine


def flattened(node: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the entries of every component by its full name: subtrees hold subtrees, and local components."""
    found = {f"{prefix}{local['name']}": local["action_counts"] for local in node.get("local", ())}
    for subtree in node.get("subtree", ()):
        found |= flattened(subtree, f"{prefix}{subtree['name']}.")
    return found


def read_back(text: str) -> list[Action]:
    data, _ = parse_yaml(text)
    return [
        Action(
            component.removeprefix("accelerator."),  # type: ignore[arg-type]
            entry["name"],
            entry["arguments"]["width_bits"],
            entry["arguments"].get("by_bits", 0),
            entry["counts"],
        )
        for component, entries in flattened(data["action_counts"]).items()
        for entry in entries
    ]


def test_the_format() -> None:
    actions = (
        action("conv_array", "multiply", 8, 10, by_bits=4),
        action("dram", "read", 8, 3),
        action("dram", "write", 8, 4),
    )
    assert action_counts_yaml(actions) == (
        "action_counts:\n"
        "  version: 0.4\n"
        "  subtree:\n"
        "  - name: accelerator\n"
        "    local:\n"
        "    - name: conv_array\n"
        "      action_counts:\n"
        "      - name: multiply\n"
        "        arguments:\n"
        "          width_bits: 8\n"
        "          by_bits: 4\n"
        "        counts: 10\n"
        "    - name: dram\n"
        "      action_counts:\n"
        "      - name: read\n"
        "        arguments:\n"
        "          width_bits: 8\n"
        "        counts: 3\n"
        "      - name: write\n"
        "        arguments:\n"
        "          width_bits: 8\n"
        "        counts: 4\n"
    )


def test_what_is_written_can_be_read_back() -> None:
    on = machine(bn={"parameters": "raw"})
    layer = convolution(batchnorm=True, residual=True, activation="relu")
    actions = layer_actions(on, layer, map_layers(on, [layer], {})["conv"])
    assert read_back(action_counts_yaml(actions)) == list(actions)


def test_actions_of_several_layers_are_put_together() -> None:
    layers = [action("dram", "read", 8, 3), action("ifmap_buffer", "write", 8, 3), action("dram", "read", 8, 4)]
    assert read_back(action_counts_yaml(layers)) == list(summed(layers))
