"""One run of the engine: the lock, a verb's work, and the way out of each failure."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import traceback
from collections.abc import Sequence
from typing import Any

import engine
from engine import audit, hold, journals
from engine.detach import detach as detached
from engine.docker_api import DOCKER_ERRORS
from engine.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    BadReleaseError,
    DockerUnavailableError,
    EngineError,
    InterruptedRunError,
    LockHeldError,
    StepFailedError,
)
from engine.interrupts import Interrupts
from engine.journal import Journal, new_run_id, utc_now
from engine.layout import Layout
from engine.lock import Lock
from engine.processes import identity
from engine.report import print_result, printer
from engine.tools import Result, Task, Tools, Work

AUDITED = {EXIT_OK: "ok", EXIT_FAILED: "failed", EXIT_INTERRUPTED: "interrupted"}
"""A run's end in the audit log by its exit code; all other codes are refusals."""


def execute(
    work: Work,
    task: Task,
    layout: Layout,
    *,
    detach: bool = False,
    as_json: bool = False,
    lock: str = "run",
    also: Sequence[str] = (),
) -> int:
    """Run a verb's work under the lock of that name, and under others; returns the exit code.

    With `detach` it goes on in a process of its own and its run's ID is printed at once; else it is
    shown while it works, and with `as_json` its result is what stdout gets.
    """
    import_everything()
    run = new_run_id()
    journal = Journal(layout.journal(run), run)
    tools = Tools(task, layout, journal, Interrupts(), Lock(layout.lock_of(lock)))
    worker = Run(work, tools, [Lock(layout.lock_of(name)) for name in also])
    if detach:
        journal.write("run_queued", by=task.by)
        detached(worker.execute, layout.journals / f"{run}.err")
        print(json.dumps({"run": run, "journal": str(journal.path)}))
        return EXIT_OK
    journal.echo = printer(as_json)
    code = worker.execute()
    if as_json:
        print_result(worker.ended)
    return code


def import_everything() -> None:
    """Import all of the engine: its archive may be replaced while a run still works."""
    for module in pkgutil.walk_packages(engine.__path__, f"{engine.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


class Run:
    """A verb's work from the first journal line to the last."""

    def __init__(self, work: Work, tools: Tools, also: Sequence[Lock] = ()) -> None:
        self.work, self.tools = work, tools
        self.also = also
        """Further locks, taken in this order once the run has its own."""
        self.ended: dict[str, Any] = {}

    def execute(self) -> int:
        """Do it; returns the exit code. Never raises: the journal says what happened."""
        os.umask(0o022)
        tools = self.tools
        tools.interrupts.install()
        tools.journal.write(
            "run_started",
            verb=tools.task.verb,
            by=tools.task.by,
            why=tools.task.why,
            arguments=dict(tools.task.arguments),
            pid=os.getpid(),
            process=identity(os.getpid()),
        )
        code = self._guarded()
        for lock in (*self.also, tools.lock):
            lock.release()
        self._audit_end(code)
        self._drop_old_journals()
        self.ended = tools.journal.write("run_ended", exit_code=code, **_without_run(tools.result))
        tools.journal.close()
        return code

    def _guarded(self) -> int:
        try:
            self._audit_begin()
            self._take_lock()
            self._work()
        except InterruptedRunError as error:
            return self._interrupted(error)
        except EngineError as error:
            return self._failed(error, getattr(error, "log", []))
        except DOCKER_ERRORS as error:
            return self._failed(
                StepFailedError("Docker", "an answer", str(error), "see: journalctl -u docker"), []
            )
        except OSError as error:
            return self._failed(
                StepFailedError(self.tools.step, found=str(error)),
                traceback.format_exc().splitlines(),
            )
        except Exception as error:  # noqa: BLE001 (a detached run has nowhere else to tell of its own bug)
            fault = StepFailedError(
                f"a fault of the release engine: {type(error).__name__}: {error}"
            )
            return self._failed(fault, traceback.format_exc().splitlines())
        return EXIT_OK

    def _audit_begin(self) -> None:
        """Nothing is done of which no line can be written beforehand."""
        self.tools.step = "audit"
        entry = {**self.tools.task.audit_entry(), "run": self.tools.journal.run}
        audit.append(self.tools.layout, {**entry, "outcome": "begun"})
        self.tools.step = "lock"

    def _audit_end(self, code: int) -> None:
        entry = {**self.tools.task.audit_entry(), "run": self.tools.journal.run}
        ended = {"outcome": AUDITED.get(code, "refused"), "exit_code": code}
        release = self.tools.result.release
        try:
            audit.append(
                self.tools.layout, {**entry, **({"release": release} if release else {}), **ended}
            )
        except OSError as error:
            # What was done is done; the line that it began is in the log, its end in the journal.
            self.tools.journal.note(f"the end could not be written to the audit log: {error}")

    def _drop_old_journals(self) -> None:
        try:
            journals.drop_old(self.tools.layout)
        except OSError as error:
            # The next run tries again.
            self.tools.journal.note(f"old journals could not be removed: {error}")

    def _take_lock(self) -> None:
        tools = self.tools
        holder = {
            "run": tools.journal.run,
            "verb": tools.task.verb,
            "by": tools.task.by,
            "why": tools.task.why,
            "since": utc_now(),
            "pid": os.getpid(),
            "process": identity(os.getpid()),
        }
        say, stop = tools.journal.note, tools.interrupts.stop_if_asked
        timeout_s = tools.task.lock_timeout_s
        if tools.lock.path == tools.layout.lock:
            hold_timeout_s = tools.task.hold_timeout_s
            hold.acquire(tools.lock, holder, tools.layout, timeout_s, hold_timeout_s, say, stop)
        else:
            # What goes on beside a run goes on beside a person who wants none.
            tools.lock.acquire(holder, timeout_s, say, stop)
        for lock in self.also:
            lock.acquire(holder, timeout_s, say, stop)

    def _work(self) -> None:
        work, tools, result = self.work, self.tools, self.tools.result
        # A plan looks at all that the first step looks at: where it fails, that step has failed.
        tools.step = "preflight"
        reasons = work.plan(tools)
        if not reasons:
            result.outcome, result.message = "unchanged", work.unchanged
            return
        tools.journal.write("plan", release=result.release, reasons=reasons, steps=list(work.steps))
        result.message = work.run(tools)
        result.outcome, result.changed = work.outcome, True

    def _interrupted(self, error: InterruptedRunError) -> int:
        tools, result = self.tools, self.tools.result
        result.outcome, result.failed_step = "interrupted", tools.step
        result.changed = self.work.changed
        result.message = f"{error} at {tools.step}; run {tools.task.verb} again to finish"
        self._note_failure()
        return EXIT_INTERRUPTED

    def _failed(self, error: EngineError, log: list[str]) -> int:
        tools, result = self.tools, self.tools.result
        result.outcome, result.failed_step = "failed", tools.step
        containers = self._evidence()
        after = self._undone(error)
        result.changed = self.work.changed
        tools.journal.write(
            "failure",
            step=result.failed_step,
            message=str(error),
            log=log,
            containers=containers,
            after=after,
        )
        result.message = f"{error} ({after})"
        if not isinstance(error, (LockHeldError, BadReleaseError)):
            self._note_failure()
        # Without Docker a run fails at its first step like at any other; `status` cannot even look.
        return EXIT_FAILED if isinstance(error, DockerUnavailableError) else error.exit_code

    def _evidence(self) -> list[dict[str, Any]]:
        try:
            return self.work.evidence(self.tools)
        except Exception as error:  # noqa: BLE001 (the way back matters more)
            self.tools.journal.note(f"the containers' logs cannot be read: {error}")
            return []

    def _undone(self, error: EngineError) -> str:
        try:
            return self.work.undo(self.tools, error)
        except Exception as fault:  # noqa: BLE001 (the run has to end with its failure told)
            log = getattr(fault, "log", None) or traceback.format_exc().splitlines()
            last = "\n".join(log[-5:])
            return f"what was changed could not be put back: {fault} {last}"

    def _note_failure(self) -> None:
        try:
            self.work.note_failure(self.tools)
        except OSError as error:
            # The run has failed already; its journal has to say so all the same.
            self.tools.journal.note(f"the history could not be written: {error}")


def _without_run(result: Result) -> dict[str, Any]:
    return {name: value for name, value in result.as_json().items() if name != "run"}
