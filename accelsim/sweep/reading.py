"""A sweep's file, read and checked: everything that can be wrong with it is found before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from accelsim.config.machine import Section
from accelsim.config.run import Config, Variant
from accelsim.config.settings import Settings, key_path, read_settings, with_base
from accelsim.documents.files import fault_of_file
from accelsim.documents.validation import validated
from accelsim.documents.wording import shortened
from accelsim.documents.yaml_document import YamlDocument, read_yaml
from accelsim.energy.table import EnergyTable, read_energy_table
from accelsim.errors import InputError
from accelsim.results.folder import ENERGY
from accelsim.results.summary import network_hash
from accelsim.sweep.config_keys import fault_of_key
from accelsim.sweep.constraint import read_constraint
from accelsim.sweep.definition import SCHEMA_VERSION, Axis, Definition, NetworkName, Search, Sweep
from accelsim.sweep.objectives import ENERGIES, read_objective
from accelsim.sweep.space import with_value
from accelsim.sweep.values import axis_values
from accelsim.version import __version__
from accelsim.workload import Graph, read_network
from accelsim.workload.unmodelled import refuse_unmodelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accelsim.documents.yaml_document import Keys

_CONFIGURATION = ("machine", "run")


class _SweepFile(Section):
    """The file as it is written."""

    base: str | None = None
    machine: Any = None
    run: Any = None
    workloads: Annotated[list[str], Field(min_length=1)] | None = None
    variants: Annotated[list[Variant], Field(min_length=1)] | None = None
    axes: list[dict[str, Any]] = Field(min_length=1, description="what varies, and which values it takes")
    constraints: list[str] = Field([])
    objectives: list[str] = Field([])


def read_sweep(source: str | Path | Mapping[str, Any], search: Search | None = None) -> Sweep:
    """Read a sweep and check it.

    Parameters
    ----------
    source
        The YAML file; or what would be in it, with paths relative to the working directory.
    search
        How points are chosen, if not all of them are to be evaluated.

    Raises
    ------
    InputError
        With file, line and key of whatever is wrong in it, or in what it refers to.
    """
    document = _document(source)
    file = validated(_SweepFile, document)
    base = _base(document, file)
    networks = _networks(document, file, base)
    axes = _axes(document, file.axes)
    config = _resolved(base, file, next(iter(networks)))
    energy_table = _energy_table(base, config["run"]["energy"])
    if energy_table:
        config = with_value(config, ("run", "energy"), ENERGY)  # wherever it was
    _check_values(document, axes, config)
    plain_axes = tuple(Axis(keys=axis.keys, levels=axis.levels) for axis in axes)
    variants = tuple(Config.model_validate(config).run.variants)
    _check_each(document, "constraints", file.constraints, lambda text: read_constraint(text, plain_axes, config))
    _check_each(
        document,
        "objectives",
        file.objectives,
        lambda text: _check_objective(text, variants, has_energies=energy_table is not None),
    )
    if search and not file.objectives:
        raise document.error(("objectives",), "is missing (a search needs to know what it looks for)")
    definition = Definition(
        schema_version=SCHEMA_VERSION,
        accelsim_version=__version__,
        base=config,
        energy_table=energy_table,
        networks=tuple(NetworkName(name=name, sha256=network_hash(graph)) for name, graph in networks.items()),
        variants=variants,
        axes=plain_axes,
        constraints=tuple(file.constraints),
        objectives=tuple(file.objectives),
        search=search,
    )
    return Sweep(definition, tuple(networks.values()))


def _document(source: str | Path | Mapping[str, Any]) -> YamlDocument:
    if isinstance(source, str | Path):
        return read_yaml(Path(source))
    return YamlDocument(Path("sweep"), dict(source), {})


def _base(document: YamlDocument, file: _SweepFile) -> Settings:
    """Return the configuration that the axes vary, as it is written."""
    if file.base is not None:
        inline = [key for key in _CONFIGURATION if key in document.data]
        if inline:
            raise document.error((inline[0],), "stands in the base; vary it with an axis, of one value if need be")
        return read_settings(_file(document, ("base",), file.base), [])
    if file.machine is None:
        raise document.error((), "needs a 'base' (a configuration), or 'machine' and 'run' as in a configuration")
    data = {key: document.data[key] for key in _CONFIGURATION if key in document.data}
    lines = {keys: line for keys, line in document.lines.items() if not keys or keys[0] in _CONFIGURATION}
    return with_base(Settings.from_document(YamlDocument(document.path, data, lines)))


def _file(document: YamlDocument, keys: Keys, written: str) -> Path:
    path = document.path.parent / written
    fault = fault_of_file(path)
    if fault:
        raise document.error(keys, f"{path}: {fault}")
    return path


def _networks(document: YamlDocument, file: _SweepFile, base: Settings) -> dict[str, Graph]:
    """Read the networks; each is called what its file is called."""
    if file.workloads is None:
        run = validated(Config, base).run
        paths = [base.file_at(("run", "workload"), run.workload)]
    else:
        paths = [_file(document, ("workloads", index), written) for index, written in enumerate(file.workloads)]
        run = validated(Config, base, with_value(base.data, ("run", "workload"), str(paths[0]))).run
    networks: dict[str, Graph] = {}
    for index, path in enumerate(paths):
        if path.stem in networks:
            raise document.error(("workloads", index), f"there is a network called '{path.stem}' already")
        networks[path.stem] = read_network(path, run.input_shape)
        if run.strict:
            refuse_unmodelled(networks[path.stem], path)
    return networks


def _resolved(base: Settings, file: _SweepFile, network: str) -> dict[str, Any]:
    """Return the base in full, every default explicit, as plain data that JSON can hold."""
    data = with_value(base.data, ("run", "workload"), network)
    if file.variants is not None:
        data = with_value(data, ("run", "variants"), file.variants)
    files = {"run": {"output", "input_shape"}}
    return validated(Config, base, data).model_dump(mode="json", exclude=files)


def _energy_table(base: Settings, written: str | None) -> EnergyTable | None:
    return None if written is None else read_energy_table(base.file_at(("run", "energy"), written))


class _WrittenAxis(NamedTuple):
    """An axis, and where it is written."""

    place: Keys
    keys: tuple[tuple[str, ...], ...]
    written: tuple[str, ...]
    levels: tuple[tuple[Any, ...], ...]

    def place_of(self, column: int, value: int, document: YamlDocument) -> Keys:
        """Where a value is written: in a list, or in a range as a whole."""
        key = (*self.place, self.written[column])
        return (*key, value) if (*key, value) in document.lines else key


def _axes(document: YamlDocument, written: Sequence[dict[str, Any]]) -> list[_WrittenAxis]:
    axes: list[_WrittenAxis] = []
    taken: dict[tuple[str, ...], Keys] = {}
    for index, columns in enumerate(written):
        axis = _axis(document, ("axes", index), columns)
        for name, keys in zip(axis.written, axis.keys, strict=True):
            for other in taken:
                shorter = min(len(keys), len(other))
                if keys[:shorter] == other[:shorter]:
                    line = document.line_of(taken[other])
                    where = f" in line {line}" if line else ""
                    raise document.error((*axis.place, name), f"is on an axis already, as {'.'.join(other)}{where}")
            taken[keys] = (*axis.place, name)
        axes.append(axis)
    return axes


def _axis(document: YamlDocument, place: Keys, columns: Mapping[str, Any]) -> _WrittenAxis:
    if not columns:
        raise document.error(place, "has no key")
    values = {key: axis_values(document, (*place, key), written) for key, written in columns.items()}
    for key, of_key in values.items():
        fault = fault_of_key(key, of_key[0])
        if fault:
            raise document.error((*place, key), fault)
    lengths = {key: len(of_key) for key, of_key in values.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise document.error(place, f"keys that change together need equally many values: {listed}")
    axis = _WrittenAxis(
        place=place,
        keys=tuple(key_path(key, of_key[0]) for key, of_key in values.items()),
        written=tuple(columns),
        levels=tuple(zip(*values.values(), strict=True)),
    )
    seen: set[str] = set()
    for index, together in enumerate(axis.levels):
        text = json.dumps(together, default=repr)  # tells 1 and true apart
        if text in seen:
            shown = ", ".join(shortened(str(value)) for value in together)
            raise document.error(axis.place_of(0, index, document), f"the value {shown} is given twice")
        seen.add(text)
    return axis


class _Trial(NamedTuple):
    """The base with one value of an axis; faults in this are told at the place where the axis has it."""

    document: YamlDocument
    data: dict[str, Any]
    place: Keys
    keys: tuple[str, ...]

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error about the value."""
        inside = keys[len(self.keys) :]
        return self.document.error((*self.place, *inside), message)


def _check_values(document: YamlDocument, axes: Sequence[_WrittenAxis], base: dict[str, Any]) -> None:
    """Try every value alone on the base, and refuse those that no configuration can have.

    A value that is only wrong beside another one, of the base perhaps, makes a point infeasible.
    """
    for axis in axes:
        for column, keys in enumerate(axis.keys):
            for index, values in enumerate(axis.levels):
                data = with_value(base, keys, values[column])
                trial = _Trial(document, data, axis.place_of(column, index, document), keys)
                if _is_at_fault(data, keys):
                    validated(Config, trial)


def _is_at_fault(data: dict[str, Any], keys: tuple[str, ...]) -> bool:
    """Whether the value at ``keys`` is wrong whatever is beside it: then the fault is there, not in what is around."""
    try:
        Config.model_validate(data)
    except ValidationError as invalid:
        return any(fault["loc"][: len(keys)] == keys for fault in invalid.errors(include_url=False))
    return False


def _check_objective(text: str, variants: Sequence[Variant], *, has_energies: bool) -> None:
    if read_objective(text, variants).figure in ENERGIES and not has_energies:
        raise InputError(f"'{text}' needs a table of energies, which run.energy names in the base")


def _check_each(document: YamlDocument, key: str, texts: Sequence[str], read: Callable[[str], object]) -> None:
    for index, text in enumerate(texts):
        try:
            read(text)
        except InputError as error:
            raise document.error((key, index), error.message) from None
