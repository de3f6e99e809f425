"""Words after a verb that may be left out, as in `fab logs [SERVICE]`; invoke knows required ones.

A parameter that a verb names both in ``positional`` and in ``optional`` is such a word: None where
it is not given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from invoke.parser.parser import ParseMachine

# Invoke takes any token for a positional argument as long as one has no value, and refuses a verb
# that ends with such a one.
_handle: Callable[[Any, str], None] = ParseMachine.handle
_complete_context: Callable[[Any], None] = ParseMachine.complete_context


def handle(machine: Any, token: str) -> None:
    """Handle one token of the command line: an option, such as `-h`, is no word."""
    if token.startswith("-"):
        with without_optional_words(machine.context):
            _handle(machine, token)
    else:
        _handle(machine, token)


def complete_context(machine: Any) -> None:
    """Wrap up a verb's arguments without asking for words that may be left out."""
    with without_optional_words(machine.context):
        _complete_context(machine)


@contextmanager
def without_optional_words(context: Any) -> Iterator[None]:
    """Have a verb's context, if there is one, forget its optional words for a moment."""
    if context is None:
        yield
        return
    words = context.positional_args
    context.positional_args = [word for word in words if not word.optional]
    try:
        yield
    finally:
        context.positional_args = words


ParseMachine.handle = handle
ParseMachine.complete_context = complete_context
