"""The incoming directory, read once and validated whole.

Everything is read into memory, so that a run works on what its caller shipped even if the folder
is written again while the run waits for the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.backup_reader import read_backup
from engine.console_reader import read_consoles
from engine.errors import BadReleaseError, EngineError, NoInputError, ShippedOverError
from engine.incoming import (
    DEFAULT_STEP_TIMEOUT_S,
    PLACEHOLDER,
    Image,
    Incoming,
    MadeBy,
    SecretSpec,
    StepSpec,
    config_variable,
)
from engine.rotating.spec_reader import check_rotations, read_for_days, read_rotation
from engine.service_reader import read_doctor, read_services, read_site, read_smoke, read_watch_s
from engine.trees import read_tree, tree_digest

RELEASE_FILE = "release.json"
SAY_WHERE = "correct it where the stack role renders release.json"

PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SERVICE_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
SECRET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
IMAGE_REF = re.compile(r"[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
RESERVED_VARIABLE = re.compile(
    r"COMPOSE_.*|DOCKER_.*|SECRETS_REV_.*|SECRETS_DIR|EDGE_CONFIG_DIR|PUBLIC_DIR|DATA_GENERATION"
    r"|PATH|HOME"
)

ORIGINS = ("random", "same_as", "format", "made_by", "given", "old_of")
"""Where a secret's content comes from: each has one of these fields."""

PREFIX = re.compile(r"|[A-Za-z0-9_-]{1,32}[:=]")

MIN_RANDOM_BYTES, MAX_RANDOM_BYTES = 16, 128
MAX_RENEW_AFTER_DAYS = 36500


def read_incoming(folder: Path, expected: str | None = None) -> Incoming:
    """Read and validate an incoming directory.

    Raises NoInputError if the folder or its release.json is missing, ShippedOverError if it does
    not hold the files with the digest `expected` (`tree_digest`), and BadReleaseError with every
    problem in it.
    """
    path = folder / RELEASE_FILE
    tree = _whole_tree(folder, expected)
    if RELEASE_FILE not in tree:
        raise NoInputError(
            str(path), "the description of a release", "no such file", "run the deploy playbook"
        )
    try:
        document = json.loads(tree[RELEASE_FILE])
    except ValueError as error:
        problem = EngineError(
            str(path), "a JSON object", f"text that is not JSON ({error})", SAY_WHERE
        )
        raise BadReleaseError([problem]) from error
    return _Reader(folder, tree, document).read()


def _whole_tree(folder: Path, expected: str | None) -> dict[str, bytes]:
    """All that was shipped, read once: what is looked at is what will be deployed."""
    if not folder.is_dir():
        return {}
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # The stack role's text_tree has it locked while it writes.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        tree = read_tree(folder)
    except EngineError as error:
        raise BadReleaseError([error]) from error
    finally:
        os.close(descriptor)
    found = tree_digest(tree)
    if expected not in {None, found}:
        raise ShippedOverError(folder, f"files with the digest {found[:12]}")
    return tree


def _is(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_relative_file(value: Any) -> bool:
    return (
        isinstance(value, str) and bool(value) and ".." not in Path(value).parts and value[0] != "/"
    )


class _Reader:
    """Collects every problem instead of stopping at the first."""

    def __init__(self, folder: Path, tree: dict[str, bytes], document: Any) -> None:
        self.folder, self.tree = folder, tree
        self.problems: list[EngineError] = []
        if not isinstance(document, dict):
            self.bad("the document", "a JSON object", document)
            document = {}
        self.document: dict[str, Any] = document

    def bad(self, where: str, expected: str, found: Any, do: str = SAY_WHERE) -> None:
        shown = "nothing" if found is None else json.dumps(found, ensure_ascii=False)
        shown = shown if len(shown) <= 120 else shown[:117] + "..."
        self.problems.append(EngineError(f"{RELEASE_FILE}: {where}", expected, shown, do))

    def value(self, where: str, value: Any, good: Callable[[Any], bool], expected: str) -> Any:
        if good(value):
            return value
        self.bad(where, expected, value)
        return None

    def items(self, where: str, value: Any, kind: type, expected: str) -> Any:
        if value is None:
            return kind()
        if isinstance(value, kind):
            return value
        self.bad(where, expected, value)
        return kind()

    def known_keys(self, where: str, value: dict[str, Any], known: set[str]) -> None:
        for key in sorted(set(value) - known):
            self.bad(
                f"{where}{key}", f"one of {', '.join(sorted(known))}", key, "remove or rename it"
            )

    def read(self) -> Incoming:
        document = self.document
        self.known_keys(
            "",
            document,
            {
                "name",
                "images",
                "environment",
                "profiles",
                "compose_files",
                "config",
                "edge_config",
                "secrets_dir",
                "secrets",
                "steps",
                "services",
                "smoke",
                "site_url",
                "watch_s",
                "doctor",
                "consoles",
                "backup",
            },
        )
        name = self.value("name", document.get("name"), _is(PROJECT_NAME), "a compose project name")
        images = self._images()
        incoming_config = self._names("config", "the name of a service with rendered configuration")
        edge = document.get("edge_config")
        if edge is not None:
            edge = self.value(
                "edge_config", edge, _is(SERVICE_NAME), "the name of the edge's service"
            )
        compose_tree = self._compose_tree()
        secrets = self._secrets()
        steps = self._steps()
        environment = self._environment(images, incoming_config)
        result = Incoming(
            name=name or "",
            images=images,
            environment=environment,
            profiles=tuple(self._names("profiles", "the name of a compose profile")),
            compose_files=tuple(self._compose_files(compose_tree)),
            shipped=self.tree,
            compose_tree=compose_tree,
            config={service: self._folder(service) for service in incoming_config},
            edge_service=edge,
            edge_tree=self._folder(edge) if edge else {},
            secrets_dir=self._secrets_dir(bool(secrets)),
            secrets=tuple(secrets),
            steps=tuple(steps),
            services=read_services(self, document),
            smoke=tuple(read_smoke(self, document, environment)),
            site=read_site(self, document),
            watch_s=read_watch_s(self, document),
            doctor=tuple(read_doctor(self, document)),
            consoles=read_consoles(self, document),
            backup=read_backup(self, document, tuple(spec.file for spec in secrets)),
            meaning=document,
        )
        if self.problems:
            raise BadReleaseError(self.problems)
        return result

    def _images(self) -> dict[str, Image]:
        found = self.items(
            "images", self.document.get("images"), dict, "an object: variable to image"
        )
        images: dict[str, Image] = {}
        if not found:
            self.bad("images", "at least one image", found or None)
        for variable, image in found.items():
            where = f"images.{variable}"
            if not VARIABLE_NAME.fullmatch(variable):
                self.bad(where, "a variable name such as EDGE_IMAGE", variable)
            if not isinstance(image, dict):
                self.bad(where, 'an object {"ref": …, "config_digest": …}', image)
                continue
            self.known_keys(f"{where}.", image, {"ref", "config_digest"})
            ref = self.value(
                f"{where}.ref", image.get("ref"), _is(IMAGE_REF), "a reference name:tag"
            )
            digest = self.value(
                f"{where}.config_digest",
                image.get("config_digest"),
                _is(DIGEST),
                "sha256: and 64 hex digits",
            )
            if ref and digest:
                images[variable] = Image(ref, digest)
        return images

    def _environment(self, images: dict[str, Image], config: list[str]) -> dict[str, str]:
        found = self.items("environment", self.document.get("environment"), dict, "an object")
        ours = set(images) | {config_variable(service) for service in config}
        for key, value in found.items():
            where = f"environment.{key}"
            if not VARIABLE_NAME.fullmatch(key):
                self.bad(where, "a variable name in capitals", key)
            elif key in ours or RESERVED_VARIABLE.fullmatch(key):
                self.bad(where, "a variable that the engine does not set itself", key, "remove it")
            if not isinstance(value, str):
                self.bad(where, "a string", value, "put the value in quotes")
            elif "\0" in value:
                self.bad(where, "a string without a NUL character", value)
        return {key: value for key, value in found.items() if isinstance(value, str)}

    def _names(self, where: str, expected: str) -> list[str]:
        found = self.items(where, self.document.get(where), list, "a list of names")
        good = [
            name
            for position, name in enumerate(found)
            if self.value(f"{where}[{position}]", name, _is(SERVICE_NAME), expected) is not None
        ]
        if len(set(good)) != len(good):
            self.bad(where, "each name once", found)
        return good

    def _compose_tree(self) -> dict[str, bytes]:
        return {
            name: content
            for name, content in self.tree.items()
            # A page of documentation is not part of what runs.
            if name == "compose.yaml" or (name.startswith("compose/") and not name.endswith(".md"))
        }

    def _compose_files(self, tree: dict[str, bytes]) -> list[str]:
        found = self.items(
            "compose_files", self.document.get("compose_files"), list, "a list of files"
        )
        if not found:
            self.bad("compose_files", "at least one compose file", found or None)
        for position, name in enumerate(found):
            where = f"compose_files[{position}]"
            if not _is_relative_file(name):
                self.bad(where, "a path below the incoming directory", name)
            elif name not in tree:
                self.bad(
                    where,
                    f"compose.yaml or a file below compose/ in {self.folder}",
                    name,
                    "ship that file or remove its name",
                )
        return [name for name in found if isinstance(name, str)]

    def _folder(self, service: str) -> dict[str, bytes]:
        above = f"config/{service}/"
        tree = {
            name[len(above) :]: content
            for name, content in self.tree.items()
            if name.startswith(above)
        }
        if not tree:
            self.problems.append(
                EngineError(
                    str(self.folder / "config" / service),
                    f"the rendered configuration of {service}",
                    "no file there",
                    "render it, or remove the service from release.json",
                )
            )
        return tree

    def _secrets_dir(self, needed: bool) -> Path:
        value = self.document.get("secrets_dir")
        good = isinstance(value, str) and value.startswith("/") and ".." not in Path(value).parts
        if not good and (needed or value is not None):
            self.bad("secrets_dir", "an absolute path such as /etc/luffy-bundle/secrets", value)
        return Path(value) if good and isinstance(value, str) else Path("/nonexistent")

    def _secrets(self) -> list[SecretSpec]:
        specs: list[SecretSpec] = []
        for position, item in enumerate(
            self.items("secrets", self.document.get("secrets"), list, "a list of secrets")
        ):
            spec = self._secret(f"secrets[{position}]", item)
            if spec:
                specs.append(spec)
        names = [spec.file for spec in specs]
        for spec in specs:
            if names.count(spec.file) > 1:
                self.bad(f"secret {spec.file}", "one description of each secret", names)
            for source in spec.sources():
                if source not in names:
                    self.bad(f"secret {spec.file}", f"sources out of {', '.join(names)}", source)
        self._refuse_circles(specs)
        check_rotations(self, specs)
        return specs

    def _secret(self, where: str, item: Any) -> SecretSpec | None:
        if not isinstance(item, dict):
            self.bad(where, 'an object {"file": …, "uid": …, "random": 32}', item)
            return None
        name = self.value(f"{where}.file", item.get("file"), _is(SECRET_NAME), "a file name")
        where = f"secret {name}" if name else where
        self.known_keys(
            f"{where}.",
            item,
            {"file", "uid", "prefix", "rotate", "for_days", *ORIGINS},
        )
        uid = self.value(
            f"{where}.uid",
            item.get("uid"),
            lambda value: type(value) is int and 0 <= value < 2**31,
            "a numeric uid",
        )
        origins = [key for key in ORIGINS if key in item]
        if len(origins) != 1:
            self.bad(where, f"exactly one of {', '.join(ORIGINS)}", origins)
            return None
        prefix = item.get("prefix", "")
        if "random" not in item and "prefix" in item:
            self.bad(f"{where}.prefix", "a prefix of something random alone", prefix)
        self.value(f"{where}.prefix", prefix, _is(PREFIX), "letters, digits, - _ and a : or = last")
        made_by = self._made_by(f"{where}.made_by", item["made_by"]) if "made_by" in item else None
        rotation, for_days = read_rotation(self, where, item), read_for_days(self, where, item)
        value = item[origins[0]]
        if origins[0] == "random":
            self.value(
                f"{where}.random",
                value,
                lambda size: type(size) is int and MIN_RANDOM_BYTES <= size <= MAX_RANDOM_BYTES,
                f"a number of bytes from {MIN_RANDOM_BYTES} to {MAX_RANDOM_BYTES}",
            )
        elif origins[0] in ("same_as", "old_of"):
            expected = "the name of another secret"
            self.value(f"{where}.{origins[0]}", value, _is(SECRET_NAME), expected)
        elif origins[0] == "given":
            self.value(f"{where}.given", value, lambda given: given is True, "true")
        elif origins[0] == "format":
            self.value(
                f"{where}.format",
                value,
                _is_format,
                "a text in which {name}, {name.sha256}, {name.certificate} or {name.first_line} "
                "names a secret and {{ }} are plain braces",
            )
        if not name or uid is None or not (made_by or isinstance(value, (int, str))):
            return None
        return SecretSpec(
            file=name,
            uid=uid,
            random_bytes=value if origins[0] == "random" and isinstance(value, int) else None,
            same_as=value if origins[0] == "same_as" and isinstance(value, str) else None,
            format=value if origins[0] == "format" and isinstance(value, str) else None,
            prefix=prefix if isinstance(prefix, str) else "",
            made_by=made_by,
            given=origins[0] == "given",
            rotation=rotation,
            old_of=value if origins[0] == "old_of" and isinstance(value, str) else None,
            for_days=for_days,
        )

    def _made_by(self, where: str, item: Any) -> MadeBy | None:
        expected = 'an object {"image": "EDGE_IMAGE", "command": […], "renew_after_days": 365}'
        if not isinstance(item, dict):
            self.bad(where, expected, item)
            return None
        self.known_keys(f"{where}.", item, {"image", "command", "renew_after_days", "reads"})
        images = self.document.get("images")
        known = sorted(images) if isinstance(images, dict) else []
        image = self.value(
            f"{where}.image",
            item.get("image"),
            lambda name: name in known,
            f"one of {', '.join(known)}",
        )
        command = self.items(f"{where}.command", item.get("command"), list, "a list of words")
        if not command or not all(isinstance(word, str) and word for word in command):
            self.bad(f"{where}.command", "a list of words", command)
        days = self.value(
            f"{where}.renew_after_days",
            item.get("renew_after_days"),
            lambda value: type(value) is int and 0 < value <= MAX_RENEW_AFTER_DAYS,
            f"a number of days from 1 to {MAX_RENEW_AFTER_DAYS}",
        )
        reads = item.get("reads")
        if reads is not None:
            self.value(f"{where}.reads", reads, _is(SECRET_NAME), "the name of another secret")
        if not (image and days):
            return None
        return MadeBy(image, tuple(map(str, command)), days, reads)

    def _refuse_circles(self, specs: list[SecretSpec]) -> None:
        waiting = {
            spec.file: set(spec.sources()) & {other.file for other in specs} for spec in specs
        }
        while True:
            ready = [name for name, sources in waiting.items() if not sources]
            if not ready:
                break
            for name in ready:
                del waiting[name]
            for sources in waiting.values():
                sources.difference_update(ready)
        if waiting:
            self.bad(
                "secrets", "secrets that do not depend on each other in a circle", sorted(waiting)
            )

    def _steps(self) -> list[StepSpec]:
        steps: list[StepSpec] = []
        for position, item in enumerate(
            self.items("steps", self.document.get("steps"), list, "a list of steps")
        ):
            where = f"steps[{position}]"
            if not isinstance(item, dict):
                self.bad(where, 'an object {"name": …, "service": …, "needs": […]}', item)
                continue
            known = {"name", "service", "needs", "timeout_s", "when", "gate"}
            self.known_keys(f"{where}.", item, known)
            name = self.value(f"{where}.name", item.get("name"), _is(SERVICE_NAME), "a name")
            service = self.value(
                f"{where}.service", item.get("service"), _is(SERVICE_NAME), "a service"
            )
            needs = self.items(f"{where}.needs", item.get("needs"), list, "a list of services")
            for need in needs:
                self.value(f"{where}.needs", need, _is(SERVICE_NAME), "names of services")
            timeout = self.value(
                f"{where}.timeout_s",
                item.get("timeout_s", DEFAULT_STEP_TIMEOUT_S),
                lambda value: type(value) is int and value > 0,
                "seconds, a positive whole number",
            )
            when = self.value(
                f"{where}.when",
                item.get("when", "always"),
                lambda value: value in ("always", "deploy"),
                "always or deploy",
            )
            gate = item.get("gate", False)
            self.value(f"{where}.gate", gate, lambda value: type(value) is bool, "true or false")
            if name and service and timeout and when:
                steps.append(
                    StepSpec(name, service, tuple(map(str, needs)), timeout, when, gate is True)
                )
        names = [step.name for step in steps]
        if len(set(names)) != len(names):
            self.bad("steps", "each name once", names)
        return steps


def _is_format(value: Any) -> bool:
    return (
        isinstance(value, str) and bool(value) and not set("{}") & set(PLACEHOLDER.sub("", value))
    )
