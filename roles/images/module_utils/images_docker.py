"""The container engine, through its command line: it is what every host has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.images_errors import ImagesError

COMMAND_TIMEOUT_S = 60
PULL_TIMEOUT_S = 900
LOAD_TIMEOUT_S = 1800


@dataclass(frozen=True)
class Engine:
    """What an engine says about itself."""

    version: str
    architecture: str
    root_dir: str
    containerd_store: bool


@dataclass(frozen=True)
class LocalImage:
    """An image that an engine holds.

    ``image_id`` is the config's digest, but in engines with the containerd image store it is the
    manifest's. ``size`` is in bytes, unpacked.
    """

    ref: str
    image_id: str
    size: int
    labels: dict[str, str]


def run_docker(*args: str, timeout_s: int = COMMAND_TIMEOUT_S) -> subprocess.CompletedProcess[str]:
    """Run ``docker`` with ``args`` and return what came of it, whatever its exit code.

    Raises ImagesError where there is no such command, or where it does not end in time.
    """
    try:
        return subprocess.run(
            ["docker", *args],
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise ImagesError(
            "the docker command on this machine",
            "none",
            "Install it with: ansible-playbook playbooks/provision.yml --tags docker",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ImagesError(
            f"docker {args[0]} to end within {timeout_s} s",
            "that it still runs",
            "See whether the engine is well: docker info",
        ) from error


def engine() -> Engine:
    """Return what the engine says about itself; raises ImagesError where none answers."""
    answer = run_docker("info", "--format", "{{json .}}")
    try:
        info = json.loads(answer.stdout)
    except ValueError:
        info = {}
    if answer.returncode or not info.get("ServerVersion"):
        found = (answer.stderr.strip() or "; ".join(info.get("ServerErrors") or [])).splitlines()
        raise ImagesError(
            "a Docker engine that answers this user",
            found[-1] if found else f"exit code {answer.returncode} of docker info",
            "Start it (systemctl start docker), or run as root or as a member of the group docker.",
        )
    store = ["driver-type", "io.containerd.snapshotter.v1"]
    return Engine(
        version=info["ServerVersion"],
        architecture=info.get("Architecture", ""),
        root_dir=info.get("DockerRootDir", "/var/lib/docker"),
        containerd_store=store in (info.get("DriverStatus") or []),
    )


def local_images(refs: list[str]) -> dict[str, LocalImage]:
    """Return those of ``refs`` that the engine holds, by reference."""
    if not refs:
        return {}
    answer = run_docker("image", "inspect", *refs)
    if answer.returncode == 0:
        described = json.loads(answer.stdout)
        return {ref: _local_image(ref, raw) for ref, raw in zip(refs, described)}  # noqa: B905 - no strict= in Python 3.9
    if "no such image" not in answer.stderr.lower():
        engine()  # explains an engine that is missing or does not answer
        raise ImagesError("docker to inspect images", answer.stderr.strip(), "See: docker info")
    if len(refs) == 1:
        return {}
    # The answer does not tell whose description is whose once one is absent: ask for each.
    return {ref: image for ref in refs for image in local_images([ref]).values()}


def build_command(*, dockerfile: Path, context: Path, ref: str, options: list[str]) -> list[str]:
    """Return the BuildKit command line that builds ``context`` into ``ref``."""
    return [
        *("docker", "build", "--progress", "plain", "--file", str(dockerfile), "--tag", ref),
        *options,
        str(context),
    ]


def build_environment() -> dict[str, str]:
    """Return the environment that turns BuildKit on where it is not the default (before 23.0)."""
    return {**os.environ, "DOCKER_BUILDKIT": "1", "LC_ALL": "C.UTF-8"}


def pull(ref: str) -> None:
    """Pull ``ref`` from its registry; raises ImagesError where that fails."""
    answer = run_docker("pull", "--quiet", ref, timeout_s=PULL_TIMEOUT_S)
    if answer.returncode:
        raise ImagesError(
            f"to pull {ref} from its registry",
            (answer.stderr.strip().splitlines() or ["no reason given"])[-1],
            "Correct the reference, set docker_registry_mirrors to one that answers, or empty the"
            " variable to use the image that is built here.",
        )


def require_free_space(path: str, needed: int, purpose: str) -> None:
    """Raise ImagesError unless the file system of ``path`` has ``needed`` bytes free."""
    existing = Path(path)
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise ImagesError(
            f"{needed // 2**20} MiB free under {path} to {purpose}",
            f"{free // 2**20} MiB",
            "Free some: docker image prune and docker builder prune remove what nothing uses.",
        )


def _local_image(ref: str, raw: dict[str, Any]) -> LocalImage:
    return LocalImage(
        ref=ref,
        image_id=raw["Id"],
        size=int(raw.get("Size", 0)),
        labels=(raw.get("Config") or {}).get("Labels") or {},
    )
