"""The columns of every frame of a result, as docs/results.md describes them."""

from __future__ import annotations

COLUMNS = {
    "layers": [
        "variant",
        "layer",
        "kind",
        "macs",
        "executed_macs",
        "skipped_folds",
        "ops",
        "start_cycle",
        "cycles",
        "compute_cycles",
        "stall_cycles",
        "dram_read_bytes",
        "dram_write_bytes",
        "bandwidth_bytes_per_cycle",
        "energy_pj",
        "tiling",
        "second_phase_tiling",
    ],
    "units": ["variant", "layer", "unit", "busy_cycles", "stalled_cycles", "stalled_on", "idle_cycles"],
    "events": ["variant", "layer", "unit", "operation", "start_cycle", "end_cycle", "bytes", "busy_cycles"],
    "stalls": ["variant", "layer", "unit", "stalled_on", "start_cycle", "end_cycle"],
    "buffers": ["variant", "layer", "buffer", "cycle", "halves_in_use"],
    "actions": ["variant", "layer", "component", "action", "width_bits", "by_bits", "count"],
    "energy": ["variant", "layer", "component", "part", "energy_pj"],
}
"""Columns by frame; behind those of the layers comes a ``<unit>_utilization`` for each unit."""

TEXT_COLUMNS = frozenset(
    {
        "variant",
        "layer",
        "kind",
        "tiling",
        "second_phase_tiling",
        "unit",
        "operation",
        "stalled_on",
        "buffer",
        "component",
        "action",
        "part",
    }
)
"""Those that hold text; the others hold numbers."""
