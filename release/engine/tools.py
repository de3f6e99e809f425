"""What every run of the engine works with, and what a verb's work has to offer for it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from engine.compose import Compose
from engine.docker_api import Client, connect
from engine.errors import EngineError, InterruptedRunError
from engine.interrupts import Interrupts
from engine.journal import Journal
from engine.layout import Layout
from engine.lock import Lock


@dataclass(frozen=True)
class Task:
    """Who asked for what, and why."""

    verb: str
    by: str
    why: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for in particular; never a secret's value."""
    lock_timeout_s: float = 0.0
    """How long to wait for another run."""
    hold_timeout_s: float = 0.0
    """How long to wait for the lock that somebody else holds."""
    came_from: str = ""
    """The address that it was asked from; empty for this host."""

    def audit_entry(self) -> dict[str, Any]:
        """What the audit log says of it, whatever came of it."""
        return {
            "verb": self.verb,
            "by": self.by,
            "from": self.came_from,
            "why": self.why,
            "arguments": dict(self.arguments),
        }


@dataclass
class Result:
    """How a run ended; what machines read."""

    run: str
    release: str | None = None
    outcome: str = "failed"
    changed: bool = False
    failed_step: str | None = None
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the object that `deploy --json` and `follow --json` print last."""
        return asdict(self)


class Tools:
    """The tools of one run."""

    def __init__(
        self, task: Task, layout: Layout, journal: Journal, interrupts: Interrupts, lock: Lock
    ) -> None:
        self.task, self.layout, self.journal = task, layout, journal
        self.interrupts, self.lock = interrupts, lock
        self.result = Result(journal.run)
        self.step = "lock"
        """What the run is at, by its name in the journal: where it failed, if it fails."""

    @cached_property
    def client(self) -> Client:
        """The Docker engine, connected to when it is first asked for.

        Raises DockerUnavailableError.
        """
        return connect()

    def compose(self, project: str) -> Compose:
        """What runs `docker compose` on releases of that project."""
        return Compose(project, self.journal, self.lock, self.interrupts)

    def run_step(self, name: str, work: Callable[[], str]) -> str:
        """Do one step of a run, with its start and its end in the journal; returns its remark."""
        self.interrupts.stop_if_asked()
        self.step = name
        started = time.monotonic()
        self.journal.write("step_started", step=name)
        outcome, remark = "failed", ""
        try:
            remark = work()
            outcome = "ok"
        except InterruptedRunError:
            outcome = "interrupted"
            raise
        finally:
            self.journal.write(
                "step_ended",
                step=name,
                outcome=outcome,
                remark=remark,
                duration_s=round(time.monotonic() - started, 3),
            )
        return remark


class Work(ABC):
    """What one verb changes. `run.execute` puts the lock, the journal and the way out around it."""

    outcome = "done"
    """The word for a run that succeeded."""
    unchanged = "there is nothing to do"
    """What is said where the plan is empty; `plan` may say it better."""
    steps: Sequence[str] = ()
    """The steps that `run` will take, if it takes any; `plan` sets them."""
    changed = False
    """Whether anything that serves has been touched so far."""

    @abstractmethod
    def plan(self, tools: Tools) -> list[str]:
        """Why there is something to do, a line each; none if there is not. Changes nothing."""

    @abstractmethod
    def run(self, tools: Tools) -> str:
        """Do it; returns what is true now, in one line. Raises EngineError."""

    def undo(self, tools: Tools, error: EngineError) -> str:
        """After a failure: put back what was changed; returns what is true now, in one line."""
        return "nothing was changed"

    def evidence(self, tools: Tools) -> list[dict[str, Any]]:
        """After a failure and before `undo`: the containers that show why (`health.evidence`)."""
        return []

    def note_failure(self, tools: Tools) -> None:  # noqa: B027 (most works keep no record of their own)
        """After all that: put `tools.result` where the work keeps its own record."""
