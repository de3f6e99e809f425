"""Files that commands read and write; `-` is standard input and output."""

import os
import sys
import tempfile
from collections.abc import Iterable
from errno import EISDIR
from pathlib import Path

from proxypool.problems import ConfigurationError, Problem

_MAX_LIST_BYTES = 256 * 1024 * 1024


def read_list(name: str) -> str:
    """The text of a list of proxies. Raises ConfigurationError where it cannot be read."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(_MAX_LIST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(_MAX_LIST_BYTES + 1)
    except OSError as error:
        raise _refused("FILE", "a file that can be read", name, error) from error
    if len(content) > _MAX_LIST_BYTES:
        problem = Problem("FILE", f"at most {_MAX_LIST_BYTES} bytes", "more", "split the list")
        raise ConfigurationError([problem])
    # Addresses are ASCII: what else stands in the list may be in any encoding.
    return content.decode("utf-8", "replace")


def check_writable(name: str) -> None:
    """Find out before hours of work whether `write_whole` can write there.

    Raises ConfigurationError where it cannot.
    """
    if name == "-":
        return
    path = Path(name)
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", dir=path.parent):
            pass
    except OSError as error:
        raise _refused("--output", "a file that can be written", name, error) from error


def write_whole(name: str, pieces: Iterable[str]) -> None:
    """Write a file, which is there only when it is whole; or standard output.

    Raises ConfigurationError where it cannot be written.
    """
    if name == "-":
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
        return
    path = Path(name)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(pieces)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused("--output", "a file that can be written", name, error) from error


def _refused(name: str, expected: str, path: str, error: OSError) -> ConfigurationError:
    found = f"{path}: {error.strerror or type(error).__name__}"
    return ConfigurationError([Problem(name, expected, found, "correct the path")])
