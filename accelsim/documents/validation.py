"""Plain data checked against a pydantic model, its faults told in the words of the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from accelsim.documents.wording import described, shortened
from accelsim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accelsim.documents.yaml_document import Keys

MAX_KEYS_LISTED = 12

M = TypeVar("M", bound=BaseModel)


class Document(Protocol):
    """Data read from somewhere, which can say where each of its values was written."""

    @property
    def data(self) -> Any:
        """Dicts, lists and scalars."""

    def error(self, keys: Keys, message: str) -> InputError:
        """Return an error about the value at ``keys`` that names the place where it was written."""


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
