"""A file whose age tells a health check when the process last did its work."""

import time
from pathlib import Path

_MIN_GAP_S = 1.0


class Heartbeat:
    """Touches `path` after successful work, at most once a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = float("-inf")

    def beat(self) -> None:
        """Work was done just now. Raises OSError where the file cannot be written."""
        now = time.monotonic()
        if now - self._last >= _MIN_GAP_S:
            self._path.touch()
            self._last = now
