"""What is set where: a file, the machine it is based on, and ``--set`` on the command line, as one document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple, Self

from accelsim.documents.core_yaml import MAX_DEPTH
from accelsim.documents.files import fault_of_file
from accelsim.documents.wording import described, shortened
from accelsim.documents.yaml_document import (
    Keys,
    YamlDocument,
    dotted,
    nearest_enclosing,
    parse_yaml,
    read_yaml,
)
from accelsim.errors import InputError

_MACHINE: Keys = ("machine",)
_BASE: Keys = ("machine", "base")

MAX_BASES = 8
"""How many machines may be based on one another."""

_NETWORK_SUFFIXES = (".onnx", ".csv")
_TILING = "run.tiling."


class Origin(NamedTuple):
    """Where a value was written: in a line of a file, or on the command line (no path)."""

    path: Path | None = None
    line: int | None = None


_COMMAND_LINE = Origin()


class Settings:
    """Values that know where each was written; a :class:`~accelsim.documents.validation.Document`.

    Parameters
    ----------
    data
        The values; ``machine: path`` becomes ``machine: {base: path}``, so that single keys can be set over it.
    origins
        Where the values were written. A value without an origin has that of the nearest one around it.
    """

    def __init__(self, data: dict[str, Any], origins: dict[Keys, Origin]) -> None:
        self.data = data
        self.origins = origins
        self._name_base()

    @classmethod
    def from_document(cls, document: YamlDocument, below: Keys = ()) -> Self:
        """Take a file's values; ``below`` is where its top level belongs in a configuration."""
        data = _nested(below, deepcopy(document.data))
        return cls(data, {(*below, *keys): Origin(document.path, line) for keys, line in document.lines.items()})

    def origin(self, keys: Keys) -> Origin:
        """Where the value at ``keys``, or else the nearest one around it, was written."""
        enclosing = nearest_enclosing(self.origins, keys)
        return _COMMAND_LINE if enclosing is None else self.origins[enclosing]

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error that names the file and line, or the command line."""
        path, line = self.origin(keys)
        if path is None:
            return InputError(message, key=f"--set {dotted(keys)}")
        return InputError(message, path=path, line=line, key=dotted(keys))

    def file_at(self, keys: Keys, written: str) -> Path:
        """Return the path of a file named at ``keys``, relative to where that was written; it must exist."""
        origin = self.origin(keys)
        path = origin.path.parent / written if origin.path else Path(written)
        fault = fault_of_file(path)
        if fault:
            raise self.error(keys, f"{path}: {fault}")
        return path

    def put(self, keys: tuple[str, ...], value: Any, places: Iterable[Keys]) -> None:
        """Set a value from the command line, making the sections around it where they are missing.

        ``places`` are the key paths inside the value.
        """
        section, depth = self.data, 0
        while depth < len(keys) - 1 and isinstance(section.get(keys[depth]), dict):
            section, depth = section[keys[depth]], depth + 1
        section[keys[depth]] = _nested(keys[depth + 1 :], value)
        top = keys[: depth + 1]
        sections = [keys[:length] for length in range(depth + 1, len(keys) + 1)]
        set_here = [*sections, *((*keys, *place) for place in places)]
        elsewhere = {place: origin for place, origin in self.origins.items() if place[: len(top)] != top}
        self.origins = elsewhere | dict.fromkeys(set_here, _COMMAND_LINE)
        self._name_base()

    def _name_base(self) -> None:
        machine = self.data.get("machine")
        if isinstance(machine, str):
            self.data["machine"] = {"base": machine}


def read_settings(path: Path, overrides: Sequence[str]) -> Settings:
    """Read a configuration file, apply the ``KEY=VALUE`` overrides in order, and fill in the machine's base.

    Raises
    ------
    InputError
        If a file or an override cannot be read. Whether the values make sense is not looked at.
    """
    if path.suffix.lower() in _NETWORK_SUFFIXES and not fault_of_file(path):
        raise _network_instead(path)
    document = read_yaml(path)
    if "layers" in document.data and "machine" not in document.data:
        raise _network_instead(path, line=document.lines["layers",])
    settings = Settings.from_document(document)
    settings.origins[()] = Origin(path, 1)
    for override in overrides:
        _apply(override, settings)
    return with_base(settings)


def _network_instead(path: Path, line: int | None = None) -> InputError:
    message = f"this is a network, not a configuration; run one with --set run.workload={path}"
    return InputError(message, path=path, line=line)


def _apply(override: str, settings: Settings) -> None:
    name, equals, written = override.partition("=")
    key = name.strip()
    if not equals:
        raise InputError(f"'{shortened(override)}' must have the form KEY=VALUE", key="--set")
    if not all(key.split(".")):
        raise InputError(f"'{shortened(override)}' has an empty key", key="--set")
    if key.count(".") >= MAX_DEPTH:
        raise InputError(f"'{shortened(override)}' has a key of more than {MAX_DEPTH} parts", key="--set")
    try:
        value, lines = parse_yaml(written)
    except InputError as error:
        raise InputError(error.message, key=f"--set {shortened(key)}") from None
    settings.put(key_path(key, value), value, lines)


def key_path(key: str, value: Any) -> tuple[str, ...]:
    """Split a dotted key; the name of a layer in ``run.tiling`` stays whole."""
    if not key.startswith(_TILING):
        return tuple(key.split("."))
    layer = key.removeprefix(_TILING)
    if isinstance(value, dict) or "." not in layer:
        return ("run", "tiling", layer)
    return ("run", "tiling", *layer.rsplit(".", maxsplit=1))


def with_base(settings: Settings, depth: int = 0) -> Settings:
    """Complete a machine by the one it is based on, which may be based on another (``depth``: how many have been).

    Raises
    ------
    InputError
        If the base cannot be read, or there is no end of bases.
    """
    machine = settings.data.get("machine")
    if not isinstance(machine, dict) or "base" not in machine:
        return settings
    written = machine.pop("base")
    if not isinstance(written, str):
        raise settings.error(_BASE, f"must be the path of a file, not {described(written)}")
    if depth == MAX_BASES:
        raise settings.error(_BASE, f"more than {MAX_BASES} machines are based on one another: perhaps in a circle")
    base = Settings.from_document(read_yaml(settings.file_at(_BASE, written)), below=_MACHINE)
    origins = {
        place: origin
        for place, origin in settings.origins.items()
        if place != _BASE and not (place and _is_section(base.data, place) and _is_section(settings.data, place))
    }
    # what a section of both lacks, its base lacks: so there the base's origin stands
    return with_base(Settings(_merged(base.data, settings.data), base.origins | origins), depth + 1)


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _merged(base.get(key), value) for key, value in over.items()}


def _nested(keys: Keys, value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _is_section(data: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return isinstance(data, dict)
