"""What each service says of itself: its own `doctor` command knows what is amiss with its data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from engine.docker_api import Container
from engine.doctor.finding import ATTENTION, EXIT_CODES, Finding
from engine.doctor.look import Look
from engine.incoming import DoctorCommand


def services(look: Look) -> Iterator[Finding]:
    """Run the command of each service that has one, in one of its healthy containers."""
    for asked in look.incoming.doctor:
        found = [each for each in look.containers if each.service == asked.service and each.well]
        if found:
            yield from _answers(look, asked, found[0])
        else:
            says = f"no healthy container of {asked.service} could be asked"
            yield Finding(asked.service, ATTENTION, says, f"see: fab logs {asked.service}")


def _answers(look: Look, asked: DoctorCommand, container: Container) -> Iterator[Finding]:
    # Its log goes to stderr: what it found is all that stdout has.
    answer = look.client.containers.get(container.id).exec_run(list(asked.command), demux=True)
    out, err = (stream or b"" for stream in answer.output)
    if answer.exit_code:
        last = err.decode("utf-8", "replace").strip().splitlines()[-1:]
        says = f"{' '.join(asked.command)} ended with {answer.exit_code}: {' '.join(last)[:300]}"
        yield Finding(asked.service, ATTENTION, says, f"see: fab logs {asked.service}")
        return
    lines = [line for line in out.decode("utf-8", "replace").splitlines() if line.strip()]
    findings = [_finding(line) for line in lines]
    if None in findings or not findings:
        says = f"{' '.join(asked.command)} does not answer as agreed: {' '.join(lines)[:300]}"
        yield Finding(
            asked.service, ATTENTION, says, "are its image and this engine of one release?"
        )
    yield from (each for each in findings if each)


def _finding(line: str) -> Finding | None:
    try:
        said: Any = json.loads(line)
    except ValueError:
        return None
    names = ("check", "level", "says", "do")
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in names):
        return None
    return Finding(**{name: said[name] for name in names}) if said["level"] in EXIT_CODES else None
