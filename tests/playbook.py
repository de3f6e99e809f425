"""Runs a playbook as an operator would, and reads its recap."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
LOCAL_INVENTORY = REPOSITORY / "tests/inventories/local.ini"
RECAP = re.compile(
    r"^(?P<host>\S+)\s*: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+"
    r"unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class PlaybookRun:
    """What a playbook came to: its exit status, all it printed, and changes by host."""

    status: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host."""
        return {m["host"]: int(m["changed"]) for m in RECAP.finditer(self.output)}


def environment() -> dict[str, str]:
    """The environment in which this repository's Ansible runs and prints everything."""
    return dict(os.environ) | {
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
    }


def run_playbook(
    playbook: str, *arguments: str, inventory: Path = LOCAL_INVENTORY, timeout_s: float = 900
) -> PlaybookRun:
    """Run ``playbook`` of the repository; raises subprocess.TimeoutExpired after ``timeout_s``."""
    result = subprocess.run(
        [str(TOOLS / "ansible-playbook"), "-i", str(inventory), playbook, *arguments],
        cwd=REPOSITORY,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return PlaybookRun(result.returncode, result.stdout)
