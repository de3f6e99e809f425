"""The release engines of several hosts, asked one after the other or followed all at once."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from invoke.exceptions import Exit

from operations.hosts import Host
from operations.showing import show_json, show_rows


def who() -> str:
    """Return who asks, as the engines write it down: user@machine, by its login name under sudo."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}"


def asked(why: str, wait: str) -> list[str]:
    """Return the arguments of who asks for a run, why, and how long it may wait for others' runs
    and locks."""
    return [f"--by={who()}", f"--why={why}", f"--wait={wait}"]


def ask(
    hosts: Sequence[Host], arguments: Sequence[str], *, stops: bool = False
) -> tuple[dict[str, Any], int]:
    """Return what each engine says in JSON, and the worst exit status.

    A host without an answer is left out; why has been said on stderr by then. With ``stops`` the
    first that fails is the last that is asked.
    """
    answers, worst = {}, 0
    for number, host in enumerate(hosts, 1):
        answer = host.engine(list(arguments), capture=True)
        worst = max(worst, answer.code)
        if answer.out.strip():
            answers[host.name] = json.loads(answer.out.strip().splitlines()[-1])
        if stops and answer.code:
            say_left_out(host, answer.code, hosts[number:])
            break
    return answers, worst


def run(
    hosts: Sequence[Host],
    arguments: Sequence[str],
    *,
    with_input: bool = True,
    stops: bool = False,
) -> None:
    """Run every engine in turn and let it speak for itself; exits with the worst status.

    Without input, the first host's does not take what was meant for all. With ``stops`` the first
    that fails is the last that is run.
    """
    worst = 0
    for number, host in enumerate(hosts, 1):
        if len(hosts) > 1:
            print(f"--- {host.name}")
        sys.stdout.flush()
        code = host.engine(list(arguments), with_input=with_input).code
        worst = max(worst, code)
        if stops and code:
            say_left_out(host, code, hosts[number:])
            break
    end(worst)


def say_left_out(failed: Host, code: int, hosts: Sequence[Host]) -> None:
    """Say on stderr which hosts are left as they are because one before them failed."""
    if hosts:
        names = ",".join(host.name for host in hosts)
        print(
            f"{names}: expected every host before to succeed; found exit code {code} of "
            f"{failed.name}; nothing was done there; do: see what {failed.name} says, "
            f"then go on with --hosts {failed.name},{names}",
            file=sys.stderr,
        )


def follow(
    hosts: Sequence[Host], arguments: Sequence[str], show: Callable[[str, str], None]
) -> None:
    """Run all engines at once and hand each line to ``show`` with its host's name.

    Exits with the worst status.
    """
    codes: list[int] = []
    speaking = threading.Lock()

    def listen(host: Host) -> None:
        def tell(line: str) -> None:
            with speaking:
                show(host.name, line)

        codes.append(host.engine(list(arguments), each_line=tell).code)

    listeners = [threading.Thread(target=listen, args=[host], daemon=True) for host in hosts]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join()
    end(max(codes, default=1))


def show_plan(
    hosts: Sequence[Host], arguments: Sequence[str], as_json: bool, words: Sequence[str] = ()
) -> None:
    """Show what each engine would do; exits with the worst status.

    ``words`` come after all options: they may look like some.
    """
    answers, worst = ask(hosts, [*arguments, "--check", *words])
    if as_json:
        show_json({host: [answer] for host, answer in answers.items()})
    else:
        nothing = ["there is nothing to do"]
        show_rows(
            {
                host: [
                    {"would_change": answer["changed"], "because": reason}
                    for reason in answer["reasons"] or nothing
                ]
                for host, answer in answers.items()
            },
            ["would_change", "because"],
            False,
        )
    end(worst)


def change(
    hosts: Sequence[Host],
    arguments: Sequence[str],
    dry_run: bool,
    as_json: bool,
    *,
    stops: bool = True,
) -> None:
    """Have every engine do something, or with ``dry_run`` say what it would; exits with the worst
    status.

    The first host that fails is the last that is changed, unless not ``stops``.
    """
    if dry_run:
        show_plan(hosts, arguments, as_json)
    elif as_json:
        answers, worst = ask(hosts, [*arguments, "--json"], stops=stops)
        show_json({host: [answer] for host, answer in answers.items()})
        end(worst)
    else:
        run(hosts, arguments, stops=stops)


def end(worst: int) -> None:
    """Exit with a status that is not 0."""
    if worst:
        raise Exit(code=worst)
