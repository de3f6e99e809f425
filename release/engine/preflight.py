"""Everything that can be known before anything is changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from engine.compose import compose_version
from engine.deployment import Deployment
from engine.errors import RefusedError
from engine.images import image_ids
from engine.ports import check_ports
from engine.resolve import interpolation, resolved
from engine.secret_files import plan_secrets

MIB = 1024 * 1024


def run(deployment: Deployment) -> str:
    """Check the host, the images, the compose files, the ports and the secrets; change nothing."""
    incoming, layout = deployment.incoming, deployment.layout
    info = deployment.client.info()
    for folder in (layout.root, Path(info["DockerRootDir"])):
        check_free_space(folder, deployment.request.min_free_mib)
    compose = compose_version()
    deployment.image_ids = image_ids(deployment.client, incoming.images, layout.image_records)
    plan = plan_secrets(incoming.secrets_dir, incoming.secrets)
    if plan.refusals:
        raise RefusedError("\n".join(map(str, plan.refusals)))
    # With stand-ins for the hashes of secrets that are not there yet: the files' errors show now.
    variables = interpolation(incoming, layout, plan.revisions(incoming.secrets))
    model = resolved(incoming, variables)
    deployment.foreseen = variables, model
    check_ports(deployment.client, incoming.name, model)
    return f"engine {info['ServerVersion']}, compose {compose}, {len(incoming.images)} images"


def check_root() -> None:
    """Raise RefusedError for anybody but root, who alone may own other users' secrets."""
    if os.geteuid() != 0:
        raise RefusedError("user", "root", f"uid {os.geteuid()}", "run it with sudo")


def check_free_space(folder: Path, min_free_mib: int) -> None:
    """Raise RefusedError if the file system of `folder` has less than `min_free_mib` MiB free."""
    while not folder.exists():
        folder = folder.parent
    free_mib = shutil.disk_usage(folder).free // MIB
    if free_mib < min_free_mib:
        raise RefusedError(
            f"free space at {folder}",
            f"at least {min_free_mib} MiB",
            f"{free_mib} MiB",
            "make room (see: docker system df), then deploy again",
        )
