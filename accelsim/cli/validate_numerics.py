"""``accelsim validate numerics``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import (
    add_clone_shared,
    add_input_shape,
    add_prune_gamma,
    add_sparsity,
    number_in,
    whole_number,
)
from accelsim.cli.exit_codes import EXIT_FAILURE
from accelsim.errors import InputError
from accelsim.optional import require

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands
    from accelsim.quantisation.symmetric import Granularity
    from accelsim.validation.accuracy import VariantAccuracy
    from accelsim.validation.numerics import Numerics


WHOLE = 100.0
"""The percentile that is the largest of all."""


def add_to(against: Commands) -> None:
    """Add the command."""
    numerics = against.add_parser(
        "numerics",
        help="compare what a fused ONNX model computes with the model as it is",
        description=_validate_numerics.__doc__,
    )
    numerics.add_argument("model", type=Path, help="ONNX model")
    numerics.add_argument("--inputs", type=Path, metavar="FILE", help="what to feed it (.npz, one array per input)")
    numerics.add_argument("--seed", type=whole_number, default=1, metavar="N", help="of random inputs (default: 1)")
    numerics.add_argument("--batch", type=whole_number, metavar="N", help="images, where the model leaves it open")
    add_input_shape(numerics)
    numerics.add_argument("--layers", action="store_true", help="compare the result of every folded layer")
    add_clone_shared(numerics)
    add_prune_gamma(numerics)
    numerics.add_argument("--random-weights", action="store_true", help="replace all weights by random ones first")
    numerics.add_argument(
        "--tolerance",
        type=_tolerance,
        metavar="X",
        help="largest difference that passes for rounding, relative to a tensor's scale (default: 1e-4)",
    )
    numerics.add_argument(
        "--bits",
        type=int,
        action="append",
        choices=range(2, 17),
        metavar="N",
        help="also compare with the weights quantised to 2 to 16 bits; may be repeated",
    )
    numerics.add_argument(
        "--activation-bits",
        type=int,
        choices=range(2, 17),
        metavar="N",
        help="quantise what layers store, too, and compute in integers, with BatchNorm unfused, fused into the "
        "weights, and fused into the requantiser's multiplier; on 16 images, or those of --batch",
    )
    numerics.add_argument(
        "--percentile",
        type=_percentile,
        default=WHOLE,
        metavar="P",
        help="percentile of the activations' magnitudes that is still represented (default: 100, the largest)",
    )
    numerics.add_argument(
        "--granularity",
        action="append",
        choices=("per-tensor", "per-channel"),
        help="what has one scale in quantising; may be repeated (default: both)",
    )
    add_sparsity(numerics)
    numerics.set_defaults(command=_validate_numerics)


def _tolerance(text: str) -> float:
    return number_in(text, lambda tolerance: 0 <= tolerance < math.inf, "tolerance, such as 1e-4")


def _percentile(text: str) -> float:
    return number_in(text, lambda percentile: 0 < percentile <= WHOLE, "percentile: above 0, and 100 at most")


def _validate_numerics(options: argparse.Namespace) -> int:
    """Fold the BatchNorms of an ONNX model, execute both models, and say whether they compute the same.

    Every folded layer is compared in float64, too. The exit code is 1 if something differs. With --prune-gamma,
    channels are removed before folding, and the original is the model with γ = 0 in these.
    """
    if options.inputs and (options.batch is not None or options.input_shape):
        raise InputError("the arrays of --inputs have their shapes; leave out --batch and --input-shape")
    if options.activation_bits and not options.bits:
        raise InputError("--activation-bits quantises the weights, too: say to how many --bits")
    if options.percentile != WHOLE and not options.activation_bits:
        raise InputError("--percentile is that of activations: give --activation-bits, too")
    if options.sparsity and options.prune_gamma is not None:
        raise InputError("--sparsity and --prune-gamma: prune first, with 'accelsim fuse', and validate what is left")
    require("onnx", "onnxruntime", extra="onnx")
    from accelsim.quantisation.symmetric import GRANULARITIES
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.numerics import (
        accuracy_table,
        calibration_lines,
        differences_table,
        psum_lines,
        quantisation_table,
        sparsity_lines,
        verdict_lines,
    )
    from accelsim.report.terminal.pruning import print_pruned
    from accelsim.report.terminal.tables import folding_lines
    from accelsim.results.summary import batchnorm_fates
    from accelsim.validation.numerics import TOLERANCE, validate_numerics
    from accelsim.validation.quantisation import quantisation_noise
    from accelsim.workload.onnx_frontend.model import load_model

    numerics = validate_numerics(
        load_model(options.model, weights=True),
        options.model,
        seed=options.seed,
        inputs=options.inputs,
        batch=options.batch,
        input_shape=options.input_shape,
        clone_shared=options.clone_shared,
        random_weights=options.random_weights,
        sparsity=options.sparsity,
        with_layers=options.layers,
        tolerance=TOLERANCE if options.tolerance is None else options.tolerance,
        prune_gamma=options.prune_gamma,
    )
    granularities = options.granularity or GRANULARITIES
    out = console()
    if numerics.pruned is not None:
        print_pruned(out, numerics.pruned)
    print_table(out, differences_table(numerics))
    found = _accuracy(options, numerics, granularities) if options.activation_bits else []
    if found:
        print_table(out, accuracy_table(found))
    elif options.bits:
        print_table(out, quantisation_table(quantisation_noise(numerics, options.model, options.bits, granularities)))
    print_lines(out, folding_lines(batchnorm_fates(numerics.matches)))
    print_lines(out, verdict_lines(numerics, options.seed, options.inputs))
    print_lines(out, sparsity_lines(options.sparsity))
    if found:
        print_lines(out, psum_lines(found))
        print_lines(out, calibration_lines(options.seed, options.inputs, options.percentile))
    return 0 if numerics.same else EXIT_FAILURE


def _accuracy(
    options: argparse.Namespace, numerics: Numerics, granularities: Sequence[Granularity]
) -> list[VariantAccuracy]:
    from accelsim.quantisation.layer import Widths
    from accelsim.validation.accuracy import COMPARED_IMAGES, accuracy

    return accuracy(
        numerics.model if numerics.pruned is None else numerics.pruned.model,
        options.model,
        [
            Widths(bits, options.activation_bits, granularity)
            for bits, granularity in product(options.bits, granularities)
        ],
        seed=options.seed,
        images=COMPARED_IMAGES if options.batch is None else options.batch,
        inputs=numerics.inputs if options.inputs else None,
        input_shape=options.input_shape,
        percentile=options.percentile,
        clone_shared=options.clone_shared,
    )
