"""The work of `maintenance`: the course site is closed or opened by the edge, without a restart."""

from __future__ import annotations

from typing import Any

from engine import edge, maintenance
from engine.docker_api import Container, project_containers
from engine.errors import EngineError, RefusedError
from engine.incoming import Incoming
from engine.layout import Layout, read_json, write_json
from engine.reader import read_incoming
from engine.resolve import read_model
from engine.status import require_current
from engine.tools import Tools, Work
from engine.trees import tree_digest, try_read_tree, update_tree

SETTINGS = ("why", "until", "let", "retry_after_s")


class SwitchMaintenance(Work):
    """Has the edge answer for the site in that state; None is open."""

    steps = ("edge_config",)

    def __init__(self, wanted: dict[str, Any] | None) -> None:
        self.wanted = wanted
        self.outcome = "opened" if wanted is None else "closed"
        self.unchanged = f"maintenance is {'off' if wanted is None else 'on'} already"
        self.before: dict[str, Any] = {}

    def plan(self, tools: Tools) -> list[str]:
        """Compare with the state, with the files that lie there, and with what the edge has."""
        layout = tools.layout
        incoming = self._incoming(tools)
        if self.wanted and not maintenance.can_close(incoming.edge_tree):
            raise RefusedError(
                "maintenance",
                f"a release whose edge has the files {maintenance.CLOSED_FILE} and "
                f"{maintenance.LET_FILE}",
                "none of them",
                "fab deploy, with this version of the bundle",
            )
        now = maintenance.state(layout)
        if now and self.wanted:
            # Whoever only says it again changes neither since when nor by whom.
            same = all(now.get(key) == self.wanted.get(key) for key in SETTINGS)
            self.wanted = now if same else {**self.wanted, "since": now["since"]}
        reasons = []
        if now != self.wanted:
            told = maintenance.describe(self.wanted) if self.wanted else "off"
            reasons.append(f"maintenance: {told}")
        tree = maintenance.filled(incoming.edge_tree, self.wanted)
        if try_read_tree(layout.edge) != tree:
            reasons.append(f"{layout.edge} would be written")
        running = self._edge(tools, incoming)
        if running and not edge.has_loaded(layout, tree_digest(tree), running):
            reasons.append("the edge would load it")
        return reasons

    def run(self, tools: Tools) -> str:
        """Write down the state, then have the edge follow it."""
        self.before = read_json(tools.layout.maintenance)
        write_json(tools.layout.maintenance, self.wanted or {})
        self.changed = True
        tools.run_step("edge_config", lambda: self._follow(tools, self.wanted))
        return f"maintenance: {maintenance.describe(self.wanted) if self.wanted else 'off'}"

    def undo(self, tools: Tools, error: EngineError) -> str:
        """The state and the files that were before."""
        if not self.changed:
            return "nothing was changed"
        write_json(tools.layout.maintenance, self.before)
        before = maintenance.state(tools.layout)
        try:
            self._follow(tools, before)
        except EngineError as fault:
            return f"the edge could not be put back either: {fault}"
        return f"maintenance is {'on' if before else 'off'} as before"

    def _follow(self, tools: Tools, state: dict[str, Any] | None) -> str:
        incoming = self._incoming(tools)
        tree = maintenance.filled(incoming.edge_tree, state)
        changed = update_tree(tools.layout.edge, tree)
        remark = f"changed: {', '.join(changed)}" if changed else "files unchanged"
        running = self._edge(tools, incoming)
        if running is None or incoming.edge_service is None:
            return f"{remark}; loaded when the edge starts"
        model = read_model(tools.layout.release(require_current(tools.layout)))
        edge.reload(tools, model, incoming.edge_service, running)
        edge.mark_loaded(tools.layout, tree_digest(tree), running)
        return f"{remark}; reloaded"

    @staticmethod
    def _incoming(tools: Tools) -> Incoming:
        layout: Layout = tools.layout
        return read_incoming(layout.release(require_current(layout)) / "incoming")

    @staticmethod
    def _edge(tools: Tools, incoming: Incoming) -> Container | None:
        containers = project_containers(tools.client, incoming.name)
        return edge.running_edge(containers, incoming.edge_service)
