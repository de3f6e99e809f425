"""The work of `drill`: the latest backup, restored where nobody uses it, compared, and removed."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from engine.backups import records, staging
from engine.backups.choosing import chosen, refuse_unfit
from engine.backups.deployed import Deployed, deployed
from engine.backups.filling import Filling
from engine.backups.manifest import Manifest
from engine.backups.side import Side, mounted_volumes
from engine.errors import EngineError, StepFailedError
from engine.tools import Tools, Work

MOST_SAID = 1000


class Drill(Work):
    """Proves that the latest backup can be restored on this host."""

    outcome = "drilled"
    steps = ("fill", "compare", "clear")
    found: Deployed
    manifest: Manifest
    """What `plan` has found."""

    def __init__(self) -> None:
        self.backup = ""
        self.side: Side | None = None

    def plan(self, tools: Tools) -> list[str]:
        """Name the backup."""
        self.found = deployed(tools)
        self.manifest = chosen(self.found)
        self.backup = self.manifest.name
        refuse_unfit(self.found, self.manifest)
        return [f"backup {self.manifest.name} is to be restored into a project of its own"]

    def run(self, tools: Tools) -> str:
        """Do it."""
        side = self.side = self._side(self.found)
        # Of a drill that was cut off.
        _clear(tools, side)
        try:
            return self._drill(tools, side)
        except BaseException:
            # A stop that was asked for, too, leaves nothing at work.
            _clear(tools, side)
            raise

    def _drill(self, tools: Tools, side: Side) -> str:
        filling = Filling(self.found, self.manifest, side)
        tools.run_step("fill", partial(self._fill, filling))
        differences: list[str] = []
        tools.run_step("compare", partial(self._compare, filling, differences))
        tools.run_step("clear", partial(_clear, tools, side))
        if differences:
            raise StepFailedError(
                f"backup {self.manifest.name}",
                "that what was restored is what was handed over",
                "; ".join(differences)[:MOST_SAID],
                "make another one (backup), then drill again",
            )
        records.note_drill(tools.layout, backup=self.manifest.name, passed=True)
        return f"backup {self.manifest.name} can be restored: {self.manifest.bytes} bytes agree"

    def undo(self, tools: Tools, error: EngineError) -> str:
        """Remove what was made."""
        if self.side is None:
            return "nothing was changed"
        return "nothing that serves was changed; what the drill had made is removed"

    def note_failure(self, tools: Tools) -> None:
        """Write down that it failed, for `doctor`."""
        said = tools.journal.redacted(tools.result.message)[:MOST_SAID]
        records.note_drill(tools.layout, backup=self.backup, passed=False, message=said)

    @staticmethod
    def _side(found: Deployed) -> Side:
        name = f"{found.incoming.name}-drill"
        volumes = {key: f"{name}_{key}" for key in mounted_volumes(found.model, found.spec)}
        folder: Path = found.tools.layout.drilling
        return Side(name, folder / "side", volumes, folder / "secrets", name)

    def _fill(self, filling: Filling) -> str:
        values = staging.restored(self.found, self.manifest)
        staging.stage(self.found, values, filling.side.secrets_dir)
        filling.side.write(self.found.model, self.found.spec, self.found.incoming.secrets_dir)
        filling.side.make_volumes(self.found.tools)
        return filling.fill()

    @staticmethod
    def _compare(filling: Filling, differences: list[str]) -> str:
        differences += filling.compare()
        return f"{len(differences)} differences" if differences else "everything agrees"


def _clear(tools: Tools, side: Side) -> str:
    side.remove_containers(tools)
    side.remove_volumes(tools)
    shutil.rmtree(tools.layout.drilling, ignore_errors=True)
    return "removed"
