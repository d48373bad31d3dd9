"""The command line. Imports are made where they are needed, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import AccelsimError, InputError
from accelsim.optional import require
from accelsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.config import LoadedConfig

    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_FAILURE = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

STANDARD_OUTPUT = 1

MAX_INPUT_SIDE = 2**24


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if it failed or a comparison did, 2 if the input is at fault."""
    options = _parser().parse_args(arguments)
    if sys.stdout is None:  # the shell has closed it (`>&-`)
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        exit_code: int | None = options.command(options)
        sys.stdout.flush()
    except AccelsimError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_BAD_INPUT if isinstance(error, InputError) else EXIT_FAILURE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        # Commands name the files they cannot use, so this is standard output: full, or closed by its reader
        # (`accelsim explain ... | head`). Point it elsewhere, or Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), STANDARD_OUTPUT)
        if not isinstance(error, BrokenPipeError):
            print(f"error: cannot print: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return EXIT_FAILURE
    return exit_code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accelsim",
        description="Cycle-accurate simulation of CNN accelerators, with and without fused BatchNorm.",
    )
    parser.add_argument("--version", action="version", version=f"accelsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="simulate a network on a machine", description=_run.__doc__)
    _add_config(run)
    run.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="result folder (default: results/<configuration>)"
    )
    run.add_argument("--force", action="store_true", help="replace results that are there already")
    run.add_argument(
        "--variants",
        nargs="+",
        choices=("fused", "unfused"),
        help="with BN folded, without, or both (default)",
    )
    _add_strict(run)
    run.set_defaults(command=_run)

    explain = commands.add_parser(
        "explain", help="show a layer's tiles, program and closed forms", description=_explain.__doc__
    )
    _add_config(explain)
    explain.add_argument("--layer", required=True, metavar="NAME", help="a layer, by its name or that of a node in it")
    explain.add_argument(
        "--operations",
        type=_count,
        default=12,
        metavar="N",
        help="operations to show of each variant (default: 12)",
    )
    _add_strict(explain)
    explain.set_defaults(command=_explain)

    importing = commands.add_parser("import", help="write any network as YAML", description=_import.__doc__)
    importing.add_argument("network", type=Path, help="network in any format that accelsim reads")
    importing.add_argument(
        "-o", "--output", type=_yaml_file, required=True, metavar="FILE", help="YAML file to write (*.yaml)"
    )
    _add_input_shape(importing)
    importing.add_argument("--force", action="store_true", help="replace a file that is there already")
    _add_strict(importing)
    importing.set_defaults(command=_import)

    fuse = commands.add_parser("fuse", help="fold the BatchNorms of an ONNX model", description=_fuse.__doc__)
    fuse.add_argument("model", type=Path, help="ONNX model, with its weights")
    fuse.add_argument("-o", "--output", type=_onnx_file, required=True, metavar="FILE", help="file to write (*.onnx)")
    _add_input_shape(fuse)
    _add_clone_shared(fuse)
    fuse.add_argument("--force", action="store_true", help="replace a file that is there already")
    fuse.set_defaults(command=_fuse)

    _add_validate(commands)

    schema = commands.add_parser("schema", help="print the JSON Schema of configurations", description=_schema.__doc__)
    schema.set_defaults(command=_schema)
    return parser


def _add_validate(commands: _Commands) -> None:
    validate = commands.add_parser("validate", help="hold accelsim against other programs")
    against = validate.add_subparsers(required=True, metavar="AGAINST")

    scalesim = against.add_parser(
        "scalesim", help="compare compute cycles with a report of SCALE-Sim", description=_validate_scalesim.__doc__
    )
    scalesim.add_argument("--topology", type=Path, required=True, metavar="FILE", help="topology (CSV)")
    scalesim.add_argument("--report", type=Path, required=True, metavar="FILE", help="its COMPUTE_REPORT.csv")
    scalesim.add_argument("--rows", type=int, required=True, metavar="R", help="rows of the array")
    scalesim.add_argument("--cols", type=int, required=True, metavar="C", help="columns of the array")
    scalesim.add_argument("--dataflow", choices=("ws", "is", "os"), required=True, help="what stays in the array")
    scalesim.set_defaults(command=_validate_scalesim)

    numerics = against.add_parser(
        "numerics",
        help="compare what a fused ONNX model computes with the model as it is",
        description=_validate_numerics.__doc__,
    )
    numerics.add_argument("model", type=Path, help="ONNX model")
    numerics.add_argument("--inputs", type=Path, metavar="FILE", help="what to feed it (.npz, one array per input)")
    numerics.add_argument("--seed", type=_whole_number, default=1, metavar="N", help="of random inputs (default: 1)")
    numerics.add_argument("--batch", type=_whole_number, metavar="N", help="images, where the model leaves it open")
    _add_input_shape(numerics)
    numerics.add_argument("--layers", action="store_true", help="compare the result of every folded layer")
    _add_clone_shared(numerics)
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
        "--granularity",
        action="append",
        choices=("per-tensor", "per-channel"),
        help="what has one scale in quantising; may be repeated (default: both)",
    )
    numerics.set_defaults(command=_validate_numerics)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, help="configuration file (YAML)")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key of the configuration, e.g. machine.array.rows=64; may be repeated",
    )


def _add_input_shape(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input-shape",
        type=_shape,
        metavar="C,H,W",
        help="channels, height and width of an image, where the model leaves them open",
    )


def _add_clone_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clone-shared", action="store_true", help="give convolutions that share weights weights of their own"
    )


def _add_strict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strict", action="store_true", help="refuse a network with operators that are not modelled")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text[:20]}' is no number of operations")
    return int(text[:9])


def _whole_number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"'{text[:20]}' is no whole number of at most 9 digits")
    return int(text)


def _tolerance(text: str) -> float:
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = math.nan
    if not 0 <= tolerance < math.inf:
        raise argparse.ArgumentTypeError(f"'{text[:20]}' is no tolerance, such as 1e-4")
    return tolerance


def _yaml_file(text: str) -> Path:
    return _file_ending_in(text, ".yaml", ".yml")


def _onnx_file(text: str) -> Path:
    return _file_ending_in(text, ".onnx")


def _file_ending_in(text: str, *suffixes: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"'{text[:200]}' does not end in {' or '.join(suffixes)}")
    return path


def _shape(text: str) -> tuple[int, int, int]:
    sizes = text.split(",")
    if len(sizes) != 3 or not all(size.isdecimal() and 1 <= int(size[:9]) <= MAX_INPUT_SIDE for size in sizes):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not channels,height,width, such as 3,224,224")
    channels, height, width = map(int, sizes)
    return channels, height, width


def _run(options: argparse.Namespace) -> None:
    """Simulate the network layer by layer, print the totals, and write a result folder."""
    config = _loaded(options)
    folder = options.output or Path(config.run.output or Path("results") / config.path.stem)
    from accelsim.results.folder import check_target, write_results

    check_target(folder, force=options.force)
    from accelsim.report.console import console
    from accelsim.report.tables import fusion_lines, layers_table, totals_table, unmodelled_lines
    from accelsim.results.result import simulate

    result = simulate(config)
    write_results(result, folder, force=options.force)
    out = console()
    out.print(layers_table(result.layers))
    out.print(totals_table(result.summary))
    for line in fusion_lines(result.summary):
        out.print(line, markup=False)
    out.print(f"results: {folder}", markup=False)
    for line in unmodelled_lines(result.summary.unmodelled):
        out.print(line, markup=False)


def _explain(options: argparse.Namespace) -> None:
    """Show how one layer runs: its matrix product, its tiles, the closed forms with their numbers, its program."""
    config = _loaded(options)
    from accelsim.report.console import console
    from accelsim.report.explain import explanation

    out = console()
    for part in explanation(config, options.layer, options.operations):
        out.print(part)


def _import(options: argparse.Namespace) -> None:
    """Read a network in any format, and write it as a YAML file: one line a layer, to look at and to change."""
    from accelsim.documents.new_file import check_new_file
    from accelsim.workload import read_network

    check_new_file(options.output, force=options.force)
    graph = read_network(options.network, options.input_shape)
    from accelsim.workload.unmodelled import refuse_unmodelled, unmodelled_nodes
    from accelsim.workload.yaml_writer import write_workload

    if options.strict:
        refuse_unmodelled(graph, options.network)
    source = options.network.name if options.network.name.isprintable() else None
    write_workload(graph, options.output, source, force=options.force)
    from accelsim.layers import layers_of
    from accelsim.report.console import console
    from accelsim.report.tables import network_line, unmodelled_lines
    from accelsim.results.summary import unmodelled_operators

    out = console()
    out.print(f"{options.output}: {network_line(graph)}", markup=False)
    for line in unmodelled_lines(unmodelled_operators(unmodelled_nodes(graph), layers_of(graph, batch=1), batch=1)):
        out.print(line, markup=False)


def _fuse(options: argparse.Namespace) -> None:
    """Fold every BatchNorm that can be folded, say which and why not the others, and write the model that is left."""
    from accelsim.documents.new_file import check_new_file, write_new_file

    check_new_file(options.output, force=options.force)
    require("onnx", extra="onnx")
    from accelsim.fusion.apply_onnx import fuse_model, serialised
    from accelsim.report.console import console
    from accelsim.report.fusion import folded_table, fuse_lines
    from accelsim.workload.onnx_frontend.model import load_model

    model = load_model(options.model, weights=True)
    fused = fuse_model(model, options.model, options.input_shape, clone_shared=options.clone_shared)
    write_new_file(options.output, serialised(fused.model, options.model), force=options.force)
    out = console()
    if fused.layers:
        out.print(folded_table(fused))
    for line in (*fuse_lines(model, fused), f"fused model: {options.output}"):
        out.print(line, markup=False)


def _validate_scalesim(options: argparse.Namespace) -> int:
    """Compare the cycles that the array computes for each layer with those in SCALE-Sim's report of the same run.

    Cycles in which SCALE-Sim waits for memory do not count. The exit code is 1 if a layer differs.
    """
    from accelsim.report.console import console
    from accelsim.report.validation import comparison_table, equality_line
    from accelsim.validation.scalesim import compare_with_scalesim

    comparisons = compare_with_scalesim(options.topology, options.report, options.rows, options.cols, options.dataflow)
    out = console()
    out.print(comparison_table(comparisons))
    out.print(equality_line(comparisons))
    return EXIT_FAILURE if any(comparison.difference for comparison in comparisons) else 0


def _validate_numerics(options: argparse.Namespace) -> int:
    """Fold the BatchNorms of an ONNX model, execute both models, and say whether they compute the same.

    Every folded layer is compared in float64, too. The exit code is 1 if something differs.
    """
    if options.inputs and (options.batch is not None or options.input_shape):
        raise InputError("the arrays of --inputs have their shapes; leave out --batch and --input-shape")
    require("onnx", "onnxruntime", extra="onnx")
    from accelsim.report.console import console
    from accelsim.report.numerics import differences_table, quantisation_table, verdict_lines
    from accelsim.report.tables import folding_lines
    from accelsim.results.summary import batchnorm_fates
    from accelsim.validation.numerics import TOLERANCE, validate_numerics
    from accelsim.validation.quantisation import GRANULARITIES, quantisation_noise
    from accelsim.validation.random_weights import randomised
    from accelsim.workload.onnx_frontend.model import load_model

    model = load_model(options.model, weights=True)
    numerics = validate_numerics(
        randomised(model, options.seed) if options.random_weights else model,
        options.model,
        seed=options.seed,
        inputs=options.inputs,
        batch=options.batch,
        input_shape=options.input_shape,
        clone_shared=options.clone_shared,
        with_layers=options.layers,
        tolerance=TOLERANCE if options.tolerance is None else options.tolerance,
    )
    noise = quantisation_noise(numerics, options.model, options.bits or (), options.granularity or GRANULARITIES)
    out = console()
    out.print(differences_table(numerics))
    if noise:
        out.print(quantisation_table(noise))
    for line in folding_lines(batchnorm_fates(numerics.matches)):
        out.print(line, markup=False)
    for line in verdict_lines(numerics, options.seed, options.inputs):
        out.print(line, markup=False)
    return 0 if numerics.same else EXIT_FAILURE


def _schema(_: argparse.Namespace) -> None:
    """Print the JSON Schema of configuration files, for editors that complete and check YAML by it."""
    from accelsim.config import config_schema

    print(json.dumps(config_schema(), indent=2))  # noqa: T201


def _loaded(options: argparse.Namespace) -> LoadedConfig:
    from accelsim.config import load_config

    variants = getattr(options, "variants", None)
    chosen = [f"run.variants=[{', '.join(dict.fromkeys(variants))}]"] if variants else []
    if options.strict:
        chosen.append("run.strict=true")
    return load_config(options.config, [*options.overrides, *chosen])
