"""Where each ONNX operator leads channels, and what becomes of constants in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import onnx

from accelsim.fusion.onnx_filters import read_filters
from accelsim.pruning.following import Following, NewSides, Parameter, Product
from accelsim.pruning.strands import Channels, Flags, Integers
from accelsim.workload.affine import Doubles
from accelsim.workload.nodes import BatchNorm, Unmodelled, Weighted
from accelsim.workload.onnx_frontend.activations import ACTIVATIONS
from accelsim.workload.onnx_frontend.affine import affine_of, attributes
from accelsim.workload.onnx_frontend.constants import Array, evaluate

_MULTIPLIED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})

_JOINS = {"Add": "adds them to", "Sum": "adds them to", "Sub": "subtracts them and", "Mul": "multiplies them by"}
"""What an operator of several feature maps does to the first, in words."""


def follow(following: Following) -> None:
    """Follow the channels of a whole model."""
    for tensor in following.fed:
        following.begin_held(tensor, tensor, "they are an input of the network")
    for index, node in enumerate(following.wiring.nodes):
        if all(name in following.constants for name in node.output if name):
            _ask_for_shape(following, index)
        else:
            _follow_through(following, index)
    for tensor in following.tensors:
        if tensor in following.wiring.outputs:
            following.hold(tensor, "they are an output of the network")
        elif tensor not in following.wiring.readers:
            following.hold(tensor, f"nothing reads '{tensor}', in which they are")


def _follow_through(following: Following, index: int) -> None:
    """Follow the channels through an operator; where that cannot be done they all stay, before it and behind it."""
    node = following.wiring.nodes[index]
    is_known = node.domain in ("", "ai.onnx") and _has_shapes(following, index)
    rule = _RULES.get(node.op_type, _opaque) if is_known else _opaque
    reason = rule(following, index)
    if reason:
        for tensor in following.moving(index):
            following.hold(tensor, reason)
        for tensor in node.output:
            following.begin_held(tensor, following.name_of(index), reason)


def _has_shapes(following: Following, index: int) -> bool:
    """Whether the shapes of what an operator reads and makes are known; of those that lead nowhere they need not be."""
    return all(name in following.shapes for name in (*following.moving(index), following.wiring.nodes[index].output[0]))


def _ask_for_shape(following: Following, index: int) -> None:
    """Hold the channels of a tensor whose number of channels is computed with."""
    node = following.wiring.nodes[index]
    readers = [following.wiring.nodes[reader] for name in node.output for reader in following.wiring.readers[name]]
    is_inside = readers and following.wiring.outputs.isdisjoint(node.output)
    takes_batch = all(_takes_the_batch(following, reader) for reader in readers)
    if attributes(node).get("end") == 1 or (is_inside and takes_batch):
        return
    for tensor in following.moving(index):
        following.hold(tensor, f"{node.op_type} '{following.name_of(index)}' counts them")


def _takes_the_batch(following: Following, reader: onnx.NodeProto) -> bool:
    indices = following.constants.values_at_hand(reader.input[1]) if reader.op_type == "Gather" else None
    return indices is not None and not indices.any()


# Each of what follows returns why channels cannot be followed through an operator; nothing where they can.


def _opaque(following: Following, index: int) -> str:
    return f"{following.wiring.nodes[index].op_type} '{following.name_of(index)}' needs all of them"


def _convolution(following: Following, index: int) -> str:
    node = following.wiring.nodes[index]
    source = following.tensors.get(node.input[0])
    reason = _why_weights_stay(following, index)
    if reason or source is None:
        return reason or _opaque(following, index)
    options = attributes(node)
    groups = options.get("group", 1)
    if groups == 1:
        zeros_only = ""
        if node.op_type == "ConvTranspose":
            zeros_only = f"'{following.name_of(index)}' spreads its input, and they are not zero"
        elif _pads(options, following.shapes[node.input[1]][2:]):
            zeros_only = _padding_reason(following, index)
        return _product(following, index, source, zeros_only)
    if node.op_type == "Conv" and groups == len(source.strands):
        return _depthwise(following, index, source)
    return f"'{following.name_of(index)}' has {groups} groups, which must stay equal"


def _product(following: Following, index: int, source: Channels, zeros_only: str = "") -> str:
    """Read all channels of a tensor and make others; ``zeros_only`` is why no constant but 0 may be left out."""
    name = following.name_of(index)
    following.strands.hold_varying(source, name)
    if zeros_only:
        following.strands.hold(source.strands[~source.varies & (source.constants != 0)], zeros_only)
    result = following.begin(following.wiring.nodes[index].output[0], name)
    following.products.append(Product(name, index, source, result, is_depthwise=False))
    return ""


def _depthwise(following: Following, index: int, source: Channels) -> str:
    node, name = following.wiring.nodes[index], following.name_of(index)
    filters = read_filters(node, following.constants)
    of_output = np.repeat(np.arange(len(source.strands)), len(filters.weights) // len(source.strands))
    read = Channels(source.strands[of_output], source.constants[of_output], name)
    constants = read.constants * filters.weights.sum(axis=(1, 2)) + filters.bias
    if _pads(attributes(node), following.shapes[node.input[1]][2:]):
        constants[read.constants != 0] = np.nan
    following.deliver_changed(index, read, constants, _padding_reason(following, index))
    following.products.append(Product(name, index, source, following.tensors[node.output[0]], is_depthwise=True))
    return ""


def _pads(options: Mapping[str, object], kernel: tuple[int, ...]) -> bool:
    """Whether a convolution may read zeros around its input, whatever the sides of that are."""
    if options.get("auto_pad") in (b"SAME_UPPER", b"SAME_LOWER"):
        return max(kernel) > 1
    pads = options.get("pads", ())
    return isinstance(pads, list) and any(pads)


def _padding_reason(following: Following, index: int) -> str:
    return f"'{following.name_of(index)}' pads its input with zeros, and they are not zero"


def _why_weights_stay(following: Following, index: int) -> str:
    node, layer, name = following.wiring.nodes[index], following.node_of(index), following.name_of(index)
    if not isinstance(layer, Weighted):
        return _opaque(following, index)
    reason = layer.unfoldable or _absent(following, node)
    if reason:
        return f"'{name}' cannot be changed: {reason}"
    others = (reader for reader in following.wiring.readers[node.input[1]] if reader != index)
    sharing = [reader for reader in others if following.wiring.nodes[reader].op_type in _MULTIPLIED]
    if sharing and not following.clone_shared:
        return f"'{name}' shares its weights with '{following.name_of(sharing[0])}'"
    return ""


def _absent(following: Following, node: onnx.NodeProto) -> str:
    absent = [name for name in node.input[1:] if name and following.constants.values_at_hand(name) is None]
    return f"the values of '{absent[0]}' are not in the file" if absent else ""


def _matrix(following: Following, index: int) -> str:
    """Gemm and MatMul of features with weights."""
    node = following.wiring.nodes[index]
    source = following.tensors.get(node.input[0])
    reason = _why_weights_stay(following, index)
    if reason or source is None or len(following.shapes[node.output[0]]) != 2:
        return reason or _opaque(following, index)
    return _product(following, index, source)


def _batchnorm(following: Following, index: int) -> str:
    node, batchnorm = following.wiring.nodes[index], following.node_of(index)
    source = following.tensors.get(node.input[0])
    if source is None or not isinstance(batchnorm, BatchNorm):
        return _opaque(following, index)
    name, channels = batchnorm.name, len(source.strands)
    reason = batchnorm.unfoldable or _absent(following, node)
    if reason:
        return f"'{name}' cannot be changed: {reason}"
    affine = affine_of(node, following.constants, channels)
    marks = following.marks.get(index, np.zeros(channels, bool))
    shifts = following.constants.values(node.input[2]).astype(np.float64)
    constants = np.where(marks, shifts, affine.scale * source.constants + affine.shift)
    following.deliver_changed(index, source, constants, "")
    if marks.any():
        following.marked[index] = source
    for slot in range(1, 5):
        following.parameters.append(Parameter(name, index, slot, 0, source.strands))
    return ""


def _pass_on(following: Following, index: int) -> str:
    """What leaves the channels as they are, and constants as well."""
    node = following.wiring.nodes[index]
    source = following.tensors.get(node.input[0])
    if source is None or isinstance(following.node_of(index), Unmodelled):
        return _opaque(following, index)  # such as Dropout in training, or Cast to integers
    return _deliver(following, index, source)


def _deliver(following: Following, index: int, channels: Channels) -> str:
    """Note what an operator delivers, if its result has as many channels as that."""
    result = following.wiring.nodes[index].output[0]
    if not following.has_channels(result) or following.shapes[result][1] != len(channels.strands):
        return _opaque(following, index)
    following.tensors[result] = channels
    return ""


def _elementwise(following: Following, index: int) -> str:
    """Activations and arithmetic, of one feature map or several of the same channels."""
    node = following.wiring.nodes[index]
    sides = following.shapes.get(node.output[0], ())
    moving = list(dict.fromkeys(following.moving(index)))
    sources = {name: following.tensors[name] for name in moving if name in following.tensors}
    alike = (len(following.shapes[name]) == len(sides) for name in sources)
    if (
        not sources
        or len(sources) < len(moving)
        or not all(alike)
        or {len(one.strands) for one in sources.values()} != {sides[1]}
    ):
        return _opaque(following, index)
    axes = {}
    for slot, name in enumerate(node.input):
        if name and name not in sources:
            axis = _axis_of_channels(following.shapes.get(name), sides)
            if axis is None or following.constants.values_at_hand(name) is None:
                return _opaque(following, index)
            axes[slot] = axis
    first, *others = sources.values()
    for other in others:
        following.strands.tie(first.strands, other.strands)
    parameters = {node.input[slot]: following.constants.values(node.input[slot]) for slot in axes}
    constants = _computed(following, node, sources, parameters)
    _note_losses(following, index, list(sources.values()), np.isnan(constants))
    maker = following.name_of(index) if others else first.maker
    following.tensors[node.output[0]] = Channels(first.strands, constants, maker)
    for slot, axis in axes.items():
        if axis >= 0:
            following.parameters.append(Parameter(following.name_of(index), index, slot, axis, first.strands))
    return ""


_NO_AXIS = -1


def _axis_of_channels(shape: tuple[int, ...] | None, sides: tuple[int, ...]) -> int | None:
    """Return along which axis of a constant the channels lie; -1 where it is one number, ``None`` where by position."""
    if shape is None or len(shape) > len(sides):
        return None
    if math.prod(shape) == 1:
        return _NO_AXIS
    axis = 1 - (len(sides) - len(shape))
    return axis if axis >= 0 and math.prod(shape) == shape[axis] == sides[1] else None


def _computed(
    following: Following, node: onnx.NodeProto, sources: Mapping[str, Channels], parameters: Mapping[str, Array]
) -> Doubles:
    """Return what an element-wise operator makes of constants; NaN where it does not make a constant."""
    channels = len(next(iter(sources.values())).strands)
    varies = np.array([one.varies for one in sources.values()])
    nothing = np.full(channels, np.nan)
    if varies.any(axis=0).all() and node.op_type != "Mul":
        return nothing
    feeds: dict[str, Array] = {name: np.nan_to_num(one.constants)[None] for name, one in sources.items()}
    for name, values in parameters.items():
        doubles = values.astype(np.float64) if values.dtype.kind == "f" else values
        feeds[name] = doubles.reshape((1, -1) if values.size > 1 else ())
    with np.errstate(all="ignore"):
        results = evaluate(node, feeds, following.opset_imports)
    if results is None:
        return nothing
    constants = np.broadcast_to(results[node.output[0]].astype(np.float64), (1, channels))[0]
    is_constant = ~varies.any(axis=0)
    if node.op_type == "Mul":
        is_constant |= np.array([one.constants == 0 for one in sources.values()]).any(axis=0)
    return np.where(is_constant & np.isfinite(constants), constants, np.nan)


def _note_losses(following: Following, index: int, sources: list[Channels], varies: Flags) -> None:
    """Note where an operator makes something that varies of a constant, and with what."""
    name = following.name_of(index)
    verb = _JOINS.get(following.wiring.nodes[index].op_type, "joins them with")
    for source in sources:
        for other in sources:
            lost = varies & ~source.varies & other.varies
            following.strands.note_loss(source.strands[lost], f"'{name}' {verb} '{other.maker}', which keeps them")


def _average_pool(following: Following, index: int) -> str:
    """Where padding takes part in an average, what is not zero varies behind it."""
    node, options = following.wiring.nodes[index], attributes(following.wiring.nodes[index])
    source = following.tensors.get(node.input[0])
    if source is None:
        return _opaque(following, index)
    constants = source.constants.copy()
    pads = _pads(options, tuple(options["kernel_shape"]))
    # runtimes are not of one mind on what the last windows of ceil_mode are divided by
    if options.get("ceil_mode") or (pads and options.get("count_include_pad")):
        constants[constants != 0] = np.nan
    following.deliver_changed(index, source, constants, _padding_reason(following, index))
    return ""


def _pad(following: Following, index: int) -> str:
    """Zeros around a feature map: what is not zero varies behind it."""
    node, options = following.wiring.nodes[index], attributes(following.wiring.nodes[index])
    source = following.tensors.get(node.input[0])
    rank = len(following.shapes[node.input[0]])
    pads = options.get("pads")
    if len(node.input) > 1:
        given = following.constants.values_at_hand(node.input[1])
        pads = None if given is None else given.tolist()
    value = options.get("value", 0.0)
    if len(node.input) > 2 and node.input[2]:
        value = following.constants.values_at_hand(node.input[2])
    is_plain = len(node.input) < 4 and options.get("mode", b"constant") == b"constant" and value == 0
    if source is None or not is_plain or pads is None or any((pads[0], pads[1], pads[rank], pads[rank + 1])):
        return _opaque(following, index)
    constants = np.where(source.constants == 0, 0.0, np.nan)
    following.deliver_changed(index, source, constants, f"'{following.name_of(index)}' puts zeros around them")
    return ""


def _flatten(following: Following, index: int) -> str:
    node = following.wiring.nodes[index]
    source = following.tensors.get(node.input[0])
    if source is None:
        return _opaque(following, index)
    return _deliver(following, index, _flattened(source, math.prod(following.shapes[node.input[0]][2:])))


def _flattened(source: Channels, positions: int) -> Channels:
    return Channels(np.repeat(source.strands, positions), np.repeat(source.constants, positions), source.maker)


def _reshape(following: Following, index: int) -> str:
    """A feature map as a vector, a vector as a map of one position, or the same shape again."""
    node = following.wiring.nodes[index]
    source, before = following.tensors.get(node.input[0]), following.shapes[node.input[0]]
    after = following.shapes[node.output[0]]
    if source is None or following.moving(index) != [node.input[0]]:
        return _opaque(following, index)
    result, behind = source, tuple(after[2:])
    if len(after) == 2:
        result = _flattened(source, math.prod(before[2:]))
    elif after == before:
        behind = (0,) * len(behind)  # as they were
    elif math.prod(behind) != 1:
        return _opaque(following, index)
    reason = _deliver(following, index, result)
    if not reason:
        following.new_sides.append(NewSides(following.name_of(index), index, (0, -1, *behind), result.strands))
    return reason


def _squeeze(following: Following, index: int) -> str:
    """Squeeze and Unsqueeze; without axes, a Squeeze would take away the last channel as well."""
    node = following.wiring.nodes[index]
    has_axes = "axes" in attributes(node) or len(node.input) > 1
    return _pass_on(following, index) if has_axes else _opaque(following, index)


def _concat(following: Following, index: int) -> str:
    """Channels behind one another."""
    node = following.wiring.nodes[index]
    sources = [following.tensors[name] for name in node.input if name in following.tensors]
    rank = len(following.shapes[node.output[0]])
    if len(sources) < len(node.input) or attributes(node)["axis"] % rank != 1:
        return _opaque(following, index)
    strands: Integers = np.concatenate([one.strands for one in sources])
    constants: Doubles = np.concatenate([one.constants for one in sources])
    following.tensors[node.output[0]] = Channels(strands, constants, following.name_of(index))
    return ""


_ELEMENTWISE = (
    *(set(ACTIVATIONS) - {"Softmax", "LogSoftmax"}),
    *("Add", "Sub", "Mul", "Div", "Sum", "Max", "Min", "Pow", "Neg", "Abs", "Exp", "Erf", "Sqrt", "Reciprocal"),
)

_RULES: Mapping[str, Callable[[Following, int], str]] = {
    **dict.fromkeys(("Conv", "ConvTranspose"), _convolution),
    **dict.fromkeys(("Gemm", "MatMul"), _matrix),
    "BatchNormalization": _batchnorm,
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(("Identity", "Dropout", "Cast"), _pass_on),
    "MaxPool": _pass_on,  # padding takes no part in a maximum
    "AveragePool": _average_pool,
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool", "ReduceMean", "ReduceMax"), _pass_on),
    "Pad": _pad,
    "Flatten": _flatten,
    "Reshape": _reshape,
    **dict.fromkeys(("Squeeze", "Unsqueeze"), _squeeze),
    "Concat": _concat,
}
