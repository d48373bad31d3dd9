"""What all figures have in common."""

from __future__ import annotations

from threading import Event, Thread

import matplotlib as mpl

from accelsim.report.figures.style import (
    TEXT_PT,
    USE,
    VARIANTS,
    WAITS,
    WORK,
    count_cycles,
    house_style,
    new_axes,
    size_in,
)


def test_no_two_looks_of_a_figure_are_alike() -> None:
    # a timeline shows both work and waits
    for looks in ([*WORK.values(), *WAITS.values()], [*USE.values()], [*VARIANTS.values()]):
        assert len({look.colour for look in looks}) == len(looks)
        assert len({look.name for look in looks}) == len(looks)


def test_the_size_of_axes_is_in_inches() -> None:
    axes = new_axes(4, 2)
    axes.set_position((0.25, 0.5, 0.5, 0.25))
    assert size_in(axes) == (2, 0.5)


def test_there_is_no_part_of_a_cycle() -> None:
    axes = new_axes(4, 2)
    count_cycles(axes.xaxis)
    for end, expected in ((2, [0, 1, 2]), (1_000_000, range(0, 1_000_001, 200_000))):
        axes.set_xlim(0, end)
        ticks = [tick for tick in axes.get_xticks() if tick <= end]
        assert ticks == list(expected)
    assert axes.xaxis.get_major_formatter()(200_000) == "200,000"


def test_threads_take_turns() -> None:
    # Without that the one that leaves last would leave the style of the other behind.
    entered = Event()

    def draw() -> None:
        with house_style():
            entered.set()

    before = dict(mpl.rcParams)
    thread = Thread(target=draw)
    with house_style():
        thread.start()
        assert not entered.wait(0.1)
        assert mpl.rcParams["font.size"] == TEXT_PT
    assert entered.wait(60)
    thread.join()
    assert dict(mpl.rcParams) == before
