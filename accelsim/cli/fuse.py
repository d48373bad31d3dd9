"""``accelsim fuse``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_clone_shared, add_input_shape, add_prune_gamma, onnx_file
from accelsim.optional import require

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    fuse = commands.add_parser("fuse", help="fold the BatchNorms of an ONNX model", description=_fuse.__doc__)
    fuse.add_argument("model", type=Path, help="ONNX model, with its weights")
    fuse.add_argument("-o", "--output", type=onnx_file, required=True, metavar="FILE", help="file to write (*.onnx)")
    add_input_shape(fuse)
    add_clone_shared(fuse)
    add_prune_gamma(fuse)
    fuse.add_argument("--force", action="store_true", help="replace a file that is there already")
    fuse.set_defaults(command=_fuse)


def _fuse(options: argparse.Namespace) -> None:
    """Fold every BatchNorm that can be folded, say which and why not the others, and write the model that is left.

    With --prune-gamma, channels whose γ is small are removed before that: docs/pruning.md says which.
    """
    from accelsim.documents.new_file import check_new_file, write_new_file

    check_new_file(options.output, force=options.force)
    require("onnx", extra="onnx")
    from accelsim.fusion.apply_onnx import fuse_model, serialised
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.fusion import folded_table, fuse_lines
    from accelsim.report.terminal.pruning import print_pruned
    from accelsim.workload.onnx_frontend.model import load_model

    original = load_model(options.model, weights=True)
    model, pruned = original, None
    if options.prune_gamma is not None:
        from accelsim.pruning.apply_onnx import prune_model

        pruned = prune_model(
            original, options.model, options.prune_gamma, options.input_shape, clone_shared=options.clone_shared
        )
        model = pruned.model
    fused = fuse_model(model, options.model, options.input_shape, clone_shared=options.clone_shared)
    write_new_file(options.output, serialised(fused.model, options.model), force=options.force)
    out = console()
    if pruned is not None:
        print_pruned(out, pruned)
    if fused.layers:
        print_table(out, folded_table(fused))
    print_lines(out, fuse_lines(original, fused, options.output))
