"""Arguments that several commands have, and what may stand in them."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.documents.wording import shortened
from accelsim.report.selection import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from accelsim.config import LoadedConfig
    from accelsim.config.sparsity import Sparsity

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


VARIANTS = ("fused", "unfused", "fused_into_requant")
"""All variants: those of :data:`accelsim.config.run.Variant`, which takes longer to import."""

MAX_INPUT_SIDE = 2**24

MAX_DIGITS = 9

MAX_QUOTED_CHARACTERS = 20

MAX_PATH_CHARACTERS = 200


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the configuration, and what overrides it."""
    parser.add_argument("config", type=Path, help="configuration file (YAML)")
    add_overrides(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Add what overrides keys of the configuration."""
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key of the configuration, e.g. machine.array.rows=64; may be repeated",
    )


def add_strict(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict``."""
    parser.add_argument("--strict", action="store_true", help="refuse a network with operators that are not modelled")


def add_input_shape(parser: argparse.ArgumentParser) -> None:
    """Add ``--input-shape``."""
    parser.add_argument(
        "--input-shape",
        type=_shape,
        metavar="C,H,W",
        help="channels, height and width of an image, where the model leaves them open",
    )


def add_clone_shared(parser: argparse.ArgumentParser) -> None:
    """Add ``--clone-shared``."""
    parser.add_argument(
        "--clone-shared", action="store_true", help="give convolutions that share weights weights of their own"
    )


def add_prune_gamma(parser: argparse.ArgumentParser) -> None:
    """Add ``--prune-gamma``."""
    parser.add_argument(
        "--prune-gamma",
        type=_size_of_gamma,
        metavar="X",
        help="first remove the channels whose BatchNorm has a |γ| below this (network slimming)",
    )


def add_sparsity(parser: argparse.ArgumentParser) -> None:
    """Add ``--sparsity``."""
    parser.add_argument(
        "--sparsity",
        type=_sparsity,
        metavar="N:M",
        help="leave N of every M consecutive input channels' weights, e.g. 2:4, before anything else",
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the result folder that a report is made from."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="result folder that `accelsim run` has written")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add what chooses a part of a result."""
    parser.add_argument(
        "--layer", dest="layers", action="append", default=[], metavar="NAME", help="only this layer; may be repeated"
    )
    parser.add_argument(
        "--cycles",
        dest="window",
        type=_window,
        metavar="START:END",
        help="only these cycles, from the start of a variant",
    )


def number_in(text: str, is_allowed: Callable[[float], bool], what: str) -> float:
    """Return a number, if it is allowed; ``what`` it then is, and else is not, goes into the refusal."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not is_allowed(number):
        raise argparse.ArgumentTypeError(f"'{quoted(text)}' is no {what}")
    return number


def _size_of_gamma(text: str) -> float:
    return number_in(text, lambda size: 0 <= size < math.inf, "size of γ: a number of 0 or more, such as 0.05")


def whole_number(text: str) -> int:
    """Return a number of few digits."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{quoted(text)}' is no whole number")
    if len(text) > MAX_DIGITS:
        raise argparse.ArgumentTypeError(f"'{quoted(text)}' has more than {MAX_DIGITS} digits")
    return int(text)


def quoted(text: str) -> str:
    """Return as much of an argument as belongs in a message."""
    return shortened(text, MAX_QUOTED_CHARACTERS)


def yaml_file(text: str) -> Path:
    """Return a path that ends like a YAML file."""
    return _file_ending_in(text, ".yaml", ".yml")


def onnx_file(text: str) -> Path:
    """Return a path that ends like an ONNX file."""
    return _file_ending_in(text, ".onnx")


def _file_ending_in(text: str, *suffixes: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(
            f"'{shortened(text, MAX_PATH_CHARACTERS)}' does not end in {' or '.join(suffixes)}"
        )
    return path


def _window(text: str) -> Window:
    start, colon, end = text.partition(":")
    if not (start and colon and end):
        raise argparse.ArgumentTypeError(f"'{quoted(text)}' is not START:END, such as 1000:2000")
    window = Window(whole_number(start), whole_number(end))
    if window.start_cycle >= window.end_cycle:
        raise argparse.ArgumentTypeError(f"'{quoted(text)}' holds no cycle: the end must be after the start")
    return window


def _shape(text: str) -> tuple[int, int, int]:
    sizes = text.split(",")
    if len(sizes) != 3 or not all(size.isdecimal() for size in sizes):
        raise argparse.ArgumentTypeError(f"'{quoted(text)}' is not channels,height,width, such as 3,224,224")
    channels, height, width = map(_side, sizes)
    return channels, height, width


def _side(text: str) -> int:
    if len(text) > MAX_DIGITS or not 1 <= int(text) <= MAX_INPUT_SIDE:
        raise argparse.ArgumentTypeError(f"a side must be from 1 to {MAX_INPUT_SIDE}, not {quoted(text)}")
    return int(text)


def _sparsity(text: str) -> Sparsity:
    from accelsim.config.sparsity import read_sparsity

    try:
        return read_sparsity(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def loaded_config(options: argparse.Namespace) -> LoadedConfig:
    """Read the configuration, with all that the command line says of it."""
    from accelsim.config import load_config

    variants = getattr(options, "variants", None)
    chosen = [f"run.variants=[{', '.join(dict.fromkeys(variants))}]"] if variants else []
    if getattr(options, "strict", False):
        chosen.append("run.strict=true")
    return load_config(options.config, [*options.overrides, *chosen])
