"""The work of `rotate`: a secret is made anew, and what reads it gets the new one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from engine.backups import unfinished as restores
from engine.backups.one_off import Project
from engine.deploying import Deploy
from engine.deployment import Request
from engine.docker_api import DOCKER_ERRORS
from engine.errors import EngineError, RefusedError
from engine.incoming import Incoming, SecretSpec, ServiceSpec
from engine.layout import Layout
from engine.left_out import as_deployed
from engine.made_secrets import make
from engine.reader import read_incoming
from engine.resolve import read_model
from engine.restore import restore
from engine.rotating import unfinished
from engine.rotating.choosing import choose
from engine.rotating.contents import Contents
from engine.rotating.telling import tell
from engine.rotating.unfinished import FORGET, OFFER, USE, Unfinished
from engine.secret_files import anew, apply_secrets, in_order, plan_secrets
from engine.status import require_current
from engine.switch.situation import ANNOUNCED
from engine.tools import Tools


def current_incoming(layout: Layout) -> Incoming:
    """What the release was made of that is current now, without what was left out of it.

    Raises EngineError.
    """
    release = require_current(layout)
    return as_deployed(read_incoming(layout.release(release) / "incoming"), layout, release)


class Rotate(Deploy):
    """Makes a secret of the current release anew, in phases that each go on from an interruption.

    1. The new value is accepted: its owner is told of both, or its readers get it beside the old.
    2. Its readers use the new one.
    3. The owner is told to accept that one alone. Where there is no owner, the old one is kept for
       as long as the release says.
    """

    outcome = "rotated"

    def __init__(self, request: Request, name: str) -> None:
        super().__init__(request)
        self.name = name
        self.state: Unfinished | None = None

    def plan(self, tools: Tools) -> list[str]:
        """What will be made anew, and who gets it. Raises RefusedError, and what `choose` does."""
        # Another run may have made another release current while this one waited for the lock.
        self.request = replace(self.request, incoming=current_incoming(tools.layout))
        incoming = self.on_host()
        spec = choose(incoming, self.name)
        plan = plan_secrets(incoming.secrets_dir, incoming.secrets)
        if plan.refusals:
            raise plan.refusals[0]
        if plan.generate:
            names = ", ".join(each.file for each in plan.generate)
            raise RefusedError("secrets", "all of them", f"none for {names}", "run: fab deploy")
        begun = unfinished.read_unfinished(incoming.secrets_dir)
        if begun and begun.secret != self.name:
            raise RefusedError(
                f"secret {self.name}",
                "one rotation at a time",
                f"that of {begun.secret}, which was interrupted",
                f"run: fab secrets rotate {begun.secret}",
            )
        self.steps = [f"secret_{phase}" for phase in self._phases(incoming, spec)]
        if begun and plan.values[self.name] in (begun.old, begun.new):
            return [f"secret {self.name}: the rotation that was interrupted goes on"]
        return [f"secret {self.name} would be made anew", *self._who(tools, incoming, spec)]

    def run(self, tools: Tools) -> str:
        """Take each phase that is left."""
        settled = restores.settle(tools)
        if settled:
            tools.journal.note(settled)
        incoming = self.on_host()
        spec = choose(incoming, self.name)
        contents = Contents(incoming, spec)
        state = self._begun(tools, incoming, spec)
        phases = self._phases(incoming, spec)
        for phase in phases[phases.index(state.phase) :]:
            self.state = state = state.at(phase)
            unfinished.write_unfinished(incoming.secrets_dir, state)
            tools.run_step(f"secret_{phase}", partial(self._phase, tools, contents, state))
            if phase == USE or (phase == OFFER and contents.old_files):
                self._deploy(tools, incoming)
        contents.settle()
        unfinished.end(incoming.secrets_dir)
        return f"secret {self.name} is a new one; {self._old(contents)}"

    def undo(self, tools: Tools, error: EngineError) -> str:
        """Have everybody use the old value again; a rotation that got further stays to be ended."""
        if self.state is None:
            return "nothing was changed"
        if self.state.phase == FORGET:
            return f"secret {self.name} is a new one, the old one is accepted too; run it again"
        incoming = self.on_host()
        contents = Contents(incoming, choose(incoming, self.name))
        # Before anything is started again: what is reads these files.
        contents.write(self.state.at(OFFER))
        apply_secrets(incoming.secrets_dir, incoming.secrets)
        said = "nothing was started"
        try:
            if self.deployment is not None:
                said = restore(self.deployment)
            if contents.owner:
                tell(self._project(tools), contents.owner, [self.state.old])
        except (*DOCKER_ERRORS, EngineError, OSError) as fault:
            return f"secret {self.name} is the old one again, but: {fault}"
        unfinished.end(incoming.secrets_dir)
        return f"secret {self.name} is the old one again; {said}"

    @staticmethod
    def _phases(incoming: Incoming, spec: SecretSpec) -> list[str]:
        if spec.rotation and spec.rotation.owner:
            return [OFFER, USE, FORGET]
        return [OFFER, USE] if any(each.old_of == spec.file for each in incoming.secrets) else [USE]

    def _begun(self, tools: Tools, incoming: Incoming, spec: SecretSpec) -> Unfinished:
        """The rotation that was interrupted, or a new one with a value that was just made."""
        plan = plan_secrets(incoming.secrets_dir, incoming.secrets)
        tools.journal.hide(plan.hidden(incoming.secrets))
        found = unfinished.read_unfinished(incoming.secrets_dir)
        # Neither of its values: somebody wrote another one since, or a backup was restored.
        if found is None or plan.values[self.name] not in (found.old, found.new):
            new = anew(spec, plan, lambda each, given: make(each, incoming.image_of(each), given))
            phase = self._phases(incoming, spec)[0]
            found = Unfinished(self.name, phase, plan.values[self.name], new)
        for value in (found.old, found.new):
            plan.values[self.name] = value
            tools.journal.hide(plan.hidden([spec]))
        return found

    def _phase(self, tools: Tools, contents: Contents, state: Unfinished) -> str:
        values = [state.new] if state.phase == FORGET else [state.old, state.new]
        # Before its files say so, and again in each phase: it may have been started meanwhile.
        said = tell(self._project(tools), contents.owner, values) if contents.owner else ""
        contents.write(state)
        return said or f"{self.name} written"

    def _deploy(self, tools: Tools, incoming: Incoming) -> None:
        self.request = replace(self.request, incoming=incoming)
        self.take_steps(tools)

    def _project(self, tools: Tools) -> Project:
        folder = tools.layout.release(str(tools.layout.current_id()))
        return Project(tools, self.request.incoming.name, folder)

    def _who(self, tools: Tools, incoming: Incoming, spec: SecretSpec) -> list[str]:
        """Which services get it, in words."""
        owner = spec.rotation.owner if spec.rotation else None
        lines = [f"{owner.service} would be told of it while it runs"] if owner else []
        files = {spec.file} | {each.file for each in incoming.secrets if each.old_of == spec.file}
        for each in in_order(incoming.secrets):
            files |= {each.file} if files & set(each.sources()) else set()
        paths = {str(incoming.secrets_dir / file) for file in files}
        paths -= {str(incoming.secrets_dir / file) for file in (owner.known_by if owner else ())}
        model = read_model(tools.layout.release(str(tools.layout.current_id())))
        sources = {key: str(each.get("file")) for key, each in (model.get("secrets") or {}).items()}
        readers = [
            name
            for name, service in sorted(model["services"].items())
            if {sources.get(str(each.get("source"))) for each in service.get("secrets") or []}
            & paths
        ]
        lines += [f"{', '.join(readers)} would get it"] if readers else []
        for name in readers:
            found = incoming.services.get(name, ServiceSpec())
            if found.switch == ANNOUNCED and name not in incoming.step_services():
                about = f" for about {found.gap_s} s" if found.gap_s else ""
                lines.append(f"{name} would be away{about}: it is replaced in place")
        return lines

    @staticmethod
    def _old(contents: Contents) -> str:
        days = max((each.for_days for each in contents.old_files), default=0)
        if days:
            return f"what was signed with the old one is good for {days} days, if it lives as long"
        return "the old one is accepted no longer"
