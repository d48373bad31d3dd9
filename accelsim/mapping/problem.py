"""What the mapper is asked: a layer, its tensors, and what the machine has to keep for it."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, StreamShape
from accelsim.layout import FeatureMap
from accelsim.mapping.pixel_cuts import PixelPlane
from accelsim.timing.integers import ceil_div


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingProblem:
    """One layer to be tiled for one machine; the answer serves both variants.

    Parameters
    ----------
    parameter_words
        Words per channel of the variant that needs more: they have to fit.
    fused_words
        Words per channel of the fused variant: its traffic decides.
    residual
        Whether a residual operand is loaded.
    pooling
        Whether the layer pools.
    requantizes
        Whether its results pass the requantiser.
    loaded_bits
        Width of what is multiplied or streamed.
    stored_bits
        Width of the widest result that goes to DRAM (the ofmap, or the intermediate of an off-chip BN); 0 if none does.
    ifmap_on_chip, ofmap_on_chip
        Whether the ifmap is there already, and the ofmap stays.
    """

    machine: MachineConfig
    shape: ConvShape | StreamShape
    parameter_words: int
    fused_words: int
    residual: bool
    loaded_bits: int
    stored_bits: int
    ifmap_on_chip: bool = False
    ofmap_on_chip: bool = False
    pooling: bool = False
    requantizes: bool = False

    @property
    def ifmap(self) -> FeatureMap:
        """What is loaded."""
        return FeatureMap(self.shape.batch, self.shape.input, self.loaded_bits)

    @property
    def ofmap(self) -> FeatureMap:
        """The result, and of the same size the residual operand."""
        return FeatureMap(self.shape.batch, self.shape.output, self.machine.array.operand_bits)

    @property
    def pixel_plane(self) -> PixelPlane:
        """What the cuts of its pixels depend on."""
        array = self.machine.array
        return PixelPlane(self.ifmap, self.ofmap, self.shape.window, self.stored_bits, (array.rows, array.cols))

    @property
    def parameters_at_once(self) -> bool:
        """Whether the parameters of all channels fit one half; then they are loaded once, else with each tile."""
        bits = self.shape.output.channels * self.parameter_words * self.machine.bn.parameter_bits
        return ceil_div(bits, 8) <= self.machine.buffers.parameter.half_bytes

    @property
    def groups(self) -> int:
        """Groups of the convolution; 1 in other layers."""
        return self.shape.groups if isinstance(self.shape, ConvShape) else 1
