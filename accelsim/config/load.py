"""A configuration, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Config, RunConfig
from accelsim.config.settings import Settings, read_settings
from accelsim.documents.validation import validated
from accelsim.documents.yaml_document import Keys
from accelsim.errors import InputError


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration that has been read and checked, with the places its paths refer to.

    Parameters
    ----------
    config
        The checked values.
    path
        The configuration file, as given.
    workload_path
        The network, as an absolute path.
    settings
        The values as they were written, and where.
    energy_path
        The table of energies, as an absolute path; ``None`` without one.
    """

    config: Config
    path: Path
    workload_path: Path
    settings: Settings = field(repr=False, compare=False)
    energy_path: Path | None = None

    @property
    def machine(self) -> MachineConfig:
        """The machine."""
        return self.config.machine

    @property
    def run(self) -> RunConfig:
        """What to simulate."""
        return self.config.run

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error about the value at ``keys`` that names the file and line, or ``--set``."""
        return self.settings.error(keys, message)


def load_config(path: str | Path, overrides: str | Sequence[str] = ()) -> LoadedConfig:
    """Read a configuration file and check it.

    ``machine`` is a mapping, or the path of a YAML file that holds this mapping, or a mapping with the key
    ``base`` (such a path) and keys that override those of the base.

    Parameters
    ----------
    path
        The file. Paths inside it are relative to its folder.
    overrides
        ``KEY=VALUE`` strings, each a dotted key path and a YAML value, applied in order over the file.
        Paths in them are relative to the working directory. In ``run.tiling.<layer>.<field>`` the field is
        what follows the last dot, since names of layers have dots of their own.

    Raises
    ------
    InputError
        With file, line and key (or ``--set`` and key) of whatever is wrong.
    """
    path = Path(path)
    settings = read_settings(path, [overrides] if isinstance(overrides, str) else overrides)
    config = validated(Config, settings)
    workload_path = settings.file_at(("run", "workload"), config.run.workload).resolve()
    energy = config.run.energy
    energy_path = None if energy is None else settings.file_at(("run", "energy"), energy).resolve()
    return LoadedConfig(config, path, workload_path, settings, energy_path)
