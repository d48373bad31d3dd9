"""The figures behind the claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.claims import measure
from accelsim.claims.measure import DOCUMENTS_MACHINE, NETWORKS, PLACEMENTS, Measurement, measure_claims
from accelsim.errors import InputError
from accelsim.report.terminal.claims import CLAIMS, claims_markdown, claims_table
from tests.cli.tiny import NETWORK
from tests.report.terminal.printing import printed


@pytest.fixture(scope="module")
def measured(repository: Path) -> list[Measurement]:
    """What the shipped configurations come to."""
    return measure_claims(repository / "configs")


def test_the_table_of_the_readme(repository: Path, measured: list[Measurement]) -> None:
    assert f"\n{claims_markdown(measured)}\n" in (repository / "README.md").read_text(encoding="utf-8")


def test_the_claims(measured: list[Measurement]) -> None:
    places = [(one.network, one.placement) for one in measured]
    assert places == [(DOCUMENTS_MACHINE, "pass"), *((name, place) for name in NETWORKS for place in PLACEMENTS)]
    # 16 of 372 busy cycles of the function unit are the pass of BatchNorm; end to end 18 of 688 cycles.
    assert measured[0].unit_percent == 100 * 16 / 372
    assert measured[0].cycles_percent == 100 * 18 / 688
    for one in measured:
        assert (one.intermediate_bytes > 0) == (one.placement == "offchip")
        assert (one.unit_percent is not None) == (one.placement == "pass")
        assert one.float64_error < 1e-14
    table = printed(claims_table(measured))
    lines = claims_markdown(measured).splitlines()
    for claim in CLAIMS:
        assert f"“{claim.text}”" in table
        assert any(line.startswith(f"| “{claim.text}” |") for line in lines)
    assert lines[0].endswith("| mobilenet_v2 (inline / pass / offchip) |")
    assert len({line.count("|") for line in lines}) == 1


def test_without_the_configurations(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        measure_claims(tmp_path)


@pytest.fixture
def documents_config(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of the document's machine, alone in a folder in which it can be changed."""
    monkeypatch.setattr(measure, "NETWORKS", ())
    text = (repository / "configs" / f"{DOCUMENTS_MACHINE}.yaml").read_text(encoding="utf-8")
    text = text.replace("energy/", f"{repository}/configs/energy/").replace("../workloads/alpha5", "net")
    (tmp_path / "net.yaml").write_text(NETWORK, encoding="utf-8")
    config = tmp_path / f"{DOCUMENTS_MACHINE}.yaml"
    config.write_text(text, encoding="utf-8")
    return config


def test_an_area_of_which_a_tile_is_missing_is_no_figure(documents_config: Path) -> None:
    documents_config.write_text(documents_config.read_text().replace("operand_bits: 4", "operand_bits: 5"))
    (measured,) = measure_claims(documents_config.parent)
    assert measured.array_area_percent is measured.datapath_area_percent is measured.area_percent is None
    assert "|  | area with memories | - |" in claims_markdown([measured])


def test_no_area_is_saved_where_a_batchnorm_stays(documents_config: Path) -> None:
    (measured,) = measure_claims(documents_config.parent)
    assert measured.array_area_percent
    (documents_config.parent / "net.yaml").write_text(NETWORK + "  - {name: bn2, op: batchnorm}\n")
    (measured,) = measure_claims(documents_config.parent)
    assert (measured.array_area_percent, measured.datapath_area_percent, measured.area_percent) == (0, 0, 0)
