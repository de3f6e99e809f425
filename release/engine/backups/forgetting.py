"""The work of `restore --forget-old`: the data from before a restore goes."""

from __future__ import annotations

from functools import partial

from engine.backups.generations import old_volumes
from engine.incoming import on_host
from engine.reader import read_incoming
from engine.resolve import read_model
from engine.status import require_current
from engine.tools import Tools, Work


class ForgetOld(Work):
    """Removes the volumes of earlier generations of data."""

    outcome = "forgotten"
    unchanged = "there is no data from before a restore"
    steps = ("forget",)

    def plan(self, tools: Tools) -> list[str]:
        """Name them."""
        release = require_current(tools.layout)
        folder = tools.layout.release(release)
        incoming = on_host(read_incoming(folder / "incoming"), tools.layout)
        self.volumes = old_volumes(
            tools.client, incoming.name, read_model(folder), incoming.local.generation
        )
        return [f"volume {name} holds data from before a restore" for name in self.volumes]

    def run(self, tools: Tools) -> str:
        """Remove them; one that a container still uses is refused by Docker."""
        return tools.run_step("forget", partial(self._remove, tools))

    def _remove(self, tools: Tools) -> str:
        for name in self.volumes:
            tools.client.volumes.get(name).remove()
            self.changed = True
        return f"removed {', '.join(self.volumes)}"
