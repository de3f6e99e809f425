"""Commands in the containers of a project: in one that runs, or in one for that command alone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from engine.docker_api import Container, NotFoundError, project_containers
from engine.errors import RefusedError
from engine.switch import standby
from engine.tools import Tools


class Project:
    """A compose project, by its name and its file."""

    def __init__(self, tools: Tools, name: str, folder: Path) -> None:
        self.tools, self.name, self.folder = tools, name, folder

    def containers(self) -> list[Container]:
        """Its containers as they are now."""
        return project_containers(self.tools.client, self.name)

    def inside(self, service: str, command: Sequence[str]) -> list[str]:
        """The command line that runs a command in the service's running container.

        Raises RefusedError where none runs.
        """
        # One that has given way may still have the data from before a restore.
        serving = standby.without(self.containers(), self.tools.layout)
        found = [each for each in serving if each.service == service and not each.one_off]
        found = [each for each in found if each.running]
        if not found:
            raise RefusedError(
                f"service {service}",
                "a container that runs",
                "none",
                "start it (fab deploy), then try again",
            )
        return ["docker", "exec", "--interactive", found[0].id, *command]

    def beside(self, service: str, command: Sequence[str]) -> tuple[str, list[str]]:
        """The name of a container for one command, and the command line that runs it."""
        name = f"{self.name}-{service}-{secrets.token_hex(4)}"
        words = ["docker", "compose", "--ansi", "never", "--progress", "quiet"]
        words += ["--env-file", os.devnull, "-p", self.name]
        words += ["--project-directory", str(self.folder), "-f", str(self.folder / "compose.yaml")]
        words += ["run", "--rm", "--no-deps", "-T", "--name", name, "--entrypoint", command[0]]
        return name, [*words, service, *command[1:]]

    def remove(self, container: str) -> None:
        """End a container at once; one that is gone is no error."""
        try:
            self.tools.client.containers.get(container).remove(force=True)
        except NotFoundError:
            return


def version_command(image: str, hand_over: Sequence[str]) -> list[str]:
    """The command line that asks an image for its version, in a container without any rights."""
    words = ["docker", "run", "--rm", "--pull", "never", "--network", "none", "--read-only"]
    words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "256m"]
    words += ["--pids-limit", "50", "--entrypoint", hand_over[0]]
    return [*words, image, *hand_over[1:], "--version"]
