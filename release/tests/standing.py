"""A bundle that stands: deployed once, lent to one test after the other, and put back in between.

A first deploy starts everything there is, and costs several times what putting back does.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

from bundle import Bundle, sh


class Standing:
    """One bundle of each worker, as it is after its first deploy whenever a test gets it."""

    def __init__(self, make: Callable[[], Bundle]) -> None:
        self._make = make
        self._bundle: Bundle | None = None

    @property
    def bundle(self) -> Bundle:
        """The bundle; deployed now if there is none yet, or the last one was given up."""
        if self._bundle is None:
            self._bundle = self._make()
            self._first = copy.deepcopy((self._bundle.release, self._bundle.config))
            self._pyz = self._bundle.pyz
            self._deploy(self._bundle)
        return self._bundle

    def put_back(self) -> str:
        """Have the first release run again, with no trace of others; how that deploy ended.

        A bundle with which that fails is given up: the failure is one test's, not the next one's.
        """
        bundle = self.bundle
        bundle.end_commands()
        bundle.release, bundle.config = copy.deepcopy(self._first)
        bundle.pyz = self._pyz
        shutil.rmtree(bundle.incoming)
        bundle.ship()
        shutil.rmtree(bundle.root / "journal")
        outcome = self._deploy(bundle)
        forget_others(bundle)
        return outcome

    def give_up(self) -> None:
        """Remove the bundle, if there is one."""
        if self._bundle is not None:
            self._bundle.remove()
        self._bundle = None

    def _deploy(self, bundle: Bundle) -> str:
        done = bundle.deploy()
        if done.code:
            self.give_up()
            raise AssertionError(f"the first release does not run: {done}")
        return str(done.result["outcome"])


def forget_others(bundle: Bundle) -> None:
    """Leave what a first deploy leaves: one release, one line of history, one migration."""
    history = bundle.root / "history.jsonl"
    deployed = [
        line for line in history.read_text().splitlines() if '"outcome": "deployed"' in line
    ]
    history.write_text(f"{deployed[-1]}\n")
    remove_all_but(bundle.root / "releases", bundle.current())
    remove_all_but(bundle.root / "config/app", bundle.config_folder("app").name)
    reset = "echo v1 > /data/migrations; rm -f /data/gate_is_open"
    bundle.in_container("store", "bash", "-c", reset)
    assert sh("docker", "ps", "-aq", "--filter", f"name={bundle.name}-step") == ""


def remove_all_but(folder: Path, kept: str) -> None:
    """Remove the folders in a folder, but one."""
    for each in folder.iterdir():
        if each.name != kept:
            shutil.rmtree(each)
