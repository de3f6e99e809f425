"""The command `shortlink`: finds the command that is asked for, and runs it with its settings."""

import argparse
import sys
from typing import Protocol

from shortlink import settings as settings_module
from shortlink.commands import doctor, migrate, serve
from shortlink.logs import start_log
from shortlink.problems import EX_CONFIG, ConfigurationError
from shortlink.settings import Settings


class Command(Protocol):
    """What a module of `shortlink.commands` offers."""

    HELP: str
    ONE_SHOT: bool
    """It ends by itself, and logs nothing but warnings."""

    def run(self, settings: Settings) -> int:
        """Run it; the process's exit code."""


_COMMANDS: dict[str, Command] = {"serve": serve, "migrate": migrate, "doctor": doctor}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the process's exit code.

    A refused configuration is printed line by line and gives 78.
    """
    name: str = _parser().parse_args(arguments).command
    if name == "settings":
        print(settings_module.table())
        return 0
    command = _COMMANDS[name]
    try:
        settings = settings_module.load(name)
        start_log(settings, quiet=command.ONE_SHOT)
        return command.run(settings)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"shortlink {name} does not start: {problem}", file=sys.stderr)
        return EX_CONFIG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shortlink", description="Short links.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        commands.add_parser(name, help=command.HELP)
    commands.add_parser("settings", help="print all settings as a table")
    return parser
