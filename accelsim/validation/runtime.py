"""Execute a model in onnxruntime, the same way every time."""

from __future__ import annotations

import re
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.optional import require
from accelsim.validation.inputs import Inputs
from accelsim.workload.onnx_frontend.constants import Array

MAX_SERIALISED_BYTES = 2**31 - 2**20
"""protobuf ends at 2 GiB; larger models go through files, with their weights beside them."""

LONGEST_REASON = 300
"""Characters of an error."""


def run_model(model: onnx.ModelProto, inputs: Inputs, path: Path, also: Sequence[str] = ()) -> dict[str, Array]:
    """Execute a model once, as :func:`run_repeatedly` does, and return its outputs by name."""
    return run_repeatedly(model, inputs, path, also, times=1)[0]


def run_repeatedly(
    model: onnx.ModelProto, inputs: Inputs, path: Path, also: Sequence[str] = (), *, times: int
) -> list[dict[str, Array]]:
    """Execute a model several times on the same inputs, as :func:`run_each` does on others.

    Random operators begin anew with every call, and go on from one time to the next.
    """
    return list(run_each(model, [inputs] * times, path, also))


def run_each(
    model: onnx.ModelProto, inputs: Iterable[Inputs], path: Path, also: Sequence[str] = ()
) -> Iterator[dict[str, Array]]:
    """Execute a model on some inputs, one after the other, and yield its outputs of each, by name.

    It is executed on one thread of the CPU, so that sums have one order, and operator by operator: onnxruntime's
    optimisations would fold the BatchNorms, and the original would be compared with itself.

    Parameters
    ----------
    model
        The model.
    inputs
        What to feed it each time.
    path
        Its file, for errors.
    also
        Tensors inside of it to be returned with its outputs.

    Raises
    ------
    InputError
        If onnxruntime is not installed or cannot execute the model, or what it returns are no numbers.
    """
    require("onnxruntime", extra="onnx")
    watched = _with_outputs(model, also)
    names = [value.name for value in watched.graph.output]
    with _faults_of(path):
        session = _session(watched)
    for fed in inputs:
        with _faults_of(path):
            results = session.run(names, fed)
        yield {name: _numbers(name, result, path) for name, result in zip(names, results, strict=True)}


@contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # onnxruntime's own have no base in common
        raise InputError(f"onnxruntime cannot execute it: {_reason(error)}", path=path) from None


def _with_outputs(model: onnx.ModelProto, also: Sequence[str]) -> onnx.ModelProto:
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    present = {value.name for value in model.graph.output}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(also) if name not in present)
    return watched


def _session(model: onnx.ModelProto) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # it logs what it raises
    providers = ["CPUExecutionProvider"]
    if sum(tensor.ByteSize() for tensor in model.graph.initializer) < MAX_SERIALISED_BYTES:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        onnx.save_model(model, file, save_as_external_data=True, location="weights", size_threshold=0)
        return onnxruntime.InferenceSession(str(file), options, providers=providers)


def _reason(error: Exception) -> str:
    """Return the first line of an error, without onnxruntime's code and the place in its sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    message = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", lines[0])
    return textwrap.shorten(
        re.sub(r"/onnxruntime_src/\S+:\d+ .*?\) (?=\w)", "", message), LONGEST_REASON, placeholder=" ..."
    )


def _numbers(name: str, result: object, path: Path) -> Array:
    if not (isinstance(result, np.ndarray) and result.dtype.kind in "fiub"):
        raise InputError(f"its output '{name}' holds no numbers that could be compared", path=path)
    return result
