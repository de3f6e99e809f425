"""Image tags: the hash of everything that an image is made of, and of nothing else.

A mirror or a certificate authority is where the parts come from, not what they are, so neither is
part of a tag.
"""

from __future__ import annotations

import hashlib
import os.path
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible.module_utils.images_context import context_files, is_ignored, parse_ignore_file

TAG_LENGTH = 12


def image_tag(
    name: str,
    context: Path,
    args: Mapping[str, str],
    parents: Mapping[str, str],
    not_tagged: Iterable[str] = (),
) -> str:
    """Return the tag of the image ``name``: 12 hexadecimal digits.

    ``context`` is the folder that it is built from, ``args`` the build arguments that influence the
    content, and ``parents`` the tags of the images that it is built on, by name. Files that match a
    pattern of ``not_tagged`` are left out.
    """
    digest = hashlib.sha256()

    def add(*fields: str) -> None:
        digest.update("\0".join(fields).encode("utf-8", "surrogateescape") + b"\n")

    add("image", name)
    for key in sorted(args):
        add("arg", key, args[key])
    for parent in sorted(parents):
        add("parent", parent, parents[parent])
    # Docker reads the Dockerfile whether or not .dockerignore excludes it.
    left_out = parse_ignore_file("\n".join(not_tagged))
    for path in sorted({"Dockerfile", *context_files(context)}):
        if os.path.lexists(context / path) and not is_ignored(path, left_out):
            add("file", path, *_fingerprint(context / path))
    return digest.hexdigest()[:TAG_LENGTH]


def _fingerprint(path: Path) -> tuple[str, str]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "link", str(path.readlink())
    # Of a file's mode, git keeps only this bit; the others differ from checkout to checkout.
    kind = "executable" if mode & stat.S_IXUSR else "plain"
    return kind, hashlib.sha256(path.read_bytes()).hexdigest()
