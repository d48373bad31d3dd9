from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.area.datapath import Tile
from accelsim.area.figures import CellFigures, FigureSource, shipped, shipped_figures
from accelsim.area.study import PSUM_BITS, SIDES, STYLES, shares, shares_table, square_machine, tiles_table
from accelsim.errors import InputError


def cells(tile: Tile) -> CellFigures:
    """A lane of BN takes as much as 8 PEs and as 4 lanes of the activation stage."""
    return CellFigures({"pe_stationary": 1, "bn_stage": 8, "activation": 2}.get(tile.module, 0), 1)


SOURCE = FigureSource("made up", cells, lambda _: NotImplemented)


def test_a_lane_serves_a_column_so_the_share_falls_with_the_rows() -> None:
    found = shares(SOURCE)[:4]
    assert [share.side for share in found] == [8, 16, 32, 64]
    assert [share.of_array for share in found] == [percent(8, side + 8) for side in SIDES]
    assert [share.of_array_and_activation for share in found] == [percent(8, side + 8 + 2) for side in SIDES]


def percent(bn: int, column: int) -> float:
    return 100 * bn / column


def test_every_width_and_style_has_its_machines() -> None:
    cases = [(share.operand_bits, share.style, share.side) for share in shares(SOURCE)]
    assert cases == [(bits, style, side) for bits in PSUM_BITS for style in STYLES for side in SIDES]


def test_styles_are_as_wide_as_they_say() -> None:
    assert [square_machine(8, 8, style).bn.parameter_bits for style in STYLES] == [16, 32, 16]
    assert [square_machine(8, 4, style).bn.parameters for style in STYLES] == ["scale_shift", "scale_shift", "raw"]


def test_a_table_has_a_line_for_each_width_and_style() -> None:
    lines = shares_table(shares(SOURCE)).splitlines()
    assert lines[0] == "| operands | BN stage | 8x8 | 16x16 | 32x32 | 64x64 |"
    assert len(lines) == 2 + len(PSUM_BITS) * len(STYLES)
    assert lines[2].startswith(f"| 4 bits | {STYLES[0].name} | 50.0 / 44.4 / 44.4 | ")


def test_a_source_without_a_tile_makes_no_study() -> None:
    without = SOURCE._replace(cells=lambda tile: None if tile.module == "pooling" else cells(tile))
    with pytest.raises(InputError, match="made up lacks tiles of the study: python"):
        shares(without)


@pytest.mark.parametrize(("psum_bits", "word_bits"), [(16, 8), (24, 12), (32, 16), (32, 32)])
def test_the_documentation_puts_lanes_of_the_requantiser_beside_those_of_bn(
    psum_bits: int, word_bits: int, repository: Path
) -> None:
    lane = (("LANES", 1), ("LATENCY", 0), ("PSUM_BITS", psum_bits), ("PARAMETER_BITS", word_bits))
    tiles = Tile("requantizer", lane), Tile("bn_stage", (*lane, ("RAW", 0)))
    areas = " | ".join(f"{shipped_figures()[tile].cells.area_um2:,.0f}" for tile in tiles)
    text = (repository / "docs" / "area.md").read_text(encoding="utf-8")
    assert f"| {psum_bits}, {word_bits} bits | {areas} | " in text


def test_the_documentation_shows_the_figures_that_ship(repository: Path) -> None:
    """If this fails: python benchmarks/area.py study."""
    text = (repository / "docs" / "area.md").read_text(encoding="utf-8")
    assert shares_table(shares(shipped())) in text
    assert tiles_table() in text
