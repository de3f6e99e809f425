"""A release's compose files made into one: every variable filled in, every path absolute."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.compose import resolve_model
from engine.errors import EngineError, StepFailedError
from engine.incoming import Incoming, config_variable
from engine.layout import Layout, read_json
from engine.local_settings import FIRST_GENERATION
from engine.trees import canonical, new_tree, sha256, tree_digest, try_read_tree, update_tree

STEPS_PROFILE = "steps"
GENERATION_LABEL = "luffy-bundle.generation"
UNKNOWN_REVISION = "0" * 12
MANIFEST = "manifest.json"
EDGE_CHECK = "edge-check.yaml"
ABOUT = "# Resolved by the release engine from compose/ and release.json. Not for editing.\n"

Model = dict[str, Any]


def interpolation(
    incoming: Incoming, layout: Layout, revisions: Mapping[str, str] | None
) -> dict[str, str]:
    """Every variable that the compose files of a release may use."""
    variables = dict(incoming.environment)
    variables.update({name: image.ref for name, image in incoming.images.items()})
    for service, tree in incoming.config.items():
        variables[config_variable(service)] = str(layout.config / service / tree_digest(tree))
    variables.update(incoming.local.variables())
    variables["EDGE_CONFIG_DIR"] = str(layout.edge)
    variables["PUBLIC_DIR"] = str(layout.public)
    variables["SECRETS_DIR"] = str(incoming.secrets_dir)
    variables["COMPOSE_PROJECT_NAME"] = incoming.name
    for uid in sorted({spec.uid for spec in incoming.secrets}):
        variables[f"SECRETS_REV_{uid}"] = (revisions or {}).get(str(uid), UNKNOWN_REVISION)
    return variables


def resolved(incoming: Incoming, variables: Mapping[str, str]) -> Model:
    """The compose model of a release, as it will run.

    Raises StepFailedError if compose does not accept the files, or if what they say cannot be run
    on a host that has nothing but the release.
    """
    folder = Path(tempfile.mkdtemp(prefix="release-engine-"))
    try:
        update_tree(folder, incoming.compose_tree)
        profiles = (*incoming.profiles, STEPS_PROFILE)
        files = incoming.compose_files
        model = resolve_model(incoming.name, folder, files, profiles, variables)
        unknown = set(incoming.profiles) - _profiles(model)
        if unknown:
            known = _profiles(resolve_model(incoming.name, folder, files, ("*",), variables))
            raise StepFailedError(
                "release.json: profiles",
                f"out of {', '.join(sorted(known)) or 'none'}",
                ", ".join(sorted(unknown)),
                "correct the profile's name",
            )
    finally:
        shutil.rmtree(folder)
    return _edited(incoming, model, variables, str(folder))


def write_release(
    folder: Path,
    incoming: Incoming,
    model: Model,
    variables: Mapping[str, str],
    inputs: Mapping[str, Any],
) -> None:
    """Write a release's folder, complete or not at all."""
    tree = {
        # JSON is YAML, so that compose reads it and the host's Python needs no YAML library.
        "compose.yaml": (ABOUT + json.dumps(model, indent=2) + "\n").encode(),
        ".env": _env_file(variables),
        "images.lock": _json(_images(incoming)),
        "inputs.json": _json(inputs),
    }
    if incoming.edge_service:
        tree[EDGE_CHECK] = _json(_edge_check(incoming.edge_service, model, folder, variables))
        tree.update({f"edge/{name}": content for name, content in incoming.edge_tree.items()})
    # As it was shipped, so that it can be deployed again.
    tree.update({f"incoming/{name}": content for name, content in incoming.shipped.items()})
    manifest = {name: sha256(content) for name, content in tree.items()}
    new_tree(folder, {**tree, MANIFEST: _json(manifest)})


def _images(incoming: Incoming) -> dict[str, str]:
    """The digest of each image by its reference; unknown for what was left as it is."""
    kept = {str(each.get("image")): "" for each in incoming.kept.values()}
    return {**kept, **{image.ref: image.config_digest for image in incoming.images.values()}}


def is_intact(folder: Path) -> bool:
    """Whether every file of a release is there and is what was written."""
    tree = try_read_tree(folder)
    manifest = read_json(folder / MANIFEST)
    if tree is None or not manifest:
        return False
    del tree[MANIFEST]
    return {name: sha256(content) for name, content in tree.items()} == manifest


def as_shipped(folder: Path) -> dict[str, Any]:
    """What was shipped for a release, and what was kept for it: all but what its host adds."""
    files = read_json(folder / MANIFEST).items()
    shipped = {name: digest for name, digest in files if name.startswith("incoming/")}
    return {**shipped, "kept": read_json(folder / "inputs.json").get("kept")}


def read_model(folder: Path) -> Model:
    """The model of a release that was written before.

    Raises StepFailedError if its file is missing or damaged.
    """
    path = folder / "compose.yaml"
    try:
        text = path.read_text(encoding="utf-8")
        model = json.loads(text.partition("\n")[2])
    except (OSError, ValueError) as error:
        raise StepFailedError(
            str(path), "the resolved compose file", str(error), "run deploy again"
        ) from error
    return model if isinstance(model, dict) else {}


def lasting_services(model: Model) -> dict[str, Any]:
    """The services that run all the time: all but the steps."""
    return {
        name: service
        for name, service in model["services"].items()
        if STEPS_PROFILE not in service.get("profiles", [])
    }


def replicas(service: Mapping[str, Any]) -> int:
    """How many containers of a service are asked for."""
    scale = service.get("scale")
    if scale is None:
        scale = (service.get("deploy") or {}).get("replicas")
    return 1 if scale is None else int(scale)


def restart_policy(service: Mapping[str, Any]) -> dict[str, Any]:
    """Its `restart`, as the engine's API takes it: compose's word, and how often at most."""
    name, _, most = str(service.get("restart") or "no").partition(":")
    return {"Name": name, "MaximumRetryCount": int(most or 0)}


def _edited(incoming: Incoming, model: Model, variables: Mapping[str, str], folder: str) -> Model:
    problems: list[EngineError] = []
    services = model.get("services") or {}
    refs = {image.ref for image in incoming.images.values()}
    steps = incoming.step_services()
    services.update({name: dict(each) for name, each in incoming.kept.items()})
    for part, of_kept in incoming.kept_parts.items():
        model[part] = {**of_kept, **(model.get(part) or {})}
    for name, service in services.items():
        if name in incoming.kept:
            continue
        # Images are built elsewhere and were checked by their digest; nothing is fetched here.
        service.pop("build", None)
        service["pull_policy"] = "never"
        if name in steps:
            service["profiles"] = [STEPS_PROFILE]
        elif STEPS_PROFILE not in service.get("profiles", []):
            service.pop("profiles", None)
        _mark_generation(service, incoming.local.generation)
        if name in incoming.local.scale:
            service["scale"] = incoming.local.scale[name]
            (service.get("deploy") or {}).pop("replicas", None)
        if service.get("image") not in refs:
            problems.append(
                EngineError(
                    f"service {name}",
                    "an image that release.json lists",
                    str(service.get("image")),
                    "list it, with its config digest",
                )
            )
    problems += _unknown_services(incoming, services)
    edge = incoming.edge_service
    if edge and edge in services and _edge_mount(edge, model, variables["EDGE_CONFIG_DIR"]) is None:
        problems.append(
            EngineError(
                f"service {edge}",
                f"a bind mount of {variables['EDGE_CONFIG_DIR']}",
                "none",
                "mount EDGE_CONFIG_DIR in the edge's compose file",
            )
        )
    for where, text in _texts(model):
        if folder in text:
            problems.append(
                EngineError(
                    where,
                    "an absolute path, or a folder of rendered configuration",
                    text.replace(folder, "the incoming directory"),
                    "use CONFIG_<SERVICE>",
                )
            )
    if problems:
        raise StepFailedError(
            "compose files cannot run as a release:\n" + "\n".join(map(str, problems))
        )
    model["name"] = incoming.name
    return model


def _mark_generation(service: dict[str, Any], generation: int) -> None:
    """Compose does not notice that a volume of the same key has another name: a label has it
    make the containers anew that mount one."""
    mounts = [volume.get("type") for volume in service.get("volumes") or []]
    if generation != FIRST_GENERATION and "volume" in mounts:
        service["labels"] = {**(service.get("labels") or {}), GENERATION_LABEL: str(generation)}


def _profiles(model: Model) -> set[str]:
    services = (model.get("services") or {}).values()
    return {profile for service in services for profile in service.get("profiles", [])}


def _edge_mount(service: str, model: Model, edge_folder: str) -> dict[str, Any] | None:
    for volume in (model["services"].get(service) or {}).get("volumes", []):
        if volume.get("type") == "bind" and volume.get("source") == edge_folder:
            return dict(volume)
    return None


def _edge_check(
    service: str, model: Model, folder: Path, variables: Mapping[str, str]
) -> dict[str, Any]:
    """A file to lay over the release: the edge with the release's own copy of its configuration.

    `docker compose run --volume` would not do: it does not replace a mount of the same target.
    """
    mount = _edge_mount(service, model, variables["EDGE_CONFIG_DIR"]) or {}
    return {"services": {service: {"volumes": [{**mount, "source": str(folder / "edge")}]}}}


def _unknown_services(incoming: Incoming, services: Mapping[str, Any]) -> list[EngineError]:
    named = [
        (f"step {step.name}", service)
        for step in incoming.steps
        for service in (step.service, *step.needs)
    ]
    named += [("services", name) for name in incoming.services]
    if incoming.backup:
        named.append(("backup.repository", incoming.backup.repository))
        named += [("backup.parts", part.service) for part in incoming.backup.parts]
        named += [("backup.logs", incoming.backup.logs.service)] if incoming.backup.logs else []
    if incoming.edge_service:
        named.append(("edge_config", incoming.edge_service))
    expected = f"one of {', '.join(sorted(services))}"
    return [
        EngineError(f"release.json: {where}", expected, name, "correct the service's name")
        for where, name in named
        if name not in services
    ]


def _texts(value: Any, where: str = "compose") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, where)


def _env_file(variables: Mapping[str, str]) -> bytes:
    # Only for people to read: the compose file beside it has no variable left.
    lines = []
    for name, value in sorted(variables.items()):
        plain = re.fullmatch(r"[A-Za-z0-9_./:@%+,=-]*", value)
        lines.append(f"{name}={value}" if plain else f"{name}={_quoted(value)}")
    return ("\n".join(lines) + "\n").encode()


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ") + "'"


def _json(value: Any) -> bytes:
    return json.dumps(json.loads(canonical(value)), indent=2, sort_keys=True).encode() + b"\n"
