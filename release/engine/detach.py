"""A run that outlives the connection that started it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path


def detach(work: Callable[[], int], errors: Path) -> None:
    """Run `work` in a process of its own session and return at once; its exit code is its own.

    Forked twice (daemon(7)): it has no terminal and cannot get one, so no hangup reaches it. What
    it writes to stderr, which is only a crash of Python itself, goes to `errors`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    code = 1
    try:
        os.chdir("/")
        _redirect(errors)
        code = work()
    except BaseException:  # noqa: BLE001 (nobody else is left who could tell)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        if errors.is_file() and not errors.stat().st_size:
            errors.unlink()
        os._exit(code)


def _redirect(errors: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    for source, target in ((nothing, 0), (nothing, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
