"""What can go wrong, one type for each thing a caller can act on.

Exit codes above 64 are those of BSD's sysexits.h.
"""

from __future__ import annotations

from pathlib import Path

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_UNHEALTHY = 3
EXIT_USAGE = 64
EXIT_BAD_RELEASE = 65
EXIT_NO_INPUT = 66
EXIT_UNAVAILABLE = 69
EXIT_TRY_AGAIN = 75
EXIT_INTERRUPTED = 130


class EngineError(Exception):
    """A failure that is explained in one line: expected, found, what to do next."""

    exit_code = EXIT_FAILED

    def __init__(self, what: str, expected: str = "", found: str = "", do: str = "") -> None:
        self.what, self.expected, self.found, self.do = what, expected, found, do
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"expected {self.expected}" if self.expected else ""]
        parts.append(f"found {self.found}" if self.found else "")
        parts.append(self.do)
        detail = "; ".join(part for part in parts if part)
        return f"{self.what}: {detail}" if detail else self.what


class UsageError(EngineError):
    """The command line is wrong."""

    exit_code = EXIT_USAGE


class BadReleaseError(EngineError):
    """The incoming directory does not describe a release; lists every problem that was found."""

    exit_code = EXIT_BAD_RELEASE

    def __init__(self, problems: list[EngineError]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class NoInputError(EngineError):
    """A file, a run or a release that was named does not exist."""

    exit_code = EXIT_NO_INPUT


class ShippedOverError(EngineError):
    """The incoming directory is not what the caller has shipped."""

    exit_code = EXIT_TRY_AGAIN

    def __init__(self, folder: Path, found: str) -> None:
        super().__init__(
            str(folder),
            "what you shipped",
            f"{found}: somebody else shipped meanwhile",
            "run it again",
        )


class DockerUnavailableError(EngineError):
    """The Docker engine or its compose plugin does not answer."""

    exit_code = EXIT_UNAVAILABLE


class LockHeldError(EngineError):
    """Another run holds the lock of this root."""

    exit_code = EXIT_TRY_AGAIN


class RunLostError(EngineError):
    """A run's process died without an end line in its journal."""

    outcome = "interrupted"

    exit_code = EXIT_TRY_AGAIN


class RefusedError(EngineError):
    """A check refused to go on; nothing was changed by it."""


class StepFailedError(EngineError):
    """A step of the deploy did its work and it did not succeed."""

    def __init__(
        self,
        what: str,
        expected: str = "",
        found: str = "",
        do: str = "",
        log: list[str] | None = None,
        exit_code_found: int | None = None,
    ) -> None:
        super().__init__(what, expected, found, do)
        self.log = log or []
        self.exit_code_found = exit_code_found
        """That of the command which failed, where it was one."""


class InterruptedRunError(EngineError):
    """The run was asked to stop by SIGTERM or SIGINT."""

    exit_code = EXIT_INTERRUPTED
