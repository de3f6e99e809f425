"""The Docker command line, with an error that shows what the command said."""

import os
import subprocess

from .errors import TestHostError


def docker(*arguments: str, stdin: str | None = None, timeout_s: float = 600) -> str:
    """Run ``docker`` and return what it printed, without the last line break.

    Raises:
        TestHostError: the command ended with an error; its output is part of the message.
    """
    result = subprocess.run(
        ["docker", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )
    if result.returncode != 0:
        raise TestHostError(
            f"docker {' '.join(arguments)}: ended with {result.returncode}\n"
            f"{result.stdout[-4000:]}{result.stderr[-4000:]}"
        )
    return result.stdout.rstrip("\n")


def exists(kind: str, name: str) -> bool:
    """Tell whether the engine knows an ``image``, a ``network`` … by this name."""
    result = subprocess.run(
        ["docker", kind, "inspect", name], capture_output=True, timeout=60, check=False
    )
    return result.returncode == 0
