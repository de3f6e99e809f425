"""Which command of which service is a console: the field `consoles`, read and validated.

The engine knows no service by name: that `db` is a database's client is the release's to say.
"""

from __future__ import annotations

import re
from typing import Any

from engine.incoming import Console
from engine.service_reader import NAME, Problems

CONSOLE = re.compile(r"[a-z][a-z0-9_]{0,31}")
EXPECTED = 'an object {"service": …, "command": ["console"]}'


def read_consoles(to: Problems, document: dict[str, Any]) -> dict[str, Console]:
    """The field `consoles`."""
    found = to.items("consoles", document.get("consoles"), dict, "an object: name to console")
    consoles = {}
    for name, item in found.items():
        where = f"consoles.{name}"
        to.value(where, name, _is_name(CONSOLE), "a name such as db, in small letters")
        if not isinstance(item, dict):
            to.bad(where, EXPECTED, item)
            continue
        to.known_keys(f"{where}.", item, {"service", "command"})
        service = to.value(
            f"{where}.service", item.get("service"), _is_name(NAME), "the name of a service"
        )
        command = to.value(
            f"{where}.command", item.get("command"), _is_words, "a list of words, at least one"
        )
        if service and command:
            consoles[name] = Console(service, tuple(command))
    return consoles


def _is_name(pattern: re.Pattern[str]) -> Any:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(w, str) and w for w in value)
