"""SCALE-Sim's topologies become a graph of independent layers, or one clear error with file, line and column."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload import read_network
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Conv, Node, Source
from accelsim.workload.scalesim_frontend import read_topology
from accelsim.workload.shapes import Shape, Window
from accelsim.workload.yaml_layers import MAX_CHANNELS, MAX_SIDE, MAX_WINDOW

CONV = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
TWO_STRIDES = (
    "Layer name,IFMAP height,IFMAP width,Filter height,Filter width,Channels,Num filter,Stride height,Stride width,\n"
)
GEMM = "Layer, M, N, K,\n"


def topology(folder: Path, text: str) -> Path:
    path = folder / "topology.csv"
    path.write_bytes(text.encode())
    return path


def graph_of(folder: Path, text: str) -> Graph:
    return read_topology(topology(folder, text))


def content(graph: Graph) -> tuple[str, Shape, list[Node]]:
    return graph.name, graph.input_shape, list(graph)


def test_a_convolution(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, CONV + "Conv1, 12, 11, 4, 3, 5, 10, 2,\n")
    # 12 rows end with the last window of 4, at row 8; 11 columns with that of 3.
    conv = Conv(
        name="Conv1", inputs=("input",), in_channels=5, out_channels=10, window=Window((4, 3), (2, 2)), bias=False
    )
    assert content(graph) == ("topology", Shape(5, 12, 11), [conv])
    assert graph.shapes["Conv1"] == Shape(10, 5, 5)


def test_two_strides_are_height_and_width(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, TWO_STRIDES + "a,9,9,3,3,1,1,2,3,\n")
    assert [node.window for node in graph if isinstance(node, Conv)] == [Window((3, 3), (2, 3))]
    assert graph.shapes["a"] == Shape(1, 4, 3)


@pytest.mark.parametrize(
    ("size", "window", "stride", "outputs", "whole"),
    [
        # ⌈(H − h + s) / s⌉ outputs, the last of which ends in row (outputs − 1)·s + h.
        (224, 7, 2, 110, 225),
        (224, 8, 2, 109, 224),
        (56, 1, 2, 29, 57),
        (7, 3, 1, 5, 7),
        (5, 5, 3, 1, 5),
        (6, 5, 3, 2, 8),
        (3, 1, 9, 2, 10),
    ],
)
def test_the_ifmap_ends_with_the_last_window(
    tmp_path: Path, size: int, window: int, stride: int, outputs: int, whole: int
) -> None:
    graph = graph_of(
        tmp_path, f"{TWO_STRIDES}a,{size},20,{window},4,1,1,{stride},4\nb,20,{size},4,{window},1,1,4,{stride}"
    )
    assert (graph.input_shape, graph.shapes["a"]) == (Shape(1, whole, 20), Shape(1, outputs, 5))
    assert (graph.shapes["b.ifmap"], graph.shapes["b"]) == (Shape(1, 20, whole), Shape(1, 5, outputs))


def test_a_product_of_matrices_is_a_convolution_of_pixels(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, GEMM + "product, 20, 17, 35,\n")
    conv = Conv(name="product", inputs=("input",), in_channels=35, out_channels=17, window=Window())
    assert content(graph) == ("topology", Shape(35, 20, 1), [conv])
    assert graph.macs == 20 * 17 * 35


def test_a_depthwise_convolution_has_all_filters_for_each_channel(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, CONV + "Conv2_DP_1, 6, 6, 3, 3, 4, 2, 1,\n")
    (conv,) = graph
    assert isinstance(conv, Conv)
    assert (conv.in_channels, conv.out_channels, conv.groups) == (4, 8, 4)
    # Each of 4 layers of one channel and 2 filters has 16 outputs of 9 products.
    assert graph.macs == 4 * 2 * 16 * 9


def test_a_product_is_never_depthwise(tmp_path: Path) -> None:
    (conv,) = graph_of(tmp_path, GEMM + "DP, 2, 3, 4,\n")
    assert isinstance(conv, Conv)
    assert conv.groups == 1


def test_layers_do_not_read_one_another(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, GEMM + "a,2,3,4,\nb,5,6,7,\nc,5,6,7,\n")
    assert [(node.name, node.inputs) for node in graph] == [
        ("a", ("input",)),
        ("b.ifmap", ()),
        ("b", ("b.ifmap",)),
        ("c.ifmap", ()),
        ("c", ("c.ifmap",)),
    ]
    assert graph.nodes["b.ifmap"] == Source(name="b.ifmap", inputs=(), shape=Shape(7, 5, 1))


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["a", "b", "a", "a", "b"], ["a", "b", "a#2", "a#3", "b#2"]),
        (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
        (["a#2", "a", "a"], ["a#2", "a", "a#3"]),
        (["a", "a.ifmap"], ["a", "a.ifmap#2"]),
        (["a.ifmap", "a"], ["a.ifmap", "a#2"]),
        (["input"], ["input#2"]),
    ],
)
def test_names_that_are_there_already_are_numbered(tmp_path: Path, written: list[str], names: list[str]) -> None:
    graph = graph_of(tmp_path, GEMM + "".join(f"{name},1,1,1,\n" for name in written))
    assert [node.name for node in graph if isinstance(node, Conv)] == names


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (CONV, "a,5,5,3,3,2,4,1,1:1,"),
        (CONV, "a,5,5,3,3,2,4,1,4:4"),
        (CONV.rstrip() + "Sparsity,\n", "a,5,5,3,3,2,4,1,2:2,"),
        (CONV.rstrip() + "Sparsity Ratio\n", "a,5,5,3,3,2,4,1,"),
        (TWO_STRIDES, "a,5,5,3,3,2,4,1,1,1:1,"),
        (TWO_STRIDES, "a,5,5,3,3,2,4,1,1,1,1,"),
        ("what,ever,they,are,called,is,not,known\n", "a,5,5,3,3,2,4,1"),
    ],
)
def test_dense_layers_in_other_words(tmp_path: Path, header: str, row: str) -> None:
    assert content(graph_of(tmp_path, header + row)) == content(graph_of(tmp_path, CONV + "a,5,5,3,3,2,4,1,\n"))


@pytest.mark.parametrize(
    "text",
    [
        "Layer,M,N,K\na,2,3,4\nb,5,6,7",
        "\ufeffLayer, M, N, K,\na, 2, 3, 4,\nb, 5, 6, 7,\n",
        "LAYER , m,n,k , \r\n\r\na,2,3,4,\r\n , ,\r\n\t b ,5\t,6,7,\r\n\r\n",
        "Layer,M,N,K,,,\na,2,3,4,,,\nb,5,6,7,,,\n",
        "# products\nLayer,M,N,K,# their sizes\na,2,3,4,#first\n#second\nb,5,6,7,\n",
    ],
)
def test_a_file_may_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    assert content(graph_of(tmp_path, text)) == content(graph_of(tmp_path, GEMM + "a,2,3,4,\nb,5,6,7,\n"))


sizes = st.integers(min_value=1, max_value=40)
convolutions = st.tuples(st.text("abDP_0", min_size=1), sizes, sizes, sizes, sizes, sizes, sizes)


@given(st.lists(convolutions, min_size=1, max_size=5), st.sampled_from([",", " ,", ",  ", ",# remark"]))
def test_a_comma_at_the_end_of_a_row_changes_nothing(
    layers: list[tuple[str, int, int, int, int, int, int]], end: str
) -> None:
    # An ifmap larger than the filter.
    rows = [(name, more + h, more + w, h, w, *rest) for name, more, h, w, *rest in layers]
    bare = [CONV.strip().rstrip(","), *(",".join(map(str, row)) for row in rows)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        without = graph_of(folder, "\n".join(bare))
        assert content(graph_of(folder, "\n".join(f"{row}{end}" for row in bare))) == content(without)


ROW = "a, 5, 5, 3, 3, 2, 4, 1,\n"
FAULTS = {
    "text in a number": (CONV + ROW + "b, 5, five, 3, 3, 2, 4, 1,", 3, "IFMAP Width", "not the text 'five'"),
    "a fraction": (
        CONV + "b, 5, 5, 3.0, 3, 2, 4, 1,",
        2,
        "Filter Height",
        "must be a whole number, not the text '3.0'",
    ),
    "an empty field": (CONV + "b, 5, 5, 3, , 2, 4, 1,", 2, "Filter Width", "not an empty value"),
    "zero": (CONV + "b, 5, 5, 3, 3, 0, 4, 1,", 2, "Channels", "must be at least 1, not 0"),
    "a negative number": (CONV + "b, 5, 5, 3, 3, 2, -4, 1,", 2, "Num Filter", "must be at least 1, not -4"),
    "digits of another script": (CONV + "b, 5, 5, 3, 3, 2, 4, ٣,", 2, "Strides", "must be a whole number"),
    "2^40": (GEMM + f"b, {2**40}, 1, 1,", 2, "M", f"must be at most {MAX_CHANNELS}, not {2**40}"),
    "a long side": (CONV + f"b, {MAX_SIDE + 1}, 5, 3, 3, 2, 4, 1,", 2, "IFMAP Height", f"at most {MAX_SIDE}"),
    "a long stride": (CONV + f"b, 5, 5, 3, 3, 2, 4, {MAX_WINDOW + 1},", 2, "Strides", f"at most {MAX_WINDOW}"),
    "more digits than a number has": (GEMM + f"b, 1, {'9' * 5000}, 1,", 2, "N", "must be a whole number"),
    "zero stride of two": (TWO_STRIDES + "b, 5, 5, 3, 3, 2, 4, 1, 0,", 2, "Stride width", "must be at least 1"),
    "a filter too high": (
        CONV + "b, 5, 7, 6, 7, 2, 4, 1,",
        2,
        "Filter Height",
        "6 is larger than the ifmap's height of 5",
    ),
    "a filter too wide": (
        CONV + "b, 7, 5, 7, 6, 2, 4, 1,",
        2,
        "Filter Width",
        "6 is larger than the ifmap's width of 5",
    ),
    "no name": (CONV + ", 5, 5, 3, 3, 2, 4, 1,", 2, "Layer name", "at least 1 character"),
    "no name of a product": (GEMM + ", 5, 5, 3", 2, "Layer", "at least 1 character"),
    "a sparse layer": (CONV + "b, 5, 5, 3, 3, 2, 4, 1, 2:4,", 2, "Sparsity", "must be dense, 1:1, not 2:4"),
    "a sparse product": (GEMM + "b, 5, 5, 3, 1:2,", 2, "Sparsity", "sparse weights are not modelled"),
    "sparsity written back": (TWO_STRIDES + "b, 5, 5, 3, 3, 2, 4, 1, 1, 2, 4,", 2, "Sparsity", "not 2:4"),
    "no sparsity": (CONV + "b, 5, 5, 3, 3, 2, 4, 1, some:4,", 2, "Sparsity", "must have the form N:M, not 'some:4'"),
    "a field too few": (CONV + ROW + "b, 5, 5, 3, 3, 2, 4,", 3, None, "has 7 fields, but the header names 8 columns"),
    "a field too many": (GEMM + "b, 5, 5, 3, 3,", 2, None, "has 5 fields, but the header names 4 columns"),
    "a convolution among products": (GEMM + ROW, 2, None, "has 8 fields, but the header names 4 columns"),
    "one stride for two": (TWO_STRIDES + ROW, 2, None, "has 8 fields, but the header names 9 columns"),
    "two strides for one": (
        CONV + "b, 5, 5, 3, 3, 2, 4, 1, 1,",
        2,
        None,
        "has 9 fields, but the header names 8 columns",
    ),
    "no such topology": ("\nLayer, M, N\nb, 1, 1", 2, None, "has 3 columns; a topology has 4 (Layer, M, N, K) or 8 ("),
    "semicolons": ("Layer;M;N;K\nb;1;1;1", 1, None, "has 1 columns"),
    "columns in another order": ("Layer, M, k, N,\nb, 1, 1, 1,", 1, None, "column 3 is 'k', where SCALE-Sim has N"),
    "a convolution's first columns": (
        "Layer name, IFMAP Height, IFMAP Width, Filter Height\nb, 1, 1, 1",
        1,
        None,
        "column 2 is 'IFMAP Height', where SCALE-Sim has M",
    ),
    "no header": (ROW + ROW, 1, None, "the first line must be a header, as SCALE-Sim skips it"),
    "a header only": (CONV, 1, None, "has a header, but no layer"),
    "too many elements": (GEMM + f"a, 1, 1, 1,\nb, {2**20}, 1, {2**13},", 3, None, "has more than 4294967296 elements"),
    "too many in the first layer": (GEMM + f"b, {2**20}, 1, {2**13},", 2, None, "has more than 4294967296 elements"),
    "too many weights": (GEMM + f"b, 1, {2**20}, {2**13},", 2, None, "has more than 4294967296 parameters"),
    "a control character": (GEMM + "a, 1, 1, 1,\nb\x1b[2J, 1, 1, 1,", 3, None, "U+001B is not allowed"),
    "a field without end": (GEMM + "a" * 200_000, 2, None, "is not valid CSV"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_are_named_with_line_and_column(case: str, tmp_path: Path) -> None:
    text, line, column, words = FAULTS[case]
    path = topology(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_topology(path)
    assert (caught.value.path, caught.value.line, caught.value.key) == (path, line, column)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"\r\n , ,\n", "is empty"), (b"\x80\xff\x00", "is not UTF-8 text"), (b"a\x00,1", "U+0000")],
)
def test_files_that_hold_no_rows_of_text(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "topology.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words.replace("+", r"\+")):
        read_network(path)


def test_places_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_network(tmp_path / "topology.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_network(tmp_path / "folder.csv")
