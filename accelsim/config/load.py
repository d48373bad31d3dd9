"""A configuration from its file, the machine file it refers to, and ``--set`` on the command line."""

from __future__ import annotations

import io
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Config, RunConfig
from accelsim.errors import InputError
from accelsim.yaml_document import (
    MAX_DEPTH,
    Keys,
    YamlDocument,
    described,
    dotted,
    fault_of_file,
    nearest_enclosing,
    parse_yaml,
    read_yaml,
    reads_as_text,
    shortened,
    validated,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration that has been read and checked, with the places its paths refer to.

    Parameters
    ----------
    config
        The checked values.
    path
        The configuration file, as given.
    workload_path
        The network, as an absolute path.
    """

    config: Config
    path: Path
    workload_path: Path

    @property
    def machine(self) -> MachineConfig:
        """The machine."""
        return self.config.machine

    @property
    def run(self) -> RunConfig:
        """What to simulate."""
        return self.config.run


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Read a configuration file and check it.

    ``machine`` is a mapping, or the path of a YAML file that holds this mapping, or a mapping with the key
    ``base`` (such a path) and keys that override those of the base.

    Parameters
    ----------
    path
        The file. Paths inside it are relative to its folder.
    overrides
        ``KEY=VALUE`` strings, each a dotted key path and a YAML value, applied in order over the file.
        Paths in them are relative to the working directory. In ``run.tiling.<layer>.<field>`` the field is
        what follows the last dot, since names of layers have dots of their own.

    Raises
    ------
    InputError
        With file, line and key (or ``--set`` and key) of whatever is wrong.
    """
    path = Path(path)
    settings = _Settings.from_document(read_yaml(path))
    for override in overrides:
        settings.put(_parsed_override(override))
    settings = _with_base(settings)
    config = validated(Config, settings)
    workload_path = settings.file_at(("run", "workload"), config.run.workload).resolve()
    return LoadedConfig(config, path, workload_path)


# --- layers of settings ----------------------------------------------------------------------------------

_MACHINE: Keys = ("machine",)
_BASE: Keys = ("machine", "base")


class _Origin(NamedTuple):
    """Where a value was written: in a line of a file, or on the command line (no path)."""

    path: Path | None = None
    line: int | None = None


_COMMAND_LINE = _Origin()


class _Override(NamedTuple):
    """A value from the command line, where it goes, and the key paths inside it."""

    keys: tuple[str, ...]
    value: Any
    places: Iterable[Keys]


class _Settings:
    """Values that know where each was written; a :class:`~accelsim.yaml_document.Document`."""

    def __init__(self, data: dict[str, Any], origins: dict[Keys, _Origin]) -> None:
        self.data = data
        self.origins = origins
        self._name_base()

    @classmethod
    def from_document(cls, document: YamlDocument, below: Keys = ()) -> _Settings:
        """Take a file's values; ``below`` is where its top level belongs in a configuration."""
        data = deepcopy(document.data)
        for key in reversed(below):
            data = {key: data}
        origins = {(*below, *keys): _Origin(document.path, line) for keys, line in document.lines.items()}
        return cls(data, origins)

    def origin(self, keys: Keys) -> _Origin:
        """Where the value at ``keys``, or else the nearest one around it, was written."""
        enclosing = nearest_enclosing(self.origins, keys)
        return _COMMAND_LINE if enclosing is None else self.origins[enclosing]

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error that names the file and line, or the command line."""
        path, line = self.origin(keys)
        if path is None:
            return InputError(message, key=f"--set {dotted(keys)}")
        return InputError(message, path=path, line=line, key=dotted(keys))

    def put(self, override: _Override) -> None:
        """Set a value from the command line, making the sections around it where they are missing."""
        keys, value = override.keys, override.value
        section, depth = self.data, 0
        while depth < len(keys) - 1 and isinstance(section.get(keys[depth]), dict):
            section, depth = section[keys[depth]], depth + 1
        for key in reversed(keys[depth + 1 :]):
            value = {key: value}
        section[keys[depth]] = value
        sections = [keys[:length] for length in range(depth + 1, len(keys) + 1)]
        self._replace_origins(keys[: depth + 1], [*sections, *((*keys, *place) for place in override.places)])
        self._name_base()

    def file_at(self, keys: Keys, written: str) -> Path:
        """Return the path of a file named at ``keys``, relative to where that was written; it must exist."""
        origin = self.origin(keys)
        path = origin.path.parent / written if origin.path else Path(written)
        fault = fault_of_file(path)
        if fault:
            raise self.error(keys, f"{path}: {fault}")
        return path

    def _replace_origins(self, top: Keys, places: Iterable[Keys]) -> None:
        outside = {place: origin for place, origin in self.origins.items() if place[: len(top)] != top}
        self.origins = outside | dict.fromkeys(places, _COMMAND_LINE)

    def _name_base(self) -> None:
        """Write ``machine: path`` in its long form, so that single keys can be set over it."""
        machine = self.data.get("machine")
        if isinstance(machine, str):
            self.data["machine"] = {"base": machine}


def _with_base(settings: _Settings) -> _Settings:
    """Complete a machine by the one it is based on."""
    machine = settings.data.get("machine")
    if not isinstance(machine, dict) or "base" not in machine:
        return settings
    written = machine.pop("base")
    if not isinstance(written, str):
        raise settings.error(_BASE, f"must be the path of a file, not {described(written)}")
    document = read_yaml(settings.file_at(_BASE, written))
    if "base" in document.data:
        raise document.error(("base",), "the base of a machine cannot have a base of its own")
    base = _Settings.from_document(document, below=_MACHINE)
    origins = {
        place: origin
        for place, origin in settings.origins.items()
        if not (_is_section(base.data, place) and _is_section(settings.data, place))
    }
    # what a section of both lacks, its base lacks: so there the base's origin stands
    return _Settings(_merged(base.data, settings.data), {**base.origins, **origins})


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _merged(base.get(key), value) for key, value in over.items()}


def _is_section(data: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return isinstance(data, dict)


def _parsed_override(override: str) -> _Override:
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
    return _Override(_key_path(key, value), value, lines)


def _key_path(key: str, value: Any) -> tuple[str, ...]:
    """Split a dotted key; the name of a layer in ``run.tiling`` stays whole."""
    if not key.startswith("run.tiling."):
        return tuple(key.split("."))
    layer = key.removeprefix("run.tiling.")
    if isinstance(value, dict) or "." not in layer:
        return ("run", "tiling", layer)
    return ("run", "tiling", *layer.rsplit(".", maxsplit=1))


# --- the configuration, written out ----------------------------------------------------------------------


class _Representer(SafeRepresenter):
    """Quotes text that our YAML rules would not read back as text; ruamel's are a little different."""

    def represent_text(self, text: str) -> Any:
        style = None if reads_as_text(text) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Representer.add_representer(str, _Representer.represent_text)


def resolved_yaml(config: Config) -> str:
    """Write a configuration in full, every default explicit, as a file that :func:`load_config` can read.

    Keys that have no value are left out, and so is ``run.output``, which says where a result went and not
    what it is. ``run.workload`` is written as it is: relative to the file it came from.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared by its default, None
    yaml.width = 2**16
    text = io.StringIO()
    yaml.dump(config.model_dump(exclude_none=True, exclude={"run": {"output"}}), text)
    return text.getvalue()


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a configuration file, for editors."""
    schema = Config.model_json_schema(ref_template="#/$defs/{model}")
    machine = schema["properties"]["machine"]
    overriding = _overriding_schema()
    definitions = {**schema.pop("$defs"), **overriding.pop("$defs"), "OverridingMachineConfig": overriding}
    schema["properties"]["machine"] = {
        "description": "the machine, or the path of a file that holds it, or a base and what differs from it",
        "anyOf": [machine, {"type": "string"}, {"$ref": "#/$defs/OverridingMachineConfig"}],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "accelsim configuration",
        "description": "A CNN accelerator, and what to simulate on it.",
        "$defs": definitions,
    }


def _overriding_schema() -> dict[str, Any]:
    """Describe a machine with a ``base``: nothing else is required, at any depth."""
    schema = MachineConfig.model_json_schema(ref_template="#/$defs/Overriding{model}")
    sections = schema.pop("$defs")
    for section in (schema, *sections.values()):
        section.pop("required", None)
    schema["properties"]["base"] = {
        "type": "string",
        "description": "path of the machine that this one varies",
    }
    return {
        **schema,
        "required": ["base"],
        "$defs": {f"Overriding{name}": section for name, section in sections.items()},
    }
