"""A project beside the deployment that only holds what takes a backup back: nothing reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.backups.one_off import Project
from engine.backups.spec import BackupSpec
from engine.docker_api import PROJECT_LABEL, NotFoundError, remove_container, remove_until_free
from engine.resolve import ABOUT, Model
from engine.tools import Tools
from engine.trees import make_folder, write_file

VOLUME_LABEL = "com.docker.compose.volume"
WAIT_S = 300
GRACE_S = 60


@dataclass(frozen=True)
class Side:
    """Where it lies, what its volumes are called, and which secrets it reads."""

    name: str
    folder: Path
    volumes: Mapping[str, str]
    """The name of each volume of the model that is another one here."""
    secrets_dir: Path
    owner: str
    """The project that its volumes are labelled as, because they may become that one's."""

    def write(self, model: Model, spec: BackupSpec, secrets_dir: Path) -> None:
        """Write its compose file, made of a release's; `secrets_dir` is the release's own."""
        make_folder(self.folder, 0o700)
        text = json.dumps(self._model(model, spec, secrets_dir), indent=2)
        write_file(self.folder / "compose.yaml", (ABOUT + text + "\n").encode(), 0o600)

    def make_volumes(self, tools: Tools) -> None:
        """Make its volumes, empty."""
        self.remove_volumes(tools)
        for key, name in self.volumes.items():
            labels = {PROJECT_LABEL: self.owner, VOLUME_LABEL: key}
            tools.client.volumes.create(name, labels=labels)

    def remove_volumes(self, tools: Tools) -> None:
        """Remove its volumes; those that are not there are no error."""
        for name in self.volumes.values():
            try:
                tools.client.volumes.get(name).remove(force=True)
            except NotFoundError:
                continue

    def remove_scratch(self, tools: Tools) -> None:
        """Remove those of its volumes that are its own, and never become another project's."""
        own = {key: name for key, name in self.volumes.items() if name.startswith(f"{self.name}_")}
        replace(self, volumes=own).remove_volumes(tools)

    def remove_containers(self, tools: Tools) -> None:
        """End and remove all that runs in it, and its networks."""
        project = Project(tools, self.name, self.folder)
        label = {"label": f"{PROJECT_LABEL}={self.name}"}

        def remove() -> None:
            for container in project.containers():
                remove_container(tools.client, container, GRACE_S)
            for network in tools.client.networks.list(filters=label):
                network.remove()

        remove_until_free(remove)

    def _model(self, model: Model, spec: BackupSpec, secrets_dir: Path) -> Model:
        wanted = {spec.repository, *(part.service for part in spec.parts)}
        services = {
            name: self._service(service, wanted)
            for name, service in model["services"].items()
            if name in wanted
        }
        outward = set(services[spec.repository].get("networks") or {})
        used = {name for each in services.values() for name in each.get("networks") or {}}
        mounted = {
            volume["source"]
            for each in services.values()
            for volume in each.get("volumes") or []
            if volume["type"] == "volume"
        }
        if spec.logs is not None:
            # Logs that are fetched for a replay are written here.
            for volume in services[spec.repository].get("volumes") or []:
                if volume["target"] == spec.logs.folder:
                    volume.pop("read_only", None)
        return {
            "name": self.name,
            "services": services,
            "networks": {
                name: {
                    "internal": bool(model["networks"][name].get("internal"))
                    if name in outward
                    else True
                }
                for name in sorted(used)
            },
            "volumes": {
                key: {"name": self.volumes[key], "external": True} for key in sorted(mounted)
            },
            "secrets": self._secrets(model, services, secrets_dir),
        }

    @staticmethod
    def _service(service: Mapping[str, Any], wanted: set[str]) -> dict[str, Any]:
        left_out = {"ports", "profiles", "depends_on", "scale", "deploy"}
        # A copy: what is changed in it below is another's.
        copied: dict[str, Any] = json.loads(json.dumps(service))
        found = {key: value for key, value in copied.items() if key not in left_out}
        # It is there for as long as the work takes, and no longer.
        found["restart"] = "no"
        for network in (found.get("networks") or {}).values():
            if isinstance(network, dict):
                network.pop("aliases", None)
        return found

    def _secrets(
        self, model: Model, services: Mapping[str, Any], secrets_dir: Path
    ) -> dict[str, Any]:
        names = {
            secret["source"] for each in services.values() for secret in each.get("secrets") or []
        }
        return {
            name: {"file": str(self.secrets_dir / Path(model["secrets"][name]["file"]).name)}
            for name in sorted(names)
        }


def mounted_volumes(model: Model, spec: BackupSpec) -> dict[str, str]:
    """The volumes of what takes part in a backup: key to name."""
    wanted = {spec.repository, *(part.service for part in spec.parts)}
    keys = {
        volume["source"]
        for name in wanted
        for volume in model["services"][name].get("volumes") or []
        if volume["type"] == "volume"
    }
    return {key: str(model["volumes"][key]["name"]) for key in sorted(keys)}
