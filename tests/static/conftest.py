"""The Compose files as the release engine would resolve them, with every profile on."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIRED = re.compile(r"\$\{([A-Z0-9_]+):\?")


def required_variables() -> dict[str, str]:
    """A value for each variable that the Compose files insist on."""
    names = {
        name
        for path in (REPOSITORY / "compose").rglob("*.yaml")
        for name in REQUIRED.findall(path.read_text())
    }
    return {name: f"/stands-for/{name.lower()}" for name in sorted(names)}


def resolved(*files: str, profiles: tuple[str, ...] = ()) -> dict[str, Any]:
    """What `docker compose config` makes of ``files``; fails with its own words."""
    command = ["docker", "compose", "-p", "static"]
    for profile in profiles:
        command += ["--profile", profile]
    for name in files:
        command += ["-f", str(REPOSITORY / name)]
    result = subprocess.run(
        [*command, "config", "--format", "json"],
        env=dict(os.environ) | required_variables() | {"COMPOSE_FILE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    model: dict[str, Any] = json.loads(result.stdout)
    return model


@pytest.fixture(scope="session")
def model() -> dict[str, Any]:
    """The whole product: production, the demo world, and the steps of a deploy."""
    return resolved(
        "compose.yaml",
        "compose/luffy/sms.yaml",
        "compose/luffy/payment.yaml",
        "compose/demo/overlay.yaml",
        "compose/backup/folder.yaml",
        profiles=("demo", "steps"),
    )
