"""Plain words for what pydantic found wrong."""

import json
from collections.abc import Mapping
from typing import Any

from proxypool.api.patterns import WORDS

_SHOWN = 80  # characters of what was found
_SECRETS = frozenset({"proxies", "url", "headers"})
"""Fields of bodies that may hold credentials."""
_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "an object",
    "finite_number": "a number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "an object",
    "model_type": "an object",
    "string_type": "text",
    "string_unicode": "text in Unicode",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than": ("more than", "gt", ""),
    "greater_than_equal": ("at least", "ge", ""),
    "less_than": ("less than", "lt", ""),
    "less_than_equal": ("at most", "le", ""),
    "string_too_long": ("at most", "max_length", " characters"),
    "string_too_short": ("at least", "min_length", " characters"),
    "too_long": ("at most", "max_length", " of them"),
    "too_short": ("at least", "min_length", " of them"),
}
_KINDS: dict[type, str] = {str: "text", dict: "an object", list: "a list", bytes: "bytes"}


def shown(value: object) -> str:
    """`value` as an error may show it: short, and in ASCII."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text[:_SHOWN])


def expected_in(detail: Mapping[str, Any]) -> str:
    """What one of pydantic's errors asks for."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "string_pattern_mismatch" and context.get("pattern") in WORDS:
        return WORDS[context["pattern"]]
    if kind in _BOUNDS:
        words, bound, unit = _BOUNDS[kind]
        return f"{words} {context[bound]:g}{unit}"
    message: str = detail["msg"]
    return _EXPECTED.get(kind) or message.removeprefix("Value error, ").removeprefix(
        "Input should be "
    )


def found_in_body(value: object, fields: list[str]) -> str:
    """A body's value under these fields; only its kind where it may hold credentials."""
    plain = value is None or isinstance(value, bool | int | float | str)
    if not plain or not fields or fields[0] in _SECRETS:
        return _KINDS.get(type(value), "a number" if type(value) in (int, float) else "another")
    return shown(value) if isinstance(value, str) else json.dumps(value)[:_SHOWN]
