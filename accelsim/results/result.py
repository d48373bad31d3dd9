"""The result of a simulation: frames and summary, made when they are asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.config import LoadedConfig, load_config
from accelsim.experiment import Experiment, LayersDone, NetworkPlan, plan_network, run_experiment
from accelsim.results import frames
from accelsim.results.buffers import buffers_frame
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
    """

    def __repr__(self) -> str:
        cycles = ", ".join(f"{run.variant} {run.cycles:,} cycles" for run in self.experiment.variants)
        return f"<Result of {self.plan.graph.name} on {self.config.machine.name}: {cycles}>"

    def __init__(self, config: LoadedConfig, plan: NetworkPlan, experiment: Experiment) -> None:
        self.config = config
        self.plan = plan
        self.experiment = experiment

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per variant and layer; see :func:`accelsim.results.frames.layers_frame`."""
        return frames.layers_frame(self.config.machine, self.experiment)

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
    def summary(self) -> Summary:
        """Totals and savings."""
        machine, batch = self.config.machine, self.config.run.batch
        variants = {run.variant: summarise_variant(machine, batch, run) for run in self.experiment.variants}
        savings = savings_of(variants)
        return Summary(
            schema_version=SCHEMA_VERSION,
            accelsim_version=__version__,
            config_sha256=config_hash(self.config.config, network_hash(self.plan.graph)),
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
        If the configuration or the network cannot be read, or a layer does not fit the machine (:class:`MappingError`).
    """
    loaded = config if isinstance(config, LoadedConfig) else load_config(config)
    plan = plan_network(loaded)
    return Result(loaded, plan, run_experiment(loaded.machine, plan, loaded.run.variants, layers_done))
