"""Files that are made from a result, by commands of their own or at once by ``accelsim run``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from accelsim.report.selection import Activity, Window
    from accelsim.results.records import Records

TRACE = "trace.json"
WAVES = "waves.vcd"
PAGE = "report.html"


def write_trace_file(records: Records, activity: Activity, path: Path, *, force: bool = False) -> list[Path]:
    """Write a part of a result as Trace Event JSON, and return the files written."""
    from accelsim.documents.new_file import write_new_file
    from accelsim.report.traces.trace_event import write_trace

    write_new_file(path, lambda fresh: write_trace(records, activity, fresh), force=force)
    return [path]


def write_waves(records: Records, activity: Activity, path: Path, *, force: bool = False) -> list[Path]:
    """Write a part of a result as VCD, with GTKWave's save file beside it, and return the files written."""
    from accelsim.report.traces import vcd
    from accelsim.report.traces.waves import result_waves, whole_window

    return vcd.write_waves(result_waves(records, activity), whole_window(activity), path, force=force)


def write_page(
    records: Records, path: Path, layers: Sequence[str] = (), window: Window | None = None, *, force: bool = False
) -> list[Path]:
    """Write a result as one page of HTML, with a part of it as its timeline, and return the file written."""
    from accelsim.documents.new_file import check_new_file, write_new_file
    from accelsim.report.page.page import report_page

    check_new_file(path, force=force)
    write_new_file(path, report_page(records, layers, window).encode(), force=force)
    return [path]
