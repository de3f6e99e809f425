"""What the measurements share: docker by its command, and the images that the tests built."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


class CommandError(Exception):
    """A program of the measurements failed; its own words are in the text."""


def docker(*arguments: str, text: str | None = None, quiet: bool = False) -> str:
    """Run docker; what it printed. Raises CommandError. `quiet`: a failure is no error."""
    result = subprocess.run(
        ["docker", *arguments], input=text, capture_output=True, text=True, check=False
    )
    if result.returncode and not quiet:
        said = (result.stderr or result.stdout)[-3000:]
        raise CommandError(
            f"expected docker {' '.join(arguments[:3])} … to succeed; "
            f"found exit code {result.returncode}:\n{said}"
        )
    return result.stdout


def images() -> dict[str, str]:
    """The images that tests/build_images has built, by variable name; the environment may name
    others.

    Raises CommandError where it has not been run.
    """
    path = REPOSITORY / ".cache/images.env"
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise CommandError(
            "expected the images' names in .cache/images.env; found no such file. "
            "What to do: run scripts/test engine images"
        ) from error
    built = dict(line.split("=", 1) for line in lines if "=" in line)
    return {name: os.environ.get(name, image) for name, image in built.items()}


def variables(environment: Mapping[str, str]) -> list[str]:
    """The options of `docker run` that set an environment."""
    return [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
