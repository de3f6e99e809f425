"""Secrets: generated on the host once, derived where two services need one, never shown."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import RefusedError
from engine.incoming import PLACEHOLDER, SecretSpec
from engine.made_secrets import is_due, marked
from engine.rotating.told import Told, read_told
from engine.trees import canonical, make_folder, remove_leftovers, sha256, write_file

SECRET_MODE = 0o400
FOLDER_MODE = 0o700
DAY_S = 86400
# RFC 7468: what stands around the blocks is explanation.
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL)

# Runs the command of a secret that one makes, with what it reads; returns what it prints.
Maker = Callable[[SecretSpec, bytes], bytes]


@dataclass
class SecretsPlan:
    """What would have to be done so that every secret of a release is there and right."""

    generate: list[SecretSpec] = field(default_factory=list)
    rewrite: list[SecretSpec] = field(default_factory=list)
    values: dict[str, bytes] = field(default_factory=dict)
    refusals: list[RefusedError] = field(default_factory=list)
    told: Told = field(default_factory=dict)

    def mark(self, file: str) -> str:
        """What stands for a secret's content; that of one whose owner was told stays the same."""
        found = sha256(self.values[file])
        return self.told.get(file, {}).get(found, found)

    def revisions(self, specs: Iterable[SecretSpec]) -> dict[str, str] | None:
        """A 12-digit hash of each uid's secrets, or None while one is still to be generated."""
        specs = list(specs)
        if self.refusals or any(spec.file not in self.values for spec in specs):
            return None
        revisions = {}
        for uid in sorted({spec.uid for spec in specs}):
            mine = {s.file: self.mark(s.file) for s in specs if s.uid == uid}
            revisions[str(uid)] = sha256(canonical(mine))[:12]
        return revisions

    def hidden(self, specs: Iterable[SecretSpec]) -> Iterator[bytes]:
        """What a journal must never show: each value, each of its lines, each random part."""
        for spec in specs:
            value = self.values.get(spec.file, b"")
            yield value
            for line in value.splitlines():
                yield line
                if spec.prefix:
                    yield line.partition(spec.prefix[-1:].encode())[2]


def plan_secrets(
    folder: Path, specs: Iterable[SecretSpec], now_s: float | None = None
) -> SecretsPlan:
    """Compare the secrets folder with the specification; changes nothing.

    A file with another owner or mode than 0400, an empty one and a link are refused, each with the
    command that puts it right. `now_s` are Unix seconds, by default the present.
    """
    plan = SecretsPlan()
    _check_folder(folder, plan)
    if plan.refusals:
        return plan
    plan.told = read_told(folder)
    for spec in in_order(specs):
        path = folder / spec.file
        found = _read_checked(path, spec, plan) if path.is_symlink() or path.exists() else None
        if spec.given and not path.exists():
            plan.refusals.append(_not_given(path, spec))
        elif spec.old_of is not None:
            kept = found if found and not _is_over(path, spec, now_s) else b""
            plan.values[spec.file] = kept
            if kept != found:
                plan.rewrite.append(spec)
        elif not spec.is_derived:
            if found is None or _is_due(spec, found, plan, now_s):
                plan.generate.append(spec)
            else:
                plan.values[spec.file] = found
        elif all(source in plan.values for source in spec.sources()):
            plan.values[spec.file] = derive(spec, plan.values)
            if found != plan.values[spec.file]:
                plan.rewrite.append(spec)
        else:
            plan.rewrite.append(spec)
    return plan


def apply_secrets(
    folder: Path,
    specs: Iterable[SecretSpec],
    make: Maker | None = None,
    now_s: float | None = None,
) -> SecretsPlan:
    """Generate what is missing and rewrite what is derived and differs; returns what was done.

    `make` runs the command of a secret that one makes. Raises RefusedError for the first file that
    has wrong rights, and what `make` raises.
    """
    specs = list(specs)
    plan = plan_secrets(folder, specs, now_s)
    if plan.refusals:
        raise plan.refusals[0]
    if specs:
        make_folder(folder, FOLDER_MODE)
        remove_leftovers(folder)
    generated = {spec.file for spec in plan.generate}
    for spec in in_order(specs):
        if spec.file in generated:
            value = _generated(spec, plan, make, now_s)
        elif spec.old_of is not None:
            value = plan.values[spec.file]
        elif spec.is_derived:
            value = derive(spec, plan.values)
        else:
            continue
        plan.values[spec.file] = value
        if spec in plan.generate or spec in plan.rewrite:
            write_file(folder / spec.file, value, SECRET_MODE, spec.uid)
    return plan


def anew(spec: SecretSpec, plan: SecretsPlan, make: Maker) -> bytes:
    """Another content for a `random` or `made_by` secret; of accounts, for the first one's.

    Raises what `make` raises.
    """
    value = _generated(spec, plan, make, None)
    others = plan.values[spec.file].splitlines()[1:] if spec.prefix else []
    return b"\n".join([value, *others, b""]) if others else value


def derive(spec: SecretSpec, values: Mapping[str, bytes]) -> bytes:
    """The content of a `same_as` or `format` secret from the secrets that it names."""
    if spec.same_as is not None:
        return _stripped(values[spec.same_as])
    parts: list[bytes] = []
    position = 0
    text = spec.format or ""
    for match in PLACEHOLDER.finditer(text):
        parts.append(text[position : match.start()].encode())
        position = match.end()
        if match.group(1) is None:
            parts.append(match.group(0)[:1].encode())
            continue
        parts.append(_part(_stripped(values[match.group(1)]), match.group(2)))
    parts.append(text[position:].encode())
    return b"".join(parts)


def in_order(specs: Iterable[SecretSpec]) -> list[SecretSpec]:
    """The specifications with every source before what is derived from it."""
    waiting = list(specs)
    done: list[SecretSpec] = []
    while waiting:
        names = {spec.file for spec in done}
        ready = [spec for spec in waiting if set(spec.sources()) <= names]
        done.extend(ready)
        waiting = [spec for spec in waiting if spec not in ready]
        if not ready:
            raise ValueError(f"secrets in a circle: {[spec.file for spec in waiting]}")
    return done


def _part(value: bytes, which: str | None) -> bytes:
    if which == ".sha256":
        return hashlib.sha256(value).hexdigest().encode()
    if which == ".first_line":
        return value.splitlines()[0] if value else b""
    if which == ".certificate":
        return b"".join(CERTIFICATE.findall(value + b"\n"))
    return value


def _given(spec: SecretSpec, plan: SecretsPlan) -> bytes | None:
    """What the command of a secret reads; None while that is still to be generated."""
    reads = spec.made_by.reads if spec.made_by else None
    return plan.values.get(reads) if reads else b""


def _is_due(spec: SecretSpec, found: bytes, plan: SecretsPlan, now_s: float | None) -> bool:
    if spec.made_by is None:
        return False
    given = _given(spec, plan)
    # With its source, what the engine made is made anew; the operator's own never is.
    return is_due(spec, found, given if given is not None else b"", now_s)


def _is_over(path: Path, spec: SecretSpec, now_s: float | None) -> bool:
    now = time.time() if now_s is None else now_s
    return now >= path.stat().st_mtime + spec.for_days * DAY_S


def _random_word(size: int | None) -> str:
    """``size`` random bytes in URL-safe letters, not first a "-", which starts an option."""
    while (word := secrets.token_urlsafe(size)).startswith("-"):
        pass
    return word


def _generated(
    spec: SecretSpec, plan: SecretsPlan, make: Maker | None, now_s: float | None
) -> bytes:
    if spec.made_by is None:
        return (spec.prefix + _random_word(spec.random_bytes)).encode()
    if make is None:
        raise ValueError(f"secret {spec.file}: nothing that could make it")
    given = _given(spec, plan) or b""
    return marked(spec, make(spec, given), given, now_s)


def _stripped(value: bytes) -> bytes:
    # A secret that a person wrote with an editor ends with a newline, which is not part of it.
    return value.rstrip(b"\r\n")


def _check_folder(folder: Path, plan: SecretsPlan) -> None:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISDIR(status.st_mode):
        found, do = "something that is not a folder", f"move {folder} away"
    elif status.st_uid != 0 or mode != FOLDER_MODE:
        found = f"mode {mode:04o} and owner {status.st_uid}"
        do = f"chown 0:0 {folder} && chmod 0700 {folder}"
    else:
        return
    plan.refusals.append(
        RefusedError(f"secrets folder {folder}", "mode 0700 and owner 0", found, do)
    )


def _not_given(path: Path, spec: SecretSpec) -> RefusedError:
    do = (
        f"write it, then: chown {spec.uid}:{spec.uid} {path} && chmod 0400 {path}; "
        "or take it out of the settings"
    )
    return RefusedError(f"secret {path}", "a file of yours", "no such file", do)


def _read_checked(path: Path, spec: SecretSpec, plan: SecretsPlan) -> bytes | None:
    expected = f"a file with mode 0400 and owner {spec.uid}"
    do = f"chown {spec.uid}:{spec.uid} {path} && chmod 0400 {path}"
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        plan.refusals.append(
            RefusedError(
                f"secret {path}", expected, "something that is not a file", f"rm -r {path}"
            )
        )
        return None
    if status.st_uid != spec.uid or mode != SECRET_MODE:
        found = f"mode {mode:04o} and owner {status.st_uid}"
        plan.refusals.append(RefusedError(f"secret {path}", expected, found, do))
        return None
    if not os.access(path, os.R_OK):
        plan.refusals.append(
            RefusedError(f"secret {path}", "to read it", "no right to", "run as root")
        )
        return None
    content = path.read_bytes()
    if not spec.is_derived and not _stripped(content):
        do = "write the secret into it"
        do += "" if spec.given else f", or rm {path} to have a new one generated"
        plan.refusals.append(RefusedError(f"secret {path}", "a secret", "an empty file", do))
        return None
    return content
