"""One point of a sweep, evaluated exactly as ``accelsim run`` would."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from accelsim.area.estimate import machine_area
from accelsim.area.figures import shipped
from accelsim.area.sram import BUFFERS
from accelsim.built_stages import built_stages
from accelsim.config.load import LoadedConfig
from accelsim.config.machine import KIB
from accelsim.config.run import Config
from accelsim.config.settings import Origin, Settings
from accelsim.documents.validation import validated
from accelsim.errors import AccelsimError, InputError
from accelsim.experiment import in_layers, plan_layers
from accelsim.memo import Memo
from accelsim.results.summary import config_hash, savings_of
from accelsim.results.variant_totals import plan_totals
from accelsim.sweep.columns import FIGURES
from accelsim.sweep.evaluation import Evaluation
from accelsim.sweep.space import Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.config.machine import MachineConfig
    from accelsim.config.run import Variant
    from accelsim.energy.table import EnergyTable
    from accelsim.experiment import Network
    from accelsim.layers import Layer
    from accelsim.results.summary import Saving
    from accelsim.results.variant_totals import VariantTotals
    from accelsim.sweep.definition import Sweep
    from accelsim.sweep.evaluation import Point

_NOWHERE = Path("sweep")
"""In place of the file that a configuration was read from."""


class PointError(AccelsimError):
    """A point fails in a way that says more about accelsim than about the point."""


class Evaluator:
    """Evaluates points; it keeps what they share.

    Parameters
    ----------
    sweep
        The sweep that the points are from.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._space = Space(sweep.definition)
        self._networks = sweep.networks
        self._energy_table = sweep.definition.energy_table
        self._in_layers: dict[tuple[int, int], Network] = {}
        self._memo = Memo()
        self._hashes = [network.sha256 for network in sweep.definition.networks]

    def evaluate(self, point: Point) -> Evaluation:
        """Simulate a point.

        Raises
        ------
        PointError
            If that fails for another reason than that the machine cannot exist, or that the network does not fit it.
        """
        settings = self._space.settings(point.choice)
        try:
            return self._evaluated(point, settings)
        except InputError as error:
            return Evaluation(point, None, _reason(error), {})
        except Exception as error:
            *_, where = extract_tb(error.__traceback__)
            raise PointError(
                f"point {point.number} fails, which is a fault of accelsim: {type(error).__name__}: {error} "
                f"({where.name}, {Path(where.filename).name}:{where.lineno})"
            ) from error

    def _evaluated(self, point: Point, settings: dict[str, Any]) -> Evaluation:
        config = loaded_config(settings)
        network = point.choice[0]
        sha256 = config_hash(config.config, self._hashes[network], self._energy_table)
        try:
            layers = self._layers_of(config, network)
            return Evaluation(point, sha256, None, figures_of(config, layers, self._memo, self._energy_table))
        except InputError as error:
            return Evaluation(point, sha256, _reason(error), {})

    def _layers_of(self, config: LoadedConfig, network: int) -> Network:
        """Group a network into layers, once for each size of batch."""
        key = (network, config.run.batch)
        if key not in self._in_layers:
            self._in_layers[key] = in_layers(config, self._networks[network])
        return self._in_layers[key]


def loaded_config(settings: dict[str, Any]) -> LoadedConfig:
    """Check the configuration of a point.

    Raises
    ------
    InputError
        If the machine cannot have this combination of values.
    """
    written = Settings(settings, {(): Origin(_NOWHERE)})
    try:
        config = Config.model_validate(settings)
    except ValidationError:
        config = validated(Config, written)  # says what is wrong, which takes longer
    return LoadedConfig(config, _NOWHERE, _NOWHERE, written)


def figures_of(
    config: LoadedConfig, network: Network, memo: Memo, energy_table: EnergyTable | None = None
) -> dict[str, list[Any]]:
    """Return the figures of a configuration by variant, in the order of ``FIGURES``.

    Parameters
    ----------
    config
        The configuration.
    network
        Its network, of the batch that it asks for.
    memo
        Knows what it has in common with others.
    energy_table
        What actions take in energy, if that is to be estimated.

    Raises
    ------
    InputError
        If the network does not fit the machine.
    """
    plan = plan_layers(config, network, memo)
    totals = plan_totals(config.machine, config.run, plan, memo, energy_table)
    savings = savings_of(totals)
    saving_of = savings | {"unfused": savings.get("fused")}
    machine = config.machine
    return {
        variant: _figures(of, saving_of.get(variant), machine, _area_um2(machine, variant, network.layers[variant]))
        for variant, of in totals.items()
    }


def _figures(totals: VariantTotals, saving: Saving | None, machine: MachineConfig, area_um2: float | None) -> list[Any]:
    derived = {
        "dram_bytes": totals.dram_read_bytes + totals.dram_write_bytes,
        "conv_array_utilization": totals.utilization["conv_array"],
        "area_um2": area_um2,
        "buffer_bytes": KIB * sum(getattr(machine.buffers, buffer).kib for buffer in BUFFERS),
        "multipliers": machine.array.rows * machine.array.cols,
        "cycles_x_area": None if area_um2 is None else totals.cycles * area_um2,
        "saved_cycles_percent": saving.cycles_percent if saving else None,
        "saved_dram_bytes_percent": saving.dram_bytes_percent if saving else None,
        "saved_energy_percent": saving.energy_percent if saving else None,
        "saved_energy_delay_percent": saving.energy_delay_percent if saving else None,
    }
    return [derived[name] if name in derived else getattr(totals, name) for name in FIGURES]


def _area_um2(machine: MachineConfig, variant: Variant, layers: Sequence[Layer]) -> float | None:
    """Return the area of the machine as the network needs it built; ``None`` if the table lacks one of its tiles."""
    return machine_area(machine, built_stages(machine, variant, layers), shipped()).machine_um2


def _reason(error: InputError) -> str:
    """Return what is wrong, without the place: points are in no file."""
    return ": ".join(part for part in (error.key, error.message) if part)
