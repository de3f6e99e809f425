"""The steps of a deploy, in their order. Each may be run again after it was cut off anywhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine import bytecode, edge, local_settings, preflight, upgrade_backup
from engine.deployment import Deployment
from engine.docker_api import DOCKER_ERRORS, Container, project_containers, remove_container
from engine.errors import InterruptedRunError, StepFailedError
from engine.health import definitions, service_problems
from engine.hooks import AFTER_DEPLOY, BEFORE_MIGRATE, run_hook
from engine.incoming import Incoming, StepSpec, release_id
from engine.layout import write_json
from engine.made_secrets import make
from engine.prune import prune
from engine.public import publish
from engine.record import append_history, make_current
from engine.resolve import interpolation, is_intact, read_model, resolved, write_release
from engine.secret_files import apply_secrets
from engine.switch import standby
from engine.switch.gap import in_place
from engine.switch.settle import settle_soon
from engine.switch.to_release import switcher
from engine.switch.watch import smoke, watch
from engine.trees import make_folder, new_tree, tree_digest, try_read_tree, update_tree

VERIFY_TIMEOUT_S = 60
SMOKE_TIMEOUT_S = 10
STOP_GRACE_S = 30
# What a gate says by its exit code: not while the release before is running.
NEEDS_WINDOW = 3


class Step(Protocol):
    """One step: its name in the journal, and its work, which returns a remark."""

    @property
    def name(self) -> str:
        """The name in the journal."""

    def run(self, deployment: Deployment) -> str:
        """Do it; raises EngineError."""


def steps_of(incoming: Incoming, verb: str) -> list[Step]:
    """Every step that a verb takes to make that release current."""
    one_shots: list[Step] = [
        OneShot(spec) for spec in incoming.steps if spec.when in ("always", verb)
    ]
    return [
        Preflight(),
        Secrets(),
        Config(),
        Resolve(),
        *([BackupFirst()] if incoming.backup is not None else []),
        Hook(),
        EdgeConfig(),
        Stores(),
        *one_shots,
        Start(),
        Verify(),
        Smoke(),
        Watch(),
        Record(),
        Settle(),
        Prune(),
    ]


class Preflight:
    """Refuses what cannot succeed, before anything is changed."""

    name = "preflight"

    def run(self, deployment: Deployment) -> str:
        """Check everything that can be known beforehand."""
        return preflight.run(deployment)


class Secrets:
    """Generates the secrets that are missing, and writes those that are derived."""

    name = "secrets"

    def run(self, deployment: Deployment) -> str:
        """Leave every secret in place; from here on the release's ID is known."""
        incoming = deployment.incoming
        done = apply_secrets(
            incoming.secrets_dir,
            incoming.secrets,
            lambda spec, given: make(spec, incoming.image_of(spec), given),
        )
        deployment.journal.hide(done.hidden(incoming.secrets))
        revisions = done.revisions(incoming.secrets) or {}
        deployment.inputs = incoming.inputs(revisions)
        deployment.release_id = release_id(deployment.inputs)
        deployment.variables = interpolation(incoming, deployment.layout, revisions)
        made = f"{len(done.generate)} generated, {len(done.rewrite)} derived"
        return f"{made}; release {deployment.release_id}"


class Config:
    """Copies each service's configuration to a folder named by its content."""

    name = "config"

    def run(self, deployment: Deployment) -> str:
        """Write what is missing; mend what was changed by hand."""
        # Mounted by its path: the Docker engine would make a missing one, with rights of its own.
        make_folder(deployment.layout.public)
        remarks = []
        for service, tree in sorted(deployment.incoming.config.items()):
            digest = tree_digest(tree)
            folder = deployment.layout.config / service / digest
            if try_read_tree(folder) == tree:
                continue
            if folder.is_dir():
                # A container may have it mounted: the folder itself must stay.
                names = update_tree(folder, tree)
                deployment.journal.note(
                    f"{folder} had been changed by hand ({', '.join(names)}): mended; what has "
                    f"read it goes on with what it read until it is restarted"
                )
            else:
                new_tree(folder, tree)
            remarks.append(f"{service}/{digest[:12]}")
        return f"written: {', '.join(remarks)}" if remarks else "unchanged"


class Resolve:
    """Writes the release: one compose file without variables, and what it was made of."""

    name = "resolve"

    def run(self, deployment: Deployment) -> str:
        """Leave a complete release folder; a half-written or changed one is written again."""
        folder = deployment.layout.release(deployment.release_id)
        if is_intact(folder):
            deployment.model = read_model(folder)
            remark = f"release {deployment.release_id} is there already"
        else:
            remark = self._write(deployment, folder)
        for line in switcher(deployment).announced():
            deployment.journal.note(line)
        return remark

    def _write(self, deployment: Deployment, folder: Path) -> str:
        variables, model = deployment.foreseen or ({}, {})
        # The secrets that were made since may be in a variable; else compose would say the same.
        if variables != deployment.variables:
            model = resolved(deployment.incoming, deployment.variables)
        deployment.model = model
        write_release(
            folder, deployment.incoming, deployment.model, deployment.variables, deployment.inputs
        )
        return f"release {deployment.release_id} written"


class BackupFirst:
    """Keeps the data before a service that owns some gets another image."""

    name = upgrade_backup.NAME

    def run(self, deployment: Deployment) -> str:
        """Back up what runs, if there is a reason to."""
        return upgrade_backup.backup_first(deployment)


class Hook:
    """Runs the operator's own program, before anything that serves is touched."""

    name = "hook"

    def run(self, deployment: Deployment) -> str:
        """Run it, if there is one; where it fails, the deploy ends."""
        return run_hook(deployment, BEFORE_MIGRATE)


class EdgeConfig:
    """Checks, replaces and loads the edge's configuration."""

    name = "edge_config"

    def run(self, deployment: Deployment) -> str:
        """Install the edge's configuration."""
        return edge.install(deployment)


class Stores:
    """Starts what the one-shot steps need, and waits until it is healthy."""

    name = "stores"

    def run(self, deployment: Deployment) -> str:
        """Start the services that any step names in `needs`."""
        needs = list(
            dict.fromkeys(need for step in deployment.incoming.steps for need in step.needs)
        )
        if not needs:
            return "no step needs any"
        deployment.services_touched = True
        before, since = deployment.containers(), time.time()
        release = deployment.layout.release(deployment.release_id)
        deployment.compose.up(release, needs, deployment.request.wait_timeout_s)
        told = in_place(deployment, deployment.incoming.services, before, since)
        return "; ".join([f"{', '.join(needs)} healthy", *told.values()])


@dataclass(frozen=True)
class OneShot:
    """Runs a one-shot service, such as the migrations, to its end."""

    spec: StepSpec

    @property
    def name(self) -> str:
        """The step's own name."""
        return self.spec.name

    def run(self, deployment: Deployment) -> str:
        """Run it; its output goes to the journal."""
        if self.spec.gate and deployment.previous is None:
            return "nothing runs yet that could be disturbed"
        self._end_leftovers(deployment)
        release = deployment.layout.release(deployment.release_id)
        container = f"{deployment.incoming.name}-step-{self.spec.service}"
        arguments = ["run", "--rm", "--no-deps", "-T", "--name", container, self.spec.service]
        try:
            deployment.compose.run(release, arguments, self.spec.timeout_s, self.name)
        except StepFailedError as error:
            if not self.spec.gate or error.exit_code_found != NEEDS_WINDOW:
                self._remove_leftovers(deployment)
                raise
            return self._window(deployment, error)
        except InterruptedRunError:
            self._remove_leftovers(deployment)
            raise
        return f"{self.spec.service} ended with 0"

    def _containers(self, deployment: Deployment) -> list[Container]:
        found = project_containers(deployment.client, deployment.incoming.name)
        return [each for each in found if each.one_off and each.service == self.spec.service]

    def _end_leftovers(self, deployment: Deployment) -> None:
        """A run that was killed leaves its step at work: cut a migration, and it is half done."""
        deadline = time.monotonic() + self.spec.timeout_s
        said = False
        while any(each.running for each in self._containers(deployment)):
            if not said:
                deployment.journal.note(
                    f"{self.spec.service} still runs from an earlier run: waiting"
                )
                said = True
            if time.monotonic() >= deadline:
                deployment.journal.note(f"{self.spec.service} did not end: stopping it")
                break
            deployment.interrupts.sleep(0.5)
        self._remove_leftovers(deployment)

    def _remove_leftovers(self, deployment: Deployment) -> None:
        for leftover in self._containers(deployment):
            remove_container(deployment.client, leftover, STOP_GRACE_S)

    def _window(self, deployment: Deployment, error: StepFailedError) -> str:
        """Go on where a window was given; raise StepFailedError where none was."""
        if deployment.request.window:
            return "what runs cannot go on meanwhile; this is a maintenance window"
        raise StepFailedError(
            self.name,
            "changes that the running release can live with",
            "such as it cannot",
            "close the site and deploy in that window: fab maintenance on; fab deploy --window",
            error.log,
        )


class Start:
    """Has every service of the release serve, and waits until all are healthy.

    A service whose definition, image, configuration and secrets are unchanged goes on running.
    """

    name = "start"

    def run(self, deployment: Deployment) -> str:
        """Start what is missing and switch what has changed, each service as it says."""
        deployment.services_touched = True
        done = switcher(deployment).switch()
        return "; ".join(done) or "nothing had to be started"


class Verify:
    """Asks the Docker engine whether every container of the release is healthy."""

    name = "verify"

    def run(self, deployment: Deployment) -> str:
        """Wait until nothing is wrong any more, at most 60 seconds."""
        deadline = time.monotonic() + VERIFY_TIMEOUT_S
        while True:
            containers = standby.without(deployment.containers(), deployment.layout)
            problems = service_problems(deployment.model, containers, deployment.image_ids)
            if not problems:
                return f"{len([c for c in containers if not c.one_off])} containers healthy"
            if time.monotonic() >= deadline:
                raise StepFailedError(
                    "verify",
                    "every container of the release, healthy",
                    "; ".join(problems),
                    "see the containers' logs",
                )
            deployment.interrupts.sleep(0.5)


class Smoke:
    """Asks the release for what a visitor asks for."""

    name = "smoke"

    def run(self, deployment: Deployment) -> str:
        """Ask for everything, again for at most 10 seconds while something is wrong."""
        incoming = deployment.incoming
        deadline = time.monotonic() + SMOKE_TIMEOUT_S
        while True:
            problems = smoke(deployment)
            if not problems:
                return f"{len(incoming.smoke)} requests answered as they should be"
            if time.monotonic() >= deadline:
                raise StepFailedError(
                    "smoke", "what a visitor gets", "; ".join(problems), "see the services' logs"
                )
            deployment.interrupts.sleep(0.5)


class Watch:
    """Looks at the release for a while, what served before it still on standby."""

    name = "watch"

    def run(self, deployment: Deployment) -> str:
        """Raise StepFailedError for a container that falters, or an answer that is wrong."""
        if deployment.previous is None:
            return "there is no earlier release that could take back"
        watch_s = deployment.incoming.watch_s
        watch(deployment, watch_s)
        return f"nothing faltered for {watch_s} s"


class Record:
    """Makes the release current."""

    name = "record"

    def run(self, deployment: Deployment) -> str:
        """Write down what runs, swap the link, and append to the history."""
        layout, task = deployment.layout, deployment.task
        edge.note_started(deployment)
        state = {
            "release": deployment.release_id,
            "definitions": definitions(standby.without(deployment.containers(), layout)),
        }
        write_json(layout.services_state, state)
        local_settings.write(layout, deployment.incoming.local)
        make_current(layout, deployment.release_id)
        # From here on this is what a failure goes back to.
        previous, deployment.previous = deployment.previous, deployment.release_id
        publish(layout, deployment.release_id, deployment.model)
        append_history(
            layout,
            {
                "release": deployment.release_id,
                "outcome": "deployed",
                "verb": task.verb,
                "by": task.by,
                "why": task.why,
                "run": deployment.journal.run,
                "previous": previous,
                "images": {name: image.ref for name, image in deployment.incoming.images.items()},
            },
        )
        try:
            told = run_hook(deployment, AFTER_DEPLOY)
        except StepFailedError as error:
            # The release runs and is recorded: whoever was to be told of it was not, no more.
            deployment.journal.note(str(error))
            told = f"the hook {AFTER_DEPLOY} failed"
        return f"release {deployment.release_id} is current; {told}"


class Settle:
    """Removes what the release has replaced, once nobody is connected to it."""

    name = "settle"

    def run(self, deployment: Deployment) -> str:
        """Remove what is idle; what still serves a connection is left to a run of its own."""
        if not standby.ids(deployment.layout):
            return "nothing gave way"
        return settle_soon(deployment)


class Prune:
    """Removes what only old releases used."""

    name = "prune"

    def run(self, deployment: Deployment) -> str:
        """Keep the last few releases."""
        try:
            self._remove_one_shots(deployment)
            removed = prune(deployment.layout, deployment.client, deployment.request.kept_releases)
        except (*DOCKER_ERRORS, OSError) as error:
            # The release runs and is recorded: what is left over is no reason to call it failed.
            return f"old releases could not be removed, the next deploy tries again: {error}"
        try:
            bytecode.keep(Path(sys.argv[0]))
        except OSError as error:
            # The engine works without it, and takes a second longer for each command.
            return f"the engine's bytecode could not be kept, the next deploy tries again: {error}"
        return f"removed {', '.join(removed)}" if removed else "nothing to remove"

    @staticmethod
    def _remove_one_shots(deployment: Deployment) -> None:
        """A killed run leaves the one-shot that it had asked Docker to remove at its end."""
        ours = deployment.incoming.step_services()
        for container in deployment.containers():
            # Made and not started yet, those of others are about to be, such as a backup's.
            ended = container.state in {"exited", "dead"}
            if container.one_off and (ended or (container.unstarted and container.service in ours)):
                remove_container(deployment.client, container, STOP_GRACE_S)


def names(steps: Sequence[Step]) -> list[str]:
    """The steps' names."""
    return [step.name for step in steps]
