"""YAML files as plain data that knows its line numbers.

Whatever a file holds leaves this module as plain data or as an :class:`~accelsim.errors.InputError`.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from accelsim.documents.core_yaml import MAX_DEPTH, core_yaml, line_of
from accelsim.documents.files import read_text
from accelsim.documents.wording import described, shortened
from accelsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ruamel.yaml import YAML

Keys = tuple[str | int, ...]
"""Where a value stands in a document: mapping keys and list indices, from the top."""

_MAX_REMEMBERED = 32
"""Texts whose content is kept: who simulates network after network reads the same few files time and again."""

MAX_VALUES = 200_000
MAX_NUMBER_CHARACTERS = 100
MAX_PROBLEM_CHARACTERS = 200
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class YamlDocument:
    """One YAML file.

    Parameters
    ----------
    path
        The file.
    data
        Its content: dict, list, str, int, float, bool and None.
    lines
        The 1-based line of every key path.
    """

    path: Path
    data: Any
    lines: Mapping[Keys, int]

    def line_of(self, keys: Keys) -> int | None:
        """Return the line of a key path, or of its nearest enclosing one that has a line."""
        enclosing = nearest_enclosing(self.lines, keys)
        return None if enclosing is None else self.lines[enclosing]

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error about the value at ``keys``, with file and line."""
        return InputError(message, path=self.path, line=self.line_of(keys), key=dotted(keys))


def nearest_enclosing(places: Mapping[Keys, Any], keys: Keys) -> Keys | None:
    """Return the longest prefix of ``keys`` that is in ``places``."""
    prefixes = (keys[:length] for length in range(len(keys), -1, -1))
    return next((prefix for prefix in prefixes if prefix in places), None)


def dotted(keys: Keys) -> str:
    """Write a key path as in ``machine.array.rows`` or ``layers[3].kernel``."""
    written = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return written.removeprefix(".")


def read_yaml(path: Path, *, max_bytes: int = 1 << 20) -> YamlDocument:
    """Read one YAML 1.2 file whose top level is a mapping.

    Parameters
    ----------
    path
        The file.
    max_bytes
        Larger files are refused.

    Returns
    -------
    YamlDocument
        The content with the line of every key path. Aliases are expanded.

    Raises
    ------
    InputError
        If the file cannot be read, is not exactly one YAML mapping with unique text keys, or holds what a
        configuration never needs: tags, control characters, recursion, absurd sizes.
    """
    text = read_text(path, max_bytes)
    try:
        data, lines = parse_yaml(text)
    except InputError as error:
        raise InputError(error.message, path=path, line=error.line) from None
    if data is None:
        raise InputError("is empty", path=path)
    if not isinstance(data, dict):
        message = f"must be a mapping of keys to values, not {described(data)}"
        raise InputError(message, path=path, line=lines[()])
    return YamlDocument(path, data, lines)


def parse_yaml(text: str) -> tuple[Any, dict[Keys, int]]:
    """Read YAML from a string.

    Returns
    -------
    tuple
        The data, None if there is none, and the 1-based line of every key path.

    Raises
    ------
    InputError
        As :func:`read_yaml`, with a line but without a file.
    """
    return deepcopy(_parsed(text))  # the caller's own, to do with as it likes


@lru_cache(_MAX_REMEMBERED)
def _parsed(text: str) -> tuple[Any, dict[Keys, int]]:
    found = _FORBIDDEN_CHARACTER.search(text)
    if found:
        raise _forbidden(found[0], line=text.count("\n", 0, found.start()) + 1)
    yaml = core_yaml()
    root = _composed(yaml, text)
    if root is None:
        return None, {}
    reading = _Reading(yaml)
    return reading.value(root, (), line_of(root)), reading.lines


# control characters and lone surrogates: they forge terminal output, or cannot be printed at all
_FORBIDDEN_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _forbidden(character: str, line: int) -> InputError:
    return InputError(f"the character U+{ord(character):04X} is not allowed", line=line)


def _composed(yaml: YAML, text: str) -> Any:
    try:
        return yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise _not_yaml(problem, line=mark.line + 1 if mark else None) from None
    except (YAMLError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
        # ruamel's scanner lets Python's own exceptions out on impossible escapes and versions
        raise _not_yaml(str(error)) from None


def _not_yaml(problem: str, line: int | None = None) -> InputError:
    return InputError(f"is not valid YAML: {shortened(problem, MAX_PROBLEM_CHARACTERS)}", line=line)


class _Reading:
    """Makes plain data of nodes, and notes the line of every key path on the way."""

    def __init__(self, yaml: YAML) -> None:
        self.lines: dict[Keys, int] = {}
        self._constructor = yaml.constructor

    def value(self, node: Any, keys: Keys, line: int) -> Any:
        """Return what stands at ``keys``, written in ``line``; aliases become copies."""
        self.lines[keys] = line
        if len(self.lines) > MAX_VALUES:
            raise InputError(f"holds more than {MAX_VALUES} values, aliases expanded", line=line)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if len(keys) == MAX_DEPTH:
            raise InputError(f"is nested more than {MAX_DEPTH} levels deep, aliases expanded", line=line)
        if isinstance(node, SequenceNode):
            items = enumerate(node.value)
            return [self.value(item, (*keys, index), line_of(item)) for index, item in items]
        return self._mapping(node, keys)

    def _mapping(self, node: Any, keys: Keys) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, child in node.value:
            name, line = self._name(key), line_of(key)
            if name in data:
                given = self.lines[*keys, name]
                raise InputError(f"the key '{shortened(name)}' is already given in line {given}", line=line)
            data[name] = self.value(child, (*keys, name), line)
        return data

    def _name(self, key: Any) -> str:
        if isinstance(key, ScalarNode):
            name = self._scalar(key)
            if isinstance(name, str):
                return name
            found = described(name)
        else:
            found = "a list" if isinstance(key, SequenceNode) else "a mapping"
        raise InputError(f"a key must be text, in quotes if need be, not {found}", line=line_of(key))

    def _scalar(self, node: ScalarNode) -> Any:
        found = _FORBIDDEN_CHARACTER.search(node.value)
        if found:  # an escape can write what the file may not hold
            raise _forbidden(found[0], line_of(node))
        length = len(node.value)
        if length > MAX_NUMBER_CHARACTERS and node.tag != _TEXT:
            raise InputError(f"a number of {length} characters is not allowed", line=line_of(node))
        return self._constructor.construct_object(node)
