"""Old releases and what only they used: removed. What a kept release uses stays."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from engine.docker_api import DOCKER_ERRORS, Client
from engine.layout import Layout, read_json
from engine.record import deployed_ids
from engine.trees import remove_leftovers

KEPT_JOURNALS = 100
# Only images that the bundle built are ever removed; one that a user chose is the user's.
OWN_IMAGES = "luffy-bundle/"


def prune(layout: Layout, client: Client, keep: int) -> list[str]:
    """Keep the current release and the last `keep` that were current; returns what was removed."""
    current = layout.current_id()
    kept = {current, *deployed_ids(layout)[:keep]} - {None}
    removed = []
    dropped_images: set[str] = set()
    for folder in _folders(layout.releases):
        if folder.name not in kept:
            dropped_images |= set(read_json(folder / "images.lock"))
            shutil.rmtree(folder)
            removed.append(f"release {folder.name}")
    releases = [folder for folder in _folders(layout.releases) if folder.name in kept]
    removed += _prune_config(layout, releases)
    kept_images = {ref for folder in releases for ref in read_json(folder / "images.lock")}
    removed += _prune_images(client, dropped_images - kept_images)
    for folder in (layout.releases, layout.root, layout.edge, layout.public, layout.root / "state"):
        remove_leftovers(folder)
    for journal in sorted(layout.journals.glob("*.jsonl"))[:-KEPT_JOURNALS]:
        journal.unlink()
        for suffix in (".err", ".reserve"):
            journal.with_suffix(suffix).unlink(missing_ok=True)
    return removed


def _prune_config(layout: Layout, releases: Iterable[Path]) -> list[str]:
    used: set[tuple[str, str]] = set()
    for release in releases:
        used |= set((read_json(release / "inputs.json").get("config") or {}).items())
    removed = []
    for service in _folders(layout.config):
        remove_leftovers(service)
        for folder in _folders(service):
            if (service.name, folder.name) not in used:
                shutil.rmtree(folder)
                removed.append(f"config {service.name}/{folder.name[:12]}")
    return removed


def _prune_images(client: Client, refs: Iterable[str]) -> list[str]:
    removed = []
    for ref in sorted(ref for ref in refs if ref.startswith(OWN_IMAGES)):
        try:
            client.images.remove(ref, noprune=False)
        except DOCKER_ERRORS as error:
            # Gone already, or used by a container of another project: not ours to force.
            removed.append(f"nothing of image {ref} ({str(error).splitlines()[0][:120]})")
        else:
            removed.append(f"image {ref}")
    return removed


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")
    )
