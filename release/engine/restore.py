"""After a failure: what ran before serves again."""

from __future__ import annotations

import time
from pathlib import Path

from engine import edge
from engine.deployment import Deployment
from engine.docker_api import DOCKER_ERRORS
from engine.layout import read_json
from engine.maintenance import filled, state
from engine.resolve import is_intact, read_model
from engine.switch.settle import settling
from engine.switch.to_release import switcher_back
from engine.trees import read_tree, update_tree


def needs_of(folder: Path) -> list[str]:
    """The services that the steps of a release needed."""
    steps = (read_json(folder / "inputs.json").get("release") or {}).get("steps") or []
    return list(dict.fromkeys(need for step in steps for need in step.get("needs", [])))


def restore(deployment: Deployment) -> str:
    """Put the edge's old files back and start the previous release again, as far as was touched.

    Returns what the operator should know. Raises EngineError if the previous release does not
    start.
    """
    previous = deployment.previous
    if not deployment.services_touched and not deployment.edge_touched:
        return (
            f"nothing was changed; release {previous} still runs"
            if previous
            else "nothing was started"
        )
    if previous is None:
        return (
            "there is no earlier release to go back to; what was started is left for you to look at"
        )
    if previous == deployment.release_id:
        return f"release {previous} is the current one and runs on"
    folder = deployment.layout.release(previous)
    if not is_intact(folder):
        return f"release {previous} cannot be started again: its files in {folder} were changed"
    started = time.monotonic()
    deployment.journal.write("step_started", step="restore")
    model = read_model(folder)
    edge_back = deployment.edge_touched and (folder / "edge").is_dir()
    # Files first: an edge that is started again reads them. The reload last, for one that went on.
    if edge_back:
        tree = read_tree(folder / "edge")
        update_tree(deployment.layout.edge, filled(tree, state(deployment.layout)))
    if deployment.services_touched:
        wait_timeout_s = deployment.request.wait_timeout_s
        # The stores by themselves first: in one go, compose would replace what depends on them too.
        stores = [name for name in needs_of(folder) if name in model["services"]]
        if stores:
            deployment.compose.up(folder, stores, wait_timeout_s)
        switcher_back(deployment, previous, model).switch()
    if edge_back:
        edge.load_in_place(deployment, model)
    said = f"release {previous} serves again"
    if deployment.services_touched:
        said += _removed(deployment)
    deployment.journal.write(
        "step_ended",
        step="restore",
        outcome="ok",
        remark=said,
        duration_s=round(time.monotonic() - started, 3),
    )
    return said


def _removed(deployment: Deployment) -> str:
    """Remove what has failed, which is kept for nobody; what is to be said of that."""
    try:
        settling(deployment).remove_all()
    except DOCKER_ERRORS as error:
        # It serves nobody, and the next deploy removes it.
        return f", but what has failed could not be removed: {error}"
    return ""
