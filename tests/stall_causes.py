"""Every cause on which a unit can be stalled in a program that accelsim writes.

Not among them: the array on ``bias_full``, as parameters are loaded before the weights that are needed with them; the
function unit on ``accumulator_full``, which comes as its own accumulate ends; the activation on ``post_pipeline``, as
it has a part in every drain, and so has the requantiser in those of a layer that passes it; pooling on the activation
behind it, which must be as wide. Pooling stands alone with it.
"""

from __future__ import annotations

SOURCES = {"accumulator_full", "ifmap_full"}
TAKEN_BY_DRAINS = {"parameter_full", "residual_full", "ofmap_free"}
DRAINS = SOURCES | TAKEN_BY_DRAINS | {"pipeline_latency"}

STALLS: dict[str, set[str]] = {
    "dma": {"ifmap_free", "weight_free", "parameter_free", "residual_free", "ofmap_full"},
    "conv_array": {"ifmap_full", "weight_full", "accumulator_free", "function_unit_ready"},
    "function_unit": {"array_stream", "ifmap_full", *TAKEN_BY_DRAINS, "conv_array"},
    "bn_stage": DRAINS | {"post_pipeline", "requantizer", "residual_add", "activation"},
    "requantizer": DRAINS | {"bn_stage", "residual_add", "activation"},
    "residual_add": DRAINS | {"post_pipeline", "bn_stage", "requantizer", "activation"},
    "pooling": {"ifmap_full", "ofmap_free", "pipeline_latency"},
    "activation": DRAINS | {"bn_stage", "requantizer", "residual_add", "pooling"},
}
