"""The configuration: what a machine and a run are made of, read from YAML."""

from accelsim.config.load import LoadedConfig, load_config
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Config, RunConfig, TilingConfig, Variant
from accelsim.config.schema import config_schema
from accelsim.config.written import resolved_yaml

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
