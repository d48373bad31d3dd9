"""``accelsim import``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_input_shape, add_strict, yaml_file

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    importing = commands.add_parser("import", help="write any network as YAML", description=_import.__doc__)
    importing.add_argument("network", type=Path, help="network in any format that accelsim reads")
    importing.add_argument(
        "-o", "--output", type=yaml_file, required=True, metavar="FILE", help="YAML file to write (*.yaml)"
    )
    add_input_shape(importing)
    importing.add_argument("--force", action="store_true", help="replace a file that is there already")
    add_strict(importing)
    importing.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> None:
    """Read a network in any format, and write it as a YAML file: one line a layer, to look at and to change."""
    from accelsim.documents.new_file import check_new_file
    from accelsim.workload import read_network

    check_new_file(options.output, force=options.force)
    graph = read_network(options.network, options.input_shape)
    from accelsim.workload.unmodelled import refuse_unmodelled, unmodelled_nodes
    from accelsim.workload.yaml_writer import write_workload

    if options.strict:
        refuse_unmodelled(graph, options.network)
    source = options.network.name if options.network.name.isprintable() else None
    write_workload(graph, options.output, source, force=options.force)
    from accelsim.layers import layers_of
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.report.terminal.tables import network_line, unmodelled_lines
    from accelsim.results.summary import unmodelled_operators

    out = console()
    print_lines(out, [f"{options.output}: {network_line(graph)}"])
    print_lines(
        out, unmodelled_lines(unmodelled_operators(unmodelled_nodes(graph), layers_of(graph, batch=1), batch=1))
    )
