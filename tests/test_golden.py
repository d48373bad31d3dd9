"""Totals of the shipped configurations: they change only in a commit that says why.

``python -m tests.test_golden`` writes the table anew.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import accelsim

CONFIGS = Path(__file__).parents[1] / "configs"
GOLDEN = Path(__file__).parent / "data" / "golden.csv"
TOTALS = ["cycles", "dram_read_bytes", "dram_write_bytes"]


def totals() -> pd.DataFrame:
    """Simulate every shipped configuration."""
    rows = [
        {"config": path.stem, "variant": variant, **{name: getattr(total, name) for name in TOTALS}}
        for path in sorted(CONFIGS.glob("*.yaml"))
        for variant, total in accelsim.simulate(accelsim.load_config(path)).summary.variants.items()
    ]
    return pd.DataFrame(rows)


def test_totals_are_the_golden_ones() -> None:
    pd.testing.assert_frame_equal(totals(), pd.read_csv(GOLDEN))


if __name__ == "__main__":
    totals().to_csv(GOLDEN, index=False, lineterminator="\n")
