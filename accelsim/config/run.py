"""The run: which network, which variants, where results go."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from accelsim.config.machine import MachineConfig, Section
from accelsim.documents.wording import described

Variant = Literal["fused", "unfused", "fused_into_requant"]

FOLDED: tuple[Variant, ...] = ("fused", "fused_into_requant")
"""Variants that are held against the unfused one, the one first that is meant where nothing else is said."""
"""A network with its BN folded into the weights, as it is, and with the BN behind convolutions folded into the
multipliers of the requantiser (docs/microarchitecture.md, §7)."""
Objective = Literal["traffic", "cycles"]
Size = Annotated[int, Field(ge=1, le=2**31)]
Side = Annotated[int, Field(ge=1, le=2**24)]


def _three(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise ValueError(f"must be [channels, height, width], not {described(value)}")
    return tuple(value)


InputShape = Annotated[tuple[Side, Side, Side], BeforeValidator(_three)]


class TilingConfig(Section):
    """A fixed tiling of one layer: the size of a full tile in each dimension (docs/microarchitecture.md, §9).

    Dimensions left out are whole, except that ``images`` is 1 where rows or columns are cut.
    """

    images: Size | None = Field(None, description="whole images per tile")
    out_height: Size | None = Field(None, description="output rows per tile")
    out_width: Size | None = Field(None, description="output columns per tile")
    groups: Size | None = Field(None, description="groups per tile")
    out_channels: Size | None = Field(None, description="output channels per group and tile")
    in_channels: Size | None = Field(None, description="input channels per group and array operation")
    reuse: Literal["ifmap", "weight"] = Field("weight", description="the operand that stays while the other changes")


class RunConfig(Section):
    """What to simulate."""

    workload: str = Field(description="path of the network, relative to this file")
    input_shape: InputShape | None = Field(
        None, description="[channels, height, width] of an image, where the network's file leaves them open"
    )
    energy: str | None = Field(
        None,
        min_length=1,
        description="path of a table of energies, relative to this file; without it no energy is estimated",
    )
    strict: bool = Field(False, description="refuse a network with operators that are not modelled")
    batch: int = Field(1, ge=1, le=65536, description="images per run")
    variants: list[Variant] = Field(
        ["fused", "unfused"],
        min_length=1,
        description="with BN folded into the weights, without, or with the requantiser's multipliers taking its scale",
    )
    output: str | None = Field(None, description="result folder; default results/<name of the configuration>")
    objective: Objective = Field(
        "traffic", description="what tilings are chosen by: least DRAM traffic and then cycles, or the reverse"
    )
    tiling: dict[str, TilingConfig] = Field({}, description="fixed tilings by layer name; others are chosen")

    @field_validator("variants")
    @classmethod
    def _each_once(cls, variants: list[Variant]) -> list[Variant]:
        if len(set(variants)) < len(variants):
            raise ValueError("names a variant twice")
        return variants


class Config(Section):
    """A whole configuration file: ``machine`` and ``run``."""

    machine: MachineConfig
    run: RunConfig

    @model_validator(mode="after")
    def _has_what_the_variants_need(self) -> Self:
        if "fused_into_requant" in self.run.variants and self.machine.requantization is None:
            raise ValueError(
                "run.variants: 'fused_into_requant' folds BN into the multipliers of a requantiser, which the machine "
                "does not have: set machine.requantization, for instance to {lanes: 32}"
            )
        return self
