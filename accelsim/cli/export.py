"""``accelsim export``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_input_shape, add_sparsity, number_in, onnx_file, whole_number
from accelsim.optional import require

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    export = commands.add_parser(
        "export", help="write any network as an ONNX model with weights from a seed", description=_export.__doc__
    )
    export.add_argument("network", type=Path, help="network in any format that accelsim reads")
    export.add_argument("-o", "--output", type=onnx_file, required=True, metavar="FILE", help="file to write (*.onnx)")
    export.add_argument("--seed", type=whole_number, default=1, metavar="N", help="of the weights (default: 1)")
    export.add_argument(
        "--small-gammas",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="share of every BatchNorm's channels with |γ| below 0.01, as network slimming leaves them (default: 0)",
    )
    add_sparsity(export)
    add_input_shape(export)
    export.add_argument("--force", action="store_true", help="replace a file that is there already")
    export.set_defaults(command=_export)


def _share(text: str) -> float:
    return number_in(text, lambda share: 0 <= share <= 1, "share, from 0 to 1")


def _export(options: argparse.Namespace) -> None:
    """Write a network as an ONNX model with He-normal weights; its BatchNorms are calibrated on random images.

    All weights are made from the seed: those of a network that has some, as trained ONNX models do, are not kept.
    """
    from accelsim.documents.new_file import check_new_file, write_new_file

    check_new_file(options.output, force=options.force)
    require("onnx", "onnxruntime", extra="onnx")
    from accelsim.fusion.apply_onnx import serialised
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.report.terminal.tables import network_line
    from accelsim.validation.seeded_weights import seeded_model
    from accelsim.workload import read_network

    graph = read_network(options.network, options.input_shape)
    model = seeded_model(
        graph, options.network, seed=options.seed, small_gammas=options.small_gammas, sparsity=options.sparsity
    )
    write_new_file(options.output, serialised(model, options.network), force=options.force)
    print_lines(console(), [f"{options.output}: {network_line(graph)}", f"weights: random, seed {options.seed}"])
