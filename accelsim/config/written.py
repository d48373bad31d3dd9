"""A configuration written out in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.documents.yaml_text import yaml_text

if TYPE_CHECKING:
    from accelsim.config.run import Config


def resolved_yaml(config: Config, workload: str | None = None, energy: str | None = None) -> str:
    """Write a configuration in full, every default explicit, as a file that :func:`load_config` can read.

    Keys that have no value are left out, and so is ``run.output``, which says where a result went and not
    what it is.

    Parameters
    ----------
    config
        The configuration.
    workload
        What to write as ``run.workload``, a network of one shape, so that ``run.input_shape`` is left out; default:
        what it is, relative to the file it came from.
    energy
        What to write as ``run.energy``, if the configuration names a table of energies; default: what it is.
    """
    values = config.model_dump(exclude_none=True, exclude={"run": {"output"}})
    if workload is not None:
        values["run"]["workload"] = workload
        values["run"].pop("input_shape", None)
    if energy is not None and "energy" in values["run"]:
        values["run"]["energy"] = energy
    return yaml_text(values)
