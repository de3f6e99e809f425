"""Ansible output for people: one line per stage with its time, the whole story in the log file.

The screen shows stages (the roles), tasks that take long, and a failure in full. Everything that
Ansible's default output would show goes to the file of ``ANSIBLE_LOG_PATH``. How each host ended is
written for programs to the file of ``STAGES_OUTCOMES``, if that is set.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback.default import CallbackModule as DefaultCallback

DOCUMENTATION = """
name: stages
type: stdout
short_description: one line per stage, with its time
description:
  - Shows the roles as stages with their times, tasks tagged C(slow) as they begin, tasks that took
    long, and failures in full.
  - Everything else goes to the log file alone.
extends_documentation_fragment:
  - default_callback
"""

LONG_TASK_S = 8.0
LOG_TAIL_LINES = 45


class LogOnlyDisplay:
    """Ansible's display, with everything that is shown sent to the log file alone."""

    def __init__(self, display: Any) -> None:
        self._display = display

    def __getattr__(self, name: str) -> Any:
        return getattr(self._display, name)

    def display(self, msg: str, color: str | None = None, **options: Any) -> None:
        """Write ``msg`` to the log file and not to the screen."""
        options["log_only"] = True
        options.pop("screen_only", None)
        self._display.display(msg, color=color, **options)

    def banner(self, msg: str, color: str | None = None, cows: bool = True) -> None:
        """Write a heading to the log file and not to the screen."""
        self.display(f"\n{msg} {'*' * max(3, 79 - len(msg))}", color=color)


class CallbackModule(DefaultCallback):  # type: ignore[misc]  # Ansible ships no type information
    """Stages on the screen, the default output in the log."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "stages"

    def __init__(self) -> None:
        super().__init__()
        self._screen: Any = self._display
        self._display: Any = LogOnlyDisplay(self._screen)
        self._stage = ""
        self._stage_start = 0.0
        self._task_began = 0.0
        self._task_name = ""
        self._failed_hosts: set[str] = set()
        self._outcomes: dict[str, dict[str, Any]] = {}

    def _show(self, text: str, color: str | None = None) -> None:
        self._screen.display(text, color=color)

    def _end_task(self) -> None:
        took = time.monotonic() - self._task_began
        if self._task_name and took >= LONG_TASK_S:
            self._show(f"     {took:6.1f} s  {self._task_name}")
        self._task_name = ""

    def _end_stage(self) -> None:
        self._end_task()
        if self._stage:
            took = time.monotonic() - self._stage_start
            self._show(f"<== {self._stage}: {took:.1f} s", color="green")
        self._stage = ""

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Begin a stage where the role changes, and the clock of this task."""
        super().v2_playbook_on_task_start(task, is_conditional)
        self._end_task()
        role = task._role.get_name() if task._role else ""
        if role and role != self._stage:
            self._end_stage()
            self._stage, self._stage_start = role, time.monotonic()
            self._show(f"==> {role}", color="cyan")
        self._task_began, self._task_name = time.monotonic(), task.get_name().split(" : ")[-1]
        if "slow" in task.tags:
            self._show(f"          …    {self._task_name}")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Show what a task tagged ``summary`` has to say, and in check mode what would change."""
        super().v2_runner_on_ok(result)
        self._keep_outcome(result)
        if context.CLIARGS.get("check") and result._result.get("changed"):
            self._show(f"  {result._host.get_name()} would change: {result._task.get_name()}")
            for line in changed_files(result._result):
                self._show(f"    {line}")
        if "summary" in result._task.tags:
            message = result._result.get("msg", "")
            for line in message if isinstance(message, list) else str(message).splitlines():
                self._show(line)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Show a failure that counts: what failed, where, and its own words."""
        super().v2_runner_on_failed(result, ignore_errors)
        self._keep_outcome(result)
        if not ignore_errors and not result._task.loop:
            self._report_failure(result, "FAILED")

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Show one failed item of a loop."""
        super().v2_runner_item_on_failed(result)
        if not result._task.ignore_errors:
            self._report_failure(result, "FAILED")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Show which host did not answer, and what to look at."""
        super().v2_runner_on_unreachable(result)
        if result._task.ignore_unreachable:
            return
        self._report_failure(result, "UNREACHABLE")
        self._show(
            "  expected: an SSH login on this host; do: check its address, user and key in the "
            "inventory with `ansible -i INVENTORY HOST -m ansible.builtin.ping`"
        )

    def _handle_exception(self, result: dict[str, Any], use_stderr: bool = False) -> None:
        """Keep where in the playbook a task failed for the log; its message is shown anyway."""
        if exception := result.pop("exception", None):
            self._display.display(str(exception))

    def _keep_outcome(self, result: Any) -> None:
        """Keep what the command of a task tagged ``outcome`` printed last of its host."""
        printed = result._result.get("stdout_lines")
        if "outcome" in result._task.tags and printed:
            kept = self._outcomes.setdefault(result._host.get_name(), {})
            kept.update(outcome_of(printed[-1]))

    def _report_failure(self, result: Any, verdict: str) -> None:
        host = result._host.get_name()
        self._failed_hosts.add(host)
        self._show("")
        self._show(f"{verdict} on {host}: {result._task.get_name()}", color="red")
        for line in failure_lines(result._result):
            self._show(f"  {line}")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Close with one line per host, as `ansible-playbook` users know it."""
        self._end_stage()
        super().v2_playbook_on_stats(stats)
        if path := os.environ.get("STAGES_OUTCOMES"):
            Path(path).write_text(json.dumps(self._all_outcomes(stats)), encoding="utf-8")
        for host in sorted(stats.processed):
            counts = stats.summarize(host)
            self._show(
                f"{host}: ok={counts['ok']} changed={counts['changed']} "
                f"unreachable={counts['unreachable']} failed={counts['failures']}",
                color="red" if counts["failures"] or counts["unreachable"] else "green",
            )

    def _all_outcomes(self, stats: Any) -> dict[str, dict[str, Any]]:
        found = {}
        for host in stats.processed:
            counts = stats.summarize(host)
            found[host] = {
                **self._outcomes.get(host, {}),
                "failed": bool(counts["failures"]),
                "unreachable": bool(counts["unreachable"]),
            }
        return found


def outcome_of(line: str) -> dict[str, Any]:
    """Return the JSON object that a line is, or else the line as ``says``."""
    try:
        found = json.loads(line)
    except ValueError:
        return {"says": line}
    return found if isinstance(found, dict) else {"says": line}


def changed_files(result: dict[str, Any]) -> list[str]:
    """Return the files that a task of the stack's wrote and removed, or would."""
    return [
        *result.get("written", []),
        *(f"{name} (removed)" for name in result.get("removed", [])),
    ]


def failure_lines(result: dict[str, Any]) -> list[str]:
    """Return what a failed task said, at most one screen of it.

    The message of ``result`` comes first, then the last lines of what its command printed.
    """
    message = result.get("msg", "")
    lines = list(message) if isinstance(message, list) else str(message).splitlines()
    for stream in ("stdout", "stderr", "module_stdout", "module_stderr"):
        lines += str(result.get(stream, "")).splitlines()[-LOG_TAIL_LINES:]
    return lines
