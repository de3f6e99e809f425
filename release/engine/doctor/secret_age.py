"""Secrets: their rights, their age, what ends by a date, and what can be guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from engine.doctor.certificate import end_of_first
from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look
from engine.incoming import SecretSpec
from engine.made_secrets import renewal
from engine.rotating.unfinished import read_unfinished
from engine.secret_files import plan_secrets

DAY_S = 86400
SOON_DAYS, OLD_DAYS = 30, 365
SHORTEST = 16
"""Characters of a secret that may be anything: fewer can be guessed."""
KNOWN = re.compile(
    rb"((change[-_]?me|letmein|minioadmin|passw[o0]rd|qwerty|secret|12345678)[-_.]?)+\d{0,4}!?",
    re.IGNORECASE,
)
"""What examples and lists of passwords have, also where it is written again and again."""


def secret_age(look: Look) -> Iterator[Finding]:
    """Each secret of the release; names alone are told, never what is in them."""
    folder, specs = look.incoming.secrets_dir, look.incoming.secrets
    # As if nothing were due: what is over is said below, with its date.
    plan = plan_secrets(folder, specs, now_s=0)
    for refusal in plan.refusals:
        yield Finding("secrets", BROKEN, str(refusal), refusal.do)
    begun = read_unfinished(folder)
    if begun:
        says = f"{begun.secret} is being made anew, or that was interrupted"
        yield Finding("secrets", ATTENTION, says, f"fab secrets rotate {begun.secret} finishes it")
    old, fine = [], not (plan.refusals or begun)
    for spec in specs:
        content = plan.values.get(spec.file)
        if content is None:
            continue
        for finding in _ending(folder / spec.file, spec, content, look.now_s):
            fine = False
            yield finding
        weak = _weakness(spec, content)
        if weak:
            fine = False
            yield Finding("secrets", ATTENTION, f"{spec.file}: {weak}", _stronger(folder, spec))
        age_days = (look.now_s - (folder / spec.file).stat().st_mtime) / DAY_S
        if spec.random_bytes is not None and age_days > OLD_DAYS:
            old.append(spec.file)
    if old:
        says = f"older than a year: {', '.join(sorted(old))}"
        yield Finding("secrets", ATTENTION, says, "fab secrets rotate NAME, one at a time")
    elif fine:
        yield Finding("secrets", OK, f"{len(specs)} secrets are there, with the right owners")


def _ending(path: Path, spec: SecretSpec, content: bytes, now_s: float) -> Iterator[Finding]:
    """What is to be said of a secret's end: by the engine's mark, or its certificate's own date."""
    ends_s = renewal(content)
    do, then = "fab deploy renews it", "fab deploy renews it then"
    # A derived one holds what its source does.
    if ends_s is None and not spec.is_derived:
        do = then = f"give another one: write it to {path}, then fab deploy"
        try:
            ends_s = end_of_first(content)
        except ValueError as error:
            says = f"{spec.file}: the end of its first certificate cannot be read: {error}"
            yield Finding("secrets", ATTENTION, says, do)
    if ends_s is None:
        return
    day = datetime.fromtimestamp(ends_s, timezone.utc).date()
    if ends_s <= now_s:
        yield Finding("secrets", BROKEN, f"{spec.file} is over since {day}", do)
    elif ends_s - now_s < SOON_DAYS * DAY_S:
        yield Finding("secrets", ATTENTION, f"{spec.file} ends on {day}", then)


def _weakness(spec: SecretSpec, content: bytes) -> str:
    """Why a secret can be guessed, in words; empty if it cannot.

    The length of one that is given is the choice of whoever issued it; a derived one is no better
    or worse than its source.
    """
    chosen = spec.random_bytes is not None
    lines = [content.strip()]
    if spec.prefix:
        lines = [line for line in content.splitlines() if line.strip() and line[:1] != b"#"]
        lines = [line.rpartition(b":")[2].strip() for line in lines]
    it = "an account's secret" if spec.prefix else "it"
    if chosen and any(len(line) < SHORTEST for line in lines):
        return f"{it} has fewer than {SHORTEST} characters"
    if (chosen or spec.given) and any(KNOWN.fullmatch(line) for line in lines):
        return f"{it} is one that everybody tries"
    return ""


def _stronger(folder: Path, spec: SecretSpec) -> str:
    if spec.prefix:
        return "give that account a longer one"
    if spec.rotation is None:
        return f"write another one to {folder / spec.file}, then fab deploy"
    return spec.rotation.refused or f"fab secrets rotate {spec.file}"
