"""The columns of a sweep's table, as docs/sweeps.md describes them."""

from __future__ import annotations

POINT_COLUMNS = {"point": "Int64", "config_sha256": "string", "workload": "string"}
"""Columns ahead of those of the axes, and their types."""

OUTCOME_COLUMNS = {"variant": "string", "status": "string", "reason": "string"}
"""Columns behind those of the axes."""

FIGURES = {
    "cycles": "Int64",
    "milliseconds": "float64",
    "frames_per_second": "float64",
    "macs": "Int64",
    "ops": "Int64",
    "compute_cycles": "Int64",
    "stall_cycles": "Int64",
    "dram_read_bytes": "Int64",
    "dram_write_bytes": "Int64",
    "dram_bytes": "Int64",
    "average_bandwidth_bytes_per_cycle": "float64",
    "conv_array_utilization": "float64",
    "area_um2": "float64",
    "buffer_bytes": "Int64",
    "multipliers": "Int64",
    "cycles_x_area": "float64",
    "saved_cycles_percent": "float64",
    "saved_dram_bytes_percent": "float64",
    "energy_pj": "float64",
    "energy_delay_joule_seconds": "float64",
    "saved_energy_percent": "float64",
    "saved_energy_delay_percent": "float64",
}
"""Columns of what was found out, in this order also in the journal."""
