"""What the lab says when it cannot go on."""

from __future__ import annotations


class LabError(Exception):
    """Something is not as it has to be; says what was expected, what was found, and what to do."""

    def __init__(self, what: str, *, expected: str, found: str, do: str) -> None:
        super().__init__(f"{what}: expected {expected}; found {found}; do: {do}")


class NotHereError(LabError):
    """This machine has no such thing: the experiment cannot be made here, and nothing is wrong."""
