"""The demo world alone, in its container: all that most programs of lab/requests need."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest
import requests

READY_WITHIN_S = 20
OPTIONS = {"--lab-port": 8010, "--lab-tls-port": 8011}


def docker(*arguments: str) -> str:
    """Run a docker command; raises with its own words if it fails."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def lab() -> Iterator[list[str]]:
    """The options by which a program finds the lab; it has no more memory than in a deployment."""
    publish = [part for port in OPTIONS.values() for part in ("--publish", f"127.0.0.1::{port}")]
    container = docker(
        *("run", "--detach", "--rm", "--init", "--read-only", "--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges", "--memory", "128m", "--pids-limit", "100"),
        *publish,
        os.environ["DEMO_IMAGE"],
    )
    try:
        found = {
            option: docker("port", container, str(port)).rpartition(":")[2]
            for option, port in OPTIONS.items()
        }
        wait_for(f"http://127.0.0.1:{found['--lab-port']}/")
        yield [word for pair in found.items() for word in pair]
    finally:
        docker("rm", "--force", container)


def wait_for(url: str) -> None:
    """Wait until a URL answers."""
    deadline = time.monotonic() + READY_WITHIN_S
    with requests.Session() as session:
        session.trust_env = False
        while True:
            try:
                session.get(url, timeout=2).raise_for_status()
                return
            except requests.RequestException as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{url} gave no answer for {READY_WITHIN_S} s") from error
                time.sleep(0.1)
