"""Folding leaves numbers as they are, but for rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import accelsim
from accelsim.claims.identity import largest_errors
from accelsim.experiment import plan_network
from accelsim.fusion.fold import Filters


def test_the_errors_are_those_of_rounding(repository: Path) -> None:
    plan = plan_network(accelsim.load_config(repository / "configs" / "alpha5.yaml"))
    single, double = largest_errors(plan, np.random.default_rng(1))
    # Weights and bias are each rounded once, to half a unit in the last place: 2^-24 of their size.
    assert 2.0**-27 < single <= 2.0**-24 * (1 + 1e-6)
    assert 0 < double < 2.0**-45


def test_a_wrong_fold_is_seen(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_network(accelsim.load_config(repository / "configs" / "alpha5.yaml"))
    monkeypatch.setattr(Filters, "folded_behind", lambda filters, affine: filters._replace(bias=affine.shift))
    assert min(largest_errors(plan, np.random.default_rng(1))) > 0.01
