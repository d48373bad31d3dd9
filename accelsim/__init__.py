"""accelsim: cycle-accurate simulation of CNN accelerators, with and without fused BatchNorm.

>>> import accelsim
>>> config = accelsim.load_config("configs/alpha5.yaml")
>>> result = accelsim.simulate(config)
>>> result.summary.saving.function_unit_busy_percent
4.301075268817204
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from accelsim.version import __version__

if TYPE_CHECKING:
    from accelsim.config.load import LoadedConfig, load_config
    from accelsim.errors import AccelsimError, InputError, MappingError
    from accelsim.results.folder import write_results
    from accelsim.results.result import Result, simulate
    from accelsim.results.stored import StoredResult, load_results
    from accelsim.simulation import DeadlockError
    from accelsim.sweep.table import load_sweep

__all__ = [
    "AccelsimError",
    "DeadlockError",
    "InputError",
    "LoadedConfig",
    "MappingError",
    "Result",
    "StoredResult",
    "__version__",
    "load_config",
    "load_results",
    "load_sweep",
    "simulate",
    "write_results",
]

_HOMES = {
    "AccelsimError": "accelsim.errors",
    "DeadlockError": "accelsim.simulation",
    "InputError": "accelsim.errors",
    "MappingError": "accelsim.errors",
    "LoadedConfig": "accelsim.config.load",
    "Result": "accelsim.results.result",
    "StoredResult": "accelsim.results.stored",
    "load_config": "accelsim.config.load",
    "load_results": "accelsim.results.stored",
    "load_sweep": "accelsim.sweep.table",
    "simulate": "accelsim.results.result",
    "write_results": "accelsim.results.folder",
}


def __getattr__(name: str) -> Any:
    """Import what is public where it is first used: pydantic and pandas take a while."""
    if name not in _HOMES:
        raise AttributeError(f"module 'accelsim' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
