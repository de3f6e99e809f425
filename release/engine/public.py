"""What the site tells everybody: which release runs, and each service's image. Nothing else."""

from __future__ import annotations

from typing import Any

from engine.journal import utc_now
from engine.layout import Layout, read_json, write_json
from engine.resolve import Model, lasting_services


def publish(layout: Layout, release_id: str, model: Model) -> None:
    """Write `public/release.json` for the release that became current just now."""
    value: dict[str, Any] = {
        "release": release_id,
        "since": utc_now(),
        "services": {
            name: _image(str(service.get("image", "")))
            for name, service in lasting_services(model).items()
        },
    }
    write_json(layout.public_release, value)


def is_published(layout: Layout, release_id: str) -> bool:
    """Whether that file tells of this release."""
    return read_json(layout.public_release).get("release") == release_id


def _image(ref: str) -> dict[str, str]:
    # Where an operator's own images come from is nobody's business.
    name, _colon, tag = ref.rpartition("/")[2].partition(":")
    return {"image": name, "tag": tag}
