"""A restore that was cut off: what it left is cleared away, and replaced secrets are put back."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine import local_settings
from engine.backups.side import Side
from engine.docker_api import containers_that_mount, remove_container, remove_until_free
from engine.errors import RefusedError
from engine.layout import Layout, read_json, write_json
from engine.secret_files import SECRET_MODE
from engine.tools import Tools
from engine.trees import make_folder, sync_folder, write_file

BEFORE = "before"
"""The secrets as they were, from when a restore begins to change over."""


def begin(layout: Layout, side: Side, generation: int) -> None:
    """Write down what is about to be made."""
    make_folder(layout.restoring, 0o700)
    about = {
        "generation": generation,
        "name": side.name,
        "volumes": dict(side.volumes),
        "owner": side.owner,
    }
    write_json(layout.restoring / "restore.json", about)


def remember_secrets(layout: Layout, secrets_dir: Path) -> None:
    """Copy the secrets as they are, before any is replaced: all of them or none."""
    copies = layout.restoring / BEFORE
    being_made = layout.restoring / "before.new"
    shutil.rmtree(being_made, ignore_errors=True)
    make_folder(being_made, 0o700)
    owners = {}
    for path in sorted(secrets_dir.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            owners[path.name] = path.stat().st_uid
            write_file(being_made / path.name, path.read_bytes(), SECRET_MODE, 0)
    write_json(being_made / ".owners.json", {"secrets_dir": str(secrets_dir), "owners": owners})
    being_made.rename(copies)
    # The secrets may lie in another file system, which a power cut may find further than this one.
    sync_folder(layout.restoring)


def left_over(layout: Layout) -> list[str]:
    """Why there is something to settle, a line; none if there is not."""
    return ["an interrupted restore is to be cleared away"] if layout.restoring.exists() else []


def refuse_changing_over(layout: Layout) -> None:
    """Raise RefusedError where a restore was cut off while it changed over: some services may have
    the new data already, and others the old."""
    generation = read_json(layout.restoring / "restore.json").get("generation")
    begun = (layout.restoring / BEFORE).exists()
    if begun and local_settings.read(layout).generation != generation:
        raise RefusedError(
            "the services' data",
            "that of one time",
            "a restore that was cut off while it changed over",
            "deploy, or restore again; then back up",
        )


def settle(tools: Tools) -> str:
    """Undo what an interrupted restore has left, if there is any; returns what was done."""
    layout = tools.layout
    about = read_json(layout.restoring / "restore.json")
    if not about:
        shutil.rmtree(layout.restoring, ignore_errors=True)
        return ""
    side = Side(
        str(about["name"]),
        layout.restoring / "side",
        about["volumes"],
        layout.restoring / "secrets",
        str(about["owner"]),
    )
    side.remove_containers(tools)
    if local_settings.read(layout).generation == about["generation"]:
        # It was recorded: the data is in use, and what was left to do is done by the next deploy.
        side.remove_scratch(tools)
        shutil.rmtree(layout.restoring)
        return "the restore before had ended but for its last steps"
    put_back = put_secrets_back(layout)
    _remove_volumes(tools, side)
    shutil.rmtree(layout.restoring)
    return f"cleared away what an interrupted restore has left{put_back}"


def put_secrets_back(layout: Layout) -> str:
    """Write the secrets as they were before a restore, if it had replaced any."""
    folder = layout.restoring / BEFORE
    known = read_json(folder / ".owners.json")
    if not known:
        return ""
    for name, uid in known["owners"].items():
        content = (folder / name).read_bytes()
        path = Path(known["secrets_dir"]) / name
        if not path.is_file() or path.read_bytes() != content:
            write_file(path, content, SECRET_MODE, int(uid))
    return ", and put the secrets back"


def _remove_volumes(tools: Tools, side: Side) -> None:
    """The containers that had begun to use them go with them; a deploy starts them again."""

    def remove() -> None:
        for container in containers_that_mount(tools.client, side.volumes.values()):
            remove_container(tools.client, container, 0)
        side.remove_volumes(tools)

    remove_until_free(remove)
