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


# No thread of another program, nor one of its own that wakes up, takes the processor away from one
# of its threads in the middle of its work (SCHED_RR; sched(7)).
UNDISTURBED = "chrt --rr 1 "


def in_network_of(process: int, folder: Path, *, undisturbed: bool = False) -> Path:
    """A program, written into `folder`, that starts Chromium in the network of `process`.

    There it reaches what the container reaches. And in this machine's own network Chromium would
    drop what it loads (ERR_NETWORK_CHANGED) whenever a container of another test comes or goes.
    With `undisturbed` what its threads do takes no longer than they need for it.
    """
    enter = f"{UNDISTURBED if undisturbed else ''}nsenter --target {process} --net"
    if os.geteuid() != 0:
        enter = (
            f"sudo -n {enter} setpriv --reuid {os.geteuid()} --regid {os.getegid()} --init-groups"
        )
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec {enter} {installed()} "$@"\n')
    program.chmod(0o755)
    return program
