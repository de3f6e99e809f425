"""A bundle that stands: deployed once, lent to one test after the other, and put back in between.

A first deploy starts everything there is, and costs several times what putting back does.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from bundle import Bundle, sh
from web_bundle import WebBundle

B = TypeVar("B", bound=Bundle)


class Standing(Generic[B]):
    """One bundle of each worker, as it is after its first deploy whenever a test gets it.

    ``forget`` takes what a test has left in a bundle that was put back.
    """

    def __init__(self, make: Callable[[], B], forget: Callable[[B], None]) -> None:
        self._make, self._forget = make, forget
        self._bundle: B | None = None

    @property
    def bundle(self) -> B:
        """The bundle; deployed now if there is none yet, or the last one was given up."""
        if self._bundle is None:
            self._bundle = self._make()
            self._first = copy.deepcopy((self._bundle.release, self._bundle.config))
            self._pyz, self._compose_file = self._bundle.pyz, self._bundle.compose_file
            self._deploy(self._bundle)
        return self._bundle

    def put_back(self) -> str:
        """Have the first release run again, with no trace of others; how that deploy ended.

        A bundle with which that fails is given up: the failure is one test's, not the next one's.
        """
        bundle = self.bundle
        bundle.end_commands()
        bundle.release, bundle.config = copy.deepcopy(self._first)
        bundle.pyz, bundle.compose_file = self._pyz, self._compose_file
        # How many containers a test wanted of a service is no part of the release.
        (bundle.root / "state" / "local.json").unlink(missing_ok=True)
        shutil.rmtree(bundle.incoming)
        bundle.ship()
        shutil.rmtree(bundle.root / "journal")
        outcome = self._deploy(bundle)
        self._forget(bundle)
        return outcome

    def give_up(self) -> None:
        """Remove the bundle, if there is one."""
        if self._bundle is not None:
            self._bundle.remove()
        self._bundle = None

    def _deploy(self, bundle: B) -> str:
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


def forget_sales(site: WebBundle) -> None:
    """Leave no order, as the next visitors give theirs the same numbers; what starts is well."""
    command = "truncate --size 0 /data/orders; rm -f /data/full /data/let_go"
    sh("docker", "exec", site.containers("app")[0], "sh", "-c", command)


def remove_all_but(folder: Path, kept: str) -> None:
    """Remove the folders in a folder, but one."""
    for each in folder.iterdir():
        if each.name != kept:
            shutil.rmtree(each)
