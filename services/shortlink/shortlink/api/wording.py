"""Plain words for what pydantic found wrong."""

from collections.abc import Mapping
from typing import Any

_SHOWN = 80  # characters of what was found
_EXPECTED = {
    "datetime_from_date_parsing": "a time such as 2026-12-31T00:00:00Z",
    "datetime_parsing": "a time such as 2026-12-31T00:00:00Z",
    "datetime_type": "a time such as 2026-12-31T00:00:00Z",
    "dict_type": "an object",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_type": "a whole number",
    "model_attributes_type": "an object",
    "model_type": "an object",
    "string_type": "text",
    "string_unicode": "text in Unicode",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge", ""),
    "less_than_equal": ("at most", "le", ""),
    "string_too_long": ("at most", "max_length", " characters"),
    "string_too_short": ("at least", "min_length", " characters"),
}


def shown(value: object) -> str:
    """`value` as an error may show it: short, and in ASCII."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text[:_SHOWN])


def expected_in(detail: Mapping[str, Any]) -> str:
    """What one of pydantic's errors asks for."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        words, bound, unit = _BOUNDS[kind]
        return f"{words} {context[bound]:g}{unit}"
    message: str = detail["msg"]
    return _EXPECTED.get(kind) or message.removeprefix("Value error, ").removeprefix(
        "Input should be "
    )
