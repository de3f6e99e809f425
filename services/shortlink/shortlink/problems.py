"""A problem that a person can act on, said in one shape: expected, found, what to do."""

from dataclasses import dataclass

EX_CONFIG = 78
"""Exit code of a process that refuses its configuration (sysexits.h)."""


@dataclass(frozen=True)
class Problem:
    """One bad setting, file or request."""

    name: str
    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        return (
            f"{self.name}: expected {self.expected}; found {self.found}. What to do: {self.advice}"
        )


class ConfigurationError(Exception):
    """The configuration is refused; `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems
