"""Networks from ONNX models.

What BatchNormalization, and arithmetic with constants behind it, does by channel is one BatchNorm; activations that are
written out as several operators are one activation; an addition of a constant behind a convolution is its bias. Views,
concatenations and copies move no data. What has no model is in the graph by name, with an estimate of its operations.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import onnx

from accelsim.errors import InputError
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import GraphError, Output, Source
from accelsim.workload.onnx_frontend.constants import Constants, feature_inputs, parameter_inputs
from accelsim.workload.onnx_frontend.model import load_model
from accelsim.workload.onnx_frontend.operators import translate
from accelsim.workload.onnx_frontend.reading import Reading
from accelsim.workload.onnx_frontend.static_shapes import StaticShapes, static_shapes


class ImportedModel(NamedTuple):
    """A model as a graph.

    Parameters
    ----------
    graph
        The network.
    origins
        For each node of the graph that stands for operators of the model, their indices, in the order of the data.
    tensors
        For each node of the graph that delivers a tensor of the model, its name.
    constants
        The model's constant tensors.
    static
        The shapes of all its tensors.
    """

    graph: Graph
    origins: dict[str, tuple[int, ...]]
    tensors: dict[str, str]
    constants: Constants
    static: StaticShapes


def read_onnx(path: Path, input_shape: tuple[int, int, int] | None = None) -> Graph:
    """Read a network from an ONNX model, opsets 7 and later; weights in other files are not needed.

    Parameters
    ----------
    path
        The file.
    input_shape
        Sides of an image, for files that leave them open, in their order: usually channels, height, width.

    Raises
    ------
    InputError
        If the file is no model that holds together, or does not say all shapes.
    """
    return import_model(load_model(path), path, input_shape).graph


def import_model(
    model: onnx.ModelProto,
    path: Path,
    input_shape: tuple[int, int, int] | None = None,
    *,
    parameters_fed: bool = False,
    open_side: int | None = None,
) -> ImportedModel:
    """Make a graph of a model that has been loaded; errors as :func:`read_onnx`.

    Parameters
    ----------
    model, path, input_shape
        The model, its file, and sides that it leaves open.
    parameters_fed
        Whether inputs without a value that are parameters of operators are fed by the user, as other inputs are; if
        not, they are weights that the file was written without.
    open_side
        What to take for sides that the model leaves open and that are not given.
    """
    static = static_shapes(model, path, input_shape, open_side)
    without_value = parameter_inputs(model)
    constants = Constants(model, static.values, frozenset() if parameters_fed else without_value)
    fed = feature_inputs(model)
    if not fed:
        raise InputError("it has no input but its weights", path=path)
    try:
        reading = Reading(model, path, static, constants)
        reading.begin(fed[0])
        for name in (*fed[1:], *(sorted(without_value) if parameters_fed else ())):
            source = Source(name=reading.unique(name), inputs=(), shape=reading.image(name))
            reading.deliver(name, source)
        for index in reading.steps():
            translate(reading, index)
        _mark_outputs(reading, model)
    except GraphError as error:
        raise InputError(str(error), path=path) from None
    # whoever passes a tensor on comes after whoever made it
    tensors = {node: tensor for tensor, node in reversed(reading.delivered_by.items())}
    return ImportedModel(reading.graph, reading.origins, tensors, constants, static)


def _mark_outputs(reading: Reading, model: onnx.ModelProto) -> None:
    """Mark the outputs of the model that its own operators read as well."""
    readers = reading.graph.readers()
    for value in model.graph.output:
        name = reading.delivered_by.get(value.name)
        if name is not None and (readers[name] or name == INPUT):
            output = Output(name=reading.unique(f"{value.name} (output)"), inputs=(name,))
            reading.deliver(value.name, output)
