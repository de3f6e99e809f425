"""The files of a secret that is made anew, as each phase of it has them."""

from __future__ import annotations

import os
from pathlib import Path

from engine.incoming import Incoming, SecretSpec
from engine.rotating.told import forget_old, remember_told
from engine.rotating.unfinished import OFFER, Unfinished
from engine.secret_files import SECRET_MODE, derive, in_order, plan_secrets
from engine.trees import write_file


class Contents:
    """What lies in the secrets' folder of a release while one of them is made anew."""

    def __init__(self, incoming: Incoming, spec: SecretSpec) -> None:
        self.folder, self.specs, self.spec = incoming.secrets_dir, incoming.secrets, spec
        self.owner = spec.rotation.owner if spec.rotation else None
        self.old_files = [each for each in incoming.secrets if each.old_of == spec.file]

    def write(self, state: Unfinished) -> None:
        """Leave them as the phase has them; any number of times."""
        used, other = (state.old, state.new) if state.phase == OFFER else (state.new, state.old)
        # The other one first: what signs with a value never does before all accept it.
        for each in self.old_files:
            write_file(self.folder / each.file, other, SECRET_MODE, each.uid)
        if self.owner:
            self._remember(state)
        path = self.folder / self.spec.file
        if self.owner and path.exists():
            write_in_place(path, used)
        else:
            write_file(path, used, SECRET_MODE, self.spec.uid)

    def settle(self) -> None:
        """The owner accepts the new value alone: the old one in its files is a change again."""
        if self.owner:
            values = plan_secrets(self.folder, self.specs).values
            forget_old(self.folder, {file: values[file] for file in self.owner.known_by})

    def _remember(self, state: Unfinished) -> None:
        files = self.owner.known_by if self.owner else ()
        plan = plan_secrets(self.folder, self.specs)
        found = {value: self._with(value, plan.values) for value in (state.old, state.new)}
        old, new = ({file: found[value][file] for file in files} for value in found)
        remember_told(self.folder, plan.told, old, new)

    def _with(self, value: bytes, values: dict[str, bytes]) -> dict[str, bytes]:
        """The contents of all secrets, were that one's this value."""
        known = {**values, self.spec.file: value}
        for each in in_order(self.specs):
            if each.is_derived and each.old_of is None:
                known[each.file] = derive(each, known)
        return known


def write_in_place(path: Path, content: bytes) -> None:
    """Write into the file that a container has mounted, so that it reads the new content, too.

    A file that is replaced stays what it was for a container that runs.
    """
    descriptor = os.open(path, os.O_WRONLY)
    try:
        # Secrets of one kind are of one length: one write, and nothing is cut off or left over.
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
