"""The work of `settle`."""

from __future__ import annotations

from engine.incoming import Incoming
from engine.switch import standby
from engine.switch.connections import open_connections
from engine.switch.settle import Settling
from engine.tools import Tools, Work


class Settle(Work):
    """Waits for what has given way, and removes it."""

    outcome = "settled"
    unchanged = "nothing has given way"
    steps = ("settle",)

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming

    def plan(self, tools: Tools) -> list[str]:
        """Name what is on standby."""
        # What a run at work keeps to go back to is that run's.
        settled = {key for key, deadline in standby.read(tools.layout).items() if deadline}
        left = [each for each in self._settling(tools).left() if each.id in settled]
        return [f"{each.name} still serves {open_connections(each)}" for each in left]

    def run(self, tools: Tools) -> str:
        """Remove each when it is idle, or its time is over."""
        settling = self._settling(tools)

        def work() -> str:
            return f"removed {', '.join(settling.remove_idle())}"

        return tools.run_step("settle", work)

    def _settling(self, tools: Tools) -> Settling:
        incoming = self.incoming
        return Settling(
            tools.client,
            tools.layout,
            tools.interrupts,
            incoming.name,
            incoming.services,
            incoming.edge_service,
        )
