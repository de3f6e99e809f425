"""What goes wrong with images, in words that say what to do about it."""

from __future__ import annotations


class ImagesError(Exception):
    """Something that whoever runs the playbook can act on: expected, found, what to do next."""

    def __init__(self, expected: str, found: str, remedy: str) -> None:
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(f"expected {expected}; found {found}. {remedy}")
