"""ResNets of any depth as workload files: He et al., CVPR 2016, table 1; the stride in the 3x3, as in torchvision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Depth(NamedTuple):
    """Blocks in each of the four stages, and whether they are bottlenecks."""

    blocks: tuple[int, int, int, int]
    bottleneck: bool


DEPTHS = {
    18: Depth((2, 2, 2, 2), bottleneck=False),
    34: Depth((3, 4, 6, 3), bottleneck=False),
    50: Depth((3, 4, 6, 3), bottleneck=True),
    101: Depth((3, 4, 23, 3), bottleneck=True),
    152: Depth((3, 8, 36, 3), bottleneck=True),
}


def resnet(depth: int) -> str:
    """Return the workload file of a ResNet of this depth for 224x224 images."""
    lines = [
        f"name: resnet{depth}",
        "input: {channels: 3, height: 224, width: 224}",
        "layers:",
        "  - {name: conv1, op: conv, out_channels: 64, kernel: 7, stride: 2, padding: 3}",
        "  - {name: bn1, op: batchnorm}",
        "  - {name: relu, op: relu}",
        "  - {name: maxpool, op: maxpool, kernel: 3, stride: 2, padding: 1}",
    ]
    source = "maxpool"
    for stage, blocks in enumerate(DEPTHS[depth].blocks):
        for block in range(blocks):
            name = f"layer{stage + 1}.{block}"
            lines += _block(
                name, source, 64 << stage, DEPTHS[depth].bottleneck, block == 0, 2 if stage and not block else 1
            )
            source = f"{name}.out"
    return "\n".join(
        [*lines, "  - {name: avgpool, op: global_avgpool}", "  - {name: fc, op: linear, out_features: 1000}"]
    )


def _block(name: str, source: str, width: int, bottleneck: bool, first: bool, stride: int) -> Iterator[str]:
    out = width * (4 if bottleneck else 1)
    skip = source
    if first and (bottleneck or stride > 1):
        yield f"  - {{name: {name}.down, op: conv, out_channels: {out}, kernel: 1, stride: {stride}, inputs: {source}}}"
        yield f"  - {{name: {name}.down_bn, op: batchnorm}}"
        skip = f"{name}.down_bn"
    plain = [(width, 3, stride), (width, 3, 1)]
    narrow = [(width, 1, 1), (width, 3, stride), (out, 1, 1)]
    for number, (channels, kernel, step) in enumerate(narrow if bottleneck else plain):
        reads = f", inputs: {source}" if number == 0 else ""
        if number:
            yield f"  - {{name: {name}.relu{number}, op: relu}}"
        yield (
            f"  - {{name: {name}.conv{number + 1}, op: conv, out_channels: {channels}, kernel: {kernel}, "
            f"stride: {step}, padding: {kernel // 2}{reads}}}"
        )
        yield f"  - {{name: {name}.bn{number + 1}, op: batchnorm}}"
        last = f"{name}.bn{number + 1}"
    yield f"  - {{name: {name}.add, op: add, inputs: [{last}, {skip}]}}"
    yield f"  - {{name: {name}.out, op: relu}}"
