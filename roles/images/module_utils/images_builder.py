"""Building: the base image's bootstrap, then the service images, a few at a time."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.images_build_log import remedy, tail
from ansible.module_utils.images_catalogue import BASE
from ansible.module_utils.images_docker import build_command, build_environment
from ansible.module_utils.images_errors import ImagesError
from ansible.module_utils.images_mirror import SUITE
from ansible.module_utils.images_plan import MIRROR_LABEL

BUILD_TIMEOUT_S = 3600
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Sources:
    """Where the parts of the images come from; empty means the tool's own default.

    ``security_mirror`` and ``updates`` tell which of Debian's further suites can be used.
    ``proxies`` are build arguments that BuildKit knows and keeps out of the image's history.
    """

    mirror: str = ""
    security_mirror: str = ""
    updates: bool = False
    registry_ref: str = ""
    refresh: str = ""
    pip_index_url: str = ""
    npm_registry: str = ""
    ca_bundle: str = ""
    proxies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """An image that was built, and how long that took."""

    name: str
    ref: str
    seconds: float


class Builder:
    """Builds the images of a plan that are missing, each after those it depends on."""

    def __init__(self, sources: Sources, refs: dict[str, str], work_dir: Path) -> None:
        """Take the references of all planned images by name, and a folder for logs and archives."""
        self._sources = sources
        self._refs = refs
        self._work_dir = work_dir

    def build(self, missing: list[dict[str, Any]], parallel: int) -> list[Built]:
        """Build ``missing``, up to ``parallel`` at once.

        Raises ImagesError for the first that fails: those that already run are waited for, since
        what they have done is kept, and no further one is started.
        """
        waiting = list(missing)
        done: list[Built] = []
        with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
            running: dict[concurrent.futures.Future[Built], str] = {}
            failure: BaseException | None = None
            while running or (waiting and not failure):
                unfinished = {image["name"] for image in waiting} | set(running.values())
                for image in [] if failure else list(waiting):
                    if not unfinished.intersection(image["depends"]) and len(running) < parallel:
                        waiting.remove(image)
                        running[pool.submit(self._build_one, image)] = image["name"]
                finished, _ = concurrent.futures.wait(
                    running, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in finished:
                    del running[future]
                    failure = failure or future.exception()
                    if not future.exception():
                        done.append(future.result())
        if failure:
            raise failure
        return done

    def _build_one(self, image: dict[str, Any]) -> Built:
        started = time.monotonic()
        log = self._work_dir / "logs" / f"{image['name']}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        if image["name"] == BASE and not self._sources.registry_ref:
            self._bootstrap(image, log)
        else:
            self._docker_build(image, log)
        return Built(image["name"], image["ref"], round(time.monotonic() - started, 1))

    def _bootstrap(self, image: dict[str, Any], log: Path) -> None:
        sources, archive = self._sources, self._work_dir / "base.tar"
        command = [
            str(Path(image["context"]) / "bootstrap.sh"),
            *(["--mirror", sources.mirror] if sources.mirror else []),
            *(["--security-mirror", sources.security_mirror] if sources.security_mirror else []),
            *(["--updates"] if sources.updates else []),
            *(["--ca", sources.ca_bundle] if sources.mirror.startswith("https:") else []),
            *("--refresh", sources.refresh, str(archive)),
        ]
        changes = [
            f"ENV PATH={_PATH} LANG=C.UTF-8",
            'CMD ["bash"]',
            f'LABEL {MIRROR_LABEL}="{sources.mirror}"',
        ]
        options = [word for change in changes for word in ("--change", change)]
        try:
            _run(image, command, log, {**os.environ, **sources.proxies, "LC_ALL": "C.UTF-8"})
            imported = ["docker", "import", *options, str(archive), image["ref"]]
            _run(image, imported, log, build_environment())
        finally:
            archive.unlink(missing_ok=True)

    def _docker_build(self, image: dict[str, Any], log: Path) -> None:
        context = Path(image["context"])
        command = build_command(
            dockerfile=context / "Dockerfile",
            context=context,
            ref=image["ref"],
            options=self._build_options(image),
        )
        # Proxies' addresses may hold passwords, and a command line is there for all to read.
        _run(image, command, log, build_environment() | self._sources.proxies)

    def _build_options(self, image: dict[str, Any]) -> list[str]:
        sources = self._sources
        args = {f"{name.upper()}_IMAGE": self._refs[name] for name in image["depends"]}
        args["PIP_INDEX_URL"] = sources.pip_index_url
        args["NPM_REGISTRY"] = sources.npm_registry
        if image["name"] == BASE:
            args = {"REGISTRY_IMAGE": sources.registry_ref, "DEBIAN_SOURCES": _apt_lines(sources)}
        else:
            args.update(image["args"])
        given = [f"{key}={args[key]}" for key in sorted(args) if args[key]]
        given += [name for name, value in sorted(sources.proxies.items()) if value]
        options = [word for each in given for word in ("--build-arg", each)]
        if sources.ca_bundle:
            options += ["--secret", f"id=ca,src={sources.ca_bundle}"]
        return options


def _apt_lines(sources: Sources) -> str:
    if not sources.mirror:
        return ""
    lines = [f"deb {sources.mirror} {SUITE} main"]
    if sources.updates:
        lines.append(f"deb {sources.mirror} {SUITE}-updates main")
    if sources.security_mirror:
        lines.append(f"deb {sources.security_mirror} {SUITE}-security main")
    return "\n".join(lines)


def _run(image: dict[str, Any], command: list[str], log: Path, environment: dict[str, str]) -> None:
    """Run one step of a build with its output in ``log``; raises ImagesError where it fails."""
    started = time.monotonic()
    with log.open("ab") as output:
        try:
            code: int | str = subprocess.run(
                command,
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=BUILD_TIMEOUT_S,
            ).returncode
        except OSError as error:
            code = str(error)
        except subprocess.TimeoutExpired:
            code = f"none within {BUILD_TIMEOUT_S} s"
    if code == 0:
        return
    text = log.read_text(errors="replace")
    raise ImagesError(
        f"the image {image['name']} ({image['ref']}) to build",
        f"that {Path(command[0]).name} {command[1] if command[0] == 'docker' else ''}".rstrip()
        + f" ended with exit code {code} after {time.monotonic() - started:.0f} s."
        f" Its last lines:\n{tail(text)}\n",
        f"{remedy(text)} The whole output: {log}",
    )
