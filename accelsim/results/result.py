"""The result of a simulation: frames and summary, made when they are asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.built_stages import built_stages
from accelsim.config import LoadedConfig, load_config
from accelsim.energy.estimate import layer_energies
from accelsim.energy.network import experiment_actions
from accelsim.energy.table import read_energy_table
from accelsim.experiment import Experiment, LayersDone, NetworkPlan, plan_network, run_experiment
from accelsim.results import frames
from accelsim.results.buffers import buffers_frame
from accelsim.results.energy import actions_frame, energy_frame
from accelsim.results.summary import (
    SCHEMA_VERSION,
    Summary,
    batchnorm_fates,
    config_hash,
    network_hash,
    savings_of,
    summarise_variant,
    unmodelled_operators,
)
from accelsim.version import __version__
from accelsim.workload.unmodelled import unmodelled_nodes

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.energy.action import LayerActions
    from accelsim.energy.estimate import LayerEnergy
    from accelsim.energy.table import EnergyTable


class Result:
    """What a configuration came to.

    Parameters
    ----------
    config
        What was simulated.
    plan
        The network, in layers and tiles.
    experiment
        The records.
    energy_table
        What actions take in energy, if that is to be estimated.
    """

    def __repr__(self) -> str:
        cycles = ", ".join(f"{run.variant} {run.cycles:,} cycles" for run in self.experiment.variants)
        return f"<Result of {self.plan.graph.name} on {self.config.machine.name}: {cycles}>"

    def __init__(
        self,
        config: LoadedConfig,
        plan: NetworkPlan,
        experiment: Experiment,
        energy_table: EnergyTable | None = None,
    ) -> None:
        self.config = config
        self.plan = plan
        self.experiment = experiment
        self.energy_table = energy_table

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per variant and layer; see :func:`accelsim.results.frames.layers_frame`."""
        return frames.layers_frame(self.config.machine, self.experiment, self._layer_energies)

    @cached_property
    def units(self) -> pd.DataFrame:
        """One row per variant, layer and unit; see :func:`accelsim.results.frames.units_frame`."""
        return frames.units_frame(self.experiment)

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per operation; see :func:`accelsim.results.frames.events_frame`."""
        return frames.events_frame(self.experiment)

    @cached_property
    def stalls(self) -> pd.DataFrame:
        """One row per stall; see :func:`accelsim.results.frames.stalls_frame`."""
        return frames.stalls_frame(self.experiment)

    @cached_property
    def buffers(self) -> pd.DataFrame:
        """One row per change of what is in use; see :func:`accelsim.results.buffers.buffers_frame`."""
        return buffers_frame(self.config.machine, self.experiment)

    @cached_property
    def actions(self) -> pd.DataFrame:
        """One row per kind of action that a layer did; see :func:`accelsim.results.energy.actions_frame`."""
        return actions_frame(self._layer_actions)

    @cached_property
    def energy(self) -> pd.DataFrame:
        """One row per component that took energy in a layer; see :func:`accelsim.results.energy.energy_frame`."""
        return energy_frame(self._layer_energies)

    @cached_property
    def summary(self) -> Summary:
        """Totals and savings."""
        machine, batch = self.config.machine, self.config.run.batch
        variants = {
            run.variant: summarise_variant(
                machine, batch, run, [energy for energy in self._layer_energies if energy.variant == run.variant]
            )
            for run in self.experiment.variants
        }
        savings = savings_of(variants)
        return Summary(
            schema_version=SCHEMA_VERSION,
            accelsim_version=__version__,
            config_sha256=config_hash(self.config.config, network_hash(self.plan.graph), self.energy_table),
            network=self.plan.graph.name,
            batch=batch,
            machine=machine.name,
            bn_placement=machine.bn.placement,
            variants=variants,
            saving=savings.get("fused"),
            saving_into_requant=savings.get("fused_into_requant"),
            batchnorms=batchnorm_fates(self.plan.matches),
            unmodelled=unmodelled_operators(unmodelled_nodes(self.plan.graph), self.plan.layers["unfused"], batch),
        )

    @cached_property
    def _layer_actions(self) -> list[LayerActions]:
        return experiment_actions(self.config.machine, self.experiment)

    @cached_property
    def _layer_energies(self) -> list[LayerEnergy]:
        """Nothing without a table of energies."""
        if self.energy_table is None:
            return []
        return [
            energy
            for run in self.experiment.variants
            for energy in layer_energies(
                self.config.machine,
                self.energy_table,
                built_stages(self.config.machine, run.variant, self.plan.layers[run.variant]),
                [layer for layer in self._layer_actions if layer.variant == run.variant],
                [layer.record.cycles for layer in run.layers],
            )
        ]


def simulate(config: LoadedConfig | str | Path, layers_done: LayersDone | None = None) -> Result:
    """Simulate a configuration.

    Parameters
    ----------
    config
        What :func:`accelsim.load_config` has read, or a file.
    layers_done
        What is told after every layer how many are done, and of how many.

    Raises
    ------
    InputError
        If the configuration, the table of energies or the network cannot be read, or a layer does not fit the machine
        (:class:`MappingError`).
    """
    loaded = config if isinstance(config, LoadedConfig) else load_config(config)
    energy_table = read_energy_table(loaded.energy_path) if loaded.energy_path else None
    plan = plan_network(loaded)
    experiment = run_experiment(loaded.machine, plan, loaded.run.variants, layers_done)
    return Result(loaded, plan, experiment, energy_table)
