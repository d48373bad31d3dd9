"""Tilings that were asked for instead of chosen."""

from __future__ import annotations

from accelsim.config.run import TilingConfig
from accelsim.errors import MappingError
from accelsim.layers import ConvShape
from accelsim.mapping.problem import MappingProblem
from accelsim.mapping.search import check_tiling
from accelsim.mapping.tiling import Tiling


def fixed_tiling(problem: MappingProblem, fixed: TilingConfig) -> Tiling:
    """Return the tiling that a configuration asks for, with the sizes that it leaves out.

    Raises
    ------
    MappingError
        If a size is larger than the layer, if more is cut than docs/microarchitecture.md, §9 allows, or if a tile does
        not fit the machine.
    """
    shape, groups = problem.shape, problem.groups
    n, k = shape.output.channels // groups, shape.input.channels // groups
    out_height = _size("out_height", fixed.out_height, shape.output.height)
    out_width = _size("out_width", fixed.out_width, shape.output.width)
    cut = (out_height, out_width) != (shape.output.height, shape.output.width)
    out_channels = _size("out_channels", fixed.out_channels, n)
    convolution = isinstance(shape, ConvShape)
    in_channels = _size("in_channels", fixed.in_channels, k) if convolution else out_channels
    partial = (out_channels, in_channels) != (n, k) if convolution else False
    tiling = Tiling(
        images=_size("images", fixed.images, shape.batch, default=1 if cut else None),
        out_height=out_height,
        out_width=out_width,
        groups=_size("groups", fixed.groups, groups, default=1 if partial else None),
        out_channels=out_channels,
        in_channels=in_channels,
        reuse=fixed.reuse,
    )
    if cut and tiling.images != 1:
        raise MappingError(f"images must be 1, not {tiling.images}, where out_height or out_width cut the image")
    if out_width < shape.output.width and out_height != 1:
        raise MappingError(f"out_height must be 1, not {out_height}, where out_width cuts the rows")
    if tiling.groups > 1 and partial:
        raise MappingError(f"groups must be 1, not {tiling.groups}, where out_channels or in_channels cut a group")
    block = problem.machine.array.sparsity.block
    if convolution and in_channels % block and in_channels != k:
        raise MappingError(
            f"in_channels is {in_channels}, which splits a block of the {block} channels of machine.array.sparsity "
            f"'{problem.machine.array.sparsity}': it must be a multiple of {block}, or all {k}"
        )
    check_tiling(problem, tiling)
    return tiling


def _size(key: str, asked: int | None, whole: int, default: int | None = None) -> int:
    if asked is None:
        return whole if default is None else default
    if asked > whole:
        raise MappingError(f"{key} is {asked}, but the layer has only {whole}")
    return asked
