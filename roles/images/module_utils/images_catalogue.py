"""services/images.json: which images there are, where each is built, and on what."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils.images_errors import ImagesError

BASE = "base"


@dataclass(frozen=True)
class CatalogueEntry:
    """One image: its name, its context's folder below services/, and the images it is built on.

    ``args`` are build arguments that shape its content. ``not_tagged`` are patterns, as in a
    .dockerignore, of files that the context needs and the image does not: those of its test stage.
    """

    name: str
    context: str
    depends: list[str]
    args: dict[str, str] = field(default_factory=dict)
    not_tagged: list[str] = field(default_factory=list)

    @property
    def variable(self) -> str:
        """The variable that compose files know the image by, such as ``EDGE_IMAGE``."""
        return self.name.upper() + "_IMAGE"


def read_catalogue(path: Path) -> list[CatalogueEntry]:
    """Return the images that the file lists, each after those it depends on.

    Raises ImagesError where the file is missing, is no valid list, or names an image that it does
    not list earlier.
    """
    try:
        raw = json.loads(path.read_text())
        entries = [
            CatalogueEntry(
                name=item["name"],
                context=item["context"],
                depends=item["depends"],
                args=item.get("args", {}),
                not_tagged=item.get("not_tagged", []),
            )
            for item in raw["images"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImagesError(
            f'a list of {{"name", "context", "depends"}} under "images" in {path}',
            f"{type(error).__name__}: {error}",
            "Restore the file from the repository.",
        ) from error
    known: list[str] = []
    for entry in entries:
        unknown = [name for name in entry.depends if name not in known]
        if unknown:
            raise ImagesError(
                f"each image in {path} to stand after those it depends on",
                "{} before {}".format(entry.name, ", ".join(unknown)),
                "Move {} up, or correct the name.".format(", ".join(unknown)),
            )
        known.append(entry.name)
    return entries
