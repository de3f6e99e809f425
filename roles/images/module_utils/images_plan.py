"""The plan of a build: every image's name, tag and place, and what is not built yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.images_catalogue import BASE, CatalogueEntry
from ansible.module_utils.images_docker import LocalImage
from ansible.module_utils.images_errors import ImagesError
from ansible.module_utils.images_tags import image_tag

REPOSITORY = "luffy-bundle"
MIRROR_LABEL = "luffy-bundle.mirror"


@dataclass
class PlannedImage:
    """An image that a deployment needs.

    ``external`` is one that the user named and each host pulls; all else is built here. ``tag`` and
    ``context`` are empty then. ``missing`` tells that it is to be built.
    """

    name: str
    variable: str
    ref: str
    tag: str
    context: str
    depends: list[str]
    args: dict[str, str]
    external: bool
    missing: bool = False
    image_id: str = ""
    size: int = 0


@dataclass(frozen=True)
class BaseChoice:
    """Where the base image comes from: ``source`` is ``mirror`` or ``registry``."""

    source: str
    registry_ref: str
    refresh: str

    def args(self) -> dict[str, str]:
        """Return what of the choice shapes the base image's content."""
        registry = {"registry_ref": self.registry_ref} if self.source == "registry" else {}
        return {"source": self.source, "refresh": self.refresh, **registry}


def plan_images(
    catalogue: list[CatalogueEntry],
    services: Path,
    base: BaseChoice,
    overrides: dict[str, str],
    build_args: dict[str, dict[str, str]],
) -> list[PlannedImage]:
    """Return every image of the catalogue with its reference, in the order to build them.

    ``overrides`` names images that the user takes from a registry instead, ``build_args`` the
    arguments that the user gives an image's build. An image that only overridden ones are built on
    is left out. Raises ImagesError for a context that is not there.
    """
    known = {entry.name for entry in catalogue}
    for name in [*overrides, *build_args]:
        if name not in known - {BASE}:
            raise ImagesError(
                f"names of services ({', '.join(sorted(known - {BASE}))})",
                name,
                "Correct the name in images_build_args or in <name>_image.",
            )
    tags: dict[str, str] = {}
    planned = []
    for entry in catalogue:
        if entry.name in overrides:
            planned.append(_external(entry, overrides[entry.name]))
            continue
        context = services / entry.context
        if not (context / "Dockerfile").is_file():
            raise ImagesError(
                f"the sources of the image {entry.name} in {context}",
                "no Dockerfile there",
                "Restore the folder from the repository.",
            )
        own_args = base.args() if entry.name == BASE else build_args.get(entry.name, {})
        args = {**entry.args, **own_args}
        parents = {name: tags[name] for name in entry.depends if name in tags}
        tags[entry.name] = image_tag(entry.name, context, args, parents, entry.not_tagged)
        planned.append(
            PlannedImage(
                name=entry.name,
                variable=entry.variable,
                ref=f"{REPOSITORY}/{entry.name}:{tags[entry.name]}",
                tag=tags[entry.name],
                context=str(context),
                depends=entry.depends,
                args=args,
                external=False,
            )
        )
    used = {name for image in planned if not image.external for name in image.depends}
    return [image for image in planned if image.name != BASE or BASE in used]


def mark_missing(
    planned: list[PlannedImage], present: dict[str, LocalImage], mirror: str | None
) -> None:
    """Mark what the builder's engine does not hold.

    The base is needed only where something is built on it. Where it was made from another mirror
    than ``mirror`` (None: whichever) it is made again, since that one may not answer any more.
    """
    for image in planned:
        held = present.get(image.ref)
        image.missing = not image.external and image.name != BASE and held is None
        if held:
            image.image_id, image.size = held.image_id, held.size
    wanted = {name for image in planned if image.missing for name in image.depends}
    for image in planned:
        if image.name == BASE and BASE in wanted:
            held = present.get(image.ref)
            image.missing = held is None or (
                mirror is not None and held.labels.get(MIRROR_LABEL) != mirror
            )


def _external(entry: CatalogueEntry, ref: str) -> PlannedImage:
    return PlannedImage(
        name=entry.name,
        variable=entry.variable,
        ref=ref,
        tag="",
        context="",
        depends=[],
        args={},
        external=True,
    )
