"""What a restore has left that was cut off goes, while others, and Docker itself, are at work."""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest
from bundle import NAME, sh

from engine.backups import unfinished
from engine.backups.side import Side
from engine.docker_api import connect
from engine.layout import Layout
from engine.tools import Tools

# Of this process alone: whatever mounts it goes, and the tests beside this one are at work too.
OURS = f"{NAME}-{secrets.token_hex(3)}"
VOLUME = f"{OURS}-volume"


class HalfTools:
    """What settling asks for."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @cached_property
    def client(self) -> Any:
        return connect()


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    yield cast(Tools, HalfTools(Layout(tmp_path)))
    left = sh("docker", "ps", "-aq", "--filter", f"volume={VOLUME}").split()
    if left:
        sh("docker", "rm", "-f", *left)
    sh("docker", "volume", "rm", "-f", VOLUME)


def begin(tools: Tools, **volumes: str) -> None:
    layout = tools.layout
    side = Side(f"{OURS}-side", layout.restoring / "side", volumes, layout.root, NAME)
    unfinished.begin(layout, side, generation=7)
    tools.client.volumes.create(VOLUME)


@contextmanager
def meanwhile(*words: str, times: int) -> Iterator[None]:
    """Somebody has Docker do that so many times, and is not always obeyed."""

    def again() -> None:
        for _ in range(times):
            sh("docker", *words, "--network", "none", os.environ["BASE_IMAGE"], "true", check=False)

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(60)


def settle(tools: Tools, **volumes: str) -> None:
    begin(tools, **volumes)
    assert unfinished.settle(tools) == "cleared away what an interrupted restore has left"
    assert not tools.layout.restoring.exists()


def test_others_come_and_go(tools: Tools) -> None:
    with meanwhile("run", "--rm", times=8):
        for _ in range(100):
            settle(tools, data=VOLUME)


def test_docker_still_makes_what_a_killed_client_had_asked_for(tools: Tools) -> None:
    for _ in range(5):
        with meanwhile("create", "--volume", f"{VOLUME}:/data", times=3):
            settle(tools, data=VOLUME)


def test_without_volumes_nobodys_container_goes(tools: Tools) -> None:
    words = ["docker", "create", "--network", "none", "--volume", f"{VOLUME}:/data"]
    others = sh(*words, os.environ["BASE_IMAGE"], "true")
    settle(tools)
    assert sh("docker", "ps", "-aq", "--no-trunc", "--filter", f"id={others}") == others
