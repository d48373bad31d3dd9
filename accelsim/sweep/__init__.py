"""Design-space exploration: many configurations evaluated, in parallel, and resumed where it was interrupted."""

from accelsim.sweep.front import pareto_front
from accelsim.sweep.run import run_sweep
from accelsim.sweep.search_options import SearchOptions, SharedStudy
from accelsim.sweep.table import load_sweep

__all__ = ["SearchOptions", "SharedStudy", "load_sweep", "pareto_front", "run_sweep"]
