from __future__ import annotations

from pathlib import Path

from accelsim.area.datapath import Tile
from accelsim.area.figures import SHIPPED, CellFigures, FpgaFigures, shipped, shipped_figures, write_figures
from accelsim.area.synthesis import fingerprint

PE = Tile("pe_stationary", (("STATIONARY_BITS", 4), ("STREAM_BITS", 4), ("PSUM_BITS", 16), ("SHADOW", 0)))


def test_the_table_is_looked_up_by_module_and_parameters() -> None:
    figures = shipped_figures()[PE]
    assert shipped().cells(PE) == figures.cells
    assert shipped().fpga(PE) == figures.fpga
    assert isinstance(figures.cells, CellFigures)
    assert isinstance(figures.fpga, FpgaFigures)


def test_a_tile_that_is_not_in_the_table_is_not_known() -> None:
    odd = PE._replace(parameters=(("STREAM_BITS", 5),))
    assert shipped().cells(odd) is None
    assert shipped().fpga(odd) is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = tmp_path / "figures.csv"
    write_figures(written, shipped_figures().items())
    assert written.read_bytes() == SHIPPED.read_bytes()


def test_the_table_is_of_the_rtl_as_it_is() -> None:
    """If this fails: python benchmarks/area.py figures."""
    stale = [tile.module for tile, figures in shipped_figures().items() if figures.rtl != fingerprint(tile.module)]
    assert stale == []
