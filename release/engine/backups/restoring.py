"""The work of `restore`: new volumes are filled beside the old ones, then the release uses them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from engine.backups import staging, unfinished
from engine.backups.choosing import chosen, refuse_unfit
from engine.backups.deployed import Deployed, deployed
from engine.backups.filling import Filling, logs_until
from engine.backups.generations import next_generation
from engine.backups.logs import logs_spec, rescue_logs
from engine.backups.making import verify
from engine.backups.manifest import MOMENT, Manifest, time_of
from engine.backups.side import Side, mounted_volumes
from engine.deployment import Deployment, Request
from engine.errors import EngineError, RefusedError, StepFailedError
from engine.health import evidence
from engine.incoming import Incoming
from engine.layout import read_json
from engine.resolve import interpolation, resolved
from engine.restore import restore as restart_previous
from engine.secret_files import plan_secrets
from engine.steps import Start, steps_of
from engine.switch import standby
from engine.tools import Tools, Work


class Restore(Work):
    """Makes a backup's data the data that is served; the old data stays, unused."""

    outcome = "restored"
    found: Deployed
    manifest: Manifest
    """What `plan` has found."""

    def __init__(
        self, name: str, to_time: datetime | None = None, *, with_secrets: bool = True
    ) -> None:
        self.name, self.to_time, self.with_secrets = name, to_time, with_secrets
        self.filling: Filling | None = None
        self.deployment: Deployment | None = None

    def plan(self, tools: Tools) -> list[str]:
        """Check all that can be known without reading the backup to its end."""
        found = self.found = deployed(tools)
        manifest = chosen(found, self.name)
        refuse_unfit(found, manifest)
        refuse_left_out(found)
        if self.to_time is not None:
            self._refuse_time(manifest, self.to_time)
        self.manifest = manifest
        logs = ["logs", "replay"] if self.to_time else []
        self.steps = ("settle", *logs[:1], "check", "fill", *logs[1:], "compare", "change_over")
        moment = f" and the logs until {self.to_time.strftime(MOMENT)}" if self.to_time else ""
        made = time_of(manifest.name).strftime(MOMENT)
        return [
            f"the data is to be that of {made}, of {manifest.host}: {manifest.bytes} bytes{moment}"
        ]

    def check(self, tools: Tools) -> None:
        """Read the backup to its end. Raises EngineError where it is damaged."""
        verify(self.found, self.manifest)

    def run(self, tools: Tools) -> str:
        """Do it."""
        tools.run_step("settle", lambda: unfinished.settle(tools) or "nothing was left over")
        found = self.found = deployed(tools)
        if self.to_time is not None:
            tools.run_step("logs", lambda: rescue_logs(found))
            logs = logs_until(found.repository, self.manifest, logs_spec(found).part, self.to_time)
        tools.run_step("check", self._check_whole)
        values = staging.restored(found, self.manifest) if self.with_secrets else {}
        tools.journal.hide([*values.values(), *staging.present(found).values()])
        incoming = self._next(found)
        filling = self.filling = self._beside(found, incoming)
        tools.run_step("fill", partial(self._fill, filling, values))
        if self.to_time is not None:
            tools.run_step("replay", partial(filling.replay, logs, self.to_time))
        tools.run_step("compare", partial(self._compare, filling))
        tools.run_step("change_over", partial(self._prepare, filling, values))
        self._change_over(tools, incoming)
        filling.side.remove_scratch(tools)
        shutil.rmtree(tools.layout.restoring)
        return (
            f"the data of backup {self.manifest.name} is served; the data before it stays in its "
            f"volumes until restore --forget-old; back it up now: backup"
        )

    @property
    def changed(self) -> bool:  # type: ignore[override]  # what Work has as a plain value
        """Whether a service has been touched."""
        return self.deployment is not None and self.deployment.services_touched

    def evidence(self, tools: Tools) -> list[dict[str, Any]]:
        """The containers that are not well: those beside, or else those of the release."""
        if self.deployment is not None and self.deployment.services_touched:
            containers = standby.without(self.deployment.containers(), tools.layout)
            return evidence(tools.client, containers)
        if self.filling is not None:
            return evidence(tools.client, self.filling.project.containers())
        return []

    def undo(self, tools: Tools, error: EngineError) -> str:
        """Have the old data serve again, and clear the new away."""
        if self.filling is None:
            return "nothing was changed"
        deployment = self.deployment
        if deployment is not None and deployment.previous == deployment.release_id:
            return f"release {deployment.release_id} is current, with the restored data"
        # First the secrets: what is started again reads them.
        said = unfinished.put_secrets_back(tools.layout)
        back = restart_previous(deployment) if deployment is not None else "the old data serves"
        unfinished.settle(tools)
        return f"{back}{said}; the new volumes are removed"

    def _refuse_time(self, manifest: Manifest, to_time: datetime) -> None:
        made = manifest.part(logs_spec(self.found).part)
        begun = time_of(manifest.name)
        if made is None or not made.position or to_time <= begun:
            raise RefusedError(
                "--to-time",
                f"a time after the backup's, {begun.strftime(MOMENT)}",
                to_time.strftime(MOMENT),
                "choose an earlier backup",
            )

    def _check_whole(self) -> str:
        verify(self.found, self.manifest)
        return f"{self.manifest.bytes} bytes, as they were handed over"

    def _next(self, found: Deployed) -> Incoming:
        """The release with the next generation of data."""
        current = found.incoming.local
        number = next_generation(found.tools.client, found.incoming.name, current.generation)
        return replace(found.incoming, local=replace(current, generation=number))

    def _beside(self, found: Deployed, incoming: Incoming) -> Filling:
        """The project that takes the backup back; written down before any of it is made."""
        layout = found.tools.layout
        # The names that the volumes have in the release as it will be.
        revisions = plan_secrets(incoming.secrets_dir, incoming.secrets).revisions(incoming.secrets)
        model = resolved(incoming, interpolation(incoming, layout, revisions))
        old, new = mounted_volumes(found.model, found.spec), mounted_volumes(model, found.spec)
        name = f"{incoming.name}-restore"
        # What has no generation, such as the copies of logs, is not the restored data's.
        volumes = {key: new[key] if new[key] != old[key] else f"{name}_{key}" for key in new}
        side = Side(
            name, layout.restoring / "side", volumes, layout.restoring / "secrets", incoming.name
        )
        unfinished.begin(layout, side, incoming.local.generation)
        return Filling(replace(found, model=model), self.manifest, side)

    @staticmethod
    def _fill(filling: Filling, values: Mapping[str, bytes]) -> str:
        found, side = filling.found, filling.side
        staging.stage(found, values, side.secrets_dir)
        side.write(found.model, found.spec, found.incoming.secrets_dir)
        side.make_volumes(found.tools)
        return filling.fill()

    def _compare(self, filling: Filling) -> str:
        moved_on = logs_spec(self.found).part if self.to_time is not None else ""
        differences = filling.compare(moved_on)
        if differences:
            raise StepFailedError(
                f"backup {self.manifest.name}",
                "that what was taken back is what was handed over",
                "; ".join(differences),
                "take another backup: fab backups",
            )
        return "what was taken back is what was handed over"

    @staticmethod
    def _prepare(filling: Filling, values: Mapping[str, bytes]) -> str:
        """End what took it back; put the secrets in their place."""
        found = filling.found
        filling.side.remove_containers(found.tools)
        unfinished.remember_secrets(found.tools.layout, found.incoming.secrets_dir)
        changed = staging.put(found, values, found.incoming.secrets_dir)
        return f"secrets restored: {', '.join(changed)}" if changed else "the secrets are the same"

    def _change_over(self, tools: Tools, incoming: Incoming) -> None:
        """Deploy the same release with the new volumes."""
        # The services stop writing to the old data anyway: what a migration does disturbs nobody.
        request = Request(tools.layout, incoming, window=True)
        deployment = self.deployment = Deployment(request, tools, tools.layout.current_id())
        for step in steps_of(incoming, tools.task.verb):
            tools.run_step(step.name, partial(step.run, deployment))
            if step.name == Start.name:
                refuse_old_volumes(deployment)
        tools.result.release = deployment.release_id


def refuse_left_out(found: Deployed) -> None:
    """Raise RefusedError where an owner of data was left out of the release.

    It goes on by another release's definition, and that one has the old volumes.
    """
    inputs = read_json(found.tools.layout.release(found.release) / "inputs.json")
    left_out = {part.service for part in found.spec.parts} & set(inputs.get("kept") or {})
    if left_out:
        raise RefusedError(
            f"release {found.release}",
            "one from which no service was left out that owns data",
            f"one without {', '.join(sorted(left_out))}",
            "fab deploy, then restore",
        )


def refuse_old_volumes(deployment: Deployment) -> None:
    """Raise StepFailedError where a container still has a volume that the release does not name."""
    names = {str(each["name"]) for each in (deployment.model.get("volumes") or {}).values()}
    for container in standby.without(deployment.containers(), deployment.layout):
        attributes = deployment.client.containers.get(container.id).attrs
        # Those without a name of ours hold nothing that is kept.
        mounted = {str(each.get("Name")) for each in attributes["Mounts"]}
        mounted = {name for name in mounted if name.startswith(f"{deployment.incoming.name}_")}
        if mounted - names:
            raise StepFailedError(
                f"container {container.name}",
                "the volumes of the restored data",
                ", ".join(sorted(mounted - names)),
                "restore again",
            )
