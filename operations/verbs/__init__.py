"""The operator's verbs, in modules by what they are about; `fabfile.py` offers all of them."""

from __future__ import annotations

import importlib
import pkgutil

from invoke import Collection, Task


def verbs() -> Collection:
    """Return every verb of every module of this package."""
    found = Collection()
    for module in pkgutil.iter_modules(__path__):
        content = vars(importlib.import_module(f"{__name__}.{module.name}"))
        for value in content.values():
            if isinstance(value, Task):
                found.add_task(value)
    return found
