"""YAML 1.2 in: plain data that knows its line numbers, and its check against a pydantic model.

Whatever a file holds leaves this module as plain data or as an :class:`InputError`.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from accelsim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Keys = tuple[str | int, ...]
"""Where a value stands in a document: mapping keys and list indices, from the top."""

MAX_VALUES = 200_000
MAX_DEPTH = 50
MAX_NUMBER_CHARACTERS = 100
MAX_KEYS_LISTED = 12
MAX_SHOWN_CHARACTERS = 60

M = TypeVar("M", bound=BaseModel)


class Document(Protocol):
    """Data read from somewhere, which can say where each of its values was written."""

    @property
    def data(self) -> Any:
        """Dicts, lists and scalars."""

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error about the value at ``keys`` that names the place where it was written."""


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


# --- from a file to plain data ---------------------------------------------------------------------------


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
    text = _read_text(path, max_bytes)
    try:
        data, lines = parse_yaml(text)
    except InputError as error:
        raise InputError(error.message, path=path, line=error.line) from None
    if data is None:
        raise InputError("is empty", path=path)
    if not isinstance(data, dict):
        raise InputError(
            f"must be a mapping of keys to values, not {described(data)}", path=path, line=lines[()]
        )
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
    found = _FORBIDDEN_CHARACTER.search(text)
    if found:
        raise _forbidden(found[0], line=text.count("\n", 0, found.start()) + 1)
    root = _Composer(_events(text)).document()
    if root is None:
        return None, {}
    lines: dict[Keys, int] = {(): root.line}
    return _plain(root, (), lines), lines


def fault_of_file(path: Path) -> str | None:
    """Say in a few words why there is no file to read at ``path``; None if there is one."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"no such file{did_you_mean(path.name, _names_beside(path))}"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return "is a folder, not a file" if stat.S_ISDIR(mode) else None


def _names_beside(path: Path) -> list[str]:
    try:
        return sorted(file.name for file in path.parent.iterdir())
    except OSError:
        return []


def _read_text(path: Path, max_bytes: int) -> str:
    fault = fault_of_file(path)
    if fault:
        raise InputError(fault, path=path)
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    if len(content) > max_bytes:
        raise InputError(f"is larger than {max_bytes} bytes", path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8 text", path=path, line=line) from None


# control characters and lone surrogates: they forge terminal output, or cannot be printed at all
_FORBIDDEN_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _forbidden(character: str, line: int) -> InputError:
    return InputError(f"the character U+{ord(character):04X} is not allowed", line=line)


def _events(text: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ": ".join(part for part in (error.context, error.problem) if part)
        raise InputError(f"is not valid YAML: {problem}", line=mark.line + 1 if mark else None) from None
    except (YAMLError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
        # ruamel's scanner lets Python's own exceptions out on impossible escapes and versions
        raise InputError(f"is not valid YAML: {shortened(str(error))}") from None


@dataclass(frozen=True, slots=True)
class _Node:
    """A value as written: scalar, list of nodes, or dict of (line of the key, node).

    ``values`` and ``height`` count what it becomes once all aliases are expanded.
    """

    line: int
    content: Any
    values: int = 1
    height: int = 0


class _Composer:
    """Builds the nodes of one document from the parser's events."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._anchors: dict[str, _Node | None] = {}  # None while the anchored value is still being read

    def document(self) -> _Node | None:
        first = next((event for event in self._events if isinstance(event, NodeEvent)), None)
        if first is None:
            return None
        root = self._node(first, depth=0)
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                raise InputError("a second document begins here; one file holds one", line=_line(event))
        return root

    def _node(self, event: Any, depth: int) -> _Node:
        line = _line(event)
        if isinstance(event, AliasEvent):
            return replace(self._aliased(event.anchor, line), line=line)
        if event.tag is not None:
            raise InputError(f"tags such as '{shortened(str(event.tag))}' are not allowed", line=line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _aliased(self, anchor: str, line: int) -> _Node:
        if anchor not in self._anchors:
            raise InputError(f"alias '*{shortened(anchor)}' refers to no earlier anchor", line=line)
        node = self._anchors[anchor]
        if node is None:
            raise InputError(f"alias '*{shortened(anchor)}' refers to a value that it is part of", line=line)
        return node

    def _scalar(self, event: Any) -> _Node:
        line = _line(event)
        found = _FORBIDDEN_CHARACTER.search(event.value)
        if found:  # an escape can write what the file may not hold
            raise _forbidden(found[0], line)
        is_plain = event.implicit[0]
        if is_plain and len(event.value) > MAX_NUMBER_CHARACTERS and not reads_as_text(event.value):
            raise InputError(f"a number of {len(event.value)} characters is not allowed", line=line)
        return _Node(line, _plain_scalar(event.value) if is_plain else event.value)

    def _collection(self, event: Any, depth: int) -> _Node:
        line = _line(event)
        if depth == MAX_DEPTH:
            raise InputError(f"is nested more than {MAX_DEPTH} levels deep", line=line)
        content: Any
        children: list[_Node]
        if isinstance(event, MappingStartEvent):
            content = self._mapping(depth)
            children = [child for _, child in content.values()]
        else:
            content = children = list(self._children(depth))
        values = 1 + sum(child.values for child in children)
        height = 1 + max((child.height for child in children), default=0)
        if values > MAX_VALUES:
            raise InputError(f"holds more than {MAX_VALUES} values, aliases expanded", line=line)
        if height > MAX_DEPTH:
            raise InputError(f"is nested more than {MAX_DEPTH} levels deep, aliases expanded", line=line)
        return _Node(line, content, values, height)

    def _mapping(self, depth: int) -> dict[str, tuple[int, _Node]]:
        content: dict[str, tuple[int, _Node]] = {}
        children = self._children(depth)
        for key in children:
            name = key.content
            if not isinstance(name, str):
                raise InputError(
                    f"a key must be text, in quotes if need be, not {described(name)}", line=key.line
                )
            if name in content:
                raise InputError(
                    f"the key '{shortened(name)}' is already given in line {content[name][0]}", line=key.line
                )
            content[name] = (key.line, next(children))
        return content

    def _children(self, depth: int) -> Iterator[_Node]:
        for event in self._events:
            if isinstance(event, CollectionEndEvent):
                return
            yield self._node(event, depth + 1)


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _plain(node: _Node, keys: Keys, lines: dict[Keys, int]) -> Any:
    if isinstance(node.content, dict):
        for name, (line, _) in node.content.items():
            lines[*keys, name] = line
        return {name: _plain(child, (*keys, name), lines) for name, (_, child) in node.content.items()}
    if isinstance(node.content, list):
        for index, child in enumerate(node.content):
            lines[*keys, index] = child.line
        return [_plain(child, (*keys, index), lines) for index, child in enumerate(node.content)]
    return node.content


# The core schema of YAML 1.2, chapter 10.3. ruamel's resolver knows more: dates, 1_000, merge keys.
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def reads_as_text(text: str) -> bool:
    """Say whether a plain scalar is text, and neither a number nor true, false or null."""
    return text not in _WORDS and not any(kind.fullmatch(text) for kind in (_INTEGER, _FLOAT, _NOT_FINITE))


def _plain_scalar(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


# --- from plain data to a model --------------------------------------------------------------------------


def validated(model: type[M], document: Document, data: Any = None, keys: Keys = ()) -> M:
    """Make a model of a part of a document.

    Parameters
    ----------
    model
        The pydantic model.
    document
        Where the data comes from; it locates errors.
    data
        The part to validate; the whole document by default.
    keys
        Where the part stands in the document.

    Raises
    ------
    InputError
        On the first fault: an unknown key if there is one, since a misspelt key is also a missing one.
    """
    try:
        return model.model_validate(document.data if data is None else data)
    except ValidationError as invalid:
        faults = invalid.errors(include_url=False)
        fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        place, message = _explained(model, fault)
        raise document.error((*keys, *place), message) from None


def _explained(model: type[BaseModel], fault: Mapping[str, Any]) -> tuple[Keys, str]:
    """Where pydantic found a fault, and the fault in words for the person who wrote the file."""
    place: Keys = fault["loc"]
    match fault["type"]:
        case "extra_forbidden":
            return place, _unknown_key(str(place[-1]), _model_at(model, place[:-1]).model_fields)
        case "missing":
            return place, _missing_key(_model_at(model, place[:-1]), str(place[-1]))
        case "value_error":
            return _explained_by_validator(model, place, str(fault["ctx"]["error"]))
        case _:
            return place, _wrong_value(fault)


def _unknown_key(name: str, known: Mapping[str, Any]) -> str:
    listed = f" (known keys: {', '.join(known)})" if len(known) <= MAX_KEYS_LISTED else ""
    return f"unknown key '{shortened(name)}'{did_you_mean(name, known)}{listed}"


def _missing_key(model: type[BaseModel], name: str) -> str:
    description = model.model_fields[name].description
    return f"is missing ({description})" if description else "is missing"


def _explained_by_validator(model: type[BaseModel], place: Keys, message: str) -> tuple[Keys, str]:
    """Move the dotted key with which a validator of a whole section begins its message into the place."""
    key, colon, rest = message.partition(": ")
    parts = key.split(".")
    if colon and parts[0] in _model_at(model, place).model_fields:
        return (*place, *parts), rest
    return place, message


_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_LENGTHS = {
    "too_short": ("min_length", "at least", "item"),
    "too_long": ("max_length", "at most", "item"),
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
}


def _wrong_value(fault: Mapping[str, Any]) -> str:
    kind, value, limits = fault["type"], fault["input"], fault.get("ctx", {})
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {described(value)}"
    if kind in _BOUNDS:
        limit, words = _BOUNDS[kind]
        bound = limits[limit]
        return f"must be {words} {int(bound) if bound == int(bound) else bound}, not {described(value)}"
    if kind in _LENGTHS:
        limit, words, unit = _LENGTHS[kind]
        return f"must have {words} {limits[limit]} {unit}{'' if limits[limit] == 1 else 's'}"
    if kind == "literal_error":
        return _not_a_choice(value, re.findall(r"'([^']*)'", limits["expected"]))
    return f"is not valid: {fault['msg']}"


def _not_a_choice(value: Any, choices: list[str]) -> str:
    quoted = ", ".join(f"'{choice}'" for choice in choices)
    allowed = f"one of {quoted}" if len(choices) > 1 else quoted
    if isinstance(value, str):
        return f"must be {allowed}, not '{shortened(value)}'{did_you_mean(value, choices)}"
    return f"must be {allowed}, not {described(value)}"


def _model_at(model: type[BaseModel], place: Keys) -> type[BaseModel]:
    """Return the model that describes the mapping at ``place`` of a ``model``."""
    for key in place:
        field = model.model_fields.get(str(key))
        inner = _inner_model(field.annotation) if field else None
        model = inner or model  # else the key is one of a dict of models, or an index
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model in an annotation such as ``M``, ``M | None`` or ``dict[str, M]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner_model, get_args(annotation))), None)


def described(value: Any) -> str:
    """Name a value in a message: "the text 'abc'", "12", "a list"."""
    match value:
        case None:
            return "an empty value"
        case bool():
            return str(value).lower()
        case str():
            return f"the text '{shortened(value)}'"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return shortened(str(value))


def shortened(text: str) -> str:
    """Cut what would make a message unreadable: long texts and line breaks."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN_CHARACTERS else line[: MAX_SHOWN_CHARACTERS - 1] + "…"
