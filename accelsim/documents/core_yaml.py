"""ruamel, told to read and write plain YAML: the core schema of YAML 1.2, without tags and recursion."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.resolver import BaseResolver

from accelsim.documents.wording import shortened
from accelsim.errors import InputError

MAX_DEPTH = 50


def core_yaml() -> YAML:
    """Return a reader and writer of plain YAML; what it refuses is an :class:`InputError` with a line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = _CoreSchema
    yaml.Composer = _PlainComposer
    return yaml


def line_of(part: Any) -> int:
    """Return the 1-based line in which an event or a node of ruamel begins."""
    return int(part.start_mark.line) + 1


class _CoreSchema(BaseResolver):
    """Tells what an unquoted scalar is, whatever version of YAML the file claims to be written in.

    ruamel's own rules know more than the core schema: dates, 1_000 and merge keys.
    """

    def __init__(self, version: Any = None, loader: Any = None) -> None:  # noqa: ARG002
        super().__init__(loader)

    @property
    def processing_version(self) -> tuple[int, int]:
        """The version by which scalars become numbers."""
        return (1, 2)


_SIGN_OR_DIGIT = list("-+0123456789")
for _kind, _pattern, _first_characters in (
    ("null", r"(~|null|Null|NULL)?", ["", "~", "n", "N"]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", _SIGN_OR_DIGIT),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [".", *_SIGN_OR_DIGIT]),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", [".", "-", "+"]),
):
    _CoreSchema.add_implicit_resolver_base(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"({_pattern})\Z"), _first_characters
    )


class _PlainComposer(Composer):
    """Makes nodes of events, an alias the node it refers to, but with the line of the alias."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False
        self._levels = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Make the next node, which stands at ``index`` of its parent."""
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            return self._compose_alias(parent, index, event)
        if event.tag is not None:
            tag = shortened(str(event.tag))
            raise InputError(f"tags such as '{tag}' are not allowed", line=line_of(event))
        if self._levels > MAX_DEPTH:
            raise InputError(f"is nested more than {MAX_DEPTH} levels deep", line=line_of(event))
        self._levels += 1
        node = super().compose_node(parent, index)
        self._levels -= 1
        return node

    def _compose_alias(self, parent: Any, index: Any, event: AliasEvent) -> Any:
        node = copy(super().compose_node(parent, index))
        node.start_mark = event.start_mark
        if node.end_mark is None:  # its end is yet to come
            alias = shortened(event.anchor)
            raise InputError(f"alias '*{alias}' refers to a value that it is part of", line=line_of(event))
        return node
