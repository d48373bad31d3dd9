"""What a sweep is, with nothing left to look up: as ``sweep.json`` holds it, and as the workers get it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from accelsim.config.machine import Section
from accelsim.config.run import Variant
from accelsim.documents.json_text import json_text
from accelsim.energy.table import EnergyTable
from accelsim.workload.graph import Graph

SCHEMA_VERSION = 3
"""Of ``sweep.json``, the journal and the table."""

SamplerName = Literal["nsga2", "tpe", "random"]

MAX_SEED = 2**32 - 1
"""What numpy's generators take."""

KeyPath = tuple[str, ...]


class Axis(Section):
    """Keys that change together, and the values that they take."""

    keys: tuple[KeyPath, ...]
    levels: tuple[tuple[Any, ...], ...]
    """In each, one value for every key."""

    @property
    def columns(self) -> list[str]:
        """The keys, dotted."""
        return [".".join(keys) for keys in self.keys]


class NetworkName(Section):
    """A network of a sweep."""

    name: str
    sha256: str
    """Hash of its nodes, whatever file they are from."""


class Search(Section):
    """How points are proposed where not all of them are evaluated."""

    sampler: SamplerName
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None
    """``None`` if chance decides, as it should where several machines share a study."""


class Definition(Section):
    """A sweep."""

    schema_version: int
    accelsim_version: str
    base: dict[str, Any]
    """The resolved configuration that the axes vary."""

    energy_table: EnergyTable | None
    """What actions take in energy at all points."""

    networks: tuple[NetworkName, ...]
    variants: tuple[Variant, ...]
    axes: tuple[Axis, ...]
    constraints: tuple[str, ...]
    objectives: tuple[str, ...]
    search: Search | None = None

    @property
    def sha256(self) -> str:
        """Hash of everything: results belong to the sweep that has the same."""
        return hashlib.sha256(json_text(self).encode()).hexdigest()


class Sweep(NamedTuple):
    """A definition, and its networks in order."""

    definition: Definition
    networks: tuple[Graph, ...]
