"""Which secrets there are, and which of them can be made anew."""

from __future__ import annotations

import time
from typing import Any

from engine.errors import NoInputError, UsageError
from engine.incoming import Incoming, SecretSpec
from engine.rotating.unfinished import read_unfinished
from engine.secret_files import DAY_S

UNSAID = "the release does not say how: replace it by hand, then: fab deploy"


def choose(incoming: Incoming, name: str) -> SecretSpec:
    """The secret of that name.

    Raises NoInputError where there is none, UsageError where it is not made anew, each with those
    that are.
    """
    rotated = ", ".join(spec.file for spec in incoming.secrets if not instead(spec)) or "none"
    for spec in incoming.secrets:
        if spec.file == name:
            if instead(spec):
                do = f"{instead(spec)}"
                raise UsageError(f"secret {name}", f"one of {rotated}", "one that is not", do)
            return spec
    raise NoInputError(f"secret {name}", f"one of {rotated}", "no such secret", "fab secrets")


def instead(spec: SecretSpec) -> str:
    """Why a secret is not made anew, and what to do instead; empty for one that is."""
    if spec.old_of:
        return f"it keeps the value before of {spec.old_of}: rotate that"
    if spec.is_derived:
        return f"it follows from {', '.join(spec.sources())}: rotate that"
    if spec.given:
        return "it is yours: write the new one into its file, then: fab deploy"
    return spec.rotation.refused if spec.rotation else UNSAID


def listed(incoming: Incoming) -> list[dict[str, Any]]:
    """Each secret of a release, never its content."""
    begun = read_unfinished(incoming.secrets_dir)
    rows = []
    for spec in sorted(incoming.secrets, key=lambda each: each.file):
        path = incoming.secrets_dir / spec.file
        age_s = time.time() - path.stat().st_mtime if path.exists() else None
        do = instead(spec) or f"fab secrets rotate {spec.file}"
        if begun and begun.secret == spec.file:
            do = f"it was interrupted: {do}"
        rows.append(
            {
                "secret": spec.file,
                "age_days": None if age_s is None else int(age_s // DAY_S),
                "rotate": not instead(spec),
                "do": do,
            }
        )
    return rows
