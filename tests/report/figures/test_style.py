"""What all figures have in common."""

from __future__ import annotations

from threading import Thread

import matplotlib as mpl

from accelsim.report.figures.style import TEXT_PT, USE, VARIANTS, WAITS, WORK, house_style, new_axes, size_in


def test_no_two_looks_of_a_figure_are_alike() -> None:
    # a timeline shows both work and waits
    for looks in ([*WORK.values(), *WAITS.values()], [*USE.values()], [*VARIANTS.values()]):
        assert len({look.colour for look in looks}) == len(looks)
        assert len({look.name for look in looks}) == len(looks)


def test_the_size_of_axes_is_in_inches() -> None:
    axes = new_axes(4, 2)
    axes.set_position((0.25, 0.5, 0.5, 0.25))
    assert size_in(axes) == (2, 0.5)


def test_threads_take_turns() -> None:
    # Without that the one that leaves last would leave the style of the other behind.
    def draw() -> None:
        for _ in range(50):
            with house_style():
                assert mpl.rcParams["font.size"] == TEXT_PT

    before = dict(mpl.rcParams)
    threads = [Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(mpl.rcParams) == before
