"""This machine's Chromium, in the network of a container."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def installed() -> str:
    """Where Chromium lies; raises AssertionError where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "expected chromium; found none. What to do: apt-get install chromium"
    return found


# As near to having the processor for itself as a program gets beside others.
FIRST = "nice --adjustment=-19 "


def in_network_of(process: int, folder: Path, *, first: bool = False) -> Path:
    """A program, written into `folder`, that starts Chromium in the network of `process`.

    There it reaches what the container reaches. And in this machine's own network Chromium would
    drop what it loads (ERR_NETWORK_CHANGED) whenever a container of another test comes or goes.
    With `first` it runs before everything else on this machine that wants to run.
    """
    enter = f"{FIRST if first else ''}nsenter --target {process} --net"
    if os.geteuid() != 0:
        enter = (
            f"sudo -n {enter} setpriv --reuid {os.geteuid()} --regid {os.getegid()} --init-groups"
        )
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec {enter} {installed()} "$@"\n')
    program.chmod(0o755)
    return program
