"""The edge's configuration: checked by the edge itself, put in place, loaded without a restart."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from engine import maintenance
from engine.deployment import Deployment
from engine.docker_api import Client, Container, log_text
from engine.errors import StepFailedError
from engine.health import EVIDENCE_LINES
from engine.incoming import Incoming
from engine.interrupts import Interrupts
from engine.layout import Layout, read_json, write_json
from engine.resolve import EDGE_CHECK, Model
from engine.trees import read_tree, tree_digest, try_read_tree, update_tree

CHECK_COMMAND = "edge-check-config"
SAVE_STATE_COMMAND = "edge-save-state"
CHECK_TIMEOUT_S = 60
RELOAD_TIMEOUT_S = 20
ANSWER_TIMEOUT_S = 10.0
# For a health check that would stay and look on: one look is what a reload waits for.
LOOK_ONCE = {"HEALTH_LOOK": "once"}
# The words of HAProxy's master process (src/mworker.c) after SIGUSR2.
RELOADED = re.compile(r"Loading success")
# Alone an [ALERT] means nothing: a new worker whose servers are not up yet writes one, too.
NOT_RELOADED = re.compile(r"Loading failure")


class Hands(Protocol):
    """What a reload needs of whoever does it."""

    @property
    def client(self) -> Client:
        """The Docker engine."""

    @property
    def interrupts(self) -> Interrupts:
        """Whether to stop."""


def wanted_tree(incoming: Incoming, layout: Layout) -> dict[str, bytes]:
    """The edge's files of a release as they have to lie on this host now."""
    return maintenance.filled(incoming.edge_tree, maintenance.state(layout))


def running_edge(containers: Iterable[Container], service: str | None) -> Container | None:
    """The edge's container, if one runs."""
    for container in containers:
        if container.service == service and container.running and not container.one_off:
            return container
    return None


def has_loaded(layout: Layout, digest: str, edge: Container) -> bool:
    """Whether this very container is known to have read this configuration."""
    state = read_json(layout.edge_state)
    return state.get("sha256") == digest and state.get("container") == edge.id


def mark_loaded(layout: Layout, digest: str, edge: Container) -> None:
    """Remember that this container has read this configuration."""
    write_json(layout.edge_state, {"sha256": digest, "container": edge.id})


def install(deployment: Deployment) -> str:
    """Put the release's edge configuration in place and have a running edge load it.

    The new files are checked in a container of the release's own edge image before they replace the
    old ones. An edge that this release replaces anyway is not reloaded: it would be the old program
    with the new configuration. Raises StepFailedError; the caller puts the old files back.
    """
    layout, service = deployment.layout, deployment.incoming.edge_service
    if service is None:
        return "no edge in this release"
    tree = wanted_tree(deployment.incoming, layout)
    digest = tree_digest(tree)
    on_disk = try_read_tree(layout.edge)
    same = on_disk is not None and tree_digest(on_disk) == digest
    edge = running_edge(deployment.containers(), service)
    if same and (edge is None or has_loaded(layout, digest, edge)):
        return "unchanged"
    _check(deployment, service)
    deployment.edge_touched = True
    changed = update_tree(layout.edge, tree)
    remark = f"changed: {', '.join(changed)}" if changed else "files unchanged"
    if edge is None:
        return f"{remark}; no edge runs yet"
    if edge.image_id != deployment.image_ids.get(
        str(deployment.model["services"][service]["image"])
    ):
        return f"{remark}; loaded when the edge's new image starts"
    reload(deployment, deployment.model, service, edge)
    mark_loaded(layout, digest, edge)
    return f"{remark}; reloaded"


def load_in_place(deployment: Deployment, model: Model) -> None:
    """Have an edge that runs load the files that are in place now."""
    service = deployment.incoming.edge_service
    edge = running_edge(deployment.containers(), service)
    if edge is not None and service is not None:
        reload(deployment, model, service, edge)
        mark_loaded(deployment.layout, tree_digest(read_tree(deployment.layout.edge)), edge)


def note_started(deployment: Deployment) -> None:
    """Remember what an edge that was started during this deploy has read: the files in place."""
    edge = running_edge(deployment.containers(), deployment.incoming.edge_service)
    if edge is not None:
        mark_loaded(deployment.layout, tree_digest(read_tree(deployment.layout.edge)), edge)


def reload(deployment: Hands, model: Model, service: str, edge: Container) -> None:
    """Save the edge's server states, have its master load the files anew, and see that it did.

    Raises StepFailedError if it says that it did not, or says nothing for 20 seconds.
    """
    client, interrupts = deployment.client, deployment.interrupts
    _execute(client, edge, [SAVE_STATE_COMMAND])
    since = time.time()
    client.containers.get(edge.id).kill(signal="SIGUSR2")
    deadline = time.monotonic() + RELOAD_TIMEOUT_S
    text = ""
    while time.monotonic() < deadline:
        # All of it: of a busy edge, the last lines alone are requests.
        text = log_text(client, edge.id, since)
        if NOT_RELOADED.search(text):
            raise StepFailedError(
                "edge reload",
                "an edge that loads its configuration",
                "that it refused to",
                "correct the edge's configuration",
                told_by_master(text),
            )
        if RELOADED.search(text):
            check = _health_command(model["services"].get(service, {}))
            if check:
                _wait_for_answers(deployment, edge, check)
            return
        interrupts.sleep(0.1)
    raise StepFailedError(
        "edge reload",
        f"'Loading success' in the edge's log within {RELOAD_TIMEOUT_S} s",
        "no such line",
        f"see: docker logs {edge.name}",
        told_by_master(text),
    )


def told_by_master(text: str) -> list[str]:
    """The last lines of a log that are not about a request."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if '"frontend"' not in line][-EVIDENCE_LINES:]


def _wait_for_answers(deployment: Hands, edge: Container, check: list[str]) -> None:
    # A connection that the replaced process had taken may end without an answer, so one try that
    # fails says nothing yet.
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while True:
        try:
            _execute(deployment.client, edge, check)
            return
        except StepFailedError:
            if time.monotonic() > deadline:
                raise
        deployment.interrupts.sleep(0.2)


def _check(deployment: Deployment, service: str) -> None:
    release = deployment.layout.release(deployment.release_id)
    arguments = ["run", "--rm", "--no-deps", "-T", service, CHECK_COMMAND]
    try:
        deployment.compose.run(
            release, arguments, CHECK_TIMEOUT_S, "edge check", overlay=EDGE_CHECK
        )
    except StepFailedError as error:
        raise StepFailedError(
            "edge configuration",
            f"files that {CHECK_COMMAND} accepts",
            error.found,
            "correct the edge's template; the old files are still in place",
            error.log,
        ) from error


def _execute(client: Client, edge: Container, command: list[str]) -> None:
    code, output = client.containers.get(edge.id).exec_run(command, environment=LOOK_ONCE)
    if code:
        raise StepFailedError(
            f"{' '.join(command)} in {edge.name}",
            "exit code 0",
            f"exit code {code}",
            f"see: docker logs {edge.name}",
            output.decode("utf-8", "replace").splitlines(),
        )


def _health_command(definition: Mapping[str, Any]) -> list[str]:
    test = (definition.get("healthcheck") or {}).get("test") or []
    words = [str(word).replace("$$", "$") for word in test]
    if words[:1] == ["CMD"]:
        return words[1:]
    if words[:1] == ["CMD-SHELL"]:
        return ["/bin/sh", "-c", words[1]]
    return []
