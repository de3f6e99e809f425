"""What the site says, from its own texts: a control is looked for by the name that people read."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from tests.playbook import REPOSITORY

TEXTS = REPOSITORY / "services/luffycity/src/i18n"


@cache
def texts(language: str) -> dict[str, Any]:
    """All texts of a language (`zh` or `en`), by area and key."""
    found: dict[str, Any] = {}
    for file in sorted((TEXTS / language).glob("*.json")):
        found |= json.loads(file.read_text())
    return found


def said(key: str, language: str = "en", **values: object) -> str:
    """The text of a key such as `nav.login`; raises KeyError where there is none."""
    found: Any = texts(language)
    for part in key.split("."):
        if part not in found:
            raise KeyError(f"expected a text {key} in {TEXTS / language}; found none")
        found = found[part]
    text = re.sub(r"\{'(.*?)'\}", r"\1", str(found))  # signs that mean something else there
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def pattern(key: str, language: str = "en", **values: object) -> re.Pattern[str]:
    """The same, whatever stands where no value was given; of several forms, any."""
    forms = said(key, language, **values).split(" | ")
    parts = ("".join(_any(piece) for piece in re.split(r"(\{\w+\})", form)) for form in forms)
    return re.compile("^(" + "|".join(parts) + ")$")


def _any(piece: str) -> str:
    return ".*" if piece.startswith("{") else re.escape(piece)
