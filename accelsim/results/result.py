"""The result of a simulation: frames and summary, made when they are asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from accelsim.config import LoadedConfig, resolved_yaml
from accelsim.experiment import Experiment, plan_network, run_experiment
from accelsim.results import frames
from accelsim.results.summary import (
    SCHEMA_VERSION,
    Summary,
    batchnorm_fates,
    config_hash,
    saving_between,
    summarise_variant,
)
from accelsim.version import __version__

if TYPE_CHECKING:
    import pandas as pd


class Result:
    """What a configuration came to.

    Parameters
    ----------
    config
        What was simulated.
    network
        Name of the network.
    experiment
        The records.
    """

    def __init__(self, config: LoadedConfig, network: str, experiment: Experiment) -> None:
        self.config = config
        self.network = network
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
    def summary(self) -> Summary:
        """Totals and savings."""
        machine, batch = self.config.machine, self.config.run.batch
        variants = {
            run.variant: summarise_variant(
                machine,
                batch,
                run,
                self.layers[self.layers["variant"] == run.variant],
                self.events[self.events["variant"] == run.variant],
            )
            for run in self.experiment.variants
        }
        both = "fused" in variants and "unfused" in variants
        return Summary(
            schema_version=SCHEMA_VERSION,
            accelsim_version=__version__,
            config_sha256=config_hash(resolved_yaml(self.config.config), self.config.workload_path.read_bytes()),
            network=self.network,
            batch=batch,
            machine=machine.name,
            variants=variants,
            saving=saving_between(variants["fused"], variants["unfused"]) if both else None,
            batchnorms=batchnorm_fates(self.experiment),
        )


def simulate(config: LoadedConfig) -> Result:
    """Simulate a configuration that :func:`accelsim.load_config` has read.

    Raises
    ------
    InputError
        If the network cannot be read, or a layer does not fit the machine (:class:`MappingError`).
    """
    plan = plan_network(config)
    return Result(config, plan.network, run_experiment(config.machine, plan, config.run.variants))
