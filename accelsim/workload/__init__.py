"""The network: a graph of layers, and the file formats that it is read from."""

from accelsim.workload.graph import Graph
from accelsim.workload.load import read_network
from accelsim.workload.nodes import GraphError
from accelsim.workload.shapes import Shape, Window
from accelsim.workload.yaml_frontend import read_workload

__all__ = ["Graph", "GraphError", "Shape", "Window", "read_network", "read_workload"]
