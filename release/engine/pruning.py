"""The work of `prune`."""

from __future__ import annotations

from engine.prune import prune, superfluous
from engine.tools import Tools, Work


class PruneReleases(Work):
    """Removes what only old releases used."""

    outcome = "pruned"
    unchanged = "nothing to remove"
    steps = ("prune",)

    def __init__(self, keep: int) -> None:
        self.keep = keep

    def plan(self, tools: Tools) -> list[str]:
        """Name what is superfluous."""
        return [f"nothing needs {each}" for each in superfluous(tools.layout, self.keep)]

    def run(self, tools: Tools) -> str:
        """Remove it, and the images that only it used."""
        removed: list[str] = []

        def work() -> str:
            removed.extend(prune(tools.layout, tools.client, self.keep))
            return f"removed {', '.join(removed)}" if removed else "nothing to remove"

        return tools.run_step("prune", work)
