"""``accelsim area``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_config, loaded_config

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    area = commands.add_parser(
        "area", help="what a machine takes on silicon, fused and unfused", description=_area.__doc__
    )
    add_config(area)
    area.add_argument(
        "--synthesise",
        action="store_true",
        help="synthesise the machine's RTL, instead of looking it up in the table that ships with accelsim; what has "
        "been synthesised once is kept (yosys takes a minute when it starts for the first time)",
    )
    area.add_argument("--fpga", action="store_true", help="count LUTs, flip-flops and DSPs of an FPGA, too")
    area.set_defaults(command=_area)


def _area(options: argparse.Namespace) -> None:
    """Print the area of a machine's units and memories, as the network needs it built unfused and fused.

    A unit of which the table lacks a tile is named and left out of the totals. The exit code is 3 if yosys is needed
    and missing.
    """
    config = loaded_config(options)
    machine = config.machine
    from accelsim.area.estimate import machine_area, machine_fpga
    from accelsim.area.figures import shipped
    from accelsim.area.synthesis import synthesis
    from accelsim.built_stages import built_stages
    from accelsim.experiment import read_layers
    from accelsim.report.terminal.area import area_lines, area_table, fpga_table, kept_bn_lines
    from accelsim.report.terminal.console import console, print_lines, print_table

    network = read_layers(config)
    source = synthesis() if options.synthesise else shipped()
    stages = [built_stages(machine, variant, network.layers[variant]) for variant in ("fused", "unfused")]
    fused, unfused = (machine_area(machine, built, source) for built in stages)
    out = console()
    print_table(out, area_table(fused, unfused))
    if options.fpga:
        print_table(out, fpga_table(*(machine_fpga(machine, built, source) for built in stages)))
    print_lines(out, kept_bn_lines(fused, network.matches))
    print_lines(out, area_lines(fused, unfused, machine.array.sparsity))
