"""Makes releases current on this host, and shows what runs."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from engine import VERSION, verbs
from engine.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE, EngineError
from engine.layout import Layout
from engine.report import print_result

DEFAULT_ROOT = "/opt/luffy-bundle"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Layout], int] = options.command
    try:
        return command(options, Layout(Path(options.root).absolute()))
    except EngineError as error:
        print(error, file=sys.stderr)
        if options.prints_result and options.json:
            # A run that was lost, or one that never began: machines still find their last line.
            outcome = getattr(error, "outcome", "failed")
            run = getattr(options, "run", None)
            print_result({"run": run, "outcome": outcome, "message": str(error)})
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has left; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:
        print(f"{options.verb}: {error}", file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    """Every module of the package `verbs` is a verb: its `add_arguments`, and its `run`."""
    parser = _Parser(prog="engine.pyz", description=__doc__)
    parser.add_argument("--version", action="version", version=VERSION)
    found = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)
    for name in sorted(module.name for module in pkgutil.iter_modules(verbs.__path__)):
        module = importlib.import_module(f"{verbs.__name__}.{name}")
        about = module.run.__doc__
        verb = found.add_parser(name, help=about, description=about)
        verb.add_argument(
            "--root", default=DEFAULT_ROOT, help="the deployment (default: %(default)s)"
        )
        verb.set_defaults(command=module.run, prints_result=False)
        module.add_arguments(verb)
    return parser
