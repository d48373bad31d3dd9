"""``accelsim schema``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    schema = commands.add_parser("schema", help="print the JSON Schema of configurations", description=_schema.__doc__)
    schema.set_defaults(command=_schema)


def _schema(_: argparse.Namespace) -> None:
    """Print the JSON Schema of configuration files, for editors that complete and check YAML by it."""
    from accelsim.config import config_schema

    print(json.dumps(config_schema(), indent=2))  # noqa: T201
