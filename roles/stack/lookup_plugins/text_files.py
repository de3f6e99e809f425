"""Ansible lookup: the text files below a folder of the controller, by their relative paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: text_files
short_description: Read the text files below a folder
description:
  - Gives one mapping of relative path to text, as the module C(text_tree) takes it.
options:
  _terms:
    description: One folder.
    type: list
    elements: str
    required: true
  prefix:
    description: Put before each path, without a slash at its end.
    type: str
    default: ""
  exclude:
    description: A pattern of file names that are left out, as in C(*.j2).
    type: str
    default: ""
author: The Luffy Bundle authors
"""


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible ships no type information
    """The lookup, under the name of this file."""

    def run(self, terms: list[str], variables: Any = None, **options: Any) -> list[dict[str, str]]:
        """Return one mapping; raises AnsibleLookupError for a folder that is not there."""
        self.set_options(var_options=variables, direct=options)
        folder = Path(terms[0])
        if not folder.is_dir():
            raise AnsibleLookupError(f"text_files: expected a folder, found no {folder}")
        return [read_text_files(folder, self.get_option("prefix"), self.get_option("exclude"))]


def read_text_files(folder: Path, prefix: str, exclude: str) -> dict[str, str]:
    """Return the text of each file below ``folder`` by ``prefix``/relative path.

    Raises AnsibleLookupError for a file that is no UTF-8.
    """
    texts = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or (exclude and path.match(exclude)):
            continue
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise AnsibleLookupError(
                f"text_files: expected UTF-8 text in {path}, {error}"
            ) from error
        name = path.relative_to(folder).as_posix()
        texts[f"{prefix}/{name}" if prefix else name] = text
    return texts
