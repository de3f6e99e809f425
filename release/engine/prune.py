"""Old releases and what only they used: removed. What a kept release uses stays."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from engine.docker_api import DOCKER_ERRORS, Client
from engine.layout import Layout, read_json
from engine.record import deployed_ids
from engine.trees import leftovers, remove_leftovers

# Only images that the bundle built are ever removed; one that a user chose is the user's.
OWN_IMAGES = "luffy-bundle/"


MOUNTED = re.compile(r"/config/([A-Za-z0-9_.-]+)/([0-9a-f]{64})")


def superfluous(layout: Layout, keep: int) -> list[str]:
    """What `prune` would remove, but for the images that it would then try to."""
    kept = _kept(layout, keep)
    releases = _folders(layout.releases)
    found = [f"release {folder.name}" for folder in releases if folder.name not in kept]
    used = _used_config([folder for folder in releases if folder.name in kept])
    found += [
        f"config {service.name}/{folder.name[:12]}"
        for service in _folders(layout.config)
        for folder in _folders(service)
        if (service.name, folder.name) not in used
    ]
    return found + [
        f"{path}, left by an interrupted run"
        for folder in _with_leftovers(layout)
        for path in leftovers(folder)
    ]


def prune(layout: Layout, client: Client, keep: int) -> list[str]:
    """Keep the current release and the last `keep` that were current; returns what was removed."""
    kept = _kept(layout, keep)
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
    for folder in _with_leftovers(layout):
        remove_leftovers(folder)
    return removed


def _with_leftovers(layout: Layout) -> list[Path]:
    state = layout.services_state.parent
    return [layout.releases, layout.root, layout.edge, layout.public, state]


def _kept(layout: Layout, keep: int) -> set[str]:
    current = layout.current_id()
    return {*([current] if current else []), *deployed_ids(layout)[:keep]}


def _used_config(releases: Iterable[Path]) -> set[tuple[str, str]]:
    used: set[tuple[str, str]] = set()
    for release in releases:
        used |= set((read_json(release / "inputs.json").get("config") or {}).items())
        # What was left out of a release goes on with the configuration of an earlier one.
        text = (release / "compose.yaml").read_text(encoding="utf-8")
        used |= set(MOUNTED.findall(text))
    return used


def _prune_config(layout: Layout, releases: Iterable[Path]) -> list[str]:
    used = _used_config(releases)
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
