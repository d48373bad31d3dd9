"""Tables that were made for the terminal, as text."""

from __future__ import annotations

from rich.table import Table

from accelsim.report.page.printed_table import printed_table


def test_cells_are_in_their_sections() -> None:
    table = Table("name", "value")
    table.add_row("[b]a", "1")
    table.add_row("b")
    table.add_section()
    table.add_row("c", "3")
    assert printed_table(table) == (["name", "value"], [[["[b]a", "1"], ["b", ""]], [["c", "3"]]])


def test_a_section_without_rows_is_none() -> None:
    table = Table("name")
    table.add_row("a")
    table.add_section()
    assert printed_table(table).sections == [[["a"]]]
