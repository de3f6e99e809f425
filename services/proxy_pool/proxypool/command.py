"""The command `proxypool`: finds the command that is asked for, and runs it with its settings."""

import argparse
import os
import sys
from importlib import import_module
from typing import Protocol, cast

from proxypool import settings as settings_module
from proxypool.logs import start_log
from proxypool.problems import EX_CONFIG, ConfigurationError
from proxypool.settings import Settings


class Command(Protocol):
    """What a module of `proxypool.commands` offers."""

    HELP: str
    ONE_SHOT: bool
    """It ends by itself, and logs nothing but warnings."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, settings: Settings, arguments: argparse.Namespace) -> int:
        """Run it; the process's exit code."""


_COMMANDS = {
    "run": "run",
    "schedule": "schedule",
    "checker": "checker",
    "server": "server",
    "gateway": "gateway",
    "check": "check",
    "import": "take_in",
    "export": "export",
    "stats": "stats",
    "doctor": "doctor",
}
"""The module of each. One is imported when it is asked for: all of them take a second to."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the process's exit code.

    A refused configuration is printed line by line and gives 78.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["sources"]:
        from proxypool import sources_command

        return sources_command.main(words[1:])
    parsed = _parser(words).parse_args(words)
    name: str = parsed.command
    if name == "settings":
        print(settings_module.table())
        return 0
    command = _command(name)
    try:
        settings = settings_module.load(name)
        start_log(settings, quiet=command.ONE_SHOT)
        return command.run(settings, parsed)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"proxypool {name} does not start: {problem}", file=sys.stderr)
        return EX_CONFIG
    except BrokenPipeError:
        # Who reads our output has had enough: `proxypool export | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _command(name: str) -> Command:
    return cast(Command, import_module(f"proxypool.commands.{_COMMANDS[name]}"))


def _parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser of the command that is named first, or of all where none is."""
    parser = argparse.ArgumentParser(prog="proxypool", description="A pool of checked proxies.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in words[:1] if words and words[0] in _COMMANDS else _COMMANDS:
        command = _command(name)
        command.add_arguments(commands.add_parser(name, help=command.HELP))
    commands.add_parser("sources", help="list the sources, or try one: sources test NAME")
    commands.add_parser("settings", help="print all settings as a table")
    return parser
