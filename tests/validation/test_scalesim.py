"""Layers held against a report of SCALE-Sim: what it reported for small topologies on an 8x16 array."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.validation.scalesim import LayerComparison, compare_with_scalesim

CONV = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
a,12,11,3,2,5,10,2,
b,7,7,1,1,40,33,1,
c_DP,6,6,3,3,3,2,1,
"""
GEMM = "Layer, M, N, K,\ng1,20,17,35,\ng2,1,9,64,\n"
STALLING = CONV.splitlines(keepends=True)[0] + "a,20,20,3,3,20,30,1,\n"

HEADER = "LayerID, Total Cycles (incl. prefetch), Total Cycles, Stall Cycles, Overall Util %, Mapping Efficiency %,\n"


def report_of(*cycles: tuple[int, int, int]) -> str:
    """Write a report; of each layer all cycles with prefetching, all cycles, and those in which it stalled."""
    return HEADER + "".join(
        f"{index}, {prefetching}, {total}, {stalled}, 32.08174904942966, 58.59375,\n"
        for index, (prefetching, total, stalled) in enumerate(cycles)
    )


CONV_REPORTS = {
    "ws": report_of((483, 263, 0), (1886, 1184, 0), *[(160, 91, 0)] * 3),
    "os": report_of((412, 259, 0), (1599, 1301, 0), *[(128, 61, 0)] * 3),
    "is": report_of((699, 479, 0), (1961, 1259, 0), *[(132, 63, 0)] * 3),
}
GEMM_REPORTS = {
    "ws": report_of((736, 499, 0), (317, 247, 0)),
    "os": report_of((493, 341, 0), (151, 85, 0)),
    "is": report_of((706, 469, 0), (381, 311, 0)),
}
# InterfaceBandwidth: USER, with SRAMs of 1 kB and one word a cycle; without stalls it reports 16283, 16563 and 28979.
STALLING_REPORTS = {
    "ws": report_of((311037, 309686, 293403)),
    "os": report_of((579895, 578880, 562317)),
    "is": report_of((13947591, 13946752, 13917773)),
}


def compared(
    folder: Path, topology: str, report: str, dataflow: str = "ws", rows: int = 8, cols: int = 16
) -> list[LayerComparison]:
    (folder / "topology.csv").write_text(topology)
    (folder / "COMPUTE_REPORT.csv").write_text(report)
    return compare_with_scalesim(folder / "topology.csv", folder / "COMPUTE_REPORT.csv", rows, cols, dataflow)


@pytest.mark.parametrize("dataflow", CONV_REPORTS)
def test_convolutions_take_as_long(tmp_path: Path, dataflow: str) -> None:
    comparisons = compared(tmp_path, CONV, CONV_REPORTS[dataflow], dataflow)
    assert [comparison.difference for comparison in comparisons] == [0, 0, 0]


@pytest.mark.parametrize("dataflow", GEMM_REPORTS)
def test_products_take_as_long(tmp_path: Path, dataflow: str) -> None:
    comparisons = compared(tmp_path, GEMM, GEMM_REPORTS[dataflow], dataflow)
    assert [comparison.difference for comparison in comparisons] == [0, 0]


@pytest.mark.parametrize("dataflow", STALLING_REPORTS)
def test_stalls_do_not_count(tmp_path: Path, dataflow: str) -> None:
    comparisons = compared(tmp_path, STALLING, STALLING_REPORTS[dataflow], dataflow)
    assert [comparison.difference for comparison in comparisons] == [0]


def test_cycles_are_counts_and_the_channels_of_a_depthwise_layer_are_added(tmp_path: Path) -> None:
    # Indices of last cycles, from 0: 263, 1184, and three times 91.
    assert compared(tmp_path, CONV, CONV_REPORTS["ws"]) == [
        LayerComparison("a", 264, 264),
        LayerComparison("b", 1185, 1185),
        LayerComparison("c_DP", 276, 276),
    ]


def test_a_difference_is_what_accelsim_counts_more(tmp_path: Path) -> None:
    report = GEMM_REPORTS["ws"].replace(" 499,", " 500,").replace(" 247,", " 240,")
    assert [comparison.difference for comparison in compared(tmp_path, GEMM, report)] == [-1, 7]


def test_a_layer_that_fits_no_buffer_is_refused(tmp_path: Path) -> None:
    topology = f"Layer, M, N, K\nmaps, {2**20}, 1, {2**10 + 1}\n"
    with pytest.raises(InputError) as caught:
        compared(tmp_path, topology, report_of((0, 0, 0)))
    assert str(caught.value).startswith(f"{tmp_path / 'topology.csv'}: layer 'maps': ")
    assert "needs 1074790400 bytes of the ifmap buffer" in caught.value.message


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    report = "Stall Cycles,LayerID,Total Cycles\n1,0,500\n0,1,247\n"
    assert [comparison.difference for comparison in compared(tmp_path, GEMM, report)] == [0, 0]


FAULTS = {
    "a layer too few": (report_of((1, 1, 0)), None, None, "has 1 layers, but the topology has 2"),
    "a layer too many": (report_of(*[(1, 1, 0)] * 3), None, None, "has 3 layers, but the topology has 2"),
    "no total": ("LayerID, Total Cycle, Stall Cycles\n0,1,0\n1,1,0", 1, None, "no column 'Total Cycles'; did you mean"),
    "no stalls": ("LayerID, Total Cycles\n0,1\n1,1", 1, None, "has no column 'Stall Cycles'"),
    "text": (
        report_of((1, 1, 0)) + "1, 2, many, 0",
        3,
        "Total Cycles",
        "must be a number of cycles, not the text 'many'",
    ),
    "a negative number": (
        report_of((1, 1, 0)) + "1, 2, 3, -1",
        3,
        "Stall Cycles",
        "must be a number of cycles, not -1",
    ),
    "a short row": (report_of((1, 1, 0)) + "1, 2, 3,", 3, "Stall Cycles", "must be a number of cycles, not an empty"),
    "more stalls than cycles": (
        report_of((1, 1, 0), (1, 5, 6)),
        3,
        "Stall Cycles",
        "at most the 5 of Total Cycles, not 6",
    ),
    "layers in another order": (report_of((1, 1, 0)) + "3, 2, 2, 0", 3, "LayerID", "must be 1, not 3"),
    "nothing": ("", None, None, "is empty"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_report_that_is_none_of_the_topology_is_refused(case: str, tmp_path: Path) -> None:
    report, line, column, words = FAULTS[case]
    with pytest.raises(InputError) as caught:
        compared(tmp_path, GEMM, report)
    assert (caught.value.path, caught.value.line, caught.value.key) == (tmp_path / "COMPUTE_REPORT.csv", line, column)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("topology", "words"),
    [(GEMM, "the topology has 2"), (CONV, "the topology has 5 (one for each DP channel)")],
)
def test_only_a_topology_with_depthwise_layers_speaks_of_them(tmp_path: Path, topology: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        compared(tmp_path, topology, report_of((1, 1, 0)))
    assert caught.value.message == f"has 1 layers, but {words}"


@pytest.mark.parametrize("name", ["topology.onnx", "topology.yaml", "topology"])
def test_another_network_is_no_topology(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        compare_with_scalesim(tmp_path / name, tmp_path / "COMPUTE_REPORT.csv", 8, 16, "ws")
    assert str(caught.value) == f"{tmp_path / name}: is no topology of SCALE-Sim, which is a .csv file"


@pytest.mark.parametrize(
    ("rows", "cols", "dataflow", "words"),
    [
        (0, 16, "ws", "rows: must be at least 1, not 0"),
        (8, 5000, "ws", "cols: must be at most 4096, not 5000"),
        (8, 16, "rs", "dataflow: must be one of 'ws', 'is', 'os', not 'rs'"),
    ],
)
def test_an_array_that_cannot_be_is_refused(tmp_path: Path, rows: int, cols: int, dataflow: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        compared(tmp_path, GEMM, GEMM_REPORTS["ws"], dataflow, rows, cols)
    assert words in str(caught.value)
