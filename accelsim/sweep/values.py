"""The values of an axis: a list, or a range written as ``{from: 16, to: 256, factor: 2}``."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model

from accelsim.config.machine import Section
from accelsim.documents.validation import validated
from accelsim.documents.wording import described

if TYPE_CHECKING:
    from accelsim.documents.yaml_document import Keys, YamlDocument

MAX_VALUES = 100_000
"""Of one axis. More is a slip of the pen: no sweep has ever had as many."""

_Number = Annotated[float, Field(allow_inf_nan=False)]

# Made by a function, because a class cannot have a field called ``from``.
_Range = create_model(
    "_Range",
    __base__=Section,
    **{  # type: ignore[call-overload]  # of keywords that are no literals, it knows nothing
        "from": (_Number, Field(description="the first value")),
        "to": (_Number, Field(description="the last value")),
        "step": (_Number | None, Field(None, description="what is added each time")),
        "factor": (_Number | None, Field(None, description="what is multiplied by each time")),
    },
)


def axis_values(document: YamlDocument, keys: Keys, written: Any) -> list[Any]:
    """Return the values that stand at ``keys`` of a sweep's file, ranges written out.

    Raises
    ------
    InputError
        If it is neither a list nor a range, or one without a value or an end.
    """
    if isinstance(written, dict):
        validated(_Range, document, written, keys)
        return _of_range(document, keys, written)
    if not isinstance(written, list):
        raise document.error(
            keys,
            f"must be a list of values, or a range such as {{from: 16, to: 256, factor: 2}}, not {described(written)}",
        )
    if not written:
        raise document.error(keys, "has no values")
    return written


def _of_range(document: YamlDocument, keys: Keys, written: dict[str, Any]) -> list[Any]:
    ways = [way for way in ("step", "factor") if written.get(way) is not None]
    if len(ways) != 1:
        raise document.error(keys, "must have either 'step' or 'factor'")
    first, last, by = (Fraction(str(written[key])) for key in ("from", "to", ways[0]))
    multiplied = ways[0] == "factor"
    if not _reaches(first, last, by, multiplied=multiplied):
        raise document.error((*keys, ways[0]), f"never gets from {written['from']} to {written['to']}")
    values = [first]
    while values[-1] != last:
        value = values[-1] * by if multiplied else values[-1] + by
        if abs(value - first) > abs(last - first):
            raise document.error(
                (*keys, "to"),
                f"the range does not end in {written['to']}: it goes from {_plain(values[-1])} to {_plain(value)}",
            )
        if len(values) == MAX_VALUES:
            raise document.error(keys, f"has more than {MAX_VALUES:,} values")
        values.append(value)
    return [_plain(value) for value in values]


def _reaches(first: Fraction, last: Fraction, by: Fraction, *, multiplied: bool) -> bool:
    """Whether the steps lead from the first value towards the last."""
    if multiplied:
        return by > 0 and first * last > 0 and (first == last or (by != 1 and (by > 1) == (abs(last) > abs(first))))
    return first == last or (by != 0 and (by > 0) == (last > first))


def _plain(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
