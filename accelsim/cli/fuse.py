"""``accelsim fuse``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_clone_shared, add_input_shape, add_prune_gamma, onnx_file
from accelsim.errors import InputError
from accelsim.optional import require

if TYPE_CHECKING:
    import onnx

    from accelsim.cli.arguments import Commands
    from accelsim.pruning.apply_onnx import PrunedModel


def add_to(commands: Commands) -> None:
    """Add the command."""
    fuse = commands.add_parser("fuse", help="fold the BatchNorms of an ONNX model", description=_fuse.__doc__)
    fuse.add_argument("model", type=Path, help="ONNX model, with its weights")
    fuse.add_argument("-o", "--output", type=onnx_file, required=True, metavar="FILE", help="file to write (*.onnx)")
    add_input_shape(fuse)
    add_clone_shared(fuse)
    add_prune_gamma(fuse)
    fuse.add_argument("--no-fold", action="store_true", help="only prune, and leave the BatchNorms that are left")
    fuse.add_argument("--force", action="store_true", help="replace a file that is there already")
    fuse.set_defaults(command=_fuse)


def _fuse(options: argparse.Namespace) -> None:
    """Fold every BatchNorm that can be folded, say which and why not the others, and write the model that is left.

    With --prune-gamma, channels whose γ is small are removed before that: docs/pruning.md says which. With --no-fold
    that is all that is done, so that the pruned network can be run unfused as well.
    """
    from accelsim.documents.new_file import check_new_file, write_new_file

    if options.no_fold and options.prune_gamma is None:
        raise InputError("nothing is left to do; give --prune-gamma, too", key="--no-fold")
    check_new_file(options.output, force=options.force)
    require("onnx", extra="onnx")
    from accelsim.fusion.apply_onnx import fuse_model, serialised
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.fusion import folded_table, fuse_lines
    from accelsim.report.terminal.pruning import print_pruned, prune_lines
    from accelsim.workload.onnx_frontend.model import load_model

    original = load_model(options.model, weights=True)
    pruned = None if options.prune_gamma is None else _pruned(original, options)
    model = pruned.model if pruned else original
    fused = None
    if not options.no_fold:
        fused = fuse_model(model, options.model, options.input_shape, clone_shared=options.clone_shared)
        model = fused.model
    write_new_file(options.output, serialised(model, options.model), force=options.force)
    out = console()
    if pruned:
        print_pruned(out, pruned)
    if fused:
        if fused.layers:
            print_table(out, folded_table(fused))
        print_lines(out, fuse_lines(original, fused, options.output))
    elif pruned:
        print_lines(out, prune_lines(original, pruned, options.output))


def _pruned(original: onnx.ModelProto, options: argparse.Namespace) -> PrunedModel:
    from accelsim.pruning.apply_onnx import prune_model

    return prune_model(
        original, options.model, options.prune_gamma, options.input_shape, clone_shared=options.clone_shared
    )
