"""The configuration: what a machine and a run are made of, read from YAML."""

from accelsim.config.load import LoadedConfig, config_schema, load_config, resolved_yaml
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Config, RunConfig, TilingConfig, Variant

__all__ = [
    "Config",
    "LoadedConfig",
    "MachineConfig",
    "RunConfig",
    "TilingConfig",
    "Variant",
    "config_schema",
    "load_config",
    "resolved_yaml",
]
