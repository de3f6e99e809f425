"""A run's events as lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

INDENT = " " * 11
# What these steps did is worth a word to whoever sees a run's end alone.
TOLD_STEPS = ("backup", "stores", "start")
SCREEN_LOG_LINES = 30


class Reporter:
    """Turns events into lines, each with the seconds since the run started."""

    def __init__(self) -> None:
        self.started: datetime | None = None
        self.run = ""
        self.verb = "deploy"

    def lines(self, event: dict[str, Any]) -> list[str]:
        """The lines of one event."""
        now = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
        if self.started is None:
            self.started, self.run = now, event["run"]
        elapsed = f"[{(now - self.started).total_seconds():7.1f}s] "
        self.verb = event.get("verb", self.verb)
        kind = event["event"]
        if kind == "output":
            return [f"{INDENT}{event['source']} | {event['line']}"]
        if kind == "failure":
            return [elapsed + line for line in self._failure(event)[:1]] + self._failure(event)[1:]
        return [elapsed + text for text in self._texts(kind, event)]

    @staticmethod
    def _texts(kind: str, event: dict[str, Any]) -> list[str]:
        if kind == "run_started":
            why = f" ({event['why']})" if event.get("why") else ""
            return [f"run {event['run']} by {event['by']}{why}"]
        if kind == "plan":
            return [f"because {reason}" for reason in event["reasons"]]
        if kind == "step_started":
            return [f"{event['step']} ..."]
        if kind == "step_ended":
            remark = f": {event['remark']}" if event["remark"] else ""
            return [f"{event['step']} {event['outcome']} in {event['duration_s']:.1f} s{remark}"]
        if kind == "switching":
            return [f"{event['service']}: {event['how']}"]
        if kind == "note":
            return [event["text"]]
        if kind == "run_ended":
            return (
                [f"{event['outcome']}: {event['message']}"] if event["outcome"] != "failed" else []
            )
        return []

    def _failure(self, event: dict[str, Any]) -> list[str]:
        lines = [f"FAILED at {event['step']}", ""]
        lines += [f"  {line}" for line in event["message"].splitlines()]
        budget = SCREEN_LOG_LINES // max(1, len(event["containers"]))
        if event["containers"]:
            for container in event["containers"]:
                lines += self._container(container, budget)
        elif event["log"]:
            lines += ["", "  its last lines:"]
            lines += [f"    {line}" for line in event["log"][-SCREEN_LOG_LINES:]]
        lines += ["", f"  Now:  {event['after']}."]
        lines.append(
            f"  Next: correct it and {self.verb} again; everything is in: follow --run {self.run}"
        )
        return lines

    @staticmethod
    def _container(container: dict[str, Any], budget: int) -> list[str]:
        times = f", {container['restarts']} restarts, last exit code {container['exit_code']}"
        restarts = times if container["restarts"] else ""
        lines = ["", f"  container {container['name']}: {container['condition']}{restarts}"]
        if container["error"]:
            lines.append(f"    Docker: {container['error']}")
        if container["health_output"]:
            lines += [
                f"    health: {line}" for line in container["health_output"].splitlines()[-5:]
            ]
        log = container["log"][-max(5, budget) :]
        return lines + [f"    log: {line}" for line in log] + ([] if log else ["    log: (empty)"])


def remarks_of(event: dict[str, Any]) -> list[str]:
    """What an event says to an operator who sees a run's end alone: what was announced, backed up
    and switched, and how long what was replaced was away."""
    if event["event"] == "note":
        return [event["text"]]
    if event["event"] == "step_ended" and event["step"] in TOLD_STEPS and event["remark"]:
        remark: str = event["remark"]
        return remark.split("; ")
    return []


def printer(to_stderr: bool) -> Callable[[dict[str, Any]], None]:
    """What prints each event of a run as it comes."""
    reporter = Reporter()
    stream = [sys.stderr if to_stderr else sys.stdout]

    def tell(event: dict[str, Any]) -> None:
        for line in reporter.lines(event) if stream else []:
            try:
                print(line, file=stream[0], flush=True)
            except OSError:
                # The connection was cut. The run goes on; its journal has every line.
                stream.clear()
                return

    return tell


def print_result(ended: dict[str, Any], **more: Any) -> None:
    """Print how a run ended, for machines: the last line of what they get."""
    keys = ("run", "release", "outcome", "changed", "failed_step", "message")
    defaults = {"outcome": "failed", "changed": False, "message": ""}
    found = {key: ended.get(key, defaults.get(key)) for key in keys}
    print(json.dumps({**found, **more}), flush=True)
