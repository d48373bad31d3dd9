"""Tables fit where they are printed, and no number of them is ever cut."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import pytest
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from accelsim.report.terminal.console import UNBOUNDED, console, print_lines, print_table
from accelsim.report.terminal.name import Name
from accelsim.report.terminal.tables import layers_tables, totals_table
from tests.report.terminal.fake_terminal import FakeTerminal
from tests.results.runs import result_of

NAME = "layer1.0.downsample.conv"
NUMBER = "1,814,073,344"


def table(*columns: str, name: str = NAME) -> Table:
    """One line, with a name and the same number in every column."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    made.add_column("layer")
    for column in columns:
        made.add_column(column, justify="right", no_wrap=True)
    made.add_row(Name(name), *[NUMBER] * len(columns))
    return made


def printed(width: int, *tables: Table) -> list[str]:
    """Lines that hold anything, on a console of this width."""
    file = io.StringIO()
    print_table(Console(file=file, width=width), *tables)
    return [line for line in file.getvalue().splitlines() if line]


@pytest.mark.parametrize(
    ("width", "name"),
    [
        # A blank ahead, two between the columns, and one that ends the line: 1 + 24 + 2 + 13 + 1.
        (100, NAME),
        (41, NAME),
        (40, "layer1.0.do…sample.conv"),
        (29, "layer…e.conv"),
        (20, "layer…e.conv"),
    ],
)
def test_a_name_is_shortened_and_a_number_is_not(width: int, name: str) -> None:
    assert printed(width, table("cycles"))[-1].split() == [name, NUMBER]


def test_a_short_name_stays_whole() -> None:
    assert printed(10, table("cycles", name="conv1"))[-1] == f" conv1  {NUMBER}"


def test_titles_of_numbers_are_not_cut_either() -> None:
    tables = [table("a title that is longer than its number"), table("DRAM KiB of\nthe fused one")]
    for made in tables:
        titles = [str(column.header).splitlines() for column in made.columns]
        lines = "\n".join(printed(30, made))
        assert all(line in lines for title in titles for line in title)


def test_the_fullest_table_that_fits_is_printed() -> None:
    def columns(width: int) -> int:
        return printed(width, table("a", "b", "c"), table("a", "b"), table("a"))[-1].count(NUMBER)

    # With the name at 12: 1 + 12 + 1, and 15 a number
    assert [columns(width) for width in (59, 58, 44, 43, 29, 28, 10)] == [3, 2, 2, 1, 1, 1, 1]


def test_no_line_ends_in_a_blank() -> None:
    made = table("cycles")
    made.title = "title"
    made.title_justify = "left"
    made.add_row(Name("bn"))
    lines = printed(100, made)
    assert lines == [line.rstrip() for line in lines]
    assert lines[-1] == " bn"


def numbers(lines: Sequence[str]) -> list[str]:
    return [word for line in lines for word in line.split() if word[0].isdigit()]


@pytest.mark.parametrize("width", range(10, 110, 7))
def test_no_number_of_a_run_is_cut_on_any_terminal(width: int) -> None:
    result = result_of("resnet18")
    wide = {word for made in layers_tables(result.layers) for word in numbers(printed(1000, made))}
    wide |= set(numbers(printed(1000, totals_table(result.summary))))
    shown = numbers(printed(width, *layers_tables(result.layers)))
    assert len(shown) >= 5 * len(result.layers["layer"].unique())
    assert set(shown) <= wide
    assert sorted(numbers(printed(width, totals_table(result.summary)))) == sorted(
        numbers(printed(1000, totals_table(result.summary)))
    )


def test_on_80_columns_stalls_are_left_out_and_no_line_is_longer() -> None:
    lines = printed(80, *layers_tables(result_of("resnet18").layers))
    assert lines[0].split() == ["cycles", "cycles", "saved", "DRAM", "KiB", "DRAM", "KiB", "array", "%", "array", "%"]
    assert lines[3].split() == ["conv1", "132,955", "132,975", "0.02", "1,120.9", "1,121.2", "86.7", "86.7"]
    assert max(map(len, lines)) <= 80


def test_what_is_no_terminal_has_room_for_everything_and_no_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "n" * 500
    print_table(console(), table("cycles", "stalled", name=name), table("cycles", name=name))
    assert capsys.readouterr().out.splitlines()[-2] == f" {name}  {NUMBER}  {NUMBER}"


def test_a_terminal_can_be_treated_as_if_it_had_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", FakeTerminal())
    monkeypatch.setenv("COLUMNS", "40")
    assert (console().width, console(wide=True).width) == (40, UNBOUNDED)


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_no_color_is_respected(no_color: str, is_coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    console().print("[red]word[/red]")
    assert terminal.getvalue() == ("\x1b[31mword\x1b[0m\n" if is_coloured else "word\n")


def test_a_terminal_that_knows_no_styles_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    print_table(console(), table("cycles"))
    assert "cycles" in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()


def test_a_name_that_the_output_cannot_encode_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    print_lines(console(), ["名前.conv1"])
    sys.stdout.flush()
    assert written.getvalue() == b"??.conv1\n"


@pytest.mark.parametrize("name", ["backbone." * 20, "畳み込み層の名前" * 9])
@pytest.mark.parametrize("width", [80, 120])
def test_long_names_leave_the_table_as_wide_as_the_terminal(name: str, width: int) -> None:
    layers = result_of("alpha5").layers.assign(layer=name)
    lines = printed(width, *layers_tables(layers))
    assert [cell_len(line) for line in lines] == [width - 1] * len(lines)  # a blank ends them all, and is not printed


@pytest.mark.parametrize("case", ["resnet18", "mobilenet, off chip", "cifar, kept on chip", "alpha5"])
def test_totals_fit_80_columns_a_line_each(case: str) -> None:
    summary = result_of(case).summary
    lines = printed(80, totals_table(summary))
    assert max(map(len, lines)) < 80
    assert lines == printed(1000, totals_table(summary))
