"""Runs of ansible-playbook, and what they said."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TIMEOUT_S = 900.0

_RECAP_LINE = re.compile(r"^(\S+)\s+:((?:\s+\w+=\d+)+)\s*$")
_TASK_LINE = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \*+$")
_FATAL_LINE = re.compile(r"^(?:fatal|failed): \[([^\]]+)\].*? => (\{.*\})\s*$")


@dataclass(frozen=True)
class PlaybookResult:
    """One finished run.

    Attributes:
        returncode: of ansible-playbook: 0, or 2 where a host failed, 4 where one was unreachable.
        output: all that was printed.
        duration_s: wall clock.
    """

    returncode: int
    output: str
    duration_s: float

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """Return the play recap: for each host the number of tasks by outcome."""
        recap = {}
        for line in self.output.splitlines():
            if match := _RECAP_LINE.match(line):
                pairs = (pair.split("=") for pair in match[2].split())
                recap[match[1]] = {outcome: int(number) for outcome, number in pairs}
        return recap

    @property
    def changed_tasks(self) -> list[str]:
        """Return the names of the tasks that changed something, in their order."""
        names = []
        task = ""
        for line in self.output.splitlines():
            if match := _TASK_LINE.match(line):
                task = match[1]
            elif line.startswith("changed: [") and task not in names:
                names.append(task)
        return names

    @property
    def failures(self) -> list[str]:
        """Return the messages of the tasks that failed, ignored and rescued ones among them."""
        messages = []
        for line in self.output.splitlines():
            if match := _FATAL_LINE.match(line):
                result = json.loads(match[2])
                messages.append(str(result.get("msg", result)))
        return messages

    def failures_of(self, host: str) -> list[str]:
        """Return the same for one host."""
        found = (_FATAL_LINE.match(line) for line in self.output.splitlines())
        results = (json.loads(match[2]) for match in found if match and match[1] == host)
        return [str(result.get("msg", result)) for result in results]

    @property
    def refusal(self) -> str:
        """Return the message by which the run ended; raises AssertionError where no host failed."""
        assert self.returncode == 2, self.output
        assert self.failures, self.output
        return self.failures[-1]

    @property
    def ok(self) -> bool:
        """Tell whether every host got through, and there was one."""
        return self.returncode == 0 and bool(self.recap)

    def changed(self, host: str) -> int:
        """Return how many tasks changed something on a host."""
        return self.recap[host]["changed"]


def run_playbook(
    playbook: Path,
    inventory: Path,
    *arguments: str,
    variables: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> PlaybookResult:
    """Run a playbook with this Python's own ansible-playbook and the repository's configuration.

    Args:
        playbook: its path.
        inventory: an inventory file; the repository's own is not read.
        arguments: further arguments, such as ``--check``.
        variables: extra variables, which win over all others.
        environment: further environment variables.
        timeout_s: after so many seconds the run is killed.
    """
    settings = {
        "ANSIBLE_ROLES_PATH": str(REPOSITORY / "roles"),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_DISPLAY_FAILED_STDERR": "0",
        "ANSIBLE_LOCALHOST_WARNING": "0",
    }
    if (REPOSITORY / "ansible.cfg").is_file():
        settings["ANSIBLE_CONFIG"] = str(REPOSITORY / "ansible.cfg")
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "--inventory",
        str(inventory),
        *arguments,
        *(["--extra-vars", json.dumps(dict(variables))] if variables else []),
        str(playbook),
    ]
    begin = time.monotonic()
    result = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **settings, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return PlaybookResult(result.returncode, result.stdout, time.monotonic() - begin)


def run_role(
    role: str,
    inventory: Path,
    *arguments: str,
    variables: Mapping[str, object] | None = None,
    gather_facts: bool = True,
    timeout_s: float = TIMEOUT_S,
) -> PlaybookResult:
    """Run one role, as root, on every host of an inventory.

    The playbook is written beside the inventory.
    """
    playbook = inventory.with_name(f"{inventory.stem}-{role}.yml")
    play = {
        "name": f"Try the role {role}",
        "hosts": "all",
        "become": True,
        "gather_facts": gather_facts,
        # As the bundle's own playbooks: the rest takes seconds, and no role reads it.
        "gather_subset": ["min", "virtual"],
        "roles": [{"role": role}],
    }
    playbook.write_text(json.dumps([play]))  # JSON is YAML
    return run_playbook(playbook, inventory, *arguments, variables=variables, timeout_s=timeout_s)
