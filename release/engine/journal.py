"""The journal of a run: one JSON line for each event, on the disk before the run goes on."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from engine.trees import make_folder

# Shorter values appear in ordinary words; nothing that the engine generates is that short.
MIN_REDACTED_LENGTH = 8
RESERVE_BYTES = 64 * 1024


def utc_now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_run_id() -> str:
    """An ID that sorts by time and is not given twice."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    return f"{stamp}Z-{secrets.token_hex(3)}"


class Journal:
    """Appends events to a run's journal and hands each one on to `echo`."""

    def __init__(self, path: Path, run: str) -> None:
        make_folder(path.parent, 0o750)
        self.path, self.run = path, run
        self.echo: Callable[[dict[str, Any]], None] = lambda event: None
        self._hidden: list[str] = []
        self._reserve = path.with_suffix(".reserve")
        self._reserve.write_bytes(bytes(RESERVE_BYTES))
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640
        )

    def hide(self, values: Iterable[bytes]) -> None:
        """Never write these values either: a service may print its own secret when it fails."""
        texts = {value.decode("utf-8", "replace").strip() for value in values}
        texts = {text for text in texts if len(text) >= MIN_REDACTED_LENGTH}
        self._hidden = sorted(texts | set(self._hidden), key=len, reverse=True)

    def write(self, event: str, **fields: Any) -> dict[str, Any]:
        """Append one event and return it as it was written; it is on the disk by then."""
        record = {"time": utc_now(), "run": self.run, "event": event, **self.redacted(fields)}
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
        try:
            self._append(line)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            # The end of a run that died of a full disk must be told: its reserve makes the room.
            self._reserve.unlink(missing_ok=True)
            self._append(b"\n" + line)
        self.echo(record)
        return record

    def note(self, text: str) -> None:
        """Append a remark for people."""
        self.write("note", text=text)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
        self._reserve.unlink(missing_ok=True)

    def _append(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)

    def redacted(self, value: Any) -> Any:
        """The same without what is hidden: for whatever else is told of a run."""
        if isinstance(value, str):
            for hidden in self._hidden:
                value = value.replace(hidden, "***")
            return value
        if isinstance(value, dict):
            return {key: self.redacted(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.redacted(item) for item in value]
        return value


def read_events(path: Path, position: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The complete events from byte `position` on, each with the position behind it.

    A last line without its newline is one that is being written, or that a crash cut; it is left.
    """
    with path.open("rb") as file:
        file.seek(position)
        for line in file:
            if not line.endswith(b"\n"):
                return
            position += len(line)
            try:
                event = json.loads(line)
            except ValueError:
                # A line that a full disk cut; the next append made it whole but not readable.
                continue
            if isinstance(event, dict):
                yield position, event
