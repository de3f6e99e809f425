"""One run of the engine: the lock, the steps, and the way out of each failure."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import asdict, dataclass
from typing import Any

from engine.compare import compare
from engine.compose import Compose
from engine.deployment import Deployment, Request
from engine.docker_api import DOCKER_ERRORS, connect
from engine.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    BadReleaseError,
    EngineError,
    InterruptedRunError,
    LockHeldError,
    StepFailedError,
)
from engine.health import evidence
from engine.interrupts import Interrupts
from engine.journal import Journal, utc_now
from engine.lock import Lock
from engine.processes import identity
from engine.record import append_history
from engine.restore import restore
from engine.steps import Step, names, steps_of


@dataclass
class Result:
    """How a run ended; what machines read."""

    run: str | None
    release: str | None = None
    outcome: str = "failed"
    changed: bool = False
    failed_step: str | None = None
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the object that `deploy --json` and `follow --json` print last."""
        return asdict(self)


class Run:
    """A deploy from its first journal line to its last."""

    def __init__(self, request: Request, journal: Journal) -> None:
        self.request, self.journal = request, journal
        self.interrupts = Interrupts()
        self.lock = Lock(request.layout.lock)
        self.result = Result(journal.run)
        self.ended: dict[str, Any] = {}
        self.step = "lock"
        self.deployment: Deployment | None = None

    def execute(self) -> int:
        """Deploy; returns the exit code. Never raises: the journal says what happened."""
        os.umask(0o022)
        self.interrupts.install()
        self.journal.write(
            "run_started",
            by=self.request.by,
            why=self.request.why,
            pid=os.getpid(),
            process=identity(os.getpid()),
        )
        code = self._guarded()
        self.lock.release()
        self.ended = self.journal.write("run_ended", exit_code=code, **_without_run(self.result))
        self.journal.close()
        return code

    def _guarded(self) -> int:
        try:
            self._take_lock()
            self._deploy()
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
                StepFailedError(self.step, found=str(error)), traceback.format_exc().splitlines()
            )
        except Exception as error:  # noqa: BLE001 (a detached run has nowhere else to tell of its own bug)
            fault = StepFailedError(
                f"a fault of the release engine: {type(error).__name__}: {error}"
            )
            return self._failed(fault, traceback.format_exc().splitlines())
        return EXIT_OK

    def _take_lock(self) -> None:
        holder = {
            "run": self.journal.run,
            "by": self.request.by,
            "why": self.request.why,
            "since": utc_now(),
            "pid": os.getpid(),
            "process": identity(os.getpid()),
        }
        self.lock.acquire(
            holder, self.request.lock_timeout_s, self.journal.note, self.interrupts.stop_if_asked
        )

    def _deploy(self) -> None:
        layout, incoming = self.request.layout, self.request.incoming
        self.step = "preflight"
        client = connect()
        deployment = self.deployment = Deployment(
            self.request,
            self.journal,
            self.interrupts,
            self.lock,
            client,
            Compose(incoming.name, self.journal, self.lock, self.interrupts),
            layout.current_id(),
        )
        found = compare(layout, incoming, client)
        self.result.release = found.release_id
        if not found.reasons:
            self.result.outcome = "unchanged"
            self.result.message = f"release {found.release_id} is current and healthy"
            return
        steps = steps_of(incoming)
        self.journal.write(
            "plan", release=found.release_id, reasons=found.reasons, steps=names(steps)
        )
        for step in steps:
            self._run_step(step, deployment)
        self.result.outcome, self.result.changed = "deployed", True
        self.result.message = f"release {deployment.release_id} is current and healthy"

    def _run_step(self, step: Step, deployment: Deployment) -> None:
        self.interrupts.stop_if_asked()
        self.step = step.name
        started = time.monotonic()
        self.journal.write("step_started", step=step.name)
        outcome, remark = "failed", ""
        try:
            remark = step.run(deployment)
            outcome = "ok"
        except InterruptedRunError:
            outcome = "interrupted"
            raise
        finally:
            self.result.release = deployment.release_id or self.result.release
            self.journal.write(
                "step_ended",
                step=step.name,
                outcome=outcome,
                remark=remark,
                duration_s=round(time.monotonic() - started, 3),
            )

    def _interrupted(self, error: InterruptedRunError) -> int:
        self.result.outcome, self.result.failed_step = "interrupted", self.step
        self.result.changed = self._has_changed()
        self.result.message = f"{error} at {self.step}; run deploy again to finish"
        self._append_history()
        return EXIT_INTERRUPTED

    def _failed(self, error: EngineError, log: list[str]) -> int:
        self.result.outcome, self.result.failed_step = "failed", self.step
        self.result.message = str(error)
        containers: list[dict[str, Any]] = []
        after = "nothing was changed"
        if self.deployment is not None:
            containers = self._evidence(self.deployment)
            after = self._restored(self.deployment)
        self.result.changed = self._has_changed()
        self.journal.write(
            "failure",
            step=self.step,
            message=str(error),
            log=log,
            containers=containers,
            after=after,
        )
        self.result.message = f"{self.result.message} ({after})"
        if isinstance(error, (LockHeldError, BadReleaseError)):
            return error.exit_code
        self._append_history()
        return EXIT_FAILED

    def _evidence(self, deployment: Deployment) -> list[dict[str, Any]]:
        if not deployment.services_touched:
            return []
        try:
            return evidence(deployment.client, deployment.containers())
        except DOCKER_ERRORS as error:
            self.journal.note(f"the containers' logs cannot be read: {error}")
            return []

    def _restored(self, deployment: Deployment) -> str:
        try:
            return restore(deployment)
        except (*DOCKER_ERRORS, EngineError, OSError) as error:
            last = "\n".join(getattr(error, "log", [])[-5:])
            before = f"the previous release {deployment.previous}"
            return f"{before} could not be started again: {error} {last}"

    def _has_changed(self) -> bool:
        touched = self.deployment
        return touched is not None and (touched.services_touched or touched.edge_touched)

    def _append_history(self) -> None:
        entry = {
            "release": self.result.release,
            "outcome": self.result.outcome,
            "by": self.request.by,
            "why": self.request.why,
            "run": self.journal.run,
            "failed_step": self.step,
            "images": {name: image.ref for name, image in self.request.incoming.images.items()},
        }
        try:
            append_history(self.request.layout, entry)
        except OSError as error:
            # The run has failed already; its journal has to say so all the same.
            self.journal.note(f"the history could not be written: {error}")


def _without_run(result: Result) -> dict[str, Any]:
    return {name: value for name, value in result.as_json().items() if name != "run"}
