"""How a secret is made anew, as release.json says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """The service that lets others in by a secret, and is told of another one while it runs."""

    service: str
    command: tuple[str, ...]
    """Reads from its input every value that shall be accepted, a line each."""
    known_by: tuple[str, ...]
    """The owner's own files that the secret is in: they change without its being replaced."""


@dataclass(frozen=True)
class Rotation:
    """Whether and how a secret is made anew."""

    owner: Owner | None = None
    """None for one that nobody but its readers has to know."""
    refused: str = ""
    """Why it is not, and what to do instead."""
