"""Waveforms as VCD (IEEE 1364), and the save file with which GTKWave shows them in groups."""

from __future__ import annotations

from heapq import merge
from itertools import groupby
from math import log2
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vcd import VCDWriter
from vcd.gtkw import GTKWColor, GTKWSave

from accelsim.documents.new_file import check_new_file, write_new_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from vcd.writer import Variable

    from accelsim.report.selection import Window
    from accelsim.report.traces.steps import Steps

BUSY = "busy"

STALLED = "stalled"

_VARIABLES: dict[str, dict[str, Any]] = {
    "bit": {"var_type": "wire", "size": 1, "init": 0},
    "number": {"var_type": "integer", "init": 0},
    "text": {"var_type": "string", "init": ""},
}

_COLOURS = {BUSY: GTKWColor.green, STALLED: GTKWColor.red}

_SHOWN_FRAMES = 3
"""GTKWave measures its zoom in frames of 200 pixels; so many are in a new window, which begins with all of the time."""


class Wave(NamedTuple):
    """A signal: where it lies (``("fused", "dma")``), what it is called, and its values; zero or empty at first."""

    scope: tuple[str, ...]
    name: str
    kind: Literal["bit", "number", "text"]
    steps: Steps[Any]

    @property
    def path(self) -> str:
        """The name by which a viewer finds it."""
        return ".".join((*self.scope, self.name))


def write_waves(waves: Sequence[Wave], window: Window, path: Path, *, force: bool = False) -> list[Path]:
    """Write waves as VCD, and beside it the save file with which GTKWave shows them.

    Parameters
    ----------
    waves
        The signals; their steps are used up.
    window
        When the file begins and ends. No step is outside.
    path
        Where the VCD is to go.
    force
        Whether files that are there are replaced.

    Returns
    -------
    list
        The two files.

    Raises
    ------
    InputError
        As :func:`accelsim.documents.new_file.write_new_file`.
    """
    save_file = path.with_suffix(".gtkw")
    check_new_file(save_file, force=force)
    write_new_file(path, lambda fresh: write_vcd(waves, window, fresh), force=force)
    write_new_file(save_file, lambda fresh: write_save_file(waves, window, path.name, fresh), force=force)
    return [path, save_file]


def write_vcd(waves: Sequence[Wave], window: Window, path: Path) -> None:
    """Write waves as VCD, a nanosecond for a cycle. The same input gives the same bytes.

    Parameters
    ----------
    waves
        The signals; their steps are used up.
    window
        When the file begins and ends. No step is outside.
    path
        Where to.
    """
    with path.open("w", encoding="ascii", newline="\n") as file:
        writer = VCDWriter(
            file, timescale="1 ns", date="", comment="1 ns is 1 cycle", init_timestamp=window.start_cycle
        )
        streams = [
            _changes(writer.register_var(wave.scope, wave.name, **_VARIABLES[wave.kind]), wave.steps) for wave in waves
        ]
        for cycle, variable, value in merge(*streams, key=itemgetter(0)):
            writer.change(variable, cycle, _printable(value) if isinstance(value, str) else value)
        writer.close(window.end_cycle)


def write_save_file(waves: Sequence[Wave], window: Window, dump: str, path: Path) -> None:
    """Write a save file for GTKWave: all waves in groups, as their scopes are nested.

    Parameters
    ----------
    waves
        The signals; their steps are not looked at.
    window
        What is seen at first.
    dump
        Name of the VCD, which lies beside the save file.
    path
        Where to.
    """
    with path.open("w", encoding="ascii", newline="\n") as file:
        save = GTKWSave(file)
        save.dumpfile(dump, abspath=False)
        save.sst_expanded(False)
        save.timestart(window.start_cycle)
        # A frame is 2^-zoom nanoseconds long.
        save.zoom_markers(log2(_SHOWN_FRAMES / (window.end_cycle - window.start_cycle)))
        _save_groups(save, waves, 0)


def _changes(variable: Variable[Any], steps: Steps[Any]) -> Iterator[tuple[int, Variable[Any], Any]]:
    return ((cycle, variable, value) for cycle, value in steps)


def _printable(text: str) -> str:
    """Return a text as VCD can hold it, which is ASCII: anything else as Python escapes it."""
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _save_groups(save: GTKWSave, waves: Iterable[Wave], depth: int) -> None:
    for scope, members in groupby(waves, key=lambda wave: wave.scope[depth : depth + 1]):
        if scope:
            with save.group(scope[0]):
                _save_groups(save, members, depth + 1)
        else:
            for wave in members:
                form = "dec" if wave.kind == "number" else "hex"
                save.trace(wave.path, alias=wave.name, color=_COLOURS.get(wave.name), datafmt=form)
